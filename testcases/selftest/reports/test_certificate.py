"""Certificate, notice and rehearsal: which is issued, what it says, on every page, and the same bytes every time."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures import sample_records as samples
from reports import blocks, certificate, certificate_content
from reports.pdf import BOLD, MISSING, REGULAR, _faces, printable, write_pdf
from rig.results.export import write_results_json
from rig.results.records import Measurement, Verdict

ROOT = Path(__file__).parents[3]


def pages(path):
    pypdf = pytest.importorskip("pypdf")
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


def names(paths):
    return [path.name for path in paths]


def test_a_pass_on_a_real_bench_is_a_certificate(tmp_path):
    written = certificate.render(tmp_path, *samples.passing(simulated=False))
    assert names(written) == ["certificate.html", "certificate.pdf"]
    text = written[0].read_text(encoding="utf-8")
    assert "检测证书" in text
    assert "Test Certificate" in text
    assert "SIMULATED" not in text
    assert 'class="mark"' not in text
    assert not any("SIMULATED" in page for page in pages(written[1]))


def test_a_fail_on_a_real_bench_is_a_notice_that_lists_it(tmp_path):
    run, cases = samples.failing(simulated=False)
    written = certificate.render(tmp_path, run, cases)
    assert names(written) == ["notice.html", "notice.pdf"]
    text = written[0].read_text(encoding="utf-8")
    assert "检测结果通知书" in text
    assert "Test Certificate" not in text
    assert "checksum: expected 8D, got 8E" in text
    assert "checksum: expected 8D, got 8E" in "".join(pages(written[1]))


def test_simulated_results_are_a_rehearsal_marked_on_every_page(tmp_path):
    written = certificate.render(tmp_path, *samples.passing())
    text = written[0].read_text(encoding="utf-8")
    assert "Rig Rehearsal Record" in text
    assert "No certificate is issued" in text
    assert "Every tested item conforms" not in text
    found = pages(written[1])
    assert len(found) > 3
    for page in found:
        assert page.count("SIMULATED") >= 2
        assert "仿真结果" in page
        assert "says nothing about any device" in page.lower()


def test_pages_are_numbered_and_the_end_is_marked(tmp_path):
    found = pages(certificate.render(tmp_path, *samples.passing(simulated=False))[1])
    for number, page in enumerate(found, 1):
        assert f"第 {number} 页 共 {len(found)} 页" in page
        assert f"page {number} of {len(found)}" in page
        assert "20261123-080000-7" in page
    assert sum("End of document" in page for page in found) == 1
    assert "End of document" in found[-1]


def test_a_document_of_the_other_kind_does_not_stay(tmp_path):
    certificate.render(tmp_path, *samples.passing())
    certificate.render(tmp_path, *samples.failing())
    assert sorted(names(tmp_path.iterdir())) == ["notice.html", "notice.pdf"]
    certificate.render(tmp_path, *samples.passing())
    assert sorted(names(tmp_path.iterdir())) == ["certificate.html", "certificate.pdf"]


RENDER = """
import sys
from pathlib import Path
from fixtures import sample_records
from reports import certificate, html_report, traceability
for module in (certificate, html_report, traceability):
    module.render(Path(sys.argv[1]), *sample_records.mixed())
