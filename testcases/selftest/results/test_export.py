"""results.json and JUnit XML: exact values, stable names, the right outcome for every verdict."""

from __future__ import annotations

import json
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from rig.errors import ConfigError
from rig.results.export import read_results_json, record_digest, split_id, write_junit, write_results_json
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict

RUN = RunInfo("run-1", "built-in", 7, simulated=True, started="2026-11-23T08:00:00+08:00")


def make_case(case_id="dlt645_2007.framing.checksum", verdict=Verdict.PASS, reason="", **changes):
    return CaseResult(
        case_id,
        "The title",
        "DL/T 645-2007",
        "5.2.6",
        "K8-C1",
        "meter",
        verdict,
        reason,
        duration_s=0.25,
        **changes,
    )


ALL_VERDICTS = [make_case(f"suite.case[{verdict}]", verdict, f"because {verdict}") for verdict in Verdict]


def test_results_json_has_the_promised_keys_and_exact_decimals(tmp_path):
    measurement = Measurement(
        "error", Decimal("-0.20"), "%", Decimal("-1.0"), Decimal("1.0"), Decimal("0.080")
    )
    path = write_results_json(tmp_path / "results.json", RUN, [make_case(measurements=[measurement])])
    plain = json.loads(path.read_text(encoding="utf-8"))
    assert plain["run"]["seed"] == 7
    case = plain["cases"][0]
    promised = (
        "id title standard clause link device verdict reason measurements simulated duration_s evidence"
    )
    assert set(promised.split()) <= case.keys()
    assert {"name", "value", "unit", "lower", "upper", "uncertainty", "verdict"} <= case["measurements"][
        0
    ].keys()
    assert case["measurements"][0]["value"] == "-0.20"
    assert case["measurements"][0]["upper"] == "1.0"
    assert case["measurements"][0]["uncertainty"] == "0.080"


def test_results_json_is_read_back_and_written_the_same(tmp_path):
    measurements = [
        Measurement("a", "007", lower="007"),
        Measurement("b", Decimal("0.0010"), "s", x=Decimal(5)),
    ]
    cases = [make_case(measurements=measurements), make_case("other", Verdict.FAIL, "原因")]
    path = write_results_json(tmp_path / "results.json", RUN, cases)
    run, again = read_results_json(path)
    assert (run, again) == (RUN, cases)
    assert write_results_json(tmp_path / "2.json", run, again).read_bytes() == path.read_bytes()
    assert record_digest(run, again) == record_digest(RUN, cases)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a results.json"),
        ("[]", "needs the keys"),
        ("{}", "needs the keys"),
        ('{"run": {"id": "x"}, "cases": []}', "incomplete record of a run"),
        ('{"run": {"id": "x", "bench": "", "seed": 1, "simulated": true}, "cases": [{"verdict": "PASS"}]}', "incomplete"),
        ('{"run": {"id": "x", "bench": "", "seed": 1, "simulated": true}, "cases": [{"verdict": "OK"}]}', "'OK'.*one of PASS"),
    ],
)  # fmt: skip
def test_wrong_results_json_is_refused_with_the_file(tmp_path, text, message):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_results_json(path)
    assert caught.value.file == str(path)


def test_a_number_that_is_none_is_refused(tmp_path):
    path = write_results_json(
        tmp_path / "r.json", RUN, [make_case(measurements=[Measurement("a", Decimal(1))])]
    )
    path.write_text(path.read_text().replace('"value": "1"', '"value": "one"'))
    with pytest.raises(ConfigError, match="not a decimal number"):
        read_results_json(path)


def test_missing_results_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        read_results_json(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("case_id", "expected"),
    [
        ("dlt645_2007.framing.checksum", ("dlt645_2007.framing", "checksum")),
        ("accuracy.points.error[0.5L-10.Itr]", ("accuracy.points", "error[0.5L-10.Itr]")),
        ("alone", ("cases", "alone")),
    ],
)
def test_class_name_and_name(case_id, expected):
    assert split_id(case_id) == expected


def junit(tmp_path, cases):
    return ET.parse(write_junit(tmp_path / "junit.xml", RUN, cases)).getroot()


def test_every_verdict_has_its_own_outcome(tmp_path):
    root = junit(tmp_path, ALL_VERDICTS)
    outcomes = {}
    for case in root.iter("testcase"):
        children = [child for child in case if child.tag in {"failure", "error", "skipped"}]
        outcomes[case.get("name")] = [
            (child.tag, child.get("type"), child.get("message")) for child in children
        ]
    assert outcomes == {
        "case[PASS]": [],
        "case[FAIL]": [("failure", "FAIL", "because FAIL")],
        "case[INCONCLUSIVE]": [("failure", "INCONCLUSIVE", "because INCONCLUSIVE")],
        "case[NOT_APPLICABLE]": [("skipped", "NOT_APPLICABLE", "NOT_APPLICABLE: because NOT_APPLICABLE")],
        "case[NOT_TESTED]": [("skipped", "NOT_TESTED", "NOT_TESTED: because NOT_TESTED")],
        "case[ERROR]": [("error", "ERROR", "because ERROR")],
    }


#: the structure that readers of JUnit XML rely on: children and required attributes of each element
STRUCTURE = {
    "testsuites": ({"testsuite"}, {"name", "tests", "failures", "errors", "time"}),
    "testsuite": ({"properties", "testcase"}, {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}),
    "properties": ({"property"}, set()),
    "property": (set(), {"name", "value"}),
    "testcase": ({"properties", "failure", "error", "skipped", "system-out"}, {"classname", "name", "time"}),
    "failure": (set(), {"type", "message"}),
    "error": (set(), {"type", "message"}),
    "skipped": (set(), {"message"}),
    "system-out": (set(), set()),
}  # fmt: skip


def test_structure_and_counts(tmp_path):
    measured = make_case(
        "other.measured", measurements=[Measurement("error", Decimal("0.1"), "%", None, Decimal(1))]
    )
    root = junit(tmp_path, [*ALL_VERDICTS, measured])
    for element in root.iter():
        children, attributes = STRUCTURE[element.tag]
        assert {child.tag for child in element} <= children
        assert attributes <= element.attrib.keys()
    assert [suite.get("name") for suite in root] == ["suite", "other"]
    for suite in root:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert suite.get(attribute) == str(len(suite.findall(f"testcase/{tag}")))
    assert (root.get("failures"), root.get("errors"), root.get("tests")) == ("2", "1", "7")
    output = root.find(".//system-out")
    assert output is not None
    assert output.text == "error = 0.1 % [-∞ .. 1] PASS"


def test_characters_that_xml_forbids_are_written_as_text(tmp_path):
    root = junit(tmp_path, [make_case(verdict=Verdict.FAIL, reason="got \x00\x1b[31m 帧 \ud800 end")])
    failure = root.find(".//failure")
    assert failure is not None
    assert failure.get("message") == "got \\x00\\x1b[31m 帧 \\xd800 end"


def test_a_failure_without_a_reason_still_has_a_message(tmp_path):
    failure = junit(tmp_path, [make_case(verdict=Verdict.FAIL)]).find(".//failure")
    assert failure is not None
    assert failure.get("message") == "FAIL"


def test_no_draft_is_left_behind(tmp_path):
    junit(tmp_path, ALL_VERDICTS)
    assert [path.name for path in tmp_path.iterdir()] == ["junit.xml"]
