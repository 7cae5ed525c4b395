"""Answers of a terminal as frames: data over one frame or several, confirmations, denials, additional information."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rig.protocols.gdw1376_1.assembly import split
from rig.protocols.gdw1376_1.control import (
    ACCESS_DEMAND,
    FINAL,
    FIRST,
    SEQUENCE_MASK,
    TIME_STAMPED,
    UPLINK,
    Afn,
)
from rig.protocols.gdw1376_1.frame import Frame, shortest_user_data
from rig.protocols.gdw1376_1.messages import Auxiliary, Message
from rig.protocols.gdw1376_1.profile import Profile
from rig.protocols.gdw1376_1.units import encode_unit_id
from rig.twin.devices.terminal.terminal import Terminal

if TYPE_CHECKING:
    from rig.twin.wire.gdw1376_1_calls import Request

_ALL_CONFIRMED: Final = b"\x00\x00\x01\x00"
_ALL_DENIED: Final = b"\x00\x00\x02\x00"
_BY_UNIT: Final = b"\x00\x00\x04\x00"
#: link functions of an answer
_CONFIRM, _DATA, _DENY, _LINK_STATUS = 0, 8, 9, 11
#: octets of EC and Tp that a frame of the terminal may carry
TAIL_OCTETS: Final = 8


def unit_room(terminal: Terminal) -> int:
    """Octets that one data unit, identifier included, may have in a frame of the terminal."""
    config = terminal.config
    return config.largest_user_data - shortest_user_data(config.profile) - TAIL_OCTETS


def auxiliary(terminal: Terminal, asked: Message | None, *, shown: bool = True) -> tuple[bytes, int]:
    """Octets of the additional information of a frame, and the bits of C that go with them.

    Spec: Q/GDW 376.1-2009, additional information AUX: EC when ACD is set, then Tp as the request had it
    """
    behaviour = terminal.behaviour
    events = None
    if shown and behaviour.access_demand_shown and terminal.events.waiting:
        events = terminal.events.counters
    stamp = None if asked is None else asked.auxiliary.time_stamp
    if stamp is not None and not behaviour.time_stamp_repeated:
        stamp = None
    tail = Auxiliary(events=events, time_stamp=stamp).encode()
    return tail, ACCESS_DEMAND if events is not None else 0


def answer_frames(terminal: Terminal, request: Request, profile: Profile) -> list[Frame]:
    """The frames that answer a finished request."""
    data = [unit for call in request.calls for unit in call.sent]
    if data:
        return _data_frames(terminal, request.message, data, profile)
    return [_result_frame(terminal, request)]


def _head(terminal: Terminal, asked: Message, function: int, afn: int) -> tuple[Frame, bytes]:
    frame = asked.frame
    tail, bits = auxiliary(terminal, asked)
    address = replace(
        frame.address, region=terminal.config.region, terminal=terminal.config.terminal, group=False
    )
    number = frame.seq & SEQUENCE_MASK
    if not terminal.behaviour.sequence_echoed:
        number = (number + 1) & SEQUENCE_MASK
    stamped = TIME_STAMPED if asked.auxiliary.time_stamp and terminal.behaviour.time_stamp_repeated else 0
    return Frame(address, UPLINK | bits | function, afn, FIRST | FINAL | stamped | number), tail


def _data_frames(terminal: Terminal, asked: Message, units: list[bytes], profile: Profile) -> list[Frame]:
    """Whole units, as many in a frame as fit.

    Spec: Q/GDW 376.1-2009, frame sequence field SEQ
    """
    head, tail = _head(terminal, asked, _DATA, asked.frame.afn)
    whole = b"".join(units) + tail
    if not terminal.behaviour.answers_split and len(whole) <= profile.max_user_data - shortest_user_data(
        profile
    ):
        return [replace(head, body=whole)]
    room = replace(profile, max_user_data=terminal.config.largest_user_data)
    return split(head, units, tail, profile=room)


def _result_frame(terminal: Terminal, request: Request) -> Frame:
    """All confirmed, all denied, or unit by unit.

    Spec: Q/GDW 376.1-2009 AFN=00H
    """
    asked = request.message
    done = [call.outcome == "confirmed" for call in request.calls]
    link = asked.frame.afn == Afn.LINK
    confirmed = _LINK_STATUS if link else _CONFIRM
    if done and all(done):
        function, body = confirmed, _ALL_CONFIRMED
    elif not any(done) or not terminal.behaviour.denied_by_unit:
        function, body = _DENY, _ALL_DENIED
    else:
        function = confirmed
        body = b"%b%c" % (_BY_UNIT, asked.frame.afn) + b"".join(
            encode_unit_id((call.point,), (call.number,)) + bytes((not right,))
            for call, right in zip(request.calls, done, strict=True)
        )
    head, tail = _head(terminal, asked, function, Afn.CONFIRM)
    return replace(head, body=body + tail)
