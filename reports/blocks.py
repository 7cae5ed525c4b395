"""A document as a list of blocks, in both languages; the PDF and the HTML of a certificate are made from the same list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from reports.chart import Chart
from rig.results.records import Verdict


class Words(NamedTuple):
    """The same words in English and Chinese."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Title of a section."""

    words: Words


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, Chinese first; a ``caption`` stays with the table below it."""

    words: Words
    style: Literal["normal", "small", "warning", "conclusion", "caption"] = "normal"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels with values, two pairs a line."""

    rows: Sequence[tuple[Words, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; ``share`` of the width in any unit, numbers are set to the right."""

    words: Words
    share: float
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text; a cell that is a Verdict is shown in its colour."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str | Verdict]]


@dataclass(frozen=True, slots=True)
class Charts:
    """Pictures, two a line."""

    charts: Sequence[Chart]


@dataclass(frozen=True, slots=True)
class Signatures:
    """Places to sign, with the name below where it is known."""

    fields: Sequence[tuple[Words, str]]


Block = Heading | Paragraph | Pairs | Table | Charts | Signatures


@dataclass(slots=True)
class Document:
    """A whole document; ``mark`` is the watermark and ``banner`` the line on every page of simulated results."""

    number: str
    title: Words
    subtitle: Words
    date: str
    digest: str
    mark: Words | None = None
    banner: Words | None = None
    blocks: list[Block] = field(default_factory=list)


VERDICT_WORDS = {
    Verdict.PASS: Words("pass", "合格"),
    Verdict.FAIL: Words("fail", "不合格"),
    Verdict.INCONCLUSIVE: Words("inconclusive", "无法判定"),
    Verdict.NOT_APPLICABLE: Words("not applicable", "不适用"),
    Verdict.NOT_TESTED: Words("not tested", "未测试"),
    Verdict.ERROR: Words("rig error", "装置错误"),
}

#: text colour of each verdict, dark enough to be read on white
VERDICT_COLOURS = {
    Verdict.PASS: "#1a7f37",
    Verdict.FAIL: "#b42318",
    Verdict.INCONCLUSIVE: "#9a6700",
    Verdict.NOT_APPLICABLE: "#57606a",
    Verdict.NOT_TESTED: "#57606a",
    Verdict.ERROR: "#8250df",
}
