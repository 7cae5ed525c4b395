"""Frames from values and values from frames, for whichever side sends; what an answer must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rig.errors import DeviceRefused, Finding, LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_2.codes import DENY_CODES, Afn
from rig.protocols.gdw1376_2.frame import (
    BROADCAST_ADDRESS,
    HPLC,
    INITIATING,
    UP,
    Addresses,
    Frame,
    dt_of,
    encode,
)
from rig.protocols.gdw1376_2.functions import VENDOR_AFNS, Function, lookup
from rig.protocols.gdw1376_2.information import DownInformation, Information, UpInformation
from rig.protocols.gdw1376_2.layout import CLAUSE, RAW, Content, Layout, decode_layout, encode_layout
from rig.protocols.gdw1376_2.profile import DEFAULT, Profile

_CLAUSE_ANSWER: Final = "Q/GDW 10376.2-2019 link transmission rules"
#: idle bits of every channel in 00 F1
ALL_CHANNELS_IDLE: Final = 0x7FFFFFFF
#: lists whose first node, the main one, has the number 1
_NUMBERED_FROM_1: Final = frozenset({(Afn.ROUTE_QUERY, 21), (Afn.ROUTE_QUERY, 31)})
CONFIRM: Final = 1
DENY: Final = 2


@dataclass(frozen=True, slots=True)
class DataUnit:
    """What a frame says: its function (None when in no table), values by name, and broken rules."""

    function: Function | None
    content: Content
    findings: tuple[Finding, ...] = ()


def read_data_unit(frame: Frame, profile: Profile = DEFAULT) -> DataUnit:
    """Values of a frame's data; what no table knows stays under ``raw`` with a finding.

    Raises:
        RemoteProtocolError: code ``length``: the data unit ends too early. Offsets count from the frame's start.

    Spec: Q/GDW 10376.2-2019, application layer
    """
    raw: Content = {"raw": frame.data} if frame.data else {}
    at = frame.data_offset
    fn = frame.fn
    function = None if fn is None else lookup(frame.afn, fn, profile)
    if function is None:
        return DataUnit(None, raw, () if fn is None else (_unknown(frame, fn),))
    findings: list[Finding] = []
    if profile.edition < function.since:
        text = f"{function.id} is not in the {profile.edition} edition"
        findings.append(Finding("edition", text, at - 3, function.clause))
    layout = function.layout(up=frame.up)
    if layout is None:
        text = f"{function.id} does not travel {'up' if frame.up else 'down'}"
        return DataUnit(function, raw, (*findings, Finding("direction", text, at - 3, function.clause)))
    if layout is RAW:
        findings.append(Finding("layout", f"layout of {function.id} is not known", at, function.clause))
    content, found = _read_variants(frame, function, profile)
    return DataUnit(function, content, (*findings, *found, *_checks(function, content, at, up=frame.up)))


def _unknown(frame: Frame, fn: int) -> Finding:
    what = "is the vendor's own" if frame.afn in VENDOR_AFNS else "is in no table"
    return Finding("unknown-fn", f"{frame.afn:02X}F{fn} {what}", frame.data_offset - 3, CLAUSE)


def _readings(function: Function, profile: Profile) -> Iterator[Profile]:
    """The profile, then profiles whose reading of this data unit differs."""
    yield profile
    if (function.afn, function.fn) == (Afn.CONFIRM, CONFIRM):
        yield replace(profile, confirm_status_octets=2 if profile.confirm_status_octets == 4 else 4)
    elif (function.afn, function.fn) == (Afn.REPORT, 4):
        counted = profile.empty_node_list == "with-count"
        yield replace(profile, empty_node_list="without-count" if counted else "with-count")


def _read_variants(frame: Frame, function: Function, profile: Profile) -> tuple[Content, tuple[Finding, ...]]:
    """The first reading that takes exactly the octets there are; else what the profile's own gives."""
    at = frame.data_offset
    for reading in _readings(function, profile):
        layout = _layout(function, up=frame.up, profile=reading)
        try:
            content, findings = decode_layout(layout, frame.data, base=at)
        except RemoteProtocolError:
            continue
        if any(found.code == "trailing-data" for found in findings):
            continue
        if reading != profile:
            text = f"{function.id} is laid out as another reading of the standard has it"
            findings = (*findings, Finding("reading", text, at, function.clause))
        return content, findings
    try:
        return decode_layout(_layout(function, up=frame.up, profile=profile), frame.data, base=at)
    except RemoteProtocolError as error:
        error.clause = function.clause
        raise


