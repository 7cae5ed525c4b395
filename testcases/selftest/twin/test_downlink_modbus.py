"""Modbus on the RS-485 line: our master, our meter, and a foreign client that reads our meter."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.framer import FramerType
from pymodbus.pdu.register_message import ReadInputRegistersRequest, WriteSingleRegisterRequest

from rig.clock import VirtualClock
from rig.ports.byte_link import LineSettings
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.frame import decode_frame, encode
from rig.protocols.modbus.register_map import (
    ROWS,
    from_registers,
    row_of,
    rows_in,
    rows_of_block,
    to_registers,
)
from rig.transports.memory import MemoryLine
from rig.twin.build import EmulatedMeter, build_meter
from rig.twin.devices.meter_config import MeterConfig
from rig.twin.downlink.modbus import ModbusPort
from rig.twin.engine import Engine
from rig.twin.faults import fault_by_name
from rig.twin.serve import ServedLine
from rig.twin.wire.modbus import ModbusWire, default_unit

ADDRESS = "000000000007"
TARIFF_WH = (1_234_560.0, 20.0, 30.0, 40.0)


def meter(engine: Engine, address: str = ADDRESS) -> EmulatedMeter:
    return build_meter(engine, None, MeterConfig(address=address, energy_wh=(TARIFF_WH, (0.0,))))


def build(count: int = 1) -> tuple[Engine, MemoryLine, ModbusPort, list[ModbusWire]]:
    engine = Engine(4)
    line = MemoryLine("modbus", engine.clock, LineSettings(9600))
    wires = [ModbusWire(meter(engine, f"{7 + n:012d}").wire) for n in range(count)]
    for wire in wires:
        line.attach(wire)
    port = ModbusPort()
    port.put_on(line)
    return engine, line, port, wires


def run(engine: Engine, port: ModbusPort) -> None:
    assert engine.clock.wait_until(engine.clock.now_s() + 60.0, lambda: not port.busy)


def test_rows_do_not_overlap_and_every_item_fits_its_registers() -> None:
    ordered = sorted(ROWS, key=lambda row: row.start)
    assert all(left.stop <= right.start for left, right in pairwise(ordered))
    assert len({row.di for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("di", "data", "registers"),
    [
        (0x00010000, "56341200", [0x0001, 0xE240]),
        (0x02030000, "341280", [0xFFFF, 0xFB2E]),
        (0x04000401, "070000000000", [0, 0, 7]),
        (0x04000503, "1000", [0x10]),
    ],
)
def test_items_and_registers_say_the_same(di: int, data: str, registers: list[int]) -> None:
    row = row_of(di)
    assert row is not None
    assert to_registers(row, bytes.fromhex(data)) == registers
    assert from_registers(row, registers) == bytes.fromhex(data)


def test_ranges_that_cut_a_row_are_not_covered() -> None:
    assert [row.di for row in rows_in(0, 10)] == [0x00010000 + 0x100 * n for n in range(5)]
    assert rows_in(0, 1) == ()
    assert rows_in(1, 2) == ()
    assert rows_in(0, 12) == ()
    assert len(rows_of_block(0x0001FF00)) == 5
    assert rows_of_block(0x0003FF00) == ()


def test_a_dlt645_request_is_answered_through_modbus_with_the_same_octets() -> None:
    engine, _, port, wires = build()
    got: list[bytes | None] = []
    for di in (0x00010000, 0x00010100, 0x02010100, 0x04000401, 0x0001FF00):
        request = encode(messages.read_data(ADDRESS, di))
        port.request(ADDRESS, request, got.append)
        run(engine, port)
        direct = wires[0].meter.respond(request)
        assert got[-1] == (direct or b"").lstrip(b"\xfe"), hex(di)
    port.request(ADDRESS, encode(messages.read_address(ADDRESS)), got.append)
    run(engine, port)
    assert decode_frame(got[-1] or b"").data == bytes.fromhex(ADDRESS)[::-1]


def test_what_the_map_does_not_have_is_refused_in_the_name_of_the_meter() -> None:
    engine, _, port, _ = build()
    got: list[bytes | None] = []
    port.request(ADDRESS, encode(messages.read_data(ADDRESS, 0x03110000)), got.append)
    run(engine, port)
    answer = decode_frame(got[0] or b"")
    assert answer.abnormal
    assert answer.data == b"\x02"
    assert port.statistics.attempts == 0


def test_several_meters_on_one_line_and_a_silent_one() -> None:
    engine, _, port, _ = build(3)
    got: list[tuple[str, bool]] = []
    for number in (7, 8, 9, 30):
        name = f"{number:012d}"
        port.request(
            name,
            encode(messages.read_data(name, 0x00010000)),
            lambda data, name=name: got.append((name, data is not None)),  # type: ignore[misc]
        )
    run(engine, port)
    assert [answered for _, answered in got] == [True, True, True, False]
    assert port.statistics.attempts == 3 + 3


@pytest.mark.parametrize("fault", ["bit-flip", "truncate:2"])
def test_a_broken_answer_is_asked_again_and_not_believed(fault: str) -> None:
    engine, line, port, _ = build()
    line.manipulators.append(fault_by_name(fault, seed=1))
    got: list[bytes | None] = []
    port.request(ADDRESS, encode(messages.read_data(ADDRESS, 0x00010000)), got.append)
    run(engine, port)
    assert got == [None]
    assert port.statistics.attempts == 3


def test_illegal_requests_get_the_exception_of_the_standard() -> None:
    engine, _, port, _ = build()
    codes: list[int] = []
    unit = default_unit(ADDRESS)

    def note(pdu: object) -> None:
        codes.append(pdu.exception_code)  # type: ignore[attr-defined]

    port.read_registers(unit, 1, 2, note)
    port.read_registers(unit, 0x7000, 1, note)
    port.transact(WriteSingleRegisterRequest(dev_id=unit, address=0, registers=[1]), note)
    port.write_registers(unit, 0, [1, 2], note)
    port.write_registers(unit, 0x0200, [0x9999, 0x9999, 0, 0], note)
    run(engine, port)
    assert codes == [2, 2, 1, 2, 3]


def test_input_registers_tell_the_same_as_holding_registers() -> None:
    engine, _, port, _ = build()
    got: list[list[int]] = []
    unit = default_unit(ADDRESS)
    port.transact(
        ReadInputRegistersRequest(dev_id=unit, address=0, count=10),
        lambda pdu: got.append(list(pdu.registers)),  # type: ignore[union-attr]
    )
    port.read_registers(unit, 0, 10, lambda pdu: got.append(list(pdu.registers)))  # type: ignore[union-attr]
    run(engine, port)
    assert got[0] == got[1]
    assert got[0][2] << 16 | got[0][3] == 123456


def test_a_time_broadcast_sets_every_clock() -> None:
    engine, _, port, wires = build(2)
    when = engine.clock.wall().replace(hour=9, minute=30, second=0)
    done: list[float] = []
    port.broadcast(encode(messages.broadcast_time(when)), lambda: done.append(engine.clock.now_s()))
    run(engine, port)
    assert len(done) == 1
    for wire in wires:
        shown = wire.meter.read_item(0x04000102)
        assert shown is not None
        assert shown[::-1].hex()[:4] == "0930"


@contextmanager
def served(url: str) -> Iterator[str]:
    engine = Engine(4, VirtualClock())
    line = ServedLine([ModbusWire(meter(engine).wire, unit=17)], url, engine.clock)
    stop = threading.Event()
    thread = threading.Thread(target=line.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield line.address
    finally:
        stop.set()
        thread.join(30.0)


def check_as_foreign_client(client: ModbusTcpClient | ModbusSerialClient) -> None:
    assert client.connect()
    try:
        answer = client.read_holding_registers(0, count=10, device_id=17)
        assert not answer.isError()
        total, first = (answer.registers[n] << 16 | answer.registers[n + 1] for n in (0, 2))
        assert first == 123456
        assert total == 123456 + 2 + 3 + 4
        refused = client.read_holding_registers(3, count=1, device_id=17)
        assert refused.isError()
        assert refused.exception_code == 2
    finally:
        client.close()


def test_a_foreign_client_reads_the_meter_over_tcp() -> None:
    with served("tcp://127.0.0.1:0") as address:
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        client = ModbusTcpClient(host, port=int(port), framer=FramerType.RTU, timeout=20, retries=1)
        check_as_foreign_client(client)


def test_a_foreign_client_reads_the_meter_on_a_pseudo_terminal() -> None:
    with served("pty://") as address:
        client = ModbusSerialClient(address, baudrate=9600, timeout=20, retries=1)
        check_as_foreign_client(client)
