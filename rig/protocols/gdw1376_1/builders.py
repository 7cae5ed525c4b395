"""Frames to send: requests of the master, logins and answers and reports of the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

from rig.errors import LocalProtocolError
from rig.protocols.gdw1376_1.control import (
    ACCESS_DEMAND,
    CONFIRM,
    FINAL,
    FIRST,
    FRAME_COUNT,
    FRAME_COUNT_VALID,
    FROM_INITIATOR,
    SEQUENCE_MASK,
    TIME_STAMPED,
    UPLINK,
    Afn,
)
from rig.protocols.gdw1376_1.frame import Address, Frame
from rig.protocols.gdw1376_1.layout import Input
from rig.protocols.gdw1376_1.messages import (
    CLAUSE_AUX,
    Auxiliary,
    Content,
    encode_unit,
    has_password,
)
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.protocols.gdw1376_1.units import encode_unit_id, group_ids

_NO_AUXILIARY: Final = Auxiliary()
#: link function of the requests of an application function
_LINK_FUNCTIONS: Final[Mapping[int, int]] = {
    Afn.RESET: 1,
    Afn.LINK: 9,
    Afn.SET_PARAMETERS: 10,
    Afn.CONTROL: 10,
    Afn.AUTHENTICATION: 10,
    Afn.FILE_TRANSFER: 10,
    Afn.FORWARD: 11,
}


def _finish(frame: Frame, auxiliary: Auxiliary, profile: Profile) -> Frame:
    """The frame with its additional information; it must be there exactly where the frame's bits ask for it."""
    password = auxiliary.password
    wanted = profile.password_octets if has_password(frame, profile) else 0
    if wanted and password is None:
        password = bytes(wanted)
    if len(password or b"") != wanted:
        raise LocalProtocolError(
            "PW does not belong to this frame or has a wrong length",
            code="value",
            expected=f"{wanted} octets",
            got=len(password or b""),
            clause=CLAUSE_AUX,
        )
    control = frame.control | (ACCESS_DEMAND if auxiliary.events is not None else 0)
    if auxiliary.events is not None and not frame.uplink:
        raise LocalProtocolError(
            "event counters are sent by the terminal only", code="value", clause=CLAUSE_AUX
        )
    seq = frame.seq | (TIME_STAMPED if auxiliary.time_stamp is not None else 0)
    tail = Auxiliary(password, auxiliary.events, auxiliary.time_stamp).encode()
    return Frame(frame.address, control, frame.afn, seq, frame.body + tail)


def request(
    address: Address,
    afn: int,
    body: bytes | Sequence[Content],
    *,
    number: int = 0,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    function: int | None = None,
    frame_count: bool | None = None,
    confirm: bool = False,
    profile: Profile = DEFAULT,
) -> Frame:
    """A frame of the master that starts an exchange.

    Args:
        address: of the terminal, with the master's own number.
        afn: application function.
        body: data units, or their octets.
        number: PSEQ, 0..15.
        auxiliary: PW (zeros where one is due and none is given) and Tp.
        function: link function; that of the application function when left out.
        frame_count: FCB, sent with FCV set; None: no counting.
        confirm: CON, ask for a confirmation.
        profile: the reading of the standard.

    Raises:
        LocalProtocolError: a value does not fit or PW does not belong there.
    """
    link = _LINK_FUNCTIONS.get(afn, 11) if function is None else function
    count = 0 if frame_count is None else FRAME_COUNT_VALID | (FRAME_COUNT if frame_count else 0)
    octets = (
        body if isinstance(body, bytes) else b"".join(encode_unit(afn, unit, uplink=False) for unit in body)
    )
    seq = FIRST | FINAL | (CONFIRM if confirm else 0) | (number & SEQUENCE_MASK)
    return _finish(Frame(address, FROM_INITIATOR | count | link, afn, seq, octets), auxiliary, profile)


