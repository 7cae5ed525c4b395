"""The embedded font: exactly the characters asked for, with the outlines and widths of the packaged font."""

from __future__ import annotations

import struct

import pytest

from reports import web_font


def tables(data):
    count = struct.unpack_from(">H", data, 4)[0]
    found = {}
    for index in range(count):
        tag, checksum, offset, length = struct.unpack_from(">4sIII", data, 12 + 16 * index)
        body = data[offset : offset + length]
        assert len(body) == length
        padded = body + b"\0" * (-length % 4)
        assert sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF == checksum
        found[tag.decode()] = body
    return found


def test_outlines_and_widths_are_those_of_the_source():
    text = "检测证书±μ喆"
    made = tables(web_font.subset(map(ord, text)))
    source, characters = web_font._source()
    glyphs = web_font._characters(made["cmap"])
    assert set(glyphs) == set(map(ord, text))
    for point, glyph in glyphs.items():
        assert web_font._outline(made, glyph) == web_font._outline(source, characters[point])
        assert web_font._metrics(made, glyph) == web_font._metrics(source, characters[point])


def test_unknown_characters_are_left_out_and_glyph_0_stays():
    made = tables(web_font.subset([ord("龘"), 0x1F600, ord("电")]))
    assert set(web_font._characters(made["cmap"])) == {ord("电")}
    assert struct.unpack_from(">H", made["maxp"], 4)[0] == 2


def test_the_packaged_map_is_read_whole():
    _, characters = web_font._source()
    assert len(characters) > 7000
    assert {ord(char) for char in "Az09电能表，。≤℃"} <= characters.keys()


def test_a_page_without_chinese_needs_no_font():
    assert web_font.font_face("plain ASCII only") == ""
    rule = web_font.font_face("电")
    assert rule.startswith('@font-face { font-family: "Rig Sans CJK"; src: url(data:font/ttf;base64,')


def test_other_programs_can_read_it():
    reader = pytest.importorskip("fontTools.ttLib")
    from io import BytesIO

    font = reader.TTFont(BytesIO(web_font.subset(map(ord, "检测证书"))))
    assert sorted(map(chr, font.getBestCmap())) == sorted("检测证书")
    assert all(font["glyf"][name].numberOfContours != 0 for name in font.getBestCmap().values())
