"""What a frame says: its data units with their values, and the additional information at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rig.errors import Finding, LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.fn_model import Fn
from rig.protocols.gdw1376_1.formats import decode_format, encode_format
from rig.protocols.gdw1376_1.frame import HEADER, Frame
from rig.protocols.gdw1376_1.functions import lookup
from rig.protocols.gdw1376_1.layout import Input, Layout, Value, Walk, decode_layout, encode_layout
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile
from rig.protocols.gdw1376_1.units import UnitId, decode_unit_id, encode_unit_id

CLAUSE_AUX: Final = "Q/GDW 376.1-2009 additional information AUX"
CLAUSE_UNITS: Final = "Q/GDW 376.1-2009 data units"
_TIME_STAMP_OCTETS: Final = 6
_EVENT_COUNTER_OCTETS: Final = 2
#: how far behind a type without known layout the next identifier is looked for
_RESUME_OCTETS: Final = 96
#: octets that the trials read together: the longest frame to its end, and as much for those that lead nowhere
_TRIAL_OCTETS: Final = 32_768


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """The time stamp Tp: counter PFC, time of sending (``02 16:39:19``: day, hour, minute, second), permitted delay.

    ``delay`` in minutes, 0: not checked.
    """

    counter: int
    time: str
    delay: int = 0

    def encode(self) -> bytes:
        """Six octets.

        Raises:
            LocalProtocolError: code ``value``.
        """
        if not 0 <= self.counter <= 255 or not 0 <= self.delay <= 255:
            raise LocalProtocolError(
                "counter and delay of Tp are one octet", code="value", got=self, clause=CLAUSE_AUX
            )
        return bytes((self.counter,)) + encode_format(16, self.time) + bytes((self.delay,))


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """The additional information, in wire order: PW (or MAC), event counters EC1 and EC2, time stamp Tp."""

    password: bytes | None = None
    events: tuple[int, int] | None = None
    time_stamp: TimeStamp | None = None

    def encode(self) -> bytes:
        """Its octets.

        Raises:
            LocalProtocolError: code ``value``.
        """
        if self.events is not None and not all(0 <= count <= 255 for count in self.events):
            raise LocalProtocolError(
                "event counters are one octet each", code="value", got=self.events, clause=CLAUSE_AUX
            )
        return (
            (self.password or b"")
            + (bytes(self.events) if self.events is not None else b"")
            + (self.time_stamp.encode() if self.time_stamp is not None else b"")
        )


class DataUnit(NamedTuple):
    """One (Pn, Fn) with its data; ``values`` is empty when ``item`` or its layout is not known."""

    point: int
    number: int
    item: Fn | None
    data: bytes
    values: tuple[Value, ...]
    offset: int

    def value(self, key: str) -> Value | None:
        """The value of a key, None when there is none."""
        return next((value for value in self.values if value.key == key), None)


@dataclass(frozen=True, slots=True)
class Message:
    """A frame read to its end. ``rest`` are octets that belong to no data unit; offsets count from the first 68H.

    ``fault`` is the finding because of which the data units cannot be read: none, an illegal identifier, or a unit cut
    short. There is none where the place itself is in doubt: behind values that could not be read, behind a type
    without a known layout, or in a layout that is only recalled. ``stopped`` is the finding at which reading ended before
    the octets did, in doubt or not: what stands behind it is not among the units.
    """

    frame: Frame
    identifiers: tuple[UnitId, ...] = ()
    units: tuple[DataUnit, ...] = ()
    auxiliary: Auxiliary = Auxiliary()
    findings: tuple[Finding, ...] = ()
    rest: bytes = b""
    fault: Finding | None = None
    stopped: Finding | None = None

    def unit(self, point: int, number: int) -> DataUnit | None:
        """The data of one point and type, None when the frame does not have them."""
        return next((unit for unit in self.units if (unit.point, unit.number) == (point, number)), None)


def has_password(frame: Frame, profile: Profile = DEFAULT) -> bool:
    """The additional information begins with PW: some downlink functions, and authentication both ways."""
    if frame.afn == Afn.AUTHENTICATION:
        return True
    return not frame.uplink and frame.afn in profile.password_functions


def parse_message(frame: Frame, profile: Profile = DEFAULT, *, strict: bool = False) -> Message:
    """Data units and additional information of a frame.

    Args:
        frame: as ``decode_frame`` gives it.
        profile: the reading of the standard.
        strict: True turns the first finding about the content into an error.

    Raises:
        RemoteProtocolError: only when strict, with the code of the finding.

    Spec: Q/GDW 376.1-2009, application layer
    """
    due = has_password(frame, profile)
    parser, auxiliary, end, findings = _read(frame, profile, password=due)
    if findings and due:
        bare = _read(frame, profile, password=False)
        if not bare[3]:
            parser, auxiliary, end, findings = bare
            findings.append(Finding("no-password", "PW is missing", parser.base + end, CLAUSE_AUX))
    findings[:0] = frame.findings
    if strict and findings:
        first = findings[0]
        raise RemoteProtocolError(
            first.message, code=first.code, clause=first.clause, offset=first.offset, frame=frame.body
        )
    rest = frame.body[parser.position : end]
    misfit = next((found for found in findings if found.code == "aux"), None)
    return Message(
        frame,
        tuple(parser.identifiers),
        tuple(parser.units),
        auxiliary,
        tuple(findings),
        rest,
        parser.fault or misfit,
        parser.stopped or misfit,
    )


def _read(frame: Frame, profile: Profile, *, password: bool) -> tuple[_Units, Auxiliary, int, list[Finding]]:
    """Additional information, with or without PW, and the data units before it."""
    base = HEADER + 6 + profile.terminal_octets
    findings: list[Finding] = []
    octets = profile.password_octets if password else 0
    auxiliary, end = _auxiliary(frame, octets, base, findings)
    parser = _Units(frame, base, end, findings)
    parser.run()
    return parser, auxiliary, end, findings


def _auxiliary(
    frame: Frame, password_octets: int, base: int, findings: list[Finding]
) -> tuple[Auxiliary, int]:
    """The additional information, and where in the body it begins."""
    body = frame.body
    end = len(body)
    wanted = (
        password_octets
        + (_EVENT_COUNTER_OCTETS if frame.access_demand else 0)
        + (_TIME_STAMP_OCTETS if frame.sequence.time_stamped else 0)
    )
    if wanted > end:
        findings.append(
            Finding("aux", f"additional information of {wanted} octets does not fit", base + end, CLAUSE_AUX)
        )
        return Auxiliary(), end
    stamp = events = password = None
    if frame.sequence.time_stamped:
        end -= _TIME_STAMP_OCTETS
        stamp = _time_stamp(body[end : end + _TIME_STAMP_OCTETS], base + end, findings)
    if frame.access_demand:
        end -= _EVENT_COUNTER_OCTETS
        events = (body[end], body[end + 1])
    if password_octets:
        end -= password_octets
        password = body[end : end + password_octets]
    return Auxiliary(password, events, stamp), end


def _time_stamp(data: bytes, offset: int, findings: list[Finding]) -> TimeStamp:
    try:
        time = decode_format(16, data[1:5])
    except RemoteProtocolError as error:
        time = data[1:5].hex().upper()
        findings.append(
            Finding(error.code, f"time stamp: {error.message}", offset + 1 + (error.offset or 0), CLAUSE_AUX)
        )
    return TimeStamp(data[0], str(time), data[5])


@dataclass(slots=True)
class _Units:
    """The walk over the data units of one frame."""

    frame: Frame
    base: int
    end: int
    findings: list[Finding]
    position: int = 0
    identifiers: list[UnitId] = field(default_factory=list)
    units: list[DataUnit] = field(default_factory=list)
    fault: Finding | None = None
    stopped: Finding | None = None
    _doubted: bool = False
    _trial_octets: int = _TRIAL_OCTETS

    def run(self) -> None:
        """Unit after unit, until the octets end or cannot be read any further."""
        while self.position < self.end:
            try:
                identifier = decode_unit_id(self.frame.body[self.position : min(self.end, self.position + 4)])
            except RemoteProtocolError as error:
                self._stop(error)
                return
            self.identifiers.append(identifier)
            self.position += 4
            for point, number in identifier.pairs():
                if not self._unit(point, number):
                    return
        if not self.identifiers:
            self._fail(Finding("no-unit", "the frame has no data unit", self.base, CLAUSE_UNITS))

    def _fail(self, found: Finding) -> None:
        """Units cannot be read any further; a fault of the frame unless the place is in doubt."""
        self.findings.append(found)
        self.stopped = found
        if not self._doubted:
            self.fault = found

    def _stop(self, error: RemoteProtocolError) -> None:
        offset = self.base + self.position + (error.offset or 0)
        if self.frame.afn == Afn.CONFIRM and self.identifiers:
            message = (
                "octets after the confirmation (a unit-by-unit answer with the code of F1, or a maker's own)"
            )
            self.findings.append(Finding("confirm-octets", message, offset, CLAUSE_UNITS))
            return
        self._fail(Finding(error.code, error.message, offset, error.clause))

    def _unit(self, point: int, number: int) -> bool:
        """One pair; False when what follows it cannot be found."""
        item = lookup(self.frame.afn, number)
        layout = item.layout(uplink=self.frame.uplink) if item is not None else None
        if layout is None:
            return self._raw(point, number, item)
        start = self.position
        walk = Walk(self.frame.body, start, self.end)
        try:
            decode_layout(layout, walk)
        except RemoteProtocolError as error:
            absent = any(found.code == "absent-count" for found in walk.findings)
            doubted = self._doubted or absent or item is None or item.provenance == "recalled"
            self._add(walk.findings)
            self._doubted = doubted
            offset = self.base + (error.offset or 0)
            message = f"{_name(self.frame, number)}: {error.message}"
            self._fail(Finding(error.code, message, offset, item.clause if item else error.clause))
            self.position = self.end
            self._keep(point, number, item, start, tuple(walk.values))
            return False
        self._add(walk.findings)
        self.position = walk.position
        self._keep(point, number, item, start, tuple(walk.values))
        return True

    def _raw(self, point: int, number: int, item: Fn | None) -> bool:
        """A type whose layout is not known: the octets up to where units go on, or all that are left, are its data."""
        self._doubted = True
        start = self.position
        known = "has no known layout" if item is not None else "is in no table"
        message = f"{_name(self.frame, number)} {known}, its octets are kept"
        code = "unknown-layout" if item is not None else "unknown-fn"
        found = Finding(code, message, self.base + start, CLAUSE_UNITS)
        self.findings.append(found)
        resumed = start if start == self.end else self._resume()
        if resumed is None:
            self.stopped = found
        self.position = self.end if resumed is None else resumed
        self._keep(point, number, item, start, ())
        if resumed is not None and resumed < self.end:
            message = "units found again by trial: from here to the end all are known and read cleanly"
            self.findings.append(Finding("resumed", message, self.base + resumed, CLAUSE_UNITS))
        return resumed is not None

    def _resume(self) -> int | None:
        """Where units go on behind octets of unknown length: the first place from which all that follows is clean.

        Makers put types of their own between standard ones; without this everything behind would be lost. Only
        uplink, where units carry data, and only behind an identifier of one pair. Octets may be made so that every
        trial leads far: together they read only so many, then nothing is found.
        """
        if not self.frame.uplink or len(list(self.identifiers[-1].pairs())) > 1:
            return None
        last = min(self.end - 4, self.position + _RESUME_OCTETS)
        return next((start for start in range(self.position, last + 1) if self._clean_from(start)), None)

    def _clean_from(self, position: int) -> bool:
        """Every unit from here to the end is known, carries data and has no finding."""
        while position < self.end:
            if self._trial_octets <= 0:
                return False
            walk = Walk(self.frame.body, position + 4, self.end)
            clean = self._clean_unit(position, walk)
            self._trial_octets -= walk.position - position
            if not clean:
                return False
            position = walk.position
        return True

    def _clean_unit(self, position: int, walk: Walk) -> bool:
        """What one identifier names is known, carries data and has no finding."""
        try:
            identifier = decode_unit_id(self.frame.body[position : min(self.end, position + 4)])
            for _, number in identifier.pairs():
                item = lookup(self.frame.afn, number)
                if item is None or not item.up:
                    return False
                decode_layout(item.up, walk)
        except RemoteProtocolError:
            return False
        return not walk.findings

    def _add(self, findings: Sequence[Finding]) -> None:
        """Findings about one unit's values.

        A single time that cannot be is a bad value and no more. Anything else may say that the layout is not this maker's or
        its length not known: what comes behind may then stand at another place.
        """
        self._doubted |= len(findings) > 1 or any(found.code != "bad-time" for found in findings)
        self.findings += [
            Finding(found.code, found.message, self.base + (found.offset or 0), found.clause)
            for found in findings
        ]

    def _keep(self, point: int, number: int, item: Fn | None, start: int, values: tuple[Value, ...]) -> None:
        data = self.frame.body[start : self.position]
        self.units.append(DataUnit(point, number, item, data, values, self.base + start))


def _name(frame: Frame, number: int) -> str:
    return f"{frame.afn:02X}.F{number}"


class Content(NamedTuple):
    """One data unit to send: values by key, or its octets (for a type without a known layout)."""

    point: int
    number: int
    values: Mapping[str, Input] | bytes = b""


def encode_unit(afn: int, content: Content, *, uplink: bool) -> bytes:
    """Identifier and data of one unit.

    Raises:
        LocalProtocolError: code ``unit-id``, ``value`` or ``unknown-layout``.
    """
    return encode_unit_id((content.point,), (content.number,)) + encode_data(afn, content, uplink=uplink)


def encode_data(afn: int, content: Content, *, uplink: bool) -> bytes:
    """Data of one unit, without its identifier.

    Raises:
        LocalProtocolError: code ``value`` or ``unknown-layout``.
    """
    if isinstance(content.values, bytes):
        return content.values
    item = lookup(afn, content.number)
    layout: Layout | None = item.layout(uplink=uplink) if item is not None else None
    if layout is None:
        raise LocalProtocolError(
            f"{afn:02X}.F{content.number} has no known layout, give octets",
            code="unknown-layout",
            clause=CLAUSE_UNITS,
        )
    return encode_layout(layout, content.values)


def values_of(unit: DataUnit) -> dict[str, Input]:
    """The values of a unit in the form that ``Content`` takes."""
    return {value.key: value.value for value in unit.values}
