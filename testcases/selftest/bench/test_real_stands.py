"""Stands of real concentrators and modules leave the archives as they found them; emulated devices stand for real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rig.bench.binding import Bench
from rig.bench.declaration import STANDARD_MINIMUM
from rig.bench.stands.concentrator import EmulatedConcentratorStand, RealConcentratorStand
from rig.bench.stands.local_module import KeptNodes, RealModuleStand
from rig.bench.terminal_archive import KeptArchive, changes_archive, read_archive, set_indices
from rig.bench.terminal_points import archive_values
from rig.errors import BenchMissing, DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.protocols.gdw1376_1.frame import encode
from rig.protocols.gdw1376_1.messages import Content
from rig.protocols.gdw1376_1.profile import DEFAULT
from rig.twin.devices.terminal.archive import MeterEntry


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench.load(seed=11)
    yield bench
    bench.end_case()


def request_like(
    bench: Bench, role: str, address: str | None = None, medium: str | None = None
) -> SimpleNamespace:
    device = SimpleNamespace(id=role, first_link="line", address=address, medium=medium)
    recorder = SimpleNamespace(describe_as=lambda *_: None)
    return SimpleNamespace(
        device=device,
        clock=bench.clock,
        simulated=False,
        recorder=recorder,
        bench=bench,
        declaration=STANDARD_MINIMUM,
    )


def test_a_concentrator_keeps_its_archive(bench: Bench):
    bench.begin_case("concentrator.selftest", role="concentrator")
    emulated = bench.stand()
    emulated.configured()
    archive = emulated.device.terminal.archive
    before = list(archive)
    kept = KeptArchive()
    real = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, kept)
    assert [point.address for point in real.points] == [entry.address for entry in before]
    line = {key: value for key, value in kept.lines[0].items() if key != "index"}
    for change in (
        {"index": 1, **line, "point": 0},
        {"index": 40, **line, "point": 40},
        {"index": 2, **line, "point": 2},
    ):
        values = {f"meter.1.{key}": value for key, value in change.items()}
        emulated.session.set_parameters([Content(0, 10, {"meters": 1} | values)])
    assert list(archive) != before
    real.close()
    assert list(archive) == before
    again = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, kept)
    assert again.points == real.points


@pytest.fixture
def emulated(bench: Bench) -> EmulatedConcentratorStand:
    """An emulated concentrator with its meters archived, to stand for a real one."""
    bench.begin_case("concentrator.selftest", role="concentrator")
    stand = bench.stand()
    assert isinstance(stand, EmulatedConcentratorStand)
    stand.configured()
    return stand


def wants_indices(
    stand: EmulatedConcentratorStand, *, vacant_denied: bool, capacity: int = 2040
) -> list[int]:
    """The terminal answers 0A F10 by index only; gives a list that counts how many indices it was asked for."""
    asked: list[int] = []
    handler = stand.device.wire.handlers[0x0A, 10]

    def by_index(call: object) -> None:
        indices = [int(value) for key, value in call.values.items() if key.startswith("index.")]
        asked.append(len(indices))
        held = [stand.device.terminal.archive.at_index(index) for index in indices]
        vacant = vacant_denied and None in held
        if not indices or vacant or max(indices) > capacity:
            call.deny()
        else:
            handler(call)

    stand.device.wire.handlers[0x0A, 10] = by_index
    return asked


def add_lines(stand: EmulatedConcentratorStand, *indices: int) -> None:
    for index in indices:
        stand.device.terminal.archive.put(MeterEntry(index, f"{index:012d}", 31, index))


@pytest.mark.parametrize("vacant_denied", [False, True])
def test_a_long_archive_is_read_by_index(emulated: EmulatedConcentratorStand, vacant_denied: bool):
    add_lines(emulated, 21, 40, 41, 47, 99, 1024)
    add_lines(emulated, *range(61, 81))
    asked = wants_indices(emulated, vacant_denied=vacant_denied, capacity=1024 if not vacant_denied else 2040)
    # a line far behind the others is found too, and the edge of the terminal's table
    wanted = {1, 2, 3, 4, 5, 21, 40, 41, 47, 99, 1024, *range(61, 81)}
    found = {line["index"] for line in read_archive(emulated.session)}
    assert found == wanted
    assert sum(asked) > 1000
    assert max(asked) == 20
    assert len(asked) < 2300


def test_a_dense_archive_is_read_without_asking_for_every_line(emulated: EmulatedConcentratorStand):
    add_lines(emulated, *range(6, 2021))
    emulated.device.terminal.archive.remove(777)
    asked = wants_indices(emulated, vacant_denied=True)
    found = {line["index"] for line in read_archive(emulated.session)}
    assert found == set(range(1, 2021)) - {777}
    assert len(asked) < 160


def test_a_line_far_behind_the_others_is_put_back(bench: Bench, emulated: EmulatedConcentratorStand):
    add_lines(emulated, *range(6, 91), *range(501, 516))
    asked = wants_indices(emulated, vacant_denied=True)
    real, kept, held = rehearsed(bench, emulated)
    before = held()
    assert len(before) == len(real.archived) == 105
    asked.clear()
    line = {
        key: value for key, value in archive_values(emulated.points[:1]).items() if key != "meter.1.index"
    }
    for index in (500, 505):
        emulated.session.set_parameters(
            [Content(0, 10, line | {"meter.1.index": index, "meter.1.point": index})]
        )
    assert held() != before
    real.close()
    assert held() == before
    assert len(asked) < 100, "not the whole range again"
    kept.close()
    assert not bench.remarks


def test_a_link_too_slow_for_the_archive_lets_no_case_change_it(
    bench: Bench, emulated: EmulatedConcentratorStand
):
    wants_indices(emulated, vacant_denied=True)
    filters = emulated.device.wire.answer_filters
    filters.append(lambda _, frame: bench.clock.wait_until(bench.clock.now_s() + 5.0) or frame)
    real, kept, _ = rehearsed(bench, emulated)
    filters.pop()
    assert isinstance(kept.unread, BenchMissing)
    refused_to_change(real)


def refused_to_change(real: RealConcentratorStand) -> None:
    session = real.session

    def octets(afn: int, number: int, data: bytes = b"") -> bytes:
        frame = session.frame(afn, [Content(0, number, data)])
        return encode(frame, strict=False, profile=session.profile)

    for afn, number, data in ((0x04, 10, b"\x00\x00"), (0x05, 53, b"\x01"), (0x01, 2, b"")):
        with pytest.raises(BenchMissing, match="could not be read"):
            real.permit(octets(afn, number, data))
    real.permit(octets(0x0A, 10))
    real.permit(octets(0x04, 36, b"\x00" * 4))


def changed_by_a_case(stand: EmulatedConcentratorStand) -> None:
    """A line is deleted, another one appears."""
    gone = dict(archive_values(stand.points[:1])) | {"meter.1.point": 0}
    stand.session.set_parameters([Content(0, 10, gone)])
    line = {key: value for key, value in archive_values(stand.points[:1]).items() if key != "meter.1.index"}
    stand.session.set_parameters([Content(0, 10, line | {"meter.1.index": 700, "meter.1.point": 700})])


def rehearsed(
    bench: Bench, stand: EmulatedConcentratorStand, file: Path | None = None
) -> tuple[RealConcentratorStand, KeptArchive, Callable[[], list[MeterEntry]]]:
    kept = KeptArchive("concentrator", file, bench.remarks)
    real = RealConcentratorStand(request_like(bench, "concentrator"), stand.session, kept)
    return real, kept, lambda: list(stand.device.terminal.archive)


def test_nothing_is_asked_when_a_case_left_the_archive_alone(
    bench: Bench, emulated: EmulatedConcentratorStand
):
    real, _, _ = rehearsed(bench, emulated)
    emulated.session.query_parameters([3])
    before = len(emulated.session.exchanges)
    real.close()
    assert len(emulated.session.exchanges) == before


def test_what_may_change_the_archive_is_seen_on_the_wire(emulated: EmulatedConcentratorStand):
    session = emulated.session

    def sent(afn: int, number: int, data: bytes = b"") -> bool:
        frame = session.frame(afn, [Content(0, number, data)])
        return changes_archive(encode(frame, strict=False, profile=session.profile), session.profile)

    assert sent(0x04, 10, b"\x00\x00")
    assert sent(0x05, 53, b"\x01")
    assert [sent(0x01, number) for number in (1, 2, 3, 4)] == [False, True, True, True]
    assert not sent(0x04, 36, b"\x00" * 4)
    assert not sent(0x05, 10)
    assert not sent(0x0A, 10)
    assert not changes_archive(b"\x68\x00\x68noise", DEFAULT)
    values = archive_values(emulated.points[:2]) | {"meter.2.index": 3000}
    frame = session.frame(0x04, [Content(0, 10, values)])
    assert set_indices(encode(frame, strict=False, profile=session.profile), session.profile) == {1}


def test_a_silent_concentrator_gets_its_archive_back_later(
    bench: Bench, emulated: EmulatedConcentratorStand, tmp_path: Path
):
    file = tmp_path / "archive.json"
    real, kept, held = rehearsed(bench, emulated, file)
    before = held()
    changed_by_a_case(emulated)
    accepts = emulated.device.wire.accepts
    emulated.device.wire.accepts = lambda _: False
    with pytest.raises(LinkTimeout):
        real.close()
    assert kept.owed
    with pytest.raises(LinkTimeout):
        real.close()
    kept.close()
    assert "could not be put back" in bench.remarks["concentrator"]
    assert str(file) in bench.remarks["concentrator"]
    assert file.is_file()
    emulated.device.wire.accepts = accepts
    real.close()
    assert held() == before
    assert not kept.owed
    kept.close()
    assert not bench.remarks
    assert not file.exists()


def test_a_killed_run_does_not_lose_the_archive(
    bench: Bench, emulated: EmulatedConcentratorStand, tmp_path: Path
):
    file = tmp_path / "archive.json"
    _, _, held = rehearsed(bench, emulated, file)
    before = held()
    changed_by_a_case(emulated)
    # the run is killed here; the same run, resumed, finds what was written down
    resumed, kept, _ = rehearsed(bench, emulated, file)
    assert [point.number for point in resumed.points] == [entry.point for entry in before]
    resumed.close()
    assert held() == before
    kept.close()
    assert not file.exists()


def test_a_killed_run_does_not_leave_its_meters_in_an_empty_archive(bench: Bench, tmp_path: Path):
    bench.begin_case("concentrator.selftest", role="concentrator")
    emulated = bench.stand()
    file = tmp_path / "archive.json"
    rehearsed(bench, emulated, file)
    emulated.configured()
    resumed, kept, held = rehearsed(bench, emulated, file)
    assert resumed.archived == ()
    resumed.close()
    assert held() == []
    kept.close()
    assert not file.exists()


def test_a_concentrator_that_does_not_take_its_archive_back_is_told_of(
    bench: Bench, emulated: EmulatedConcentratorStand
):
    real, kept, held = rehearsed(bench, emulated)
    before = held()
    changed_by_a_case(emulated)
    emulated.device.wire.handlers[0x04, 10] = lambda call: call.confirm()
    with pytest.raises(RemoteProtocolError, match="not as it was"):
        real.close()
    emulated.device.wire.handlers[0x04, 10] = lambda call: call.deny()
    for _ in range(2):
        with pytest.raises(DeviceRefused):
            real.close()
    sent = len(emulated.session.exchanges)
    with pytest.raises(DeviceRefused):
        real.close()
    assert len(emulated.session.exchanges) == sent, "it is not asked again and again"
    assert held() != before
    kept.close()
    assert "concentrator" in bench.remarks


def test_an_archive_that_cannot_be_read_is_named(bench: Bench, emulated: EmulatedConcentratorStand):
    emulated.device.wire.answer_filters.append(
        lambda asked, frame: None if asked is not None and asked.afn == 0x0A else frame
    )
    real, kept, _ = rehearsed(bench, emulated)
    assert kept.unread is not None
    with pytest.raises(BenchMissing, match="could not be read"):
        _ = real.points
    assert real.archived == ()
    refused_to_change(real)
    emulated.device.wire.accepts = lambda _: False
    with pytest.raises(LinkTimeout):
        rehearsed(bench, emulated)


def test_points_that_are_no_meters_are_no_points_of_a_case(bench: Bench, emulated: EmulatedConcentratorStand):
    archive = emulated.device.terminal.archive
    archive.put(MeterEntry(9, "000000000009", 1, 9, protocol=2))
    archive.put(MeterEntry(7, "000000000007", 2, 7, protocol=1, speed_code=2))
    real, _, _ = rehearsed(bench, emulated)
    assert [point.number for point in real.points] == [1, 2, 3, 4, 5, 7]
    assert [point.number for point in real.archived] == [1, 2, 3, 4, 5, 7, 9]
    assert (real.points[-1].speed_code, real.points[-1].speaks_2007) == (2, False)


def test_a_concentrator_without_meters_says_so(bench: Bench):
    bench.begin_case("concentrator.selftest", role="concentrator")
    emulated = bench.stand()
    real = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, KeptArchive())
    with pytest.raises(BenchMissing, match="meters in the archive"):
        _ = real.points
    emulated.configured()
    real.close()
    assert len(emulated.device.terminal.archive) == 0


def test_waiting_serves_the_uplink(bench: Bench):
    bench.begin_case("concentrator.selftest", role="concentrator")
    emulated = bench.stand()
    real = RealConcentratorStand(request_like(bench, "concentrator"), emulated.session, KeptArchive())
    begin_s = real.clock.now_s()
    assert not real.clock.wait_until(begin_s + 3600.0)
    assert real.clock.now_s() == begin_s + 3600.0
    assert len(emulated.session.connections) == 1, "every heartbeat was confirmed"
    assert real.clock.wait_until(begin_s + 7200.0, lambda: True)
    assert (real.clock.wall() - bench.clock.wall()).total_seconds() == 0


def test_a_module_keeps_its_archive_and_address(bench: Bench):
    bench.begin_case("module.selftest", role="local_module")
    emulated = bench.stand()
    listed = emulated.archive()
    bus, told = emulated.session.bus, emulated.address
    kept = KeptNodes()
    real = RealModuleStand(request_like(bench, "module"), bus, emulated.profile, "000000000001", kept)
    assert real.address == real.session.host.main_address == told
    assert tuple(node.address for node in real.nodes) == listed
    real.archive(listed[:2])
    real.session.add_nodes(["000000009999"])
    real.close()
    assert tuple(node["address"] for node in emulated.session.read_nodes()) == listed
    given = RealModuleStand(
        request_like(bench, "module", "000000000077"), bus, emulated.profile, "000000000077", kept
    )
    assert given.session.query(4).content["main_address"] == "000000000077"


def test_a_module_without_meters_says_so(bench: Bench):
    bench.begin_case("module.selftest", role="local_module")
    emulated = bench.stand()
    emulated.session.clear_nodes()
    real = RealModuleStand(
        request_like(bench, "module"), emulated.session.bus, emulated.profile, "000000000001", KeptNodes()
    )
    with pytest.raises(BenchMissing, match="meters in the archive"):
        _ = real.nodes


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("medium", "mode"), [("HPLC", 3), ("NARROWBAND_OFDM", 1), ("MICROPOWER", 10), ("ZIGBEE", 10)]
)
def test_a_module_is_spoken_to_in_its_own_mode(bench: Bench, medium: str, mode: int, named: bool):
    bench.begin_case("module.selftest", role="local_module", options={"medium": medium})
    emulated = bench.stand()
    emulated.archive()
    accept = emulated.device.wire.accept
    accept.match_mode = True
    bus, kept = emulated.session.bus, KeptNodes()
    request = request_like(bench, "module", medium=medium if named else None)
    real = RealModuleStand(request, bus, emulated.profile, "000000000001", kept)
    assert (real.session.host.mode, kept.mode) == (mode, mode)
    asked = real.session.query(4)
    assert asked.request.mode == asked.frame.mode == mode
    again = RealModuleStand(request, bus, emulated.profile, "000000000001", kept)
    assert len([one for one in again.session.exchanges if one.frame is None]) == 0, "the mode was kept"


def test_a_silent_module_was_asked_in_every_mode(bench: Bench):
    bench.begin_case("module.selftest", role="local_module")
    emulated = bench.stand()
    emulated.device.cco.running = False
    with pytest.raises(LinkTimeout):
        RealModuleStand(
            request_like(bench, "module"),
            emulated.session.bus,
            emulated.profile,
            "000000000001",
            KeptNodes(),
        )
    sent = [record.data[3] & 0x3F for record in bench.records() if record.direction == "request"]
    assert {1, 2, 3, 10, 20} <= set(sent)
