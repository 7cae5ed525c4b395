"""Bad command centers: how they ask terminals, and what they make of the answers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from rig.protocols.gdw1376_1.builders import identifiers
from rig.protocols.gdw1376_1.control import FINAL, FRAME_COUNT, FROM_INITIATOR, TIME_STAMPED, Afn
from rig.protocols.gdw1376_1.formats import encode_format
from rig.protocols.gdw1376_1.frame import Frame, decode_frame, encode
from rig.protocols.gdw1376_1.messages import Content, encode_unit, parse_message
from rig.twin.defects import Parameter, defect
from rig.twin.defects.ncc_hooks import ROLE, ACenter, each_terminal, hears, overrule, renumbered, says

Plain = Callable[..., Any]
#: octets of PW and of Tp
_PW, _TP = 16, 6
_PRESENT: Final = 129
_CLOCK: Final = 31
_UNIVERSAL: Final = timedelta(hours=8)
_ONCE: Final = frozenset({Afn.RESET, Afn.SET_PARAMETERS, Afn.CONTROL, Afn.FORWARD})


def _requests(center: ACenter, change: Callable[[Frame], Frame]) -> None:
    """Change everything that the center asks."""
    says(center, lambda frame: frame if frame.afn == Afn.CONFIRM else change(frame))


def _answers(center: ACenter, change: Callable[[Frame], Frame | None]) -> None:
    """Change everything that terminals answer; None is not heard."""
    hears(center, lambda frame: frame if frame.from_initiator else change(frame))


def _queues(center: ACenter, name: str, change: Callable[..., Any]) -> None:
    """``change(plain, queue, *arguments)`` in place of a method of every queue of requests."""

    def spoil(terminal: Any) -> None:
        queue = terminal.queue
        overrule(queue, name, lambda plain, *arguments: change(plain, queue, *arguments))

    each_terminal(center, spoil)


# --- fields of requests ------------------------------------------------------------------------------------------------


@defect("ncc-requests-as-responder", "requests are sent with PRM 0", "4.3.3.2", role=ROLE)
def requests_as_responder(center: ACenter, _: Parameter) -> None:
    """A request looks like an answer."""
    _requests(center, lambda frame: replace(frame, control=frame.control & ~FROM_INITIATOR))


@defect("ncc-frame-count-stuck", "FCB never toggles", "4.3.3.2 FCB", role=ROLE)
def frame_count_stuck(center: ACenter, _: Parameter) -> None:
    """FCB is always 1."""
    _requests(center, lambda frame: replace(frame, control=frame.control | FRAME_COUNT))


@defect("ncc-requests-to-the-group", "requests to one terminal have the group flag", "4.3.3.3", role=ROLE)
def requests_to_the_group(center: ACenter, _: Parameter) -> None:
    """MSA is put where the group flag is."""
    _requests(center, lambda frame: replace(frame, address=replace(frame.address, group=True)))


@defect("ncc-number-stuck", "every request has the same PSEQ", "4.3.4.3", role=ROLE)
def number_stuck(center: ACenter, _: Parameter) -> None:
    """Requests are not counted."""

    def first(plain: Plain, queue: Any, request: Any) -> None:
        queue._number = 4  # noqa: SLF001 - spoilt on purpose
        plain(request)

    _queues(center, "_first", first)


@defect("ncc-password-empty", "PW is always zeros", "4.3.4.6 PW", role=ROLE)
def password_empty(center: ACenter, _: Parameter) -> None:
    """Terminals' own passwords are not used."""

    def first(plain: Plain, queue: Any, request: Any) -> None:
        queue.password = bytes(_PW)
        plain(request)

    _queues(center, "_first", first)


@defect("ncc-password-everywhere", "requests for readings carry PW", "4.3.4.6", role=ROLE)
def password_everywhere(center: ACenter, _: Parameter) -> None:
    """PW behind the identifiers of present readings."""
    kind = identifiers([0], [_PRESENT])[2:]

    def change(frame: Frame) -> Frame:
        asks = frame.afn == Afn.REALTIME_DATA and frame.body[2:4] == kind
        return replace(frame, body=frame.body + bytes(_PW)) if asks else frame

    _requests(center, change)


def _stamped(frame: Frame) -> bool:
    return frame.afn == Afn.CONTROL and bool(frame.seq & TIME_STAMPED)


@defect("ncc-stamp-before-password", "Tp stands before PW", "4.3.4.6", role=ROLE)
def stamp_before_password(center: ACenter, _: Parameter) -> None:
    """The additional information in the wrong order."""

    def change(frame: Frame) -> Frame:
        if not _stamped(frame):
            return frame
        body, tail = frame.body[: -_PW - _TP], frame.body[-_PW - _TP :]
        return replace(frame, body=body + tail[_PW:] + tail[:_PW])

    _requests(center, change)