def identifiers(points: Iterable[int], types: Iterable[int]) -> bytes:
    """The identifiers of a request that carries nothing else; each names as many pairs as it can."""
    return b"".join(encode_unit_id(unit.points, unit.types) for unit in group_ids(points, types))


def query_parameters(
    address: Address, types: Iterable[int], *, points: Iterable[int] = (0,), number: int = 0
) -> Frame:
    """AFN 0A: parameters of the terminal (p0) or of measuring points."""
    return request(address, Afn.QUERY_PARAMETERS, identifiers(points, types), number=number)


def set_parameters(
    address: Address,
    units: Sequence[Content],
    *,
    number: int = 0,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    profile: Profile = DEFAULT,
) -> Frame:
    """AFN 04: set parameters, with PW."""
    return request(
        address, Afn.SET_PARAMETERS, units, number=number, auxiliary=auxiliary, confirm=True, profile=profile
    )


def control(
    address: Address,
    units: Sequence[Content],
    *,
    number: int = 0,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    profile: Profile = DEFAULT,
) -> Frame:
    """AFN 05: a control command, with PW."""
    return request(
        address, Afn.CONTROL, units, number=number, auxiliary=auxiliary, confirm=True, profile=profile
    )


def set_clock(
    address: Address,
    when: datetime,
    *,
    number: int = 0,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    profile: Profile = DEFAULT,
) -> Frame:
    """AFN 05 F31: time synchronisation."""
    return control(
        address, [Content(0, 31, {"clock": when})], number=number, auxiliary=auxiliary, profile=profile
    )


def reset(
    address: Address,
    kind: Literal[1, 2, 3, 4],
    *,
    number: int = 0,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    profile: Profile = DEFAULT,
) -> Frame:
    """AFN 01: 1 hardware, 2 data, 3 factory state, 4 factory state but for master communication."""
    return request(
        address,
        Afn.RESET,
        [Content(0, kind)],
        number=number,
        auxiliary=auxiliary,
        confirm=True,
        profile=profile,
    )


def read_realtime(address: Address, points: Iterable[int], types: Iterable[int], *, number: int = 0) -> Frame:
    """AFN 0C: class 1 data of points and types, by as few identifiers as possible."""
    return request(address, Afn.REALTIME_DATA, identifiers(points, types), number=number)


def read_history(
    address: Address, points: Iterable[int], number_of_type: int, mark: dict[str, Input], *, number: int = 0
) -> Frame:
    """AFN 0D: one type of several points at one time mark (``date``, ``month``, or ``start density points``)."""
    units = [Content(point, number_of_type, mark) for point in points]
    return request(address, Afn.HISTORY_DATA, units, number=number)


def read_events(address: Address, first: int, last: int, *, important: bool = True, number: int = 0) -> Frame:
    """AFN 0E: event records from pointer ``first`` up to, not with, ``last``."""
    values = {"pm": first, "pn": last}
    return request(address, Afn.EVENTS, [Content(0, 1 if important else 2, values)], number=number)


def forward(
    address: Address,
    port: int,
    message: bytes,
    *,
    speed: int = 3,
    timeout_s: int = 10,
    byte_timeout_10_ms: int = 10,
    number: int = 0,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    profile: Profile = DEFAULT,
) -> Frame:
    """AFN 10 F1: hand octets through to a port of the terminal (8 data bits, even parity, 1 stop bit).

    ``speed`` is the code 0..7 (3: 2400 bit/s, 6: 9600 bit/s).
    """
    values: dict[str, Input] = {
        "port": port,
        "data_bits_less_5": 3,
        "odd_parity": 0,
        "parity": 1,
        "stop_bit_code": 0,
        "speed_code": speed,
        "message_timeout": timeout_s,
        "message_timeout_in_seconds": 1,
        "byte_timeout": byte_timeout_10_ms,
        "length": len(message),
        "message": message.hex(),
    }
    units = [Content(0, 1, values)]
    return request(address, Afn.FORWARD, units, number=number, auxiliary=auxiliary, profile=profile)


