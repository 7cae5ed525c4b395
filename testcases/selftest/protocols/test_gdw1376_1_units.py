"""Data units written out by hand, octet by octet from the layouts, and what they must say."""

from __future__ import annotations

import pytest

from fixtures import gdw1376_1_plain as plain
from rig.protocols.decode import exact
from rig.protocols.gdw1376_1.decoder import decode

TERMINAL = "01370821" + "02"


def read(afn: str, unit: str, *, control: str = "88"):
    """Values of one frame: C A AFN SEQ unit."""
    decoded = decode(plain.build(bytes.fromhex(control + TERMINAL + afn + "60" + unit)))
    assert decoded.ok
    return decoded, {
        value.id.split(".", 3)[-1]: f"{exact(value.value)} {value.unit}".strip() for value in decoded.values
    }


PASSWORD = "00" * 16
#: AFN, identifier and data, control, what must be read
UNITS = {
    "time synchronisation": (
        "05",
        "00004003" + "301508022326" + PASSWORD,
        "4a",
        {"clock": "2026-03-02 W1 08:15:30"},
    ),
    "remote trip": (
        "05",
        "01010100" + "52" + PASSWORD,
        "4a",
        {"limit_time": "2 0.5 h", "alarm_delay": "5 min"},
    ),
    "communication parameters": (
        "0a",
        "00000100" + "02051e30060f",
        "88",
        {
            "permitted_delay": "5 min",
            "wait": "30 s",
            "retries": "3",
            "confirm_class_2": "1",
            "heartbeat": "15 min",
        },
    ),
    "event masks": (
        "0a",
        "00000101" + "ff3f000000000000" + "0120000000000000",
        "88",
        {"valid": "0000000000003FFF", "important": "0000000000002001"},
    ),
    "reading parameters": (
        "0a",
        "00000104" + "01" + "02" + "0100" + "01000080" + "0500" + "0f" + "300201" + "01" + "00005923",
        "88",
        {
            "block.1.port": "2",
            "block.1.days": "80000001",
            "block.1.time": "00:05",
            "block.1.interval": "15 min",
            "block.1.broadcast_time": "01 02:30",
            "block.1.period.1.begin": "00:00",
            "block.1.period.1.end": "23:59",
        },
    ),
    "powers, voltages and currents": (
        "0c",
        "01010103"
        "1508020326"
        "341200"
        "781600"
        "000080"
        "eeeeee"
        + "000100" * 4
        + "0010"
        + "9899"
        + "0010"
        + "eeee"
        + "0022"
        + "9923"
        + "1022"
        + "001500"
        + "001580"
        + "000000"
        + "eeeeee"
        + "341200" * 4,
        "88",
        {
            "time": "2026-03-02 08:15",
            "active_power": "0.1234 kW",
            "active_power_a": "0.1678 kW",
            "active_power_b": "0.0000 kW",
            "reactive_power": "0.0100 kvar",
            "power_factor": "100.0 %",
            "voltage_a": "220.0 V",
            "voltage_b": "239.9 V",
            "voltage_c": "221.0 V",
            "current_a": "1.500 A",
            "current_b": "-1.500 A",
            "apparent_power_c": "0.1234 kVA",
        },
    ),
    "day freeze of reverse energy": (
        "0d",
        "010102000103260500020326010010000000000500000010000000eeeeeeee" + "20000000" * 2 + "30000000" * 2,
        "88",
        {
            "date": "2026-03-01",
            "time": "2026-03-02 00:05",
            "tariffs": "1",
            "active.total": "0.1000 kWh",
            "active.t1": "0.0500 kWh",
            "reactive.total": "0.10 kvarh",
            "quadrant_2.t1": "0.20 kvarh",
            "quadrant_3.t1": "0.30 kvarh",
        },
    ),
    "month freeze": (
        "0d",
        "01010116" + "0226" + "0500010326" + "00" + "7856341200",
        "88",
        {"month": "2026-02", "tariffs": "0", "total": "1234.5678 kWh"},
    ),
    "curve at 15 minutes": (
        "0d",
        "0101100c" + "0000020326" + "01" + "03" + "70370100" + "eeeeeeee" + "71370100",
        "88",
        {
            "start": "2026-03-02 00:00",
            "density": "1",
            "points": "3",
            "point.1": "137.70 kWh",
            "point.3": "137.71 kWh",
        },
    ),
    "demands with their times": (
        "0d",
        "01010117" + "010326" + "0500020326" + "01" + "563402" + "15080103" + "eeeeee" + "eeeeeeee",
        "88",
        {"total.demand": "2.3456 kW", "total.time": "03-01 08:15"},
    ),
    "relay state": (
        "0c",
        "01010114" + "1508020326" + "11" + "0010010326" + "0009010326",
        "88",
        {"state": "11", "last_on": "2026-03-01 10:00", "last_off": "2026-03-01 09:00"},
    ),
    "current circuit anomaly": (
        "0e",
        "000001000a00090a091c1508020326058041002200230022" + "001500" * 3 + "0100000000",
        "88",
        {
            "ec1": "10",
            "1.erc": "9",
            "1.time": "2026-03-02 08:15",
            "1.point": "5",
            "1.begins": "1",
            "1.flags": "41",
            "1.voltage_b": "230.0 V",
            "1.current_c": "1.500 A",
            "1.forward_active": "0.0001 kWh",
        },
    ),
    "parameter change": (
        "0e",
        "00000100" + "0a00090a" + "030e" + "1508020326" + "01" + "00000101" + "03010103",
        "88",
        {"1.master": "1", "1.unit.1": "P0 F9", "1.unit.2": "P1+P2 F25"},
    ),
}


@pytest.mark.parametrize("name", UNITS)
def test_unit(name):
    afn, unit, control, expected = UNITS[name]
    decoded, values = read(afn, unit, control=control)
    assert {found.code for found in decoded.findings} <= {"provisional-layout"}
    assert {key: values.get(key) for key in expected} == expected
