"""Writes the pages of docs/reference from the tables of the code: ``python docs/generate.py [--check]``."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from layouts import module_layout, terminal_layout

from rig.criteria.gdw1376_2_groups import GROUPS
from rig.criteria.inspection_items import ITEMS
from rig.criteria.registry import all_clauses, all_criteria
from rig.ports.roles import ROLES
from rig.protocols import dlt645
from rig.protocols.dlt645.item_model import Axis, Row
from rig.protocols.gdw1376_1.control import AFN_NAMES as TERMINAL_AFN_NAMES
from rig.protocols.gdw1376_1.fn_model import Fn as TerminalFunction
from rig.protocols.gdw1376_1.functions import all_functions as terminal_functions
from rig.protocols.gdw1376_2.codes import AFN_NAMES as MODULE_AFN_NAMES
from rig.protocols.gdw1376_2.functions import all_functions as module_functions
from rig.protocols.gdw1376_2.profile import DEFAULT as MODULE_PROFILE
from rig.testing.case import CaseInfo
from rig.testing.catalogue import all_cases, cases_by_defect, cases_by_link
from rig.topology.links import LINKS
from rig.topology.lookup import schemes_in_force
from rig.twin.defects import all_defects
from rig.twin.wire.gdw1376_1_table import served_types

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the tables of the code; do not edit. -->\n\n"


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    columns = list(head)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def cases_page() -> str:
    cases = sorted(all_cases(), key=lambda case: (case.standard, case.id))
    roles = [role for role in ROLES if any(case.device_role == role for case in cases)]
    text = f"# Cases\n\n{len(cases)} cases. Times are bench time, where it is more than a minute; on an emulated bench it is virtual.\n\n"
    text += table(
        ("device under test", "cases", "known-bad devices"),
        (
            (
                f"[{ROLES[role]}](#{ROLES[role].replace(' ', '-')})",
                sum(case.device_role == role for case in cases),
                len(all_defects(role)),
            )
            for role in roles
        ),
    )
    for role in roles:
        text += f"\n## {ROLES[role]}\n"
        own = [case for case in cases if case.device_role == role]
        for standard in dict.fromkeys(case.standard for case in own):
            text += f"\n### {ROLES[role]}: {standard}\n\n"
            text += cases_table([case for case in own if case.standard == standard])
    return text


def cases_table(cases: Iterable[CaseInfo]) -> str:
    head = (
        "case",
        "rule",
        "clause",
        "link",
        "needs",
        "only if declared",
        "bench time",
        "known-bad devices it must fail",
    )
    return table(
        head,
        (
            (
                f"`{case.id}`",
                case.title,
                case.clause,
                case.link,
                ", ".join(case.needs),
                ", ".join(case.requires),
                f"{case.bench_time_s / 60:.0f} min" if case.bench_time_s else "",
                ", ".join(f"`{name}`" for name in case.known_bad),
            )
            for case in cases
        ),
    )


def defects_page() -> str:
    namers = cases_by_defect()
    text = f"# Known-bad devices\n\n{len(all_defects())} named defects. `rig emulate DEVICE --defect NAME[:PARAMETER]` serves a device that has one.\n"
    for role in ROLES:
        rows = []
        for name, entry in all_defects(role).items():
            cases = sorted(
                {case for named, ids in namers.items() if named.partition(":")[0] == name for case in ids}
            )
            default = "" if entry.default is None else f"{entry.default:g} {entry.unit}".strip()
            rows.append(
                (f"`{name}`", entry.summary, entry.clause, default, ", ".join(f"`{case}`" for case in cases))
            )
        if rows:
            head = (
                "defect",
                "what the device does",
                "clause it breaks",
                "default",
                "cases that must fail it",
            )
            text += f"\n## {ROLES[role]}\n\n{len(rows)} defects.\n\n" + table(head, rows)
    return text


def provenance_text(provenance: str) -> str:
    """How a provenance is printed: what is of no text is told as a proposal of our own."""
    return "own proposal" if provenance == "own" else provenance


def criteria_page() -> str:
    text = (
        "# Criteria and clauses\n\nEvery limit stands under the document that it was found in, whatever clause of another a case is tagged with. A limit whose provenance is not `seen` is provisional, "
        "and a lab overrides it with its profile: `recalled` of a text that was not at hand, or an own proposal of this suite, of no text, for the clause that it stands at. "
        "The profile *must* set what is marked so; until it does, the value only stands in, and reports say so.\n"
    )
    criteria = all_criteria()
    for standard in dict.fromkeys(f"{item.standard}|{item.edition}" for item in criteria):
        name, edition = standard.split("|")
        chosen = [item for item in criteria if (item.standard, item.edition) == (name, edition)]
        text += f"\n## {name} ({edition}): limits\n\n" + table(
            ("id", "clause", "quantity", "limit", "unit", "provenance", "source", "note"),
            (
                (
                    f"`{item.id}`",
                    item.clause,
                    item.quantity,
                    f"{item.lower:f} .. {item.upper:f}"
                    if item.operator == "within"
                    else f"{item.operator} {item.limit:f}",
                    item.unit,
                    provenance_text(item.provenance) + ("; the profile must set it" if item.stand_in else ""),
                    item.source,
                    item.note,
                )
                for item in chosen
            ),
        )
    for standard in dict.fromkeys(item.standard for item in all_clauses()):
        text += f"\n## {standard}: clauses\n\n" + table(
            ("clause", "rule", "条款", "mandatory", "provenance"),
            (
                (
                    item.id,
                    item.title,
                    item.title_zh,
                    "yes" if item.mandatory else "no",
                    provenance_text(item.provenance),
                )
                for item in all_clauses(standard)
            ),
        )
    return text


def links_page() -> str:
    covered = cases_by_link()
    rows = []
    for link in LINKS:
        schemes = schemes_in_force(link)
        rows.append(
            (
                link.id,
                link.near,
                link.far,
                "; ".join(scheme.category for scheme in schemes),
                "; ".join(", ".join(scheme.lower) or "-" for scheme in schemes),
                "; ".join(", ".join(scheme.upper) or "-" for scheme in schemes),
                link.reference or "",
                covered.get(link.id, 0),
            )
        )
    return "# Links of the network\n\n" + table(
        ("link", "near end", "far end", "category", "lower protocol", "upper protocol", "reference", "cases"),
        rows,
    )


def item_rows() -> Iterator[Row]:
    for info in pkgutil.iter_modules(dlt645.__path__):
        if info.name.startswith("items_"):
            yield from importlib.import_module(f"{dlt645.__name__}.{info.name}").ROWS


def pattern(row: Row) -> str:
    parts = []
    for part in row.pattern:
        if not isinstance(part, Axis):
            parts.append(f"{part:02X}")
        elif len(part.codes) == 1:
            parts.append(f"{part.codes[0]:02X}")
        else:
            parts.append(f"{{{part.codes[0]:02X}..{part.codes[-1]:02X}}}")
    return "".join(parts[2:] if row.edition == "1997" else parts)


def items_page() -> str:
    text = "# Data identifiers\n\nOne line a row of the tables; `{01..0C}` is an octet that runs over these codes.\n"
    for edition in ("2007", "1997"):
        text += f"\n## DL/T 645-{edition}\n\n" + table(
            ("identifiers", "item", "数据项", "octets", "unit", "access", "provenance"),
            (
                (
                    f"`{pattern(row)}`",
                    row.name,
                    row.name_zh,
                    sum(field.octets for field in row.fields),
                    row.fields[0].unit if row.fields else "",
                    row.access,
                    row.provenance,
                )
                for row in item_rows()
                if row.edition == edition
            ),
        )
    return text


def module_groups_page() -> str:
    """The check-list of the local module: groups of a public list of cases, and the cases of this suite in each."""
    titles = {case.id: case.title for case in all_cases()}
    text = (
        "# Local module: groups of cases\n\n"
        "Modules are tested in the field by a public list of 158 cases in 25 groups; it is the check-list of this suite. "
        "The number of cases in the list stands where it is known. Where only memory tells of a rule its clause is provisional "
        "(see [criteria](criteria.md)).\n\n"
    )
    text += table(
        ("group", "组", "cases in the list", "cases here", "not covered"),
        (
            (
                group.name,
                group.name_zh,
                "not known" if group.listed is None else group.listed,
                len(group.cases),
                group.left_out,
            )
            for group in GROUPS
        ),
    )
    text += f"\n{sum(len(group.cases) for group in GROUPS)} cases in {len(GROUPS)} groups.\n"
    for group in GROUPS:
        text += f"\n## {group.name} {group.name_zh}\n\n" + table(
            ("case", "rule"), ((f"`{case}`", titles[case]) for case in group.case_ids)
        )
    return text


def provenance_of(row: TerminalFunction) -> str:
    """Whether a layout was read, and what another source has instead."""
    return f"{row.provenance}: {row.doubt}" if row.doubt else row.provenance


def terminal_functions_page() -> str:
    text = (
        "# Functions between terminal and command center\n\nThe information types Fn of Q/GDW 376.1-2009, which 1376.1 took over, by application function. "
        "`?`: layout not known. A long list of fields is cut; `rig decode gdw1376.1` shows all values of a frame.\n"
    )
    rows = list(terminal_functions())
    served = served_types()
    text += (
        f"\nThe emulated terminal serves {sum((row.afn, row.number) in served for row in rows)} of these {len(rows)} types, "
        "and types of no table never; a type that it does not serve it denies (AFN 00H F2, or unit by unit F3).\n"
    )
    for afn in dict.fromkeys(row.afn for row in rows):
        name, name_zh = TERMINAL_AFN_NAMES.get(afn, ("", ""))
        text += f"\n## {afn:02X}H {name} {name_zh}\n\n" + table(
            (
                "Fn",
                "name",
                "名称",
                "data downlink",
                "data uplink",
                "provenance",
                "served by the emulated terminal",
            ),
            (
                (
                    f"F{row.number}",
                    row.name,
                    row.name_zh,
                    terminal_layout(row.down),
                    terminal_layout(row.up),
                    provenance_of(row),
                    "yes" if (row.afn, row.number) in served else "denied",
                )
                for row in rows
                if row.afn == afn
            ),
        )
    return text


def module_functions_page() -> str:
    text = (
        "# Functions between concentrator and local module\n\nThe data units of Q/GDW 10376.2-2019 by function code; what the edition of 2013 has of them is provisional. "
        "`-`: does not travel that way, an empty cell: without data.\n"
    )
    rows = list(module_functions(MODULE_PROFILE))
    for afn in dict.fromkeys(row.afn for row in rows):
        text += f"\n## {afn:02X}H {MODULE_AFN_NAMES.get(afn, '')}\n\n" + table(
            ("Fn", "name", "名称", "concentrator to module", "module to concentrator", "since", "provenance"),
            (
                (
                    f"F{row.fn}",
                    row.name,
                    row.name_zh,
                    module_layout(row.down),
                    module_layout(row.up),
                    row.since,
                    row.provenance,
                )
                for row in rows
                if row.afn == afn
            ),
        )
    return text


def inspection_page() -> str:
    cases = all_cases()
    covering = {
        item.number: sorted(case.id for case in cases if item.number in case.inspection_items)
        for item in ITEMS
    }
    covered = sum(bool(ids) for ids in covering.values())
    text = (
        f"# Items of the system inspection\n\n{len(ITEMS)} items, {covered} with a case and {len(ITEMS) - covered} not covered. Numbers of digits are those of a public terminal bench, whose list was read; "
        "numbers with a letter are ours, for items that are recalled by name only or that this suite adds. An item with a case is looked at, not exhausted.\n"
    )
    for group in dict.fromkeys(item.group for item in ITEMS):
        text += f"\n## {group}\n\n" + table(
            ("item", "what", "项目", "provenance", "cases"),
            (
                (
                    item.number,
                    item.title,
                    item.title_zh,
                    provenance_text(item.provenance),
                    ", ".join(f"`{case}`" for case in covering[item.number]) or "not covered",
                )
                for item in ITEMS
                if item.group == group
            ),
        )
    return text


PAGES = {
    "cases.md": cases_page,
    "defects.md": defects_page,
    "criteria.md": criteria_page,
    "links.md": links_page,
    "local-module-groups.md": module_groups_page,
    "inspection-items.md": inspection_page,
    "terminal-functions.md": terminal_functions_page,
    "module-functions.md": module_functions_page,
    "data-identifiers.md": items_page,
}


def render() -> dict[str, str]:
    """Text of every generated page by file name."""
    return {name: NOTE + page() for name, page in PAGES.items()}


def main() -> int:
    stale = [
        name
        for name, text in render().items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/reference/{name} is not what the tables say: run python docs/generate.py")
        return 1 if stale else 0
    for name, text in render().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(stale)} of {len(PAGES)} pages changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
