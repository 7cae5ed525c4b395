# mypy: disable-error-code="import-untyped, import-not-found"
"""Make the packaged font from Noto Sans CJK: the characters of GB 2312 and what reports need, TrueType outlines.

Run by hand when the font must change (needs fontTools, which the installed package does not):

    python reports/fonts/build.py NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc

The regular face has all of GB 2312, the bold one (headings of our own wording) its first level. The source is the Debian package fonts-noto-cjk (or the project's own release); its licence is in OFL.txt.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont, newTable

#: largest deviation of the quadratic from the cubic outline, in thousandths of the em
MAXIMUM_ERROR = 1.5
FAMILY = "Rig Sans CJK"
#: beyond GB 2312: Latin-1, signs of metrology and of the report, and characters of personal and place names
EXTRA = "–—‘’“”…‰′″℃Ωµμ≤≥±×÷√∞≈≠≡→←↑↓✓✗■□▲△●○〓￥€²³¹⁰⁻₀₁₂₃φΦγδΔσλπαβ喆堃珺昇祎玥煊璟晗桢镕淼喆旻赟頔翀彧昉曌犇鑫垚燚晟烨炜玮瑄琛"


def characters(last_row: int) -> set[int]:
    """Code points of a face: ASCII, Latin-1, GB 2312 up to ``last_row`` and ``EXTRA``."""
    found = set(range(0x20, 0x7F)) | set(range(0xA0, 0x100)) | {ord(char) for char in EXTRA}
    for row in range(0xA1, last_row + 1):
        for cell in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    return found


def simplified_chinese(source: Path) -> TTFont:
    """The font of the collection whose default glyphs are those of mainland China."""
    for font in TTCollection(str(source)).fonts:
        if font["name"].getDebugName(1) == "Noto Sans CJK SC":
            return font
    raise SystemExit(f"{source} holds no Noto Sans CJK SC")


def reduce_to(font: TTFont, code_points: set[int]) -> None:
    """Drop every other glyph and every layout table."""
    options = Options(
        layout_features=[], hinting=False, notdef_outline=True, name_IDs=[0, 13, 14], glyph_names=False
    )
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "STAT"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=code_points)
    subsetter.subset(font)


def to_truetype(font: TTFont) -> None:
    """Replace the cubic outlines (CFF) by quadratic ones (glyf), which a PDF writer can embed without a CFF parser."""
    order = font.getGlyphOrder()
    glyphs = font.getGlyphSet()
    outlines = {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        glyphs[name].draw(
            Cu2QuPen(pen, MAXIMUM_ERROR * font["head"].unitsPerEm / 1000, reverse_direction=True)
        )
        outlines[name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder = order
    glyf.glyphs = outlines
    for name in order:
        glyf[name].recalcBounds(glyf)
        width, _ = font["hmtx"][name]
        font["hmtx"][name] = (width, getattr(glyf[name], "xMin", 0))
    del font["CFF "]
    if "VORG" in font:
        del font["VORG"]
    maximum = font["maxp"]
    maximum.tableVersion = 0x00010000
    for field in (
        "maxTwilightPoints",
        "maxStorage",
        "maxFunctionDefs",
        "maxInstructionDefs",
        "maxStackElements",
    ):
        setattr(maximum, field, 0)
    maximum.maxZones = 1
    maximum.maxSizeOfInstructions = 0
    maximum.maxComponentElements = 0
    font["post"].formatType = 3.0
    font["head"].glyphDataFormat = 0
    font.sfntVersion = "\x00\x01\x00\x00"


def rename(font: TTFont, face: str) -> None:
    """A name of our own: the outlines were changed."""
    full = f"{FAMILY} {face}"
    names = {
        1: FAMILY,
        2: face,
        3: f"{full} 1",
        4: full,
        5: "Version 1.0",
        6: f"{FAMILY.replace(' ', '')}-{face}",
    }
    for name_id, text in names.items():
        font["name"].setName(text, name_id, 3, 1, 0x409)


def build(source: Path, face: str, last_row: int) -> None:
    """Write one face beside this file."""
    font = simplified_chinese(source)
    reduce_to(font, characters(last_row))
    to_truetype(font)
    rename(font, face)
    font.recalcTimestamp = False
    font["head"].created = font["head"].modified = 0
    target = Path(__file__).with_name(f"RigSansCJK-{face}.ttf")
    font.save(target)
    print(f"{target}: {target.stat().st_size} octets, {len(font.getGlyphOrder())} glyphs")  # noqa: T201


if __name__ == "__main__":
    build(Path(sys.argv[1]), "Regular", 0xF7)
    build(Path(sys.argv[2]), "Bold", 0xD7)
