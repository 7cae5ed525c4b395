"""`rig bench check`: is this bench file right, and what does it give."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    group = typer.Typer(help="Bench files.", no_args_is_help=True)
    group.callback()(_root)
    group.command("check")(check)
    app.add_typer(group, name="bench")


def _root() -> None:
    """Bench files."""


def check(
    file: Annotated[
        Path | None, typer.Argument(help="Bench file; default: the built-in emulated bench.", metavar="FILE")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of emulated parts.")] = 1,
) -> None:
    """Check a bench file and everything it names, without opening anything."""
    from rig.bench.binding import Bench
    from rig.bench.means import INSTRUMENT_ROLES
    from rig.bench.stand import EMULATED_ONLY
    from rig.criteria import registry
    from rig.ports.roles import METER, ROLES

    bench = Bench.load(file, seed=seed)
    if bench.inventory.bench.profile:
        registry.load_profile(bench.path.parent / bench.inventory.bench.profile)
    if bench.simulated:
        bench.begin_case("check")
    print(
        f"{file or 'built in'}: right, bench {bench.name!r}, {'virtual' if bench.simulated else 'real'} time"
    )
    for device in bench.inventory.devices:
        declaration = bench.declarations[device.id]
        address = bench.configs[device.id].address if device.id in bench.configs else device.address
        link = bench.inventory.links[device.first_link]
        unknown = "found by wildcard" if device.role == METER else "as it answers"
        rate = f", {link.baud} bit/s" if device.protocol != "gdw1376.1" else ""
        print(
            f"  {device.role} {device.id}: {device.protocol} {device.edition} on {device.first_link} "
            f"({link.url}{rate}), address {address or unknown}, declared by: {declaration.source}"
        )
        if bench.device_for(device.role) is None:
            print("    no case examines it: nobody wrote a stand for its role")
        elif device.role in EMULATED_ONLY and not bench.simulated:
            print(
                f"    NOT examined: a {ROLES[device.role]} can only be emulated here, every case of it will be NOT_TESTED; "
                "give its command center, concentrators, collectors and meters as devices of their own"
            )
    for section in bench.inventory.instruments:
        print(f"  {section.role}: {section.driver} at {section.resource}")
    lacking = [reason for role in INSTRUMENT_ROLES if (reason := bench.missing(role)) is not None]
    if lacking:
        print("  cases that need them will be NOT_TESTED: " + ", ".join(lacking))
