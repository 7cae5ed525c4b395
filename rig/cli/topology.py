"""`rig topology`: the links of the design paper, what each runs, and which are covered by cases."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the subcommand."""
    app.command("topology")(topology)


def topology(
    notes: Annotated[bool, typer.Option("--notes", help="Print the doubts about each link as well.")] = False,
) -> None:
    """Print every link with category, subclass, lower and upper protocol, and the number of cases that cover it."""
    from rich.markup import escape
    from rich.table import Table

    from rig.cli.screen import screen
    from rig.testing.catalogue import cases_by_link
    from rig.topology.links import LINKS
    from rig.topology.lookup import schemes_in_force

    covered = cases_by_link()
    table = Table(title="Links (r: scheme taken from the link that the paper offers as reference)")
    for name in ("link", "from", "to", "category", "subclass", "lower", "upper"):
        table.add_column(name, overflow="fold")
    table.add_column("cases", justify="right")
    for link in LINKS:
        schemes = schemes_in_force(link)
        mark = " (r)" if schemes and not link.schemes else ""
        count = str(covered.get(link.id, 0) or "-")
        if not schemes:
            table.add_row(escape(link.id), link.near, link.far, "-", "-", "-", "-", count)
        for number, scheme in enumerate(schemes):
            first = (escape(link.id), link.near, link.far) if number == 0 else ("", "", "")
            texts = (
                scheme.category + mark,
                *(" / ".join(part) or "-" for part in (scheme.subclass, scheme.lower, scheme.upper)),
            )
            table.add_row(*first, *map(escape, texts), count if number == 0 else "")
    console = screen(180)
    console.print(table)
    both = sum(1 for link in LINKS if covered.get(link.id))
    console.print(f"{both} of {len(LINKS)} links covered by {sum(covered.values())} cases", highlight=False)
    if notes:
        for link in LINKS:
            for note in link.notes:
                console.print(f"{link.id}: {escape(note)}", highlight=False, soft_wrap=True)
