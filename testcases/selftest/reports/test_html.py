"""The HTML pages: self-contained, whole, safe, in both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from fixtures import sample_records as samples
from reports import certificate, html_report, traceability
from rig.results.evidence import EvidenceStore
from rig.results.records import Verdict

VOID = {"meta", "br", "input", "link", "img", "hr"}


class Reader(HTMLParser):
    """Checks that elements nest, and keeps links, ids and resources."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.rows: list[dict] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        assert "src" not in values
        if tag == "a":
            self.links.append(values["href"])
        if "id" in values:
            self.ids.append(values["id"])
        if values.get("class") == "case":
            self.rows.append(values)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(path):
    text = path.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    return text, reader


def all_pages(folder, record):
    return [
        path
        for module in (html_report, traceability, certificate)
        for path in module.render(folder, *record)
        if path.suffix == ".html"
    ]


@pytest.mark.parametrize("record", [samples.passing, samples.failing, samples.mixed])
def test_pages_need_nothing_from_outside(tmp_path, record):
    for path in all_pages(tmp_path, record()):
        text, reader = read(path)
        addresses = set(
            re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\"'\s<]*", re.sub(r"base64,[\w+/=]+", "", text))
        )
        assert addresses <= {"http://www.w3.org/2000/svg"}
        assert "@import" not in text
        assert re.findall(r"url\((?!data:)", text) == []
        assert all(not re.match(r"[a-z]+:", link) for link in reader.links)


def test_simulated_pages_carry_the_banner_and_real_ones_do_not(tmp_path):
    for path in all_pages(tmp_path, samples.passing()):
        text, _ = read(path)
        assert "SIMULATED" in text
        assert "仿真结果" in text
    for path in all_pages(tmp_path, samples.passing(simulated=False)):
        assert "SIMULATED" not in read(path)[0]


def test_every_case_is_a_row_with_its_verdict(tmp_path):
    run, cases = samples.mixed()
    _, reader = read(html_report.render(tmp_path, run, cases)[0])
    assert [(row["id"], row["data-verdict"]) for row in reader.rows] == [
        (case.id, case.verdict.value) for case in cases
    ]


def test_details_of_a_case_are_shown(tmp_path):
    run, cases = samples.failing()
    text, _ = read(html_report.render(tmp_path, run, cases)[0])
    for part in (
        "provisional",
        "暂定",
        "wake-up: 5 octets",
        "DLT645.RESPONSE_DELAY",
        "FEFEFEFE6861",
        "0.0412",
        "<svg",
    ):
        assert part in text


def test_evidence_is_linked_where_it_lies_under_the_name_it_was_kept_by(tmp_path):
    run, cases = samples.passing()
    path = EvidenceStore(tmp_path).add_bytes(b"frames", name="K8-C1.pcapng", case_id=cases[0].id)
    cases[0] = replace(cases[0], evidence=[path])
    text, reader = read(html_report.render(tmp_path, run, cases)[0])
    assert path in reader.links
    assert (tmp_path / path).is_file()
    assert ">K8-C1.pcapng</a>" in text


def test_hostile_text_is_escaped(tmp_path):
    run, cases = samples.failing()
    evil = "</script><script>alert('x')</script><img src=x onerror=alert(1)>"
    cases[0] = replace(cases[0], id=evil, title=evil, title_zh=evil, reason=evil, clause=evil, findings=[evil], evidence=["javascript:" + evil], verdict=Verdict.FAIL)  # fmt: skip
    run = replace(run, id=evil, bench=evil, devices=[{"id": evil}], instruments=[{evil: evil}])
    for path in all_pages(tmp_path, (run, cases)):
        text, _ = read(path)
        assert "<script>alert" not in text
        assert "<img" not in text
        assert 'href="javascript:' not in text


def test_every_text_of_the_frame_is_in_both_languages(tmp_path):
    text, _ = read(html_report.render(tmp_path, *samples.mixed())[0])
    english, chinese = text.count('<span class="en">'), text.count('<span class="zh">')
    assert english == chinese > 100


def test_an_empty_run_still_has_a_report(tmp_path):
    run, _ = samples.passing()
    for path in all_pages(tmp_path, (run, [])):
        read(path)


def test_the_matrix_names_mandatory_clauses_without_a_case(tmp_path):
    run, cases = samples.passing()
    kept = [case for case in cases if case.clause != "7.3"]
    text, reader = read(traceability.render(tmp_path, run, kept)[0])
    gap = text[text.index("Mandatory clauses that no case decided") : text.index("</ul>")]
    assert "DL/T 645-2007 7.3" in gap
    assert "no case" in gap
    assert 'class="gap"' in text
    assert f"report.html#{cases[0].id}" in reader.links
    assert 'class="gap"' not in read(traceability.render(tmp_path, run, cases)[0])[0]


def test_links_of_the_matrix_lead_to_rows_of_the_report(tmp_path):
    from urllib.parse import unquote

    record = samples.passing()
    _, report = read(html_report.render(tmp_path, *record)[0])
    _, matrix = read(traceability.render(tmp_path, *record)[0])
    targets = {unquote(link.partition("#")[2]) for link in matrix.links}
    assert targets
    assert targets <= set(report.ids)