def _layout(function: Function, *, up: bool, profile: Profile) -> Layout:
    found = lookup(function.afn, function.fn, profile)
    return (found.layout(up=up) if found is not None else None) or ()


def _checks(function: Function, content: Content, at: int, *, up: bool) -> Iterator[Finding]:
    """Rules between the fields of one data unit."""
    if "rates" in content and content["rate_count"] != len(content["rates"]):
        text = f"{content['rate_count']} rates announced, {len(content['rates'])} sent"
        yield Finding("count", text, at, function.clause)
    if "neighbours" in content and content["count"] - len(content["neighbours"]) not in (0, 1):
        text = f"{content['count']} networks announced, {len(content['neighbours'])} neighbours sent"
        yield Finding("count", text, at, function.clause)
    for node in content.get("nodes", ()):
        if node.get("sub_node_total", 0) < len(node.get("sub_nodes", ())):
            text = f"{node['address']} has more sub-nodes than announced"
            yield Finding("count", text, at, function.clause)
    if not up and (function.afn, function.fn) in _NUMBERED_FROM_1 and content["start"] == 0:
        yield Finding("start", "nodes are numbered from 1", at, function.clause)


def _data(function: Function, content: Mapping[str, Any], *, up: bool) -> bytes:
    layout = function.layout(up=up)
    if layout is None:
        raise LocalProtocolError(
            f"{function.id} does not travel {'up' if up else 'down'}",
            code="direction",
            clause=function.clause,
        )
    return encode_layout(layout, content)


def _function(afn: int, fn: int, profile: Profile) -> Function:
    function = lookup(afn, fn, profile)
    if function is None:
        raise LocalProtocolError(f"{afn:02X}F{fn} is in no table", code="fn", got=f"{afn:02X}F{fn}")
    return function


def build(
    afn: int,
    fn: int,
    content: Mapping[str, Any] | None = None,
    *,
    information: Information,
    initiating: bool,
    mode: int = HPLC,
    addresses: Addresses | None = None,
    profile: Profile = DEFAULT,
) -> Frame:
    """A frame of any function; its direction is that of ``information``, whose address bits are set here.

    Raises:
        LocalProtocolError: no such function, not in this direction, or a value is missing or does not fit.
    """
    up = isinstance(information, UpInformation)
    data = _data(_function(afn, fn, profile), content or {}, up=up)
    flagged = replace(information, module_flag=addresses is not None)
    if addresses is not None and isinstance(flagged, DownInformation):
        flagged = replace(flagged, relay_level=len(addresses.relays))
    control = mode | (UP if up else 0) | (INITIATING if initiating else 0)
    return Frame(control, flagged, afn, dt_of(fn), data, addresses)


def answer(
    request: Frame,
    content: Mapping[str, Any] | None = None,
    *,
    afn: int | None = None,
    fn: int | None = None,
    information: Information | None = None,
    profile: Profile = DEFAULT,
) -> Frame:
    """The answer of the other side: same function unless given, mode and sequence echoed, addresses swapped.

    Args:
        request: what is answered.
        content: values by name.
        afn: function code in place of the request's.
        fn: number in place of the request's.
        information: R of the answer; its sequence is replaced by the request's.
        profile: reading of the standard.

    Raises:
        LocalProtocolError: as ``build``; also when the request names no single Fn and none is given.
    """
    number = request.fn if fn is None else fn
    if number is None:
        raise LocalProtocolError("the request names no single Fn", code="fn", got=f"{request.dt:04X}")
    own: Information = DownInformation() if request.up else UpInformation()
    chosen = replace(own if information is None else information, sequence=request.sequence)
    if isinstance(chosen, UpInformation) == request.up:
        raise LocalProtocolError("information field is of the request's direction", code="information")
    addresses = request.addresses
    return build(
        request.afn if afn is None else afn,
        number,
        content,
        information=chosen,
        initiating=False,
        mode=request.mode,
        addresses=None if addresses is None else Addresses(addresses.destination, addresses.source),
        profile=profile,
    )


