"""One DL/T 645 frame for people: every field by name, values, findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from rig.errors import Finding, ProtocolError, RemoteProtocolError
from rig.protocols.decode import Decoded, DecodedValue, Decoder
from rig.protocols.dlt645.control import (
    Function,
    Function1997,
    error_meanings,
    function_name,
    security_error_meanings,
)
from rig.protocols.dlt645.credentials import Credentials, address_text, read_password
from rig.protocols.dlt645.frame import Frame, decode_frame
from rig.protocols.dlt645.items import expand_block, lookup
from rig.protocols.dlt645.profile import DEFAULT, DEFAULT_1997, Profile
from rig.protocols.dlt645.requests import Request, parse_request
from rig.protocols.dlt645.status_words import status_meanings
from rig.protocols.dlt645.values import Value, decode_block, decode_item
from rig.protocols.stream import START

_DATA_OFFSET: Final = 10


@dataclass(slots=True)
class _Draft:
    """What is known so far."""

    profile: Profile
    frame: Frame
    fields: dict[str, Any]
    values: list[DecodedValue] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def found(self, error: ProtocolError, shift: int = 0) -> None:
        """Keep a broken rule that does not make the frame invalid."""
        offset = None if error.offset is None else error.offset + shift
        self.findings.append(Finding(error.code, error.message, offset, error.clause))


def decode(data: bytes, profile: Profile, protocol: str) -> Decoded:
    """One frame, wake-up octets allowed, nothing else around it."""
    try:
        frame = decode_frame(data)
    except RemoteProtocolError as error:
        return Decoded(protocol, ok=False, fields=_broken_fields(data, profile), error=error)
    draft = _Draft(profile, frame, _frame_fields(frame, profile), findings=list(frame.findings))
    if frame.abnormal and frame.from_slave:
        _abnormal(draft)
    elif frame.from_slave:
        _answer(draft)
    else:
        _request(draft)
    return Decoded(protocol, True, draft.fields, draft.values, draft.findings)


def _broken_fields(data: bytes, profile: Profile) -> dict[str, Any]:
    """What a refused frame seems to say: its octets, and its fields as far as the two start octets place them."""
    body = data.lstrip(b"\xfe")
    fields: dict[str, Any] = {"raw": data.hex().upper()}
    if len(body) < 10 or body[0] != START or body[7] != START:
        return fields
    content = bytes((octet - 0x33) & 0xFF for octet in body[10 : 10 + body[9]])
    frame = Frame(address_text(body[1:7]), body[8], content, len(data) - len(body))
    fields.update(_frame_fields(frame, profile), length=body[9])
    width = _di_width(profile)
    if len(content) >= width and frame.function in _CARRIES_DI[profile.edition] and not frame.abnormal:
        fields["di"] = content[:width][::-1].hex().upper()
    return fields


def _frame_fields(frame: Frame, profile: Profile) -> dict[str, Any]:
    return {
        "preamble": frame.preamble,
        "address": frame.address,
        "control": f"{frame.control:02X}",
        "function": function_name(frame.control, profile.edition),
        "direction": "uplink" if frame.from_slave else "downlink",
        "abnormal": frame.abnormal,
        "follow_up": frame.follow_up,
        "length": len(frame.data),
        "data": frame.data.hex().upper(),
    }


def _abnormal(draft: _Draft) -> None:
    data = draft.frame.data
    security = draft.profile.edition == "2007" and draft.frame.function == Function.SECURITY_AUTHENTICATION
    size = 2 if security else 1
    draft.fields["error"] = data[::-1].hex().upper()
    if len(data) != size:
        draft.findings.append(Finding("length", f"an abnormal answer carries {size} octet(s) of error", 9))
        return
    code = int.from_bytes(data, "little")
    draft.fields["error_bits"] = list(
        security_error_meanings(code) if security else error_meanings(code, draft.profile.edition)
    )


def _answer(draft: _Draft) -> None:
    table = _ANSWERS_1997 if draft.profile.edition == "1997" else _ANSWERS
    handler = table.get(draft.frame.function)
    if handler is not None:
        handler(draft)


def _need(draft: _Draft, length: int, *, exactly: bool = False) -> bool:
    size = len(draft.frame.data)
    if size == length or (size > length and not exactly):
        return True
    wanted = f"{length}" if exactly else f"at least {length}"
    draft.findings.append(Finding("length", f"data field of {size} octets, expected {wanted}", 9))
    return False


def _di_width(profile: Profile) -> int:
    return 2 if profile.edition == "1997" else 4


def _name_di(draft: _Draft, di: int) -> None:
    width = 2 * _di_width(draft.profile)
    draft.fields["di"] = f"{di:0{width}X}"
    item = lookup(di, draft.profile)
    if item is not None:
        draft.fields.update(item=item.name, item_zh=item.name_zh, provenance=item.provenance)
    elif expand_block(di, tariffs=0, profile=draft.profile) is not None:
        draft.fields["item"] = "block"
    else:
        draft.findings.append(
            Finding("unknown-di", f"data identifier {di:0{width}X} is in no table", _DATA_OFFSET)
        )


def _data_with_di(draft: _Draft, *, end: int | None = None) -> None:
    """DI and the values that follow it."""
    width = _di_width(draft.profile)
    if not _need(draft, width):
        return
    di = int.from_bytes(draft.frame.data[:width], "little")
    _name_di(draft, di)
    _item_values(draft, di, draft.frame.data[width:end], _DATA_OFFSET + width)


def _item_values(draft: _Draft, di: int, data: bytes, offset: int) -> None:
    item = lookup(di, draft.profile)
    values: tuple[Value, ...]
    try:
        if item is not None:
            values = decode_item(item, data, draft.profile)
        elif expand_block(di, tariffs=0, profile=draft.profile) is not None:
            block = decode_block(di, data, draft.profile, strict=False)
            values = block.values
            draft.findings += [
                replace(found, offset=(found.offset or 0) + offset) for found in block.findings
            ]
            draft.fields["block"] = {
                "items": len(block.items),
                "tariffs": block.tariffs,
                "end_mark": block.end_mark,
                "separators": block.separators,
            }
        else:
            return
    except RemoteProtocolError as error:
        draft.found(error, offset)
        return
    draft.values = [DecodedValue(value.id, value.name, value.value, value.unit) for value in values]
    if di >> 8 == 0x040005 and di & 0xFF in range(1, 8):
        draft.fields["status_bits"] = list(
            status_meanings(di & 0xFF, int(str(values[0].value), 16), draft.profile)
        )


def _follow_up(draft: _Draft) -> None:
    if _need(draft, 6):
        draft.fields["sequence"] = draft.frame.data[-1]
        draft.fields["part"] = draft.frame.data[4:-1].hex().upper()
        _name_di(draft, int.from_bytes(draft.frame.data[:4], "little"))


def _read_answer(draft: _Draft) -> None:
    if draft.frame.follow_up:
        if _need(draft, _di_width(draft.profile)):
            width = _di_width(draft.profile)
            _name_di(draft, int.from_bytes(draft.frame.data[:width], "little"))
            draft.fields["part"] = draft.frame.data[width:].hex().upper()
        return
    _data_with_di(draft)


def _address_answer(draft: _Draft) -> None:
    if _need(draft, 6, exactly=True):
        draft.fields["meter_address"] = address_text(draft.frame.data)


def _baud_answer(draft: _Draft) -> None:
    if _need(draft, 1, exactly=True):
        _baud(draft, draft.frame.data[0])


def _baud(draft: _Draft, word: int) -> None:
    draft.fields["baud_word"] = f"{word:02X}"
    draft.fields["baud"] = draft.profile.baud_of(word)


def _password_answer(draft: _Draft) -> None:
    if _need(draft, 4, exactly=True):
        draft.fields["new_credentials"] = _password(read_password(draft.frame.data, draft.profile))


def _authentication_answer(draft: _Draft) -> None:
    if _need(draft, 4):
        draft.fields["di"] = draft.frame.data[3::-1].hex().upper()
        draft.fields["payload"] = draft.frame.data[4:].hex().upper()


def _password(credentials: Credentials) -> dict[str, str]:
    """Level and password, where no operator code travels."""
    return {"level": f"{credentials.level:02X}", "password": credentials.password}


def _credentials(credentials: Credentials) -> dict[str, str]:
    return {**_password(credentials), "operator": credentials.operator}


def _empty_answer(draft: _Draft) -> None:
    _need(draft, 0, exactly=True)


def _request(draft: _Draft) -> None:
    try:
        request = parse_request(draft.frame, draft.profile)
    except RemoteProtocolError as error:
        draft.found(error)
        return
    _request_fields(draft, request)
    if request.di is None:
        return
    if (draft.profile.edition == "2007" and request.function == Function.SECURITY_AUTHENTICATION) or (
        draft.profile.edition == "2007" and request.function == Function.RESET_EVENTS
    ):
        draft.fields["di"] = f"{request.di:08X}"
    else:
        _name_di(draft, request.di)
    writes = Function1997.WRITE_DATA if draft.profile.edition == "1997" else Function.WRITE_DATA
    if request.function == writes:
        shift = _DATA_OFFSET + len(draft.frame.data) - len(request.data)
        _item_values(draft, request.di, request.data, shift)


def _request_fields(draft: _Draft, request: Request) -> None:
    fields = draft.fields
    plain = {
        "block_count": request.block_count,
        "sequence": request.sequence,
        "new_address": request.address,
        "operator": request.operator,
    }
    fields.update({name: value for name, value in plain.items() if value is not None})
    if request.credentials is not None:
        bare = draft.profile.edition == "1997" or request.function == Function.CHANGE_PASSWORD
        fields["credentials"] = (_password if bare else _credentials)(request.credentials)
    if request.new_credentials is not None:
        fields["new_credentials"] = _password(request.new_credentials)
    if request.at is not None:
        fields["time"] = request.at.isoformat(" ")
    if request.valid_until is not None:
        fields["valid_until"] = request.valid_until.isoformat(" ")
    if request.command is not None:
        fields["command"] = f"{request.command:02X}"
        fields["reserved"] = f"{request.reserved or 0:02X}"
    if request.freeze_at is not None:
        fields["freeze_at"] = dict(zip(("month", "day", "hour", "minute"), request.freeze_at, strict=True))
    if request.baud_word is not None:
        _baud(draft, request.baud_word)
    if request.data:
        fields["payload"] = request.data.hex().upper()


_Handler = Callable[[_Draft], None]
_ANSWERS: Final[Mapping[int, _Handler]] = {
    Function.SECURITY_AUTHENTICATION: _authentication_answer,
    Function.READ_DATA: _read_answer,
    Function.READ_FOLLOW_UP: _follow_up,
    Function.READ_ADDRESS: _address_answer,
    Function.CHANGE_BAUD: _baud_answer,
    Function.CHANGE_PASSWORD: _password_answer,
    Function.WRITE_DATA: _empty_answer,
    Function.WRITE_ADDRESS: _empty_answer,
    Function.FREEZE: _empty_answer,
    Function.RESET_DEMAND: _empty_answer,
    Function.RESET_METER: _empty_answer,
    Function.RESET_EVENTS: _empty_answer,
    Function.REMOTE_CONTROL: _empty_answer,
}
_ANSWERS_1997: Final[Mapping[int, _Handler]] = {
    Function1997.READ_DATA: _read_answer,
    Function1997.READ_FOLLOW_UP: _read_answer,
    Function1997.READ_AGAIN: _read_answer,
    Function1997.CHANGE_BAUD: _baud_answer,
}

#: functions whose data field begins with a data identifier
_CARRIES_DI: Final[Mapping[str, frozenset[int]]] = {
    "2007": frozenset(
        (
            Function.SECURITY_AUTHENTICATION,
            Function.READ_DATA,
            Function.READ_FOLLOW_UP,
            Function.WRITE_DATA,
            Function.CHANGE_PASSWORD,
        )
    ),
    "1997": frozenset(
        (
            Function1997.READ_DATA,
            Function1997.READ_FOLLOW_UP,
            Function1997.READ_AGAIN,
            Function1997.WRITE_DATA,
        )
    ),
}

DECODERS: Final[Mapping[str, Decoder]] = {
    "dlt645": partial(decode, profile=DEFAULT, protocol="dlt645"),
    "dlt645-1997": partial(decode, profile=DEFAULT_1997, protocol="dlt645-1997"),
}
