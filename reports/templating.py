"""The Jinja environment of the HTML reports: everything escaped, nothing fetched, undefined names refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import blocks, facts
from reports.chart import Chart, to_svg
from reports.web_font import font_face
from rig.results.quantities import bare_limit_text, shown_uncertainty, shown_value
from rig.results.records import Verdict

#: where a page's style sheet takes the embedded font
_FONT_PLACE = "/* embedded font */"
_TEMPLATES = Path(__file__).parent / "templates"


def both(en: str, zh: str) -> Markup:
    """Words in both languages; the page's switch shows one of them."""
    return Markup('<span class="en">{}</span><span class="zh">{}</span>').format(en, zh)


def _svg(chart: Chart) -> Markup:
    return Markup(to_svg(chart))  # noqa: S704 - every text in it was escaped when it was drawn


@cache
def environment() -> Environment:
    """The one environment, made on first use."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        t=both,
        svg=_svg,
        Verdict=Verdict,
        verdict_words=blocks.VERDICT_WORDS,
        verdict_colours=blocks.VERDICT_COLOURS,
        limit_text=bare_limit_text,
        number_text=facts.number_text,
        shown_value=shown_value,
        shown_uncertainty=shown_uncertainty,
        measured_text=facts.measured_text,
        with_unit=facts.with_unit,
    )
    return made


def write_page(path: Path, template: str, **values: object) -> Path:
    """Render ``template`` into ``path``, with the glyphs it needs for its Chinese."""
    text = environment().get_template(template).render(**values)
    text = text.replace(_FONT_PLACE, font_face(text), 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
