"""The packaged font for HTML pages: only the characters of the page, embedded, so that Chinese shows on any machine."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

FAMILY = "Rig Sans CJK"
_FILE = Path(__file__).parent / "fonts" / "RigSansCJK-Regular.ttf"
#: tables that go into a page as they are
_KEPT = ("OS/2", "name", "post")
_HEADER, _RECORD = struct.Struct(">IHHHH"), struct.Struct(">4sIII")


def font_face(text: str) -> str:
    """The CSS rule that embeds the glyphs of the non-ASCII characters of ``text``; empty when there are none."""
    wanted = {ord(char) for char in text if ord(char) > 0x7F}
    if not wanted:
        return ""
    data = base64.b64encode(subset(wanted)).decode()
    return (
        f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/ttf;base64,{data}) format("truetype"); }}'
    )


def subset(code_points: Iterable[int]) -> bytes:
    """A TrueType font of these characters (those that the packaged font has) and the sign for missing ones.

    Spec: OpenType 1.9, tables cmap (format 4), glyf, head, hhea, hmtx, loca, maxp
    """
    source, characters = _source()
    chosen = {point: characters[point] for point in sorted(set(code_points)) if point in characters}
    glyphs = [0, *dict.fromkeys(chosen.values())]
    number = {glyph: index for index, glyph in enumerate(glyphs)}
    outlines = [_outline(source, glyph) for glyph in glyphs]
    offsets = [0]
    for outline in outlines:
        offsets.append(offsets[-1] + len(outline))
    tables = {name: source[name] for name in _KEPT}
    tables["cmap"] = _cmap({point: number[glyph] for point, glyph in chosen.items()})
    tables["glyf"] = b"".join(outlines)
    tables["loca"] = struct.pack(f">{len(offsets)}I", *offsets)
    tables["hmtx"] = b"".join(_metrics(source, glyph) for glyph in glyphs)
    tables["head"] = source["head"][:50] + struct.pack(">hh", 1, 0)
    tables["hhea"] = source["hhea"][:34] + struct.pack(">H", len(glyphs))
    tables["maxp"] = source["maxp"][:4] + struct.pack(">H", len(glyphs)) + source["maxp"][6:]
    return _assemble(tables)


@cache
def _source() -> tuple[dict[str, bytes], dict[int, int]]:
    data = _FILE.read_bytes()
    _, count, *_ = _HEADER.unpack_from(data)
    tables = {}
    for index in range(count):
        tag, _, offset, length = _RECORD.unpack_from(data, 12 + 16 * index)
        tables[tag.decode()] = data[offset : offset + length]
    return tables, _characters(tables["cmap"])


def _characters(cmap: bytes) -> dict[int, int]:
    """Glyph of every code point, from the format 4 subtable."""
    for index in range(struct.unpack_from(">H", cmap, 2)[0]):
        offset = struct.unpack_from(">HHI", cmap, 4 + 8 * index)[2]
        if struct.unpack_from(">H", cmap, offset)[0] == 4:
            return _format_4(cmap, offset)
    raise ValueError(f"{_FILE.name} has no format 4 character map")


def _format_4(cmap: bytes, offset: int) -> dict[int, int]:
    count = struct.unpack_from(">H", cmap, offset + 6)[0] // 2
    words = f">{count}H"
    ends = struct.unpack_from(words, cmap, offset + 14)
    starts = struct.unpack_from(words, cmap, offset + 16 + 2 * count)
    deltas = struct.unpack_from(words, cmap, offset + 16 + 4 * count)
    first_range = offset + 16 + 6 * count
    ranges = struct.unpack_from(words, cmap, first_range)
    found = {}
    for index, (start, end, delta, shift) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        for point in range(start, min(end, 0xFFFE) + 1):
            glyph = point
            if shift:
                glyph = struct.unpack_from(">H", cmap, first_range + 2 * index + shift + 2 * (point - start))[
                    0
                ]
            glyph = (glyph + delta) & 0xFFFF
            if glyph:
                found[point] = glyph
    return found


def _outline(source: Mapping[str, bytes], glyph: int) -> bytes:
    if struct.unpack_from(">h", source["head"], 50)[0]:
        start, end = struct.unpack_from(">II", source["loca"], 4 * glyph)
    else:
        start, end = (2 * half for half in struct.unpack_from(">HH", source["loca"], 2 * glyph))
    data = source["glyf"][start:end]
    return data + b"\0" * (-len(data) % 4)


def _metrics(source: Mapping[str, bytes], glyph: int) -> bytes:
    """Width and left bearing; glyphs after the last full record share its width."""
    full = struct.unpack_from(">H", source["hhea"], 34)[0]
    if glyph < full:
        return source["hmtx"][4 * glyph : 4 * glyph + 4]
    bearing = 4 * full + 2 * (glyph - full)
    return source["hmtx"][4 * full - 4 : 4 * full - 2] + source["hmtx"][bearing : bearing + 2]


def _cmap(glyph_of: Mapping[int, int]) -> bytes:
    """One format 4 subtable with a segment for every character, and the closing segment that the format demands."""
    points = [*sorted(glyph_of), 0xFFFF]
    deltas = [(glyph_of.get(point, 0) - point) & 0xFFFF for point in points[:-1]] + [1]
    count = len(points)
    power = count.bit_length() - 1
    words = struct.Struct(f">{count}H")
    body = (
        words.pack(*points) + b"\0\0" + words.pack(*points) + words.pack(*deltas) + words.pack(*[0] * count)
    )
    search = 2 ** (power + 1)
    head = struct.pack(">HHHHHHH", 4, 14 + len(body), 0, 2 * count, search, power, 2 * count - search)
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + head + body


def _assemble(tables: Mapping[str, bytes]) -> bytes:
    count = len(tables)
    power = count.bit_length() - 1
    search = 16 * 2**power
    directory = [_HEADER.pack(0x00010000, count, search, power, 16 * count - search)]
    body = b""
    offset = 12 + 16 * count
    for tag, data in sorted(tables.items()):
        padded = data + b"\0" * (-len(data) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF
        directory.append(_RECORD.pack(tag.encode(), total, offset + len(body), len(data)))
        body += padded
    return b"".join(directory) + body
