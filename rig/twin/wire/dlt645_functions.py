"""Function codes of DL/T 645-2007 as the emulated meter carries them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rig.errors import RemoteProtocolError
from rig.protocols.dlt645.control import ErrorBit, Function, SecurityErrorBit
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, WILDCARD_ADDRESS, Frame, make_frame
from rig.protocols.dlt645.requests import Request, parse_request
from rig.twin.devices.refusal import Reason, Refusal
from rig.twin.wire.dlt645_events import kind_of
from rig.twin.wire.dlt645_octets import is_bcd, number_of

if TYPE_CHECKING:
    from rig.twin.wire.dlt645 import Dlt645Wire

#: highest level of a password that protects something
_MAC_LEVELS = frozenset({0x96, 0x97, 0x98, 0x99})
_BITS = {
    Reason.OTHER: ErrorBit.OTHER,
    Reason.NO_DATA: ErrorBit.NO_REQUESTED_DATA,
    Reason.NOT_AUTHORISED: ErrorBit.NOT_AUTHORISED,
    Reason.BAUD: ErrorBit.BAUD_RATE,
    Reason.YEAR_ZONES: ErrorBit.YEAR_ZONES,
    Reason.DAY_PERIODS: ErrorBit.DAY_PERIODS,
    Reason.TARIFFS: ErrorBit.TARIFFS,
}
#: identifiers of the authentication and the length of their payload behind the operator code
_AUTHENTICATE, _SET_LIFETIME, _END_AUTHENTICATION = 0x070000FF, 0x070001FF, 0x070002FF


def error_octet(refusal: Refusal) -> int:
    """ERR octet of a refusal.

    Spec: DL/T 645-2007, ERR octet
    """
    octet = 0
    for reason in refusal.reasons:
        octet |= _BITS[reason]
    return octet


class Functions:
    """Handlers by function code; each takes the request and gives the answer, or None for silence.

    A handler raises ``Refusal`` to answer with ERR.
    """

    def __init__(self, wire: Dlt645Wire) -> None:
        self.wire = wire
        self.meter = wire.meter
        #: rest of a long answer: identifier, pieces after the first
        self._rest: tuple[int, list[bytes]] | None = None

    def table(self) -> dict[int, Callable[[Frame], Frame | None]]:
        """Handlers of all function codes."""
        plain = {Function.READ_DATA: self.read, Function.READ_FOLLOW_UP: self.read_follow_up}
        parsed: dict[int, Callable[[Request], Frame | None]] = {
            Function.READ_ADDRESS: self.read_address,
            Function.SECURITY_AUTHENTICATION: self.authenticate,
            Function.BROADCAST_TIME: self.broadcast_time,
            Function.WRITE_DATA: self.write,
            Function.WRITE_ADDRESS: self.write_address,
            Function.FREEZE: self.freeze,
            Function.CHANGE_BAUD: self.change_baud,
            Function.CHANGE_PASSWORD: self.change_password,
            Function.RESET_DEMAND: self.reset_demand,
            Function.RESET_METER: self.reset_meter,
            Function.RESET_EVENTS: self.reset_events,
            Function.REMOTE_CONTROL: self.remote_control,
        }
        handlers: dict[int, Callable[[Frame], Frame | None]] = {
            code: self._guarded(handler) for code, handler in plain.items()
        }
        handlers |= {code: self._parsed(handler) for code, handler in parsed.items()}
        return handlers

    # --- plumbing -------------------------------------------------------------------------------------------

    def _guarded(self, handler: Callable[[Frame], Frame | None]) -> Callable[[Frame], Frame | None]:
        def handle(frame: Frame) -> Frame | None:
            try:
                return handler(frame)
            except Refusal as refusal:
                return self.refuse(frame, error_octet(refusal))

        return handle

    def _parsed(self, handler: Callable[[Request], Frame | None]) -> Callable[[Frame], Frame | None]:
        def handle(frame: Frame) -> Frame | None:
            try:
                return handler(parse_request(frame, self.wire.profile))
            except RemoteProtocolError:
                return self.refuse(frame, ErrorBit.OTHER)
            except Refusal as refusal:
                return self.refuse(frame, error_octet(refusal))

        return handle

    def refuse(self, frame: Frame, error: int) -> Frame:
        """Abnormal answer with an ERR octet."""
        return frame.answer(bytes((error,)), abnormal=True, address=self.meter.address)

    def accept(self, frame: Frame, data: bytes = b"") -> Frame:
        """Normal answer under the meter's real address."""
        return frame.answer(data, address=self.meter.address)

    def _authorise(self, request: Request, levels: tuple[int, ...]) -> str:
        """Check the password; gives the operator code.

        Raises:
            Refusal: not authorised.
        """
        credentials = request.credentials
        if credentials is None:
            raise Refusal(Reason.NOT_AUTHORISED)
        rules, level = self.meter.behaviour, credentials.level
        if level in _MAC_LEVELS:
            # these need a live authentication and a security chip; the emulated meter has neither key nor MAC
            raise Refusal(Reason.NOT_AUTHORISED)
        self.meter.security.check(level, credentials.password, levels)
        if rules.programming_key_needed and not self.meter.config.programming_key:
            raise Refusal(Reason.NOT_AUTHORISED)
        return credentials.operator

    def _own_address(self, request: Request) -> bool:
        return request.frame.address == self.meter.address

    # --- reading --------------------------------------------------------------------------------------------

    def read(self, frame: Frame) -> Frame:
        """11H: one item, a block, or blocks of the load profile."""
        data = frame.data
        if len(data) == 4:
            di = data[0] | data[1] << 8 | data[2] << 16 | data[3] << 24
            content = self.wire.read_any(di)
        else:
            try:
                request = parse_request(frame, self.wire.profile)
            except RemoteProtocolError:
                raise Refusal(Reason.OTHER) from None
            if request.di is None or request.di >> 24 != 0x06:
                raise Refusal(Reason.NO_DATA)
            di = request.di
            content = self.wire.read_profile(di, request.block_count or 1, request.at)
        if content is None:
            raise Refusal(Reason.NO_DATA)
        if len(content) + 4 <= self.meter.behaviour.largest_answer:
            self._rest = None
            return make_frame(self.meter.address, 0x91, data[:4] + content)
        # DI before and SEQ behind each part must fit as well
        size = self.meter.behaviour.largest_answer - 5
        pieces = [content[start : start + size] for start in range(0, len(content), size)]
        self._rest = (di, pieces[1:])
        return frame.answer(data[:4] + pieces[0], follow_up=True, address=self.meter.address)

    def read_follow_up(self, frame: Frame) -> Frame:
        """12H: the next part of a long answer; asking again for the same part is answered again."""
        if len(frame.data) != 5:
            raise Refusal(Reason.OTHER)
        di, sequence = int.from_bytes(frame.data[:4], "little"), frame.data[4]
        if self._rest is None or self._rest[0] != di or not 1 <= sequence <= len(self._rest[1]):
            raise Refusal(Reason.NO_DATA)
        pieces = self._rest[1]
        content = frame.data[:4] + pieces[sequence - 1] + bytes((sequence,))
        return frame.answer(content, follow_up=sequence < len(pieces), address=self.meter.address)

    def read_address(self, request: Request) -> Frame:
        """13H: the meter's address."""
        return self.accept(request.frame, bytes.fromhex(self.meter.address)[::-1])

    # --- writing --------------------------------------------------------------------------------------------

    def write(self, request: Request) -> Frame | None:
        """14H: a parameter."""
        if not self._own_address(request) or request.di is None:
            return None
        operator = self._authorise(request, self.meter.behaviour.write_levels)
        self.wire.parameters.write(request.di, request.data, operator)
        return self.accept(request.frame)

    def write_address(self, request: Request) -> Frame | None:
        """15H: a new address, with the programming key only; the answer carries the new address."""
        if request.frame.address != WILDCARD_ADDRESS or request.address is None:
            return None
        if not self.meter.config.programming_key:
            raise Refusal(Reason.NOT_AUTHORISED)
        octets = bytes.fromhex(request.address)
        if not is_bcd(octets) or request.address == BROADCAST_ADDRESS:
            raise Refusal(Reason.OTHER)
        self.meter.address = request.address
        return self.accept(request.frame)

    def change_baud(self, request: Request) -> Frame | None:
        """17H: another rate after the answer."""
        if not self._own_address(request):
            return None
        word = request.baud_word or 0
        baud = self.wire.profile.baud_of(word)
        if baud is None or baud not in self.wire.rates:
            raise Refusal(Reason.BAUD)
        self.wire.change_baud_after_answer(baud)
        return self.accept(request.frame, bytes((word,)))

    def change_password(self, request: Request) -> Frame | None:
        """18H: the new password of a level."""
        old, new = request.credentials, request.new_credentials
        if not self._own_address(request) or old is None or new is None or request.di is None:
            return None
        target = request.di - 0x04000C01
        if not 0 <= target <= 9:
            raise Refusal(Reason.NO_DATA)
        if not new.password.isdecimal():
            raise Refusal(Reason.OTHER)
        self.meter.security.change(target, old.level, old.password, new.level, new.password)
        return self.accept(request.frame, request.frame.data[8:12])

    # --- orders ---------------------------------------------------------------------------------------------

    def broadcast_time(self, request: Request) -> None:
        """08H: never answered."""
        if request.at is not None:
            self.meter.broadcast_time(request.at)

    def freeze(self, request: Request) -> Frame:
        """16H: freeze at once or on time."""
        if request.freeze_at is None:
            raise Refusal(Reason.OTHER)
        _, day, hour, minute = request.freeze_at
        self.meter.order_freeze(day, hour, minute)
        return self.accept(request.frame)

    def reset_demand(self, request: Request) -> Frame | None:
        """19H: maximum demand to zero."""
        if not self._own_address(request):
            return None
        operator = self._authorise(request, self.meter.behaviour.demand_reset_levels)
        self.meter.reset_demand(operator)
        return self.accept(request.frame)

    def reset_meter(self, request: Request) -> Frame | None:
        """1AH: all registers to zero."""
        if not self._own_address(request):
            return None
        operator = self._authorise(request, self.meter.behaviour.clear_levels)
        self.meter.reset_meter(operator)
        return self.accept(request.frame)

    def reset_events(self, request: Request) -> Frame | None:
        """1BH: all event records, or one kind (DI0 = FF)."""
        if not self._own_address(request) or request.di is None:
            return None
        operator = self._authorise(request, self.meter.behaviour.clear_levels)
        kind = None
        if request.di != 0xFFFFFFFF:
            kind = kind_of(request.di) if request.di & 0xFF == 0xFF else None
            if kind is None:
                raise Refusal(Reason.NO_DATA)
        self.meter.reset_events(operator, kind, request.di)
        return self.accept(request.frame)

    def remote_control(self, request: Request) -> Frame | None:
        """1CH: relay, alarm, keep supply."""
        if not self._own_address(request):
            return None
        if "relay" not in self.meter.config.features:
            raise Refusal(Reason.NO_DATA)
        operator = self._authorise(request, self.meter.behaviour.control_levels)
        if request.command is None:
            raise Refusal(Reason.OTHER)
        parameter = request.reserved or 0
        self.meter.control(request.command, request.valid_until, parameter=parameter, operator=operator)
        return self.accept(request.frame)

    def authenticate(self, request: Request) -> Frame | None:
        """03H: identity authentication under the documented software test key; refusals carry two octets SERR."""
        frame, state, epoch_s = request.frame, self.wire.authentication, self.meter.epoch_s()
        if not self._own_address(request):
            return None
        if "authentication" not in self.meter.config.features:
            return self._security_error(frame, SecurityErrorBit.OTHER)
        head = frame.data[:4]
        if request.di == _AUTHENTICATE:
            answer = state.begin(request.data, epoch_s)
            if answer is None:
                return self._security_error(frame, SecurityErrorBit.IDENTITY_AUTHENTICATION)
            return self.accept(frame, head + answer)
        if request.di not in {_SET_LIFETIME, _END_AUTHENTICATION}:
            return self._security_error(frame, SecurityErrorBit.OTHER)
        if not state.valid(epoch_s):
            return self._security_error(frame, SecurityErrorBit.IDENTITY_AUTHENTICATION)
        if request.di == _SET_LIFETIME:
            minutes = request.data[:2]
            if len(minutes) != 2 or not is_bcd(minutes):
                return self._security_error(frame, SecurityErrorBit.OTHER)
            state.lifetime_s = number_of(minutes) * 60.0
            return self.accept(frame, head)
        state.end()
        return self.accept(frame, head + state.serial + bytes(10))

    def _security_error(self, frame: Frame, error: SecurityErrorBit) -> Frame:
        data = int(error).to_bytes(2, "little")
        return frame.answer(data, abnormal=True, address=self.meter.address)
