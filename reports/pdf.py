"""Documents as PDF: packaged font, page x of y, the mark of simulated results on every page, same bytes every time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid
from reportlab.platypus.tables import TableStyle

from reports import blocks as b
from reports import chart as c
from rig.results.records import Verdict

REGULAR, BOLD = "RigSansCJK", "RigSansCJK-Bold"
_FONTS = Path(__file__).parent / "fonts"
_WIDTH = A4[0] - 36 * mm
_RULE, _SHADE, _INK = HexColor("#8c959f"), HexColor("#eef1f4"), HexColor("#1f2328")
_WARNING = HexColor("#b42318")
#: of a table cell
_MOST_LINES = 50
#: stands for a character that the packaged font lacks
MISSING = "〓"


@cache
def _faces() -> dict[str, frozenset[int]]:
    """Register the packaged fonts once; the code points of each."""
    known = {}
    for name, file in ((REGULAR, "RigSansCJK-Regular.ttf"), (BOLD, "RigSansCJK-Bold.ttf")):
        font = TTFont(name, str(_FONTS / file))
        pdfmetrics.registerFont(font)
        known[name] = frozenset(font.face.charToGlyph)
    return known


def printable(text: str, font: str = REGULAR) -> str:
    """``text`` with every character that the font lacks shown as 〓, so that nothing disappears unseen."""
    known = _faces()[font]
    return "".join(char if ord(char) in known or char == "\n" else MISSING for char in text)


def _style(name: str, size: float, **changes: Any) -> ParagraphStyle:
    defaults: dict[str, Any] = {
        "fontName": REGULAR,
        "fontSize": size,
        "leading": size * 1.4,
        "textColor": _INK,
        "splitLongWords": 1,
    }
    return ParagraphStyle(name, **(defaults | changes))


_STYLES = {
    "title": _style("title", 19, fontName=BOLD, alignment=TA_CENTER),
    "subtitle": _style("subtitle", 11, alignment=TA_CENTER),
    "heading": _style("heading", 11, fontName=BOLD, spaceBefore=9, spaceAfter=3),
    "normal": _style("normal", 9, spaceAfter=2),
    "small": _style("small", 7.5, textColor=HexColor("#57606a"), spaceAfter=2),
    "conclusion": _style("conclusion", 11, fontName=BOLD, textColor=HexColor("#1a7f37"), spaceAfter=3),
    "warning": _style("warning", 11, fontName=BOLD, textColor=_WARNING, spaceAfter=3),
    "cell": _style("cell", 7.5, leading=9.6),
    "number": _style("number", 7.5, leading=9.6, alignment=TA_RIGHT),
    "head": _style("head", 7.5, leading=9.6, fontName=BOLD),
    "numberhead": _style("numberhead", 7.5, leading=9.6, fontName=BOLD, alignment=TA_RIGHT),
    "caption": _style("caption", 9, fontName=BOLD, spaceBefore=5, spaceAfter=2),
    "label": _style("label", 7.5, leading=9.6, textColor=HexColor("#57606a")),
    "value": _style("value", 8.5, leading=10.5),
}


def write_pdf(path: Path, document: b.Document) -> Path:
    """Write the document; the bytes depend on nothing but the document."""
    _faces()
    flowables: list[Flowable] = [*_title(document)]
    last = max((at for at, block in enumerate(document.blocks) if isinstance(block, b.Heading)), default=0)
    for block in document.blocks[:last]:
        flowables += _flowables(block)
    closing = [item for block in document.blocks[last:] for item in _flowables(block)]
    closing += [Spacer(0, 6), _text("—— 以下空白  End of document ——", "subtitle")]
    # nobody signs a page that says nothing
    flowables.append(KeepTogether([item for item in closing if not isinstance(item, CondPageBreak)]))
    frame = Frame(18 * mm, 20 * mm, _WIDTH, A4[1] - 44 * mm, 0, 0, 0, 0)
    template = BaseDocTemplate(
        str(path),
        pagesize=A4,
        invariant=1,
        title=f"{document.title.zh} {document.title.en} {document.number}",
    )
    template.addPageTemplates(PageTemplate(frames=[frame]))
    template.build(flowables, canvasmaker=_canvas_maker(document))
    return path


def _canvas_maker(document: b.Document) -> type[Canvas]:
    class PageCanvas(Canvas):
        """Keeps every page until the end, when the number of pages is known."""

        def __init__(self, *args: Any, **keywords: Any) -> None:
            super().__init__(*args, **(keywords | {"initialFontName": REGULAR}))
            self._pages: list[dict[str, Any]] = []
            self.setDateFormatter(lambda *_: _stamp(document.date))

        def showPage(self) -> None:  # noqa: N802 - the library's name
            self._pages.append(dict(self.__dict__))
            self._startPage()  # type: ignore[attr-defined]  # the stubs leave it out

        def save(self) -> None:
            pages, kept = self._pages, len(self._pages)
            for page in pages:
                self.__dict__.update(page)
                _page_furniture(self, document, kept)
                super().showPage()
            super().save()

    return PageCanvas


def _stamp(date: str) -> str:
    """Date of the file's properties: the day of issue, never the day of printing."""
    day = re.match(r"(\d{4})-(\d{2})-(\d{2})", date)
    return f"D:{''.join(day.groups()) if day else '20000101'}000000Z"


