"""What stands on a certificate, a notice of result or a rehearsal record, as blocks in both languages.

Content follows ISO/IEC 17025:2017 7.8.2.1 and the record fields of JJG 596-2026. What only the laboratory knows and has
not stated is shown as a line to fill in, never invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.blocks import (
    VERDICT_WORDS,
    Block,
    Charts,
    Column,
    Document,
    Heading,
    Pairs,
    Paragraph,
    Signatures,
    Table,
    Words,
)
from reports.facts import (
    ADVERSE,
    Coverage,
    Decision,
    chart_of,
    coverage,
    curves,
    decide,
    measured_text,
    number_text,
    origin_of,
    provisional,
    tally,
    times,
    uncovered,
    with_unit,
)
from rig.results.export import record_digest
from rig.results.quantities import bare_limit_text
from rig.results.records import CaseResult, Measurement, RunInfo, Verdict
from rig.results.telling import other_origin, telling

BLANK = "________________"

_CERTIFICATE = Words("Test Certificate", "检测证书")
_NOTICE = Words("Notice of Test Result", "检测结果通知书")
_REHEARSAL = Words("Rig Rehearsal Record (simulated)", "测试装置演练记录（仿真）")
_MARK = Words("SIMULATED", "仿真")
_BANNER = Words(
    "SIMULATED: a rehearsal of the rig on emulated equipment. Says nothing about any device's performance.",
    "仿真结果：在仿真设备上对测试装置的演练，不构成对任何实物设备性能的结论。",
)

#: keys of RunInfo.particulars with their labels, in the order of ISO/IEC 17025 7.8.2.1
_PARTICULARS = (
    ("laboratory", Words("Laboratory", "实验室")),
    ("laboratory_address", Words("Address", "地址")),
    ("customer", Words("Customer", "委托单位")),
    ("customer_address", Words("Customer's address", "委托单位地址")),
    ("place", Words("Place of work", "检测地点")),
    ("received", Words("Received on", "接收日期")),
    ("temperature", Words("Temperature", "环境温度")),
    ("humidity", Words("Relative humidity", "相对湿度")),
)

#: keys of a device or an instrument with labels; other keys that hold plain text follow as they are
_DEVICE_LABELS = {
    "id": Words("Bench name", "台位名称"),
    "role": Words("Kind", "类别"),
    "maker": Words("Manufacturer", "制造单位"),
    "model": Words("Type", "型号规格"),
    "serial": Words("Serial number", "出厂编号"),
    "address": Words("Address", "通信地址"),
    "accuracy_class": Words("Accuracy class", "准确度等级"),
    "rating": Words("Rating", "额定参数"),
    "constant": Words("Meter constant", "仪表常数"),
    "firmware": Words("Firmware", "软件版本"),
    "protocol": Words("Protocol", "通信协议"),
    "link": Words("Link", "接口"),
    "condition": Words("Condition", "样品状态"),
    "simulated": Words("Emulated", "仿真"),
    "declaration": Words("Declaration", "声明文件"),
}

_DEFAULT_RULE = Words(
    "Errors are judged by simple acceptance: the rounded mean against the limit, the limit included, without guard "
    "band, as JJG 596-2026 prescribes; the class of the bench controls the risk (up to 50 % false acceptance for a "
    "value at the limit, ILAC-G8:09/2019). Criteria with a guard band are inconclusive while U overlaps the limit.",
    "误差按 JJG 596-2026 规定判定：以修约后的平均误差与限值比较，等于限值为合格，不设保护带，风险由装置等级控制"
    "（ILAC-G8:09/2019，恰在限值处的误接受概率最高 50 %）。设保护带的判据，当扩展不确定度与限值重叠时为无法判定。",
)
_UNCERTAINTY = Words(
    "U is the expanded uncertainty with k = 2 (coverage about 95 %), evaluated after the GUM (JJF 1059.1-2012); where "
    "no U is given the quantity is a count, a state or a message.",
    "U 为扩展不确定度，k = 2（包含概率约 95 %），按 JJF 1059.1-2012（GUM）评定；未给出 U 的为计数、状态或报文。",
)
_STATEMENTS = Words(
    "The results concern only the items tested. This document may be reproduced only in full. It is no verification "
    "certificate in the sense of the metrology law: such a certificate is issued by an authorised body.",
    "结果仅对被测样品有效。未经许可不得部分复制本文件。本文件不是计量法意义上的检定证书，检定证书由授权机构出具。",
)


def build(run: RunInfo, cases: Sequence[CaseResult]) -> Document:
    """The document that the record allows: certificate, notice of result, or rehearsal record of either outcome."""
    decision = decide(run, cases)
    outcome = _CERTIFICATE if decision.passed else _NOTICE
    standards = ", ".join(dict.fromkeys(case.standard for case in cases)) or "-"
    subtitle = Words(f"according to {standards}", f"依据 {standards}")
    if decision.simulated:
        subtitle = Words(
            f"in the form of a {outcome.en}, {subtitle.en}", f"按{outcome.zh}格式，{subtitle.zh}"
        )
    document = Document(
        number=run.particulars.get("certificate_number") or run.id,
        title=_REHEARSAL if decision.simulated else outcome,
        subtitle=subtitle,
        date=run.particulars.get("issued") or run.finished[:10] or run.started[:10],
        digest=record_digest(run, cases),
        mark=_MARK if decision.simulated else None,
        banner=_BANNER if decision.simulated else None,
    )
    for section in (
        _conclusion(decision, cases),
        _particulars(run, cases, document),
        _devices(run),
        _instruments(run),
        _adverse(cases),
        _errors(cases),
        _times(cases),
        _summary(cases),
        _rules(run, cases),
        _left_out(cases),
        _uncovered(cases),
        _all_cases(cases),
        _closing(run, decision, document),
    ):
        document.blocks += section
    return document


def _conclusion(decision: Decision, cases: Sequence[CaseResult]) -> Iterator[Block]:
    yield Heading(Words("Conclusion", "结论"))
    counted = tally(cases)
    numbers_en = ", ".join(f"{counted[verdict]} {VERDICT_WORDS[verdict].en}" for verdict in Verdict)
    numbers_zh = "，".join(f"{VERDICT_WORDS[verdict].zh} {counted[verdict]}" for verdict in Verdict)
    if decision.passed:
        text = Words("Every tested item conforms.", "所检项目全部合格。")
        if decision.simulated:
            text = Words(
                "Rehearsal passed: the rig reached the expected verdicts on emulated equipment. No certificate is issued.",
                "演练通过：装置在仿真设备上得到预期判定。不出具证书。",
            )
        yield Paragraph(text, "conclusion")
    else:
        yield Paragraph(Words("No certificate is issued, because:", "不出具证书，原因："), "warning")
        for reason in decision.reasons:
            yield Paragraph(Words(f"- {reason.en}", f"- {reason.zh}"))
    yield Paragraph(
        Words(f"Cases: {len(cases)} ({numbers_en}).", f"项目共 {len(cases)} 个（{numbers_zh}）。"), "small"
    )


def _particulars(run: RunInfo, cases: Sequence[CaseResult], document: Document) -> Iterator[Block]:
    yield Heading(Words("Particulars", "基本信息"))
    tested = " … ".join(part for part in dict.fromkeys((run.started[:10], run.finished[:10])) if part)
    rows = [
        (Words("Document number", "文件编号"), document.number),
        (Words("Date of issue", "签发日期"), document.date),
    ]
    rows.append((Words("Tested on", "检测日期"), tested or BLANK))
    rows += [(label, run.particulars.get(key) or BLANK) for key, label in _PARTICULARS]
    rows += [
        (Words("Bench", "测试台"), run.bench),
        (Words("Operator", "检测员"), run.operator or BLANK),
        (Words("Software", "软件版本"), run.rig_version or "-"),
        (Words("Seed", "随机种子"), str(run.seed)),
        (Words("Selection", "项目选择"), run.selection or "全部 all"),
    ]
    yield Pairs(rows)
    stated = run.particulars.get("deviations")
    left = len(uncovered(cases))
    en, zh = stated or "none stated by the laboratory", stated or "实验室未说明"
    if left:
        en += f"; {left} clause(s) of the standards were not examined (see Clauses not examined)"
        zh += f"；有 {left} 个标准条款未检（见“未检条款”）"
    yield Paragraph(
        Words(
            f"Additions to, deviations from or exclusions from the method: {en}.",
            f"对方法的增补、偏离或删减：{zh}。",
        ),
        "small",
    )


def _devices(run: RunInfo) -> Iterator[Block]:
    yield Heading(Words("Item under test", "被测样品"))
    if not run.devices:
        yield Paragraph(Words("none identified", "未识别"))
    for device in run.devices:
        yield Pairs(_labelled(device))


def _labelled(plain: Mapping[str, Any]) -> list[tuple[Words, str]]:
    rows = [
        (label, _plain_text(plain[key]))
        for key, label in _DEVICE_LABELS.items()
        if plain.get(key) not in {None, ""}
    ]
    extra = [
        key
        for key, value in plain.items()
        if key not in {*_DEVICE_LABELS, "under_test"} and isinstance(value, (str, int)) and value != ""
    ]
    return rows + [(Words(key.replace("_", " "), ""), _plain_text(plain[key])) for key in extra]


def _plain_text(value: object) -> str:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return str(value)


def _instruments(run: RunInfo) -> Iterator[Block]:
    yield Heading(Words("Standards and instruments used", "使用的标准器及设备"))
    if not run.instruments:
        yield Paragraph(Words("none: protocol tests only", "无：仅协议测试"))
        return
    columns = (
        Column(Words("Role", "用途"), 2.2),
        Column(Words("Instrument", "名称型号"), 3),
        Column(Words("Serial", "编号"), 2),
        Column(Words("Calibration due", "校准有效期至"), 2.2),
        Column(Words("U or class", "不确定度/等级"), 1.8),
        Column(Words("State", "状态"), 2.6),
    )
    yield Table(columns, [_instrument_row(instrument) for instrument in run.instruments])
    yield Paragraph(
        Words(
            "'unverified': no accepted bring-up of driver and instrument is on record; traceability is stated by the "
            "calibration certificates of the instruments.",
            "“未验证”表示尚无驱动与该仪器的验收记录；溯源性以各仪器校准证书为准。",
        ),
        "small",
    )


def _instrument_row(instrument: Mapping[str, Any]) -> tuple[str, ...]:
    name = " ".join(str(instrument.get(key) or "") for key in ("maker", "model")).strip()
    emulated = bool(instrument.get("simulated")) or str(instrument.get("resource", "")).lower() == "emulated"
    if emulated:
        state = "仿真 emulated"
    else:
        state = "已验证 verified" if instrument.get("verified") else "未验证 unverified"
    due = str(instrument.get("calibration_due") or "")
    grade = str(instrument.get("accuracy_class") or instrument.get("uncertainty_percent") or "-")
    missing = "-" if emulated else "未知 unknown"
    return (
        str(instrument.get("role") or "-"),
        name or str(instrument.get("driver") or "-"),
        str(instrument.get("serial") or "-"),
        due or missing,
        grade,
        state,
    )


_CASE_COLUMNS = (
    Column(Words("Item", "项目"), 6),
    Column(Words("Clause", "条款"), 2.7),
    Column(Words("Measured", "实测"), 2.9),
    Column(Words("Limit", "限值"), 2.5),
    Column(Words("Verdict", "判定"), 2.1),
)


def _adverse(cases: Sequence[CaseResult]) -> Iterator[Block]:
    found = [case for verdict in ADVERSE for case in cases if case.verdict is verdict]
    if not found:
        return
    yield Heading(Words("Items that did not pass", "不合格及未能判定的项目"))
    columns = (
        Column(Words("Item", "项目"), 4),
        Column(Words("Standard, clause", "标准条款"), 2.2),
        Column(Words("Reason", "原因"), 6.2),
        Column(Words("Verdict", "判定"), 2.1),
    )
    rows = [
        (_case_name(case), f"{case.standard} {case.clause}", _short(case.reason or "-", 500), case.verdict)
        for case in found
    ]
    yield Table(columns, rows)


def _errors(cases: Sequence[CaseResult]) -> Iterator[Block]:
    found = curves(cases)
    if not found:
        return
    yield Heading(Words("Intrinsic error", "基本误差"))
    for curve in found:
        columns = (
            Column(Words(f"Load ({curve.x_unit})", f"负载 ({curve.x_unit})"), 1.4, numeric=True),
            Column(Words(f"Error 1 ({curve.unit})", f"误差 1 ({curve.unit})"), 1.5, numeric=True),
            Column(Words(f"Error 2 ({curve.unit})", f"误差 2 ({curve.unit})"), 1.5, numeric=True),
            Column(Words(f"Mean ({curve.unit})", f"平均 ({curve.unit})"), 1.5, numeric=True),
            Column(Words(f"Rounded ({curve.unit})", f"修约 ({curve.unit})"), 1.5, numeric=True),
            Column(Words(f"Limit ({curve.unit})", f"限值 ({curve.unit})"), 1.5, numeric=True),
            Column(Words(f"U ({curve.unit})", f"U ({curve.unit})"), 1.2, numeric=True),
            Column(Words("Verdict", "判定"), 2.1),
        )
        rows = [
            (
                f"{point.x.normalize():f}",
                number_text(point.error_1) or "-",
                number_text(point.error_2) or "-",
                number_text(point.mean) or "-",
                number_text(point.judged.value),
                _marked_limit(point.judged),
                number_text(point.judged.uncertainty) or "-",
                point.judged.verdict,
            )
            for point in curve.points
        ]
        yield Paragraph(Words(f"{curve.device}: {curve.name}", ""), "caption")
        yield Table(columns, rows)
    yield Heading(Words("Error curves", "误差曲线"))
    yield Charts([chart_of(curve) for curve in found])


def _times(cases: Sequence[CaseResult]) -> Iterator[Block]:
    found = times(cases)
    if not found:
        return
    yield Heading(Words("Times", "时间分布"))
    columns = (
        Column(Words("Quantity", "量"), 4),
        Column(Words("Number", "次数"), 1.2, numeric=True),
        Column(Words("Minimum (s)", "最小 (s)"), 1.7, numeric=True),
        Column(Words("Median (s)", "中位 (s)"), 1.7, numeric=True),
        Column(Words("95 % (s)", "95 % (s)"), 1.7, numeric=True),
        Column(Words("Maximum (s)", "最大 (s)"), 1.7, numeric=True),
        Column(Words("Limit (s)", "限值 (s)"), 2.2, numeric=True),
    )
    rows = []
    for item in found:
        shown = (item.summary.minimum_s, item.summary.median_s, item.summary.p95_s, item.summary.maximum_s)
        rows.append(
            (item.name, str(item.summary.count), *(f"{value:.4f}" for value in shown), item.limit or "-")
        )
    yield Table(columns, rows)


def _marked_limit(measurement: Measurement) -> str:
    text = bare_limit_text(measurement)
    return f"{text} *" if text and measurement.provisional else text


def _summary(cases: Sequence[CaseResult]) -> Iterator[Block]:
    yield Heading(Words("Clauses", "条款覆盖"))
    columns = (
        Column(Words("Standard", "标准"), 3),
        Column(Words("Clauses", "条款数"), 1.5, numeric=True),
        Column(Words("Mandatory", "强制"), 1.5, numeric=True),
        Column(Words("Mandatory tested", "已测强制"), 1.9, numeric=True),
        Column(Words("Without a case", "无项目"), 1.7, numeric=True),
        Column(Words("Recalled or own proposal", "待核实或自拟"), 2.2, numeric=True),
    )
    rows = []
    everything = coverage(cases)
    for standard in dict.fromkeys(row.standard for row in everything):
        members = [row for row in everything if row.standard == standard]
        mandatory = [row for row in members if row.mandatory]
        recalled = [row for row in members if row.clause is None or row.clause.provenance != "seen"]
        counts = (
            len(members),
            len(mandatory),
            sum(row.tested for row in mandatory),
            sum(row.missing for row in members),
            len(recalled),
        )
        rows.append((standard, *map(str, counts)))
    yield Table(columns, rows)


def _rules(run: RunInfo, cases: Sequence[CaseResult]) -> Iterator[Block]:
    yield Heading(Words("Decision rule and uncertainty", "判定规则与不确定度"))
    if run.decision_rule:
        yield Paragraph(Words(f"本次判定规则 Rule of this run: {run.decision_rule}", ""))
    yield Paragraph(_DEFAULT_RULE)
    yield Paragraph(_UNCERTAINTY)
    used = provisional(cases)
    yield Heading(Words("Provisional limits (marked *)", "暂定限值（标 *）"))
    if not used:
        yield Paragraph(Words("none", "无"))
        return
    yield Paragraph(
        Words(
            "These limits were not read in the standard's own text; own proposals are in no text. "
            "A laboratory confirms or replaces them by its profile.",
            "下列限值未经标准原文核实，自拟限值不出自任何标准，实验室应以自己的配置确认或替换。",
        ),
        "small",
    )
    columns = (
        Column(Words("Criterion", "判据"), 4),
        Column(Words("Clause", "条款"), 3.5),
        Column(Words("Limit", "限值"), 2.5),
        Column(Words("Origin", "来源"), 2.5),
    )
    yield Table(
        columns,
        [
            (
                item.criterion or item.name,
                item.clause or "-",
                with_unit(bare_limit_text(item), item),
                " ".join(filter(None, origin_of(item))),
            )
            for item in used
        ],
    )


def _left_out(cases: Sequence[CaseResult]) -> Iterator[Block]:
    found = [case for case in cases if case.verdict in {Verdict.NOT_APPLICABLE, Verdict.NOT_TESTED}]
    yield Heading(Words("Not applicable and not tested", "不适用与未测试"))
    if not found:
        yield Paragraph(Words("none", "无"))
        return
    columns = (
        Column(Words("Item", "项目"), 5),
        Column(Words("Clause", "条款"), 2),
        Column(Words("Reason", "原因"), 5),
        Column(Words("Verdict", "判定"), 2.1),
    )
    yield Table(
        columns,
        [(_case_name(case), case.clause, _short(case.reason or "-", 500), case.verdict) for case in found],
    )


def _uncovered(cases: Sequence[CaseResult]) -> Iterator[Block]:
    found = uncovered(cases)
    yield Heading(Words("Clauses not examined", "未检条款"))
    if not found:
        yield Paragraph(Words("none", "无"))
        return
    yield Paragraph(
        Words(
            "No case of this run speaks about these clauses of the standards: nothing is said of them.",
            "本次检测没有涉及标准中下列条款的项目，对其不作任何结论。",
        ),
        "small",
    )
    columns = (
        Column(Words("Standard", "标准"), 2.6),
        Column(Words("Clause", "条款"), 2.6),
        Column(Words("Subject", "内容"), 6.4),
        Column(Words("Mandatory", "强制"), 1.4),
    )
    yield Table(columns, [_clause_row(row) for row in found])


def _clause_row(row: Coverage) -> tuple[str, ...]:
    title = f"{row.clause.title_zh}\n{row.clause.title}".strip() if row.clause else "-"
    return (row.standard, row.id, title, _plain_text(row.mandatory))


def _all_cases(cases: Sequence[CaseResult]) -> Iterator[Block]:
    for standard in dict.fromkeys(case.standard for case in cases):
        yield Heading(Words(f"Results: {standard}", f"检测结果：{standard}"))
        members = [case for case in cases if case.standard == standard]
        yield Table(_CASE_COLUMNS, [_case_row(case) for case in members])


def _case_row(case: CaseResult) -> tuple[str | Verdict, ...]:
    measurement = telling(case)
    measured = limit = "-"
    if measurement is not None:
        measured = _short(measured_text(measurement)) or "-"
        limit = _short(with_unit(bare_limit_text(measurement), measurement)) or "-"
        limit += " *" if measurement.provisional and limit != "-" else ""
    origin = other_origin(case, measurement)
    clause = f"{case.clause}\n限值 limit: {origin}" if origin else case.clause
    return (_case_name(case), clause, measured, limit, case.verdict)


def _short(text: str, most: int = 28) -> str:
    # a whole frame would fill the page; the full value is in results.json and the HTML report
    return text if len(text) <= most else f"{text[:most]}…"


def _case_name(case: CaseResult) -> str:
    title = _short(case.title, 160)
    return f"{_short(case.title_zh, 160)}\n{title}" if case.title_zh else title


def _item_name(device: Mapping[str, Any]) -> str:
    parts = (str(device.get(key) or "") for key in ("maker", "model", "serial"))
    return " ".join(part for part in parts if part) or str(device.get("address") or device.get("id") or "-")


def _outcome_line(decision: Decision) -> str:
    if not decision.passed:
        return "不出具证书 no certificate"
    return "演练通过 rehearsal passed" if decision.simulated else "全部合格 conforms"


def _closing(run: RunInfo, decision: Decision, document: Document) -> Iterator[Block]:
    yield Heading(Words("Statements", "声明"))
    yield Paragraph(_STATEMENTS)
    yield Paragraph(
        Words(
            f"SHA-256 of the record (results.json): {document.digest}",
            f"记录（results.json）的 SHA-256：{document.digest}",
        ),
        "small",
    )
    # the signatures can come on a page of their own: there too it is said what is signed
    yield Pairs(
        [
            (Words("Document number", "文件编号"), document.number),
            (
                Words("Item under test", "被测样品"),
                "; ".join(_item_name(device) for device in run.devices) or "-",
            ),
            (Words("Conclusion", "结论"), _outcome_line(decision)),
        ]
    )
    fields = (
        ("verifier", Words("Tested by", "检测员")),
        ("checker", Words("Checked by", "核验员")),
        ("approver", Words("Approved by", "批准人")),
    )
    yield Signatures([(label, run.particulars.get(key, "")) for key, label in fields])