def confirm(
    request: Frame,
    *,
    handled: bool = True,
    wait_s: int = 0,
    idle_channels: int | None = None,
    profile: Profile = DEFAULT,
) -> Frame:
    """00 F1. ``wait_s`` 0..65535 seconds until the command is done; ``idle_channels`` bit n for channel n+1 (all)."""
    idle = ALL_CHANNELS_IDLE if idle_channels is None else idle_channels
    if idle_channels is None and profile.confirm_status_octets == 2:
        idle = 0x7FFF
    content = {"handled": int(handled), "idle_channels": idle, "wait": wait_s}
    return answer(request, content, afn=Afn.CONFIRM, fn=CONFIRM, profile=profile)


def deny(request: Frame, reason: int, *, profile: Profile = DEFAULT) -> Frame:
    """00 F2 with a reason of codes.DENY_CODES (any 0..255 may be sent)."""
    return answer(request, {"reason": reason}, afn=Afn.CONFIRM, fn=DENY, profile=profile)


def parse_answer(request: Frame, reply: Frame, profile: Profile = DEFAULT) -> DataUnit:
    """What the answer to a request says.

    Raises:
        RemoteProtocolError: code ``direction``, ``prm``, ``sequence``, ``function``, ``address`` or ``length``.
        DeviceRefused: a deny (00 F2), with its reason as code.

    Spec: Q/GDW 10376.2-2019, link transmission rules
    """
    _check_echo(request, reply)
    if reply.afn == Afn.CONFIRM and reply.fn == DENY:
        reason = read_data_unit(reply, profile).content["reason"]
        meaning = DENY_CODES.get(reason, "undefined")
        raise DeviceRefused(
            f"denied: {meaning} ({reason})",
            code=reason,
            meaning=(meaning,),
            frame=encode(reply, strict=False),
        )
    wanted = _answer_of(request, profile)
    if (reply.afn, reply.dt) != wanted:
        raise _broken(
            "answer is of another function",
            "function",
            reply,
            expected=f"{wanted[0]:02X} {wanted[1]:04X}",
            got=f"{reply.afn:02X} {reply.dt:04X}",
        )
    return read_data_unit(reply, profile)


def _answer_of(request: Frame, profile: Profile) -> tuple[int, int]:
    """Function code and identification of the answer that is not a deny."""
    fn = request.fn
    function = None if fn is None else lookup(request.afn, fn, profile)
    if function is not None and function.layout(up=not request.up) is None:
        return Afn.CONFIRM, dt_of(CONFIRM)
    return request.afn, request.dt


def _check_echo(request: Frame, reply: Frame) -> None:
    if reply.up == request.up:
        raise _broken("answer goes the way of the request", "direction", reply)
    if reply.initiating:
        raise _broken("answer has PRM set", "prm", reply, expected=0, got=1)
    if reply.sequence != request.sequence:
        raise _broken(
            "answer echoes another sequence", "sequence", reply, expected=request.sequence, got=reply.sequence
        )
    asked, given = request.addresses, reply.addresses
    if asked is None or given is None or asked.destination == BROADCAST_ADDRESS:
        return
    if given.source != asked.destination:
        raise _broken(
            "answer is of another node", "address", reply, expected=asked.destination, got=given.source
        )


def _broken(
    message: str, code: str, reply: Frame, *, expected: object = None, got: object = None
) -> RemoteProtocolError:
    return RemoteProtocolError(
        message,
        code=code,
        clause=_CLAUSE_ANSWER,
        expected=expected,
        got=got,
        frame=encode(reply, strict=False),
    )