def _page_furniture(canvas: Canvas, document: b.Document, pages: int) -> None:
    left, right, top = 18 * mm, A4[0] - 18 * mm, A4[1] - 12 * mm
    canvas.saveState()
    canvas.setFont(REGULAR, 7.5)
    canvas.setFillColor(HexColor("#57606a"))
    canvas.drawString(left, top, printable(f"{document.title.zh} {document.title.en}"))
    canvas.drawRightString(right, top, printable(f"编号 No. {document.number}"))
    canvas.drawString(left, 10 * mm, printable(f"签发日期 issued {document.date}"))
    number = canvas.getPageNumber()
    canvas.drawRightString(right, 10 * mm, f"第 {number} 页 共 {pages} 页   page {number} of {pages}")
    canvas.setStrokeColor(_RULE)
    canvas.line(left, top - 4, right, top - 4)
    canvas.line(left, 14.5 * mm, right, 14.5 * mm)
    if document.banner is not None:
        canvas.setFillColor(_WARNING)
        canvas.drawCentredString(A4[0] / 2, top - 14, document.banner.zh)
        canvas.drawCentredString(A4[0] / 2, 16.2 * mm, document.banner.en)
    if document.mark is not None:
        canvas.translate(A4[0] / 2, A4[1] / 2)
        canvas.rotate(52)
        canvas.setFillColor(Color(0.7, 0.14, 0.1, alpha=0.09))
        canvas.setFont(BOLD, 92)
        canvas.drawCentredString(0, 20, document.mark.zh)
        canvas.drawCentredString(0, -78, document.mark.en)
    canvas.restoreState()


def _title(document: b.Document) -> list[Flowable]:
    return [
        Spacer(0, 8),
        _text(document.title.zh, "title"),
        Spacer(0, 3),
        _text(document.title.en, "title"),
        Spacer(0, 4),
        _text(document.subtitle.zh, "subtitle"),
        _text(document.subtitle.en, "subtitle"),
        Spacer(0, 4),
    ]


def _text(text: str, style: str, colour: str | None = None) -> Text:
    """A paragraph; text that is mostly Chinese may break between any two characters."""
    chosen = _STYLES[style]
    shown = printable(text, chosen.fontName if chosen.fontName == REGULAR else _face_for(text))
    if shown and chosen.fontName == BOLD and _face_for(text) == REGULAR:
        chosen = ParagraphStyle("plain", chosen, fontName=REGULAR)
    chinese = sum(ord(char) > 0x2E7F for char in shown)
    if chinese * 4 > len(shown):
        chosen = ParagraphStyle("chinese", chosen, wordWrap="CJK")
    if colour:
        chosen = ParagraphStyle("coloured", chosen, textColor=HexColor(colour))
    return Text(escape(shown).replace("\n", "<br/>"), chosen)


def _face_for(text: str) -> str:
    # the bold face has the common characters only: rare ones are set in the regular face instead of being lost
    return BOLD if all(ord(char) in _faces()[BOLD] or char == "\n" for char in text) else REGULAR


def _both(words: b.Words, style: str) -> list[Flowable]:
    return [_text(text, style) for text in (words.zh, words.en) if text]


def _flowables(block: b.Block) -> list[Flowable]:
    match block:
        case b.Heading():
            return [CondPageBreak(28 * mm), _text(f"{block.words.zh}  {block.words.en}".strip(), "heading")]
        case b.Paragraph():
            # room for the table of one error curve
            room = [CondPageBreak(48 * mm)] if block.style == "caption" else []
            return [*room, *_both(block.words, block.style)]
        case b.Pairs():
            return [_pairs(block)]
        case b.Table():
            return [_table(block), Spacer(0, 4)]
        case b.Charts():
            return _charts(block)
        case b.Signatures():
            return [KeepTogether([Spacer(0, 8), _signatures(block)])]


def _pairs(block: b.Pairs) -> Grid:
    cells: list[Flowable] = []
    for words, value in block.rows:
        cells += [
            _text(f"{words.zh} {words.en}".strip(), "label"),
            _text(_fitting(value, _WIDTH * 0.31), "value"),
        ]
    if len(block.rows) % 2:
        cells += [_text("", "label"), _text("", "value")]
    rows = [cells[start : start + 4] for start in range(0, len(cells), 4)]
    share = _WIDTH / 10
    grid = Grid(rows, colWidths=[share * 1.9, share * 3.1, share * 1.9, share * 3.1])
    grid.setStyle(TableStyle([*_CELL_PADDING, ("LINEBELOW", (0, 0), (-1, -1), 0.3, _SHADE)]))
    return grid