@defect("ncc-stamp-in-universal-time", "Tp is in universal time", "4.3.4.6 Tp", role=ROLE)
def stamp_in_universal_time(center: ACenter, _: Parameter) -> None:
    """Eight hours behind."""

    def change(frame: Frame) -> Frame:
        if not _stamped(frame):
            return frame
        when = center.core.clock.wall() - _UNIVERSAL
        stamp = frame.body[-_TP:-5] + encode_format(16, when.strftime("%d %H:%M:%S")) + frame.body[-1:]
        return replace(frame, body=frame.body[:-_TP] + stamp)

    _requests(center, change)


# --- the order of requests ---------------------------------------------------------------------------------------------


@defect(
    "ncc-requests-in-parallel", "a request does not wait for the answer to the one before", "4.4", role=ROLE
)
def requests_in_parallel(center: ACenter, _: Parameter) -> None:
    """Every request that finds another outstanding gets a queue of its own."""

    def spoil(terminal: Any) -> None:
        queue, spares = terminal.queue, []

        def submit(plain: Plain, request: Any) -> bool:
            if queue.current is None or queue._uplink is None:  # noqa: SLF001
                return bool(plain(request))
            spare = type(queue)(queue._address, queue.password, queue._clock, queue._settings)  # noqa: SLF001
            spares.append(spare)
            spare._number = queue._number + len(spares)  # noqa: SLF001
            spare.attach(queue._uplink)  # noqa: SLF001
            return bool(spare.submit(request))

        def answered(plain: Plain, frame: Frame) -> bool:
            return bool(plain(frame)) or any(spare.answered(frame) for spare in spares)

        overrule(queue, "submit", submit)
        overrule(queue, "answered", answered)

    each_terminal(center, spoil)


def _retries(center: ACenter, retries: int) -> None:
    def spoil(terminal: Any) -> None:
        queue = terminal.queue
        queue._settings = replace(queue._settings, retries=retries)  # noqa: SLF001

    each_terminal(center, spoil)


@defect("ncc-never-repeats", "a request without answer is given up at once", "4.4", role=ROLE)
def never_repeats(center: ACenter, _: Parameter) -> None:
    """No second try."""
    _retries(center, 0)


@defect(
    "ncc-repeats-for-ever", "a request without answer is repeated as long as it lives", "control", role=ROLE
)
def repeats_for_ever(center: ACenter, _: Parameter) -> None:
    """No bound on tries."""
    _retries(center, 10**6)


@defect("ncc-frame-count-toggles-on-repeat", "FCB toggles with every sending", "4.3.3.2 FCB", role=ROLE)
def frame_count_toggles_on_repeat(center: ACenter, _: Parameter) -> None:
    """A repeat looks like a new request."""

    def transmit(plain: Plain, queue: Any, request: Any) -> None:
        if request.sent:
            frame = decode_frame(queue._octets)  # noqa: SLF001
            queue._octets = encode(replace(frame, control=frame.control ^ FRAME_COUNT))  # noqa: SLF001
        plain(request)

    _queues(center, "_transmit", transmit)


# --- confirmations and denials -----------------------------------------------------------------------------------------


def _says_to_all(frame: Frame, number: int) -> bool:
    """Confirmation or denial in one word."""
    units = parse_message(frame).units
    return bool(units) and units[0].number == number


@defect("ncc-denial-taken-for-success", "any answer to a command is success", "control", role=ROLE)
def denial_taken_for_success(center: ACenter, _: Parameter) -> None:
    """A denial of all is a confirmation."""

    def change(frame: Frame) -> Frame:
        denied = frame.afn == Afn.CONFIRM and _says_to_all(frame, 2)
        return replace(frame, body=identifiers([0], [1]), control=frame.control & 0xF0) if denied else frame

    _answers(center, change)


@defect("ncc-denial-repeated", "a denied request is sent again", "control", role=ROLE)
def denial_repeated(center: ACenter, _: Parameter) -> None:
    """A denial is taken for a disturbance."""
    _answers(center, lambda frame: None if frame.afn == Afn.CONFIRM and _says_to_all(frame, 2) else frame)


@defect("ncc-unit-errors-ignored", "errors of single data units are not looked at", "5.1", role=ROLE)
def unit_errors_ignored(center: ACenter, _: Parameter) -> None:
    """A confirmation by unit is a confirmation."""

    def change(frame: Frame) -> Frame:
        by_unit = frame.afn == Afn.CONFIRM and _says_to_all(frame, 3)
        return replace(frame, body=identifiers([0], [1])) if by_unit else frame

    _answers(center, change)


@defect("ncc-done-when-sent", "a control command is done when it has been sent", "control", role=ROLE)
def done_when_sent(center: ACenter, _: Parameter) -> None:
    """Nobody waits for its confirmation."""

    def transmit(plain: Plain, queue: Any, request: Any) -> None:
        plain(request)

        def done() -> None:
            if queue.current is request:
                queue._finish("done")  # noqa: SLF001

        if request.afn == Afn.CONTROL:
            center.core.clock.call_at(center.core.clock.now_s() + 0.01, done)

    _queues(center, "_transmit", transmit)


