"""``rig ncc``: the reference Network Command Center."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rig.ncc.shell_asyncio import AsyncioCenter

_STORE = "sqlite:///FILE[?synchronous=NORMAL] or postgresql://USER@HOST:PORT/NAME"


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="The reference Network Command Center.", no_args_is_help=True)
    group.command("serve")(serve)
    group.command("count")(count)
    app.add_typer(group, name="ncc")


def serve(
    store: Annotated[str, typer.Option("--store", help=_STORE, metavar="URL")],
    listen: Annotated[
        list[str] | None,
        typer.Option("--listen", help="Where terminals dial; repeatable.", metavar="HOST:PORT"),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", help="TOML with terminals and points to register.", metavar="FILE"),
    ] = None,
) -> None:
    """Accept terminals of Q/GDW 1376.1 and store what they send; acknowledge it when it is durable. Ctrl-C ends it."""
    from rig.ncc.archive import load_archive
    from rig.ncc.shell_asyncio import run_loop
    from rig.ncc.shell_asyncio import serve as serve_forever

    terminals, points = load_archive(archive) if archive is not None else ([], [])

    def ready(center: AsyncioCenter, addresses: list[str]) -> None:
        if terminals:
            center.core.register_terminals(terminals)
            center.core.register_points(points)
        known = len(center.core.terminals())
        print(
            f"listening on {', '.join(addresses)}; {known} terminals; store {center.store.shown}", flush=True
        )

    def log(level: str, text: str) -> None:
        print(f"{level}: {text}", file=sys.stderr, flush=True)

    run_loop(lambda: serve_forever(listen or ["127.0.0.1:7000"], store, log=log, ready=ready))


def count(store: Annotated[str, typer.Option("--store", help=_STORE, metavar="URL")]) -> None:
    """Number of stored readings, terminals and events."""
    from rig.ncc.store import Store

    opened = Store(store)
    try:
        print(
            f"{opened.count()[0]} readings, {len(opened.terminals())} terminals, {len(opened.events())} events"
        )
    finally:
        opened.close()