_CELL_PADDING = [
    ("FONTNAME", (0, 0), (-1, -1), REGULAR),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ("TOPPADDING", (0, 0), (-1, -1), 1.6),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.4),
]


def _table(block: b.Table) -> Grid:
    total = sum(column.share for column in block.columns)
    widths = [_WIDTH * column.share / total for column in block.columns]
    rows: list[list[Flowable]] = [
        [
            _text(f"{column.words.zh}\n{column.words.en}", "numberhead" if column.numeric else "head")
            for column in block.columns
        ]
    ]
    rows += [_row(block.columns, widths, row) for row in block.rows]
    grid = Grid(rows, colWidths=widths, repeatRows=1)
    grid.setStyle(
        TableStyle(
            [
                *_CELL_PADDING,
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE),
                ("LINEABOVE", (0, 0), (-1, 0), 0.6, _RULE),
            ]
        )
    )
    return grid


def _row(
    columns: Sequence[b.Column], widths: Sequence[float], row: Sequence[str | Verdict]
) -> list[Flowable]:
    cells: list[Flowable] = []
    for column, width, value in zip(columns, widths, row, strict=True):
        if isinstance(value, Verdict):
            words = b.VERDICT_WORDS[value]
            cells.append(_text(f"{words.zh} {words.en}", "cell", b.VERDICT_COLOURS[value]))
        else:
            cells.append(_text(_fitting(value, width), "number" if column.numeric else "cell"))
    return cells


def _fitting(text: str, width: float) -> str:
    """``text`` cut so that it stays lower than a page in a cell of this width: a row is never split."""
    most = max(int((width - 8) / 8.5), 1) * _MOST_LINES
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _charts(block: b.Charts) -> list[Flowable]:
    scale = (_WIDTH / 2 - 6) / c.WIDTH
    drawings: list[Flowable] = [_Picture(chart, scale) for chart in block.charts]
    style = TableStyle([("FONTNAME", (0, 0), (-1, -1), REGULAR), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    rows: list[Flowable] = []
    for start in range(0, len(drawings), 2):
        pair = [*drawings[start : start + 2], Spacer(0, 0)][:2]
        rows.append(Grid([pair], colWidths=[_WIDTH / 2] * 2, style=style))
    return rows


class _Picture(Flowable):
    """A chart drawn on the page itself: a reportlab drawing would name a font that is not embedded."""

    def __init__(self, chart: c.Chart, scale: float) -> None:
        super().__init__()
        self.chart, self.scale = chart, scale
        self.width, self.height = c.WIDTH * scale, c.HEIGHT * scale

    def draw(self) -> None:
        canvas = self.canv
        canvas.saveState()
        canvas.scale(self.scale, self.scale)
        for shape in self.chart.shapes:
            _draw(canvas, shape)
        canvas.restoreState()


def _draw(canvas: Canvas, shape: c.Shape) -> None:
    match shape:
        case c.Line():
            canvas.setStrokeColor(HexColor(shape.colour))
            canvas.setLineWidth(shape.width)
            canvas.setDash(list(shape.dash) if shape.dash else [])
            path = canvas.beginPath()
            path.moveTo(*shape.points[0])
            for point in shape.points[1:]:
                path.lineTo(*point)
            canvas.drawPath(path)
        case c.Dot():
            canvas.setFillColor(HexColor(shape.colour))
            if shape.square:
                canvas.rect(shape.x - 2.6, shape.y - 2.6, 5.2, 5.2, stroke=0, fill=1)
            else:
                canvas.circle(shape.x, shape.y, 2.2, stroke=0, fill=1)
        case c.Label():
            canvas.setFillColor(HexColor(shape.colour))
            canvas.setFont(REGULAR, shape.size)
            write = {
                "start": canvas.drawString,
                "middle": canvas.drawCentredString,
                "end": canvas.drawRightString,
            }
            write[shape.anchor](shape.x, shape.y, printable(shape.text))


def _signatures(block: b.Signatures) -> Grid:
    head: list[Flowable] = [_text(f"{words.zh} {words.en}", "label") for words, _ in block.fields]
    names: list[Flowable] = [_text(name, "value") for _, name in block.fields]
    dates: list[Flowable] = [_text("日期 date", "label") for _ in block.fields]
    grid = Grid(
        [head, names, dates],
        colWidths=[_WIDTH / len(block.fields)] * len(block.fields),
        rowHeights=[14, 34, 22],
    )
    lines = [("BOX", (column, 0), (column, -1), 0.4, _RULE) for column in range(len(block.fields))]
    grid.setStyle(
        TableStyle(
            [
                *_CELL_PADDING,
                *lines,
                ("VALIGN", (0, 1), (-1, 1), "BOTTOM"),
                ("VALIGN", (0, 2), (-1, 2), "TOP"),
            ]
        )
    )
    return grid