@defect(
    "ncc-control-repeated-after-reconnect",
    "a command that was not answered is sent on the next connection",
    "control",
    role=ROLE,
)
def control_repeated_after_reconnect(center: ACenter, _: Parameter) -> None:
    """It may be carried out twice."""

    def attach(plain: Plain, queue: Any, uplink: Any) -> None:
        current = queue.current
        if current is not None and current.afn in _ONCE:
            queue._current = None  # noqa: SLF001
            heapq.heappush(queue._waiting, (current.priority, -1, current))  # noqa: SLF001
        plain(uplink)

    _queues(center, "attach", attach)


@defect("ncc-stale-control-sent", "a command waits for its terminal without end", "control", role=ROLE)
def stale_control_sent(center: ACenter, _: Parameter) -> None:
    """It is carried out hours later."""

    def submit(plain: Plain, _queue: Any, request: Any) -> bool:
        if request.afn == Afn.CONTROL:
            request.life_s = 1e9
        return bool(plain(request))

    _queues(center, "submit", submit)


# --- data in answers ---------------------------------------------------------------------------------------------------


@defect("ncc-first-frame-only", "of an answer of several frames the first is taken", "4.3.4.3", role=ROLE)
def first_frame_only(center: ACenter, _: Parameter) -> None:
    """FIN is not looked at."""

    def change(frame: Frame) -> Frame | None:
        if not frame.sequence.first:
            return None
        return frame if frame.sequence.final else replace(frame, seq=frame.seq | FINAL)

    _answers(center, change)


@defect(
    "ncc-frame-gap-ignored", "a frame missing in the middle of an answer is not noticed", "4.3.4.3", role=ROLE
)
def frame_gap_ignored(center: ACenter, _: Parameter) -> None:
    """Frames are put together as they come."""
    latest = [0]

    def change(frame: Frame) -> Frame:
        latest[0] = frame.sequence.number if frame.sequence.first else latest[0] + 1
        return renumbered(frame, latest[0])

    _answers(center, change)


@defect(
    "ncc-answer-number-ignored",
    "any data are taken for the answer to the present request",
    "4.3.4.3",
    role=ROLE,
)
def answer_number_ignored(center: ACenter, _: Parameter) -> None:
    """RSEQ is not looked at."""

    def change(frame: Frame) -> Frame:
        found = center.core.find(frame.address)
        whole = frame.sequence.first and frame.sequence.final and frame.afn == Afn.REALTIME_DATA
        return renumbered(frame, found.queue._number) if whole and found is not None else frame  # noqa: SLF001

    _answers(center, change)


@defect("ncc-any-answer-is-success", "whatever a reading is answered with, it is done", "data", role=ROLE)
def any_answer_is_success(center: ACenter, _: Parameter) -> None:
    """Nobody looks whether it has a value of what was asked for."""

    def part(plain: Plain, command: Any, target: Any, outcome: Any, *_asked: Any) -> None:
        plain(command, target, outcome)

    overrule(center.core.commands, "_part", part)


# --- what commands ask for ---------------------------------------------------------------------------------------------


@defect("ncc-preamble-forwarded", "FE FE FE FE is put before what is forwarded", "5.16", role=ROLE)
def preamble_forwarded(center: ACenter, _: Parameter) -> None:
    """Octets are not forwarded as they are."""

    def forward(plain: Plain, terminal: str, port: int, message: bytes, timeout_s: float) -> str:
        return str(plain(terminal, port, b"\xfe" * 4 + message, timeout_s))

    overrule(center.core.commands, "forward", forward)


@defect("ncc-archive-without-last-point", "the last point of an archive is not sent", "5.5 F10", role=ROLE)
def archive_without_last_point(center: ACenter, _: Parameter) -> None:
    """One too few."""

    def send(plain: Plain, terminal: str, points: Sequence[int]) -> str:
        wanted = sorted(points) or sorted(center.core.terminal(terminal).points)
        return str(plain(terminal, wanted[:-1] or wanted))

    overrule(center.core.commands, "send_archive", send)


@defect("ncc-history-day-after", "freezes are asked for by the day of their reading", "5.13", role=ROLE)
def history_day_after(center: ACenter, _: Parameter) -> None:
    """A day late."""

    def read(plain: Plain, terminal: str, points: Any, item: str, first: datetime, *more: Any) -> str:
        return str(plain(terminal, points, item, first + timedelta(days=1), *more))

    overrule(center.core.commands, "read_history", read)


@defect(
    "ncc-clock-by-hand-in-universal-time", "a clock set by hand is set to universal time", "time", role=ROLE
)
def clock_by_hand_in_universal_time(center: ACenter, _: Parameter) -> None:
    """Eight hours behind."""

    def request(plain: Plain, done: Any, priority: int) -> Any:
        made = plain(done, priority)
        if priority == 0:
            made.body = lambda _one_way_s: encode_unit(
                Afn.CONTROL,
                Content(0, _CLOCK, {"clock": center.core.clock.wall() - _UNIVERSAL}),
                uplink=False,
            )
        return made

    overrule(center.core.time, "request", request)