"""


def test_the_same_record_gives_the_same_bytes_in_another_process(tmp_path):
    for seed, name in (("1", "a"), ("2", "b")):
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "TZ": f"UTC-{seed}"}
        subprocess.run(
            [sys.executable, "-c", RENDER, str(tmp_path / name)], check=True, env=environment, cwd=tmp_path
        )
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert set(first) == {"notice.html", "notice.pdf", "report.html", "matrix.html"}
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}


def test_dates_come_from_the_record(tmp_path):
    data = certificate.render(tmp_path, *samples.passing())[1].read_bytes()
    assert set(re.findall(rb"/(?:CreationDate|ModDate) \(D:(\d{8})", data)) == {b"20261123"}


def test_every_font_is_embedded(tmp_path):
    data = certificate.render(tmp_path, *samples.passing())[1].read_bytes()
    fonts = set(re.findall(rb"/BaseFont /([\w+-]+)", data))
    assert fonts
    assert all(b"RigSansCJK" in font for font in fonts)
    assert data.count(b"/FontFile2") >= 2


@pytest.mark.parametrize(
    "part",
    [
        # ISO/IEC 17025 7.8.2.1
        "实验室 Laboratory", "委托单位 Customer", "检测地点 Place of work", "接收日期 Received on", "检测日期 Tested on",
        "签发日期 Date of issue", "deviations", "concern only the items tested", "批准人 Approved by", "End of document",
        # record of the regulation
        "误差 1", "误差 2", "平均", "修约", "限值", "环境温度", "相对湿度", "检测员 Tested by", "核验员 Checked by",
        "0.142", "0.122", "0.132", "±1.5",
        # instruments, rule, uncertainty, provisional limits, what was left out
        "2027-03-31", "未验证 unverified", "已验证 verified", "simple acceptance", "k = 2", "DLT645.RESPONSE_DELAY",
        "Not applicable and not tested", "DDZY-1", "2026110042", "Clauses not examined", "AC voltage test", "剩余电能量递减准确度",
    ],
)  # fmt: skip
def test_what_a_certificate_must_say(tmp_path_factory, part):
    assert part in certificate_text(tmp_path_factory)


def certificate_text(factory, kept: list[str] = []):  # noqa: B006 - rendered once for all parts
    if not kept:
        folder = factory.mktemp("certificate")
        kept.append(
            certificate.render(folder, *samples.passing(simulated=False))[0].read_text(encoding="utf-8")
        )
    return kept[0]


def test_counts_and_reasons_of_what_was_left_out(tmp_path):
    run, cases = samples.mixed()
    text = certificate.render(tmp_path, run, cases)[0].read_text(encoding="utf-8")
    assert "not declared: function:12" in text
    assert "the bench has no power source" in text
    counted = f"{len(cases) - 4} pass, 0 fail, 1 inconclusive, 1 not applicable, 1 not tested, 1 rig error"
    assert counted in text


def test_the_record_is_named_by_its_hash(tmp_path):
    run, cases = samples.passing()
    results = write_results_json(tmp_path / "results.json", run, cases)
    text = certificate.render(tmp_path, run, cases)[0].read_text(encoding="utf-8")
    assert hashlib.sha256(results.read_bytes()).hexdigest() in text


def test_particulars_of_the_laboratory_are_printed(tmp_path):
    run, cases = samples.passing(simulated=False)
    run.particulars = {
        "laboratory": "示例计量院",
        "certificate_number": "Z2026-0042",
        "approver": "王喆",
        "issued": "2026-11-25",
    }
    text = certificate.render(tmp_path, run, cases)[0].read_text(encoding="utf-8")
    for part in ("示例计量院", "Z2026-0042", "王喆", "2026-11-25"):
        assert part in text


def test_hostile_text_stays_text(tmp_path):
    run, cases = samples.failing()
    evil = "<script>alert(1)</script> & <para> </para> {{ 7*7 }} \x00\ud7ff 龘"
    cases[0] = replace(cases[0], verdict=Verdict.FAIL, reason=evil, title=evil, title_zh=evil)
    run.bench = evil
    page, pdf = certificate.render(tmp_path, run, cases)
    assert "<script>alert" not in page.read_text(encoding="utf-8")
    assert any("<script>alert(1)</script>" in text for text in pages(pdf))


def test_very_long_texts_and_frames_fit(tmp_path):
    run, cases = samples.failing()
    frame = "68" * 5000
    cases[0] = replace(
        cases[0],
        verdict=Verdict.FAIL,
        reason=f"observed {frame}",
        title="long " * 500,
        title_zh="长" * 3000,
        measurements=[Measurement("answer", frame, lower=frame, upper=frame, verdict=Verdict.FAIL)],
    )
    run.particulars = {"customer": "客户" * 400, "deviations": "偏离" * 1000}
    assert len(pages(certificate.render(tmp_path, run, cases)[1])) < 20


def test_no_page_ends_with_the_head_of_a_table(tmp_path):
    run, cases = samples.failing()
    for number, case in enumerate(cases):
        case.title += " and a little more of it" * (number % 4)
    for page in pages(certificate.render(tmp_path, run, cases)[1]):
        body = [line for line in page.splitlines() if line and "SIMULATED" not in line]
        assert body.count("Clause") <= 1 or body[-1] != "Verdict"


@pytest.mark.parametrize("more", range(0, 30, 3))
def test_signatures_never_stand_alone_on_a_page(tmp_path, more):
    run, cases = samples.passing(simulated=False)
    cases += [replace(cases[-1], id=f"{cases[-1].id}.{number}") for number in range(more)]
    last = pages(certificate.render(tmp_path, run, cases)[1])[-1]
    for part in (
        "Statements",
        "SHA-256",
        "2026110042",
        "conforms",
        "Tested by",
        "Approved by",
        "End of document",
    ):
        assert part in last


def test_a_run_without_cases_is_a_notice(tmp_path):
    run, _ = samples.passing()
    assert names(certificate.render(tmp_path, run, [])) == ["notice.html", "notice.pdf"]


def test_infinite_and_missing_values_are_printed(tmp_path):
    run, cases = samples.passing()
    odd = [
        Measurement(
            "a", Decimal("NaN"), "%", Decimal(-1), Decimal(1), curve="c", x=Decimal(1), verdict=Verdict.ERROR
        ),
        Measurement("b", None, upper=Decimal("Infinity"), verdict=Verdict.ERROR),
    ]
    cases[0] = replace(cases[0], verdict=Verdict.ERROR, measurements=odd)
    certificate.render(tmp_path, run, cases)


def test_a_character_that_the_font_lacks_is_not_lost_unseen():
    assert printable("王龘") == f"王{MISSING}"
    assert printable("浙江喆 ±1.0 ≤ 5 Ω ℃ φ") == "浙江喆 ±1.0 ≤ 5 Ω ℃ φ"


def test_our_own_words_are_all_in_the_fonts():
    _faces()
    for path in (ROOT / "reports").rglob("*"):
        if path.suffix in {".py", ".j2"} and path.parent.name != "fonts":
            text = "".join(path.read_text(encoding="utf-8").split())
            assert printable(text, REGULAR) == text, path
    run, cases = samples.mixed(simulated=False)
    for block in certificate_content.build(run, cases).blocks:
        if isinstance(block, blocks.Heading):
            assert printable(block.words.zh, BOLD) == block.words.zh


def test_an_odd_date_of_issue_does_not_break_the_file(tmp_path):
    document = replace(certificate_content.build(*samples.passing()), date="二〇二六年")
    data = write_pdf(tmp_path / "odd.pdf", document).read_bytes()
    assert b"(D:20000101000000Z" in data
