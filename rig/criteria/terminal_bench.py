"""What those do who test or build terminals: figures of a bench's software, of a concentrator's firmware, of an exam page.

None of it is a standard, and no verdict against it is one of conformity. The bench's figures are its own stimuli, waits and
tolerances; the firmware's are its own split; the exam quotes the terminal specification of China Southern Grid.
"""

from __future__ import annotations

from rig.criteria.standard import Standard

BENCH = "Public terminal bench software"
FIRMWARE = "Public concentrator firmware"
SOUTHERN_GRID = "China Southern Grid distribution terminal specification"

_BENCH_SOURCE = "code of the bench; its own figure, no standard cited"
_FIRMWARE_SOURCE = "code of the firmware; its own split, no standard cited"
_EXAM_SOURCE = "exam page that quotes the specification"

_BENCH = Standard(BENCH, "as seen", "", seen=True, read=_BENCH_SOURCE, suite=_BENCH_SOURCE)
_FIRMWARE = Standard(FIRMWARE, "as seen", "", seen=True, read=_FIRMWARE_SOURCE, suite=_FIRMWARE_SOURCE)
_GRID = Standard(SOUTHERN_GRID, "as quoted", "", seen=True, read=_EXAM_SOURCE, suite=_EXAM_SOURCE)
_rule, _limit = _BENCH.clause, _BENCH.limit

CLAUSES = (
    _rule("clock", "Clock: set, wait, read", "时钟召测和对时", mandatory=False),
    _rule("pulse input", "Pulse inputs", "脉冲量采集", mandatory=False),
    _rule("carrier", "High-speed carrier module", "高速载波通信", mandatory=False),
    _rule("events", "Event records, a while after their stimulus", "事件记录", mandatory=False),
    _rule("tariff periods", "Energy stored by tariff period", "分时段电能量数据存储", mandatory=False),
    _rule("sampling", "AC sampling and the quantities that influence it", "交流采样", mandatory=False),
    _FIRMWARE.clause("day freeze", "How well a day's freezes were read", "日冻结抄读成功率", mandatory=False),
    _GRID.clause("sampling", "Error of AC sampling", "交流采样误差", mandatory=False),
)

CRITERIA = (
    _limit("TERM.CLOCK.SET_READ", "clock", "clock read after it was set", "abs<=", "s", "10"),
    _limit("TERM.CLOCK.SET_READ.WAIT", "clock", "wait between setting and reading", ">=", "s", "5"),
    _limit("TERM.PULSE_INPUT", "pulse input", "registered power, and registered energy, against what the pulses make", "abs<=", "%", "2"),
    _limit("TERM.PULSE_INPUT.SLOW", "pulse input", "rate of the slow profile", "within", "1/min", lower="12", upper="12"),
    _limit("TERM.PULSE_INPUT.FAST", "pulse input", "rate of the fast profile", "within", "1/min", lower="120", upper="120"),
    _limit("TERM.PULSE_INPUT.RUN", "pulse input", "length of the fast profile", ">=", "s", "1080"),
    _limit("TERM.PULSE_INPUT.WAIT", "pulse input", "wait between the fast profile and the reading", ">=", "s", "60"),
    _limit("TERM.PULSE_INPUT.POWER", "pulse input", "power reading that the fast profile makes, before the tolerance", "within", "1", lower="7200", upper="7200",
           note="in the bench's unit, of the kind of W"),
    _limit("TERM.PULSE_INPUT.ENERGY", "pulse input", "energy counts that the fast profile makes, before the tolerance", "within", "count", lower="2160", upper="2160"),
    _limit("LOCAL.MODULE.OFF", "carrier", "module without power before it is started", ">=", "s", "30"),
    _limit("LOCAL.MODULE.ON", "carrier", "module with power before the network may form", ">=", "s", "30"),
    _limit("LOCAL.NETWORKING", "carrier", "time allowed for a carrier network to form", "<=", "s", "300"),
    _limit("TERM.EVENT.CLOCK_FAULT", "events", "clock fault of a meter to its record", "<=", "s", "300"),
    _limit("TERM.EVENT.FLY_AWAY", "events", "flying meter to its record", "<=", "s", "300"),
    _limit("TERM.EVENT.STOPPED", "events", "stopped meter to its record", "<=", "s", "480"),
    _limit("TERM.EVENT.POWER_DOWN", "events", "loss of supply to its record", "<=", "s", "130"),
    _limit("TERM.EVENT.POWER_UP", "events", "return of supply to its record", "<=", "s", "190"),
    _limit("TERM.PERIOD.RUN", "tariff periods", "run of the source in each tariff period, about", ">=", "s", "330"),
    _limit("TERM.PERIOD.COUNT", "tariff periods", "periods compared, beside the total", ">=", "count", "4"),
    _limit("TERM.SAMPLING", "sampling", "relative error of voltage, current, power and power factor, in class indices of the terminal", "abs<=", "1", "1",
           note="the same under harmonics, frequency, supply and unbalance"),
    _FIRMWARE.limit("SYS.DAY_FREEZE", "day freeze", "day freezes read, for a day that is neither complete nor poor", ">=", "%", "95"),
    _GRID.limit("CSG.TERM.SAMPLING.UI", "sampling", "error of voltage and current", "abs<=", "%", "0.5"),
    _GRID.limit("CSG.TERM.SAMPLING.POWER", "sampling", "error of power", "abs<=", "%", "1"),
)  # fmt: skip