def link_test(address: Address, kind: Literal["login", "logout", "heartbeat"], *, number: int = 0) -> Frame:
    """AFN 02 of a terminal: it asks for a confirmation."""
    types = {"login": 1, "logout": 2, "heartbeat": 3}
    seq = FIRST | FINAL | CONFIRM | (number & SEQUENCE_MASK)
    own = Address(address.region, address.terminal)
    return Frame(own, UPLINK | FROM_INITIATOR | 9, Afn.LINK, seq, identifiers([0], [types[kind]]))


def answer(
    asked: Frame,
    body: bytes | Sequence[Content],
    *,
    afn: int | None = None,
    function: int = 8,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    first: bool = True,
    final: bool = True,
    confirm: bool = False,
    profile: Profile = DEFAULT,
) -> Frame:
    """An answer: the other direction, RSEQ the number of what was asked.

    Args:
        asked: the frame answered.
        body: data units, or their octets.
        afn: application function, that of the question when left out.
        function: link function: 0 confirm, 8 data, 9 deny, 11 link status.
        auxiliary: EC (sets ACD) and Tp.
        first: FIR, the first frame of a transfer.
        final: FIN, the last one.
        confirm: CON.
        profile: the reading of the standard.

    Raises:
        LocalProtocolError: a value does not fit.
    """
    code = asked.afn if afn is None else afn
    uplink = not asked.uplink
    octets = (
        body if isinstance(body, bytes) else b"".join(encode_unit(code, unit, uplink=uplink) for unit in body)
    )
    seq = (
        (FIRST if first else 0)
        | (FINAL if final else 0)
        | (CONFIRM if confirm else 0)
        | (asked.seq & SEQUENCE_MASK)
    )
    return _finish(
        Frame(asked.address, (UPLINK if uplink else 0) | function, code, seq, octets), auxiliary, profile
    )


def confirm(asked: Frame, *, auxiliary: Auxiliary = _NO_AUXILIARY) -> Frame:
    """AFN 00 F1: everything confirmed; a link test is confirmed with link function 11."""
    function = 11 if asked.afn == Afn.LINK else 0
    return answer(asked, [Content(0, 1)], afn=Afn.CONFIRM, function=function, auxiliary=auxiliary)


def deny(asked: Frame, *, auxiliary: Auxiliary = _NO_AUXILIARY) -> Frame:
    """AFN 00 F2: everything denied."""
    return answer(asked, [Content(0, 2)], afn=Afn.CONFIRM, function=9, auxiliary=auxiliary)


def confirm_units(
    asked: Frame, results: Sequence[tuple[int, int, int]], *, auxiliary: Auxiliary = _NO_AUXILIARY
) -> Frame:
    """AFN 00 F3: a result (0 right, 1 wrong) for each (Pn, Fn)."""
    values: dict[str, Input] = {"afn": f"{asked.afn:02X}"}
    for place, (point, number, error) in enumerate(results, start=1):
        values[f"unit.{place}.id"] = f"P{point} F{number}"
        values[f"unit.{place}.error"] = error
    function = 11 if asked.afn == Afn.LINK else 0
    return answer(asked, [Content(0, 3, values)], afn=Afn.CONFIRM, function=function, auxiliary=auxiliary)


def report(
    address: Address,
    afn: int,
    body: bytes | Sequence[Content],
    *,
    number: int = 0,
    confirm: bool = True,
    auxiliary: Auxiliary = _NO_AUXILIARY,
    profile: Profile = DEFAULT,
) -> Frame:
    """A frame that a terminal sends of its own accord (tasks, events); MSA is 0."""
    octets = (
        body if isinstance(body, bytes) else b"".join(encode_unit(afn, unit, uplink=True) for unit in body)
    )
    seq = FIRST | FINAL | (CONFIRM if confirm else 0) | (number & SEQUENCE_MASK)
    own = Address(address.region, address.terminal)
    return _finish(Frame(own, UPLINK | FROM_INITIATOR | 4, afn, seq, octets), auxiliary, profile)
