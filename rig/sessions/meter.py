"""MeterSession: what a test holds of a DL/T 645 meter at the far end of a bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from rig.clock import Clock
from rig.errors import (
    BenchError,
    ConfigError,
    DeviceRefused,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
)
from rig.exchange.dlt645 import Dlt645Dialect, finish
from rig.exchange.driver import perform
from rig.exchange.exchange import Exchange, ExchangeTiming
from rig.exchange.master import Master, State
from rig.protocols.dlt645 import messages
from rig.protocols.dlt645.control import RemoteControl
from rig.protocols.dlt645.frame import BROADCAST_ADDRESS, Frame, encode
from rig.protocols.dlt645.items import expand_block, lookup
from rig.protocols.dlt645.messages import Answer, Credentials
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.protocols.dlt645.times import decode_datetime
from rig.protocols.dlt645.values import decode_block, decode_item, encode_item
from rig.sessions.discovery import ADDRESS_ITEM, discover
from rig.sessions.reading import Reading
from rig.transports.bus import Bus

__all__ = ["Exchange", "ExchangeTiming", "MeterSession", "Reading"]

Observer = Callable[[Exchange], None]

#: date, then time, by edition
CLOCK_ITEMS = {"2007": (0x04000101, 0x04000102), "1997": (0xC010, 0xC011)}
STATUS_WORD_3 = 0x04000503
RELAY_OPEN_BIT = 4
#: a remote control command is valid until then unless told otherwise; meters with a wrong date take it too
VALID_FOREVER = datetime(2099, 12, 31, 23, 59, 59)  # noqa: DTZ001 - meters keep local time without zone
#: pause in which a meter changes its rate after the answer, in seconds (a choice of ours, no rule is known)
BAUD_CHANGE_PAUSE_S = 0.1
#: pause between two looks at the relay, in seconds
RELAY_POLL_S = 0.5
MOST_FOLLOW_UPS = 255
_FAILED = State.FAILED


class MeterSession:
    """A DL/T 645 client for one meter, over any bus; deadlines come from the bus's clock.

    Args:
        bus: shared line.
        profile: edition and settings where sources conflict.
        address: 12 characters; None until ``identify`` was called.
        credentials: passwords by level.
        timing: response times, gap, retries; None: the profile's, no retry.
        observer: called with every finished exchange.
        preamble: wake-up octets (0..) sent before every request.
        keep: how many exchanges ``exchanges`` holds at least; None keeps all.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        profile: Profile = DEFAULT,
        address: str | None = None,
        credentials: Mapping[int, Credentials] | None = None,
        timing: ExchangeTiming | None = None,
        observer: Observer | None = None,
        preamble: int = 4,
        keep: int | None = None,
    ) -> None:
        self.bus = bus
        self.profile = profile
        self.address = address
        self.credentials: dict[int, Credentials] = dict(credentials or {})
        self.timing = timing_of(profile) if timing is None else timing
        self.observer = observer
        self.wake_up = b"\xfe" * preamble
        self.exchanges: list[Exchange] = []
        #: requests that had to be repeated, over the life of the session
        self.retries_used = 0
        self._keep = keep
        self._dialect = Dlt645Dialect(profile.edition)

    @property
    def clock(self) -> Clock:
        """Clock of the bus."""
        return self.bus.clock

    @property
    def last(self) -> Exchange:
        """The last exchange, failed ones included."""
        return self.exchanges[-1]

    def request(self, frame: Frame, *, expect_answer: bool = True, retries: int | None = None) -> Exchange:
        """Send a frame and take its answer; no verdict on the content.

        Raises:
            LinkTimeout: silence after all attempts.
            RemoteProtocolError: octets came, but no valid answer to this request (code ``checksum``, ``address``,
                ``function``, ``data-identifier``, ``too-early``...); what came is in ``last``.
        """
        octets = encode(frame)
        return self._run(
            Master(
                octets if frame.preamble else self.wake_up + octets,
                self._dialect,
                request=frame,
                timing=self.timing,
                retries=retries,
                listen_s=None if expect_answer else 0.0,
                uncertainty_s=self.bus.link.timing_uncertainty_s,
            )
        )

    def send_raw(self, data: bytes, *, listen_s: float | None = None) -> Exchange:
        """Send octets as they are; whatever comes back, silence included, is in the exchange.

        ``listen_s`` None stops at the first valid frame of a slave, or after ``timing.wait_s``; a number listens
        all that time, further frames are then in ``ignored``.
        """
        return self._run(
            Master(
                data,
                self._dialect,
                timing=self.timing,
                listen_s=self.timing.wait_s if listen_s is None else listen_s,
                first_only=listen_s is None,
                uncertainty_s=self.bus.link.timing_uncertainty_s,
            )
        )

    def identify(self) -> str:
        """Ask the only meter on the bus for its address and keep it.

        A meter that refuses 13H is read with a wildcard address; its address is that of the answer.

        Spec: DL/T 645-2007, function 13H; the 1997 edition has none, meters answer the address of nines
        """
        if self.profile.edition == "2007":
            frame = messages.read_address()
            try:
                answer = self._ask(frame)
            except DeviceRefused:
                pass
            else:
                self.address = messages.address_text(answer.data)
                return self.address
        wildcard = BROADCAST_ADDRESS if self.profile.edition == "1997" else "AAAAAAAAAAAA"
        item = ADDRESS_ITEM[self.profile.edition]
        exchange = self.request(messages.read_data(wildcard, item, profile=self.profile))
        self.address = _answered(exchange).address
        return self.address

    def discover(self) -> list[str]:
        """Addresses of all meters on the bus, sorted; narrowed by abbreviated addresses where answers collide."""
        return sorted(discover(self))

    def read(self, di: int, *, block_count: int | None = None, at: datetime | None = None) -> Reading:
        """Read one item or block; follow-up frames are fetched.

        Args:
            di: data identifier.
            block_count: number of load-profile blocks (1..255).
            at: first moment of the load profile.

        Raises:
            DeviceRefused: the meter does not have it.
            RemoteProtocolError: the answer breaks a rule, or its octets are not legal values.
        """
        data, exchange, frames = self._fetch(di, block_count, at)
        item = lookup(di, self.profile)
        if item is not None:
            return Reading(di, item, decode_item(item, data, self.profile), data, exchange, frames)
        if expand_block(di, tariffs=1, profile=self.profile) is not None:
            block = decode_block(di, data, self.profile)
            return Reading(di, None, block.values, data, exchange, frames)
        return Reading(di, None, (), data, exchange, frames)

    def read_block(self, di: int) -> Reading:
        """Read a block (FF in the identifier); follow-up frames are fetched.

        Raises:
            RemoteProtocolError: also when the length fits no number of tariffs.
        """
        data, exchange, frames = self._fetch(di, None, None)
        return Reading(di, None, decode_block(di, data, self.profile).values, data, exchange, frames)

    def write(self, di: int, *values: Decimal | str | datetime, level: int = 4) -> Exchange:
        """Write values in the order of the item's fields."""
        item = lookup(di, self.profile)
        if item is None:
            raise LocalProtocolError(f"no data item {di:08X} in the tables", code="unknown-di")
        return self.write_raw(di, encode_item(item, *values), self._password(level))

    def write_raw(self, di: int, data: bytes, credentials: Credentials) -> Exchange:
        """Write octets as they are."""
        return self._command(
            messages.write_data(self._known_address(), di, data, credentials, profile=self.profile)
        )

    def freeze(
        self,
        *,
        month: int | None = None,
        day: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
    ) -> Exchange:
        """Freeze command to this meter; nothing given: now."""
        address = self._known_address()
        return self._command(
            messages.freeze(address, month=month, day=day, hour=hour, minute=minute, profile=self.profile)
        )

    def freeze_broadcast(
        self,
        *,
        month: int | None = None,
        day: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
        listen_s: float = 0.0,
    ) -> Exchange:
        """Freeze command to all; no answer is awaited, ``listen_s`` > 0 listens for a wrong one."""
        frame = messages.freeze(
            BROADCAST_ADDRESS, month=month, day=day, hour=hour, minute=minute, profile=self.profile
        )
        return self.send_raw(self.wake_up + encode(frame), listen_s=listen_s)

    def broadcast_time(self, when: datetime, *, listen_s: float = 0.0) -> Exchange:
        """Broadcast the time; no answer is awaited, ``listen_s`` > 0 listens for a wrong one."""
        frame = messages.broadcast_time(when, profile=self.profile)
        return self.send_raw(self.wake_up + encode(frame), listen_s=listen_s)

    def change_baud(self, baud: int) -> Exchange:
        """Change the rate of meter and link, and confirm it by a read at the new rate.

        Returns:
            The exchange of the command itself.

        Raises:
            DeviceRefused: the meter keeps its rate, and so does the link.
            RemoteProtocolError: code ``baud-not-changed``: acknowledged, but it still talks at the old rate.
            LinkTimeout: it answers at neither rate; the link is back at the old one.
            BenchError: the link cannot change its rate (raw TCP); nothing was sent.
        """
        if not self.bus.link.sets_baud:
            raise BenchError(f"link {self.bus.name} cannot change its rate: the bridge keeps its own")
        before = self.bus.settings
        exchange = self._command(messages.change_baud(self._known_address(), baud, self.profile))
        self.clock.wait_until(self.clock.now_s() + BAUD_CHANGE_PAUSE_S)
        self.bus.reconfigure(replace(before, baud=baud))
        try:
            self._show_presence()
        except (LinkTimeout, RemoteProtocolError) as error:
            self.bus.reconfigure(before)
            self._show_presence()
            raise RemoteProtocolError(
                "the meter acknowledged another rate and kept the old one",
                code="baud-not-changed",
                clause="DL/T 645-2007 function 17H",
                expected=baud,
                got=before.baud,
            ) from error
        return exchange

    def change_password(self, level: int, new: Credentials) -> Exchange:
        """Change the password of ``level``, proved with the present one; the session uses the new one from then on."""
        frame = messages.change_password(
            self._known_address(), level, self._password(level), new, profile=self.profile
        )
        exchange = self._command(frame)
        self.credentials[level] = new
        return exchange

    def reset_demand(self, level: int = 4) -> Exchange:
        """Clear the maximum demand (19H)."""
        address = self._known_address()
        return self._command(messages.reset_demand(address, self._password(level), profile=self.profile))

    def reset_meter(self, level: int = 2) -> Exchange:
        """Clear the registers (1AH)."""
        address = self._known_address()
        return self._command(messages.reset_meter(address, self._password(level), profile=self.profile))

    def reset_events(self, di: int = 0xFFFFFFFF, level: int = 2) -> Exchange:
        """Clear event records (1BH), all by default."""
        address = self._known_address()
        return self._command(messages.reset_events(address, self._password(level), di, profile=self.profile))

    def remote_control(
        self, command: int, *, level: int = 2, valid_until: datetime = VALID_FOREVER, reserved: int = 0
    ) -> Exchange:
        """Remote control (1CH) with command octet N1 (``RemoteControl``)."""
        frame = messages.remote_control(
            self._known_address(),
            self._password(level),
            command,
            valid_until,
            reserved,
            profile=self.profile,
        )
        return self._command(frame)

    def trip(self, *, level: int = 2, confirm_s: float | None = None) -> Exchange:
        """Open the relay; ``confirm_s`` waits that many seconds for the status word to say so.

        Raises:
            RemoteProtocolError: code ``relay-not-moved``: acknowledged, but not done within ``confirm_s``.
        """
        exchange = self.remote_control(RemoteControl.TRIP, level=level)
        if confirm_s is not None:
            self._confirm_relay(confirm_s, is_open=True)
        return exchange

    def close_relay(self, *, level: int = 2, confirm_s: float | None = None) -> Exchange:
        """Close the relay directly; ``confirm_s`` waits that many seconds for the status word to say so.

        Raises:
            RemoteProtocolError: code ``relay-not-moved``: acknowledged, but not done within ``confirm_s``.
        """
        exchange = self.remote_control(RemoteControl.CLOSE, level=level)
        if confirm_s is not None:
            self._confirm_relay(confirm_s, is_open=False)
        return exchange

    def close_permit(self, *, level: int = 2) -> Exchange:
        """Permit closing by the user."""
        return self.remote_control(RemoteControl.CLOSE_PERMIT, level=level)

    def keep_supply(self, on: bool, *, level: int = 2) -> Exchange:
        """Keep the supply on (trip commands are refused), or stop keeping it."""
        command = RemoteControl.KEEP_SUPPLY if on else RemoteControl.KEEP_SUPPLY_OFF
        return self.remote_control(command, level=level)

    def alarm(self, on: bool, *, level: int = 2) -> Exchange:
        """Alarm on or off."""
        return self.remote_control(RemoteControl.ALARM if on else RemoteControl.ALARM_OFF, level=level)

    def relay_is_open(self) -> bool:
        """Relay state from bit 4 of status word 3.

        Spec: DL/T 645-2007, 04000503 bit 4: 0 closed, 1 open
        """
        data = self.read(STATUS_WORD_3).data
        return bool(int.from_bytes(data, "little") >> RELAY_OPEN_BIT & 1)

    def read_clock(self) -> datetime:
        """Date and time of the meter; the date is read again when midnight may have passed in between."""
        date_item, time_item = CLOCK_ITEMS[self.profile.edition]
        date = self.read(date_item).data
        time = self.read(time_item).data
        if time[2:] == b"\x00":
            date = self.read(date_item).data
        return decode_datetime(time + date[1:])

    def set_clock(self, when: datetime, *, level: int = 4) -> Exchange:
        """Write date, then time; returns the exchange that wrote the time."""
        date_item, time_item = CLOCK_ITEMS[self.profile.edition]
        self.write(date_item, when, level=level)
        return self.write(time_item, when, level=level)

    def _run(self, master: Master[Frame]) -> Exchange:
        """Perform, keep, show, and raise when there is no answer."""
        perform(self.bus, master)
        exchange = finish(master)
        exchanges = self.exchanges
        exchanges.append(exchange)
        if self._keep is not None and len(exchanges) > 2 * self._keep:
            del exchanges[: -self._keep]
        self.retries_used += exchange.attempts - 1
        if self.observer is not None:
            self.observer(exchange)
        if master.state is _FAILED:
            raise master.failure(self.bus.name)
        return exchange

    def _ask(self, frame: Frame) -> Answer:
        """Request and parsed answer."""
        return messages.parse_answer(frame, _answered(self.request(frame)), self.profile)

    def _command(self, frame: Frame) -> Exchange:
        """Request whose normal answer says "done"."""
        exchange = self.request(frame)
        messages.parse_answer(frame, _answered(exchange), self.profile)
        return exchange

    def _fetch(self, di: int, block_count: int | None, at: datetime | None) -> tuple[bytes, Exchange, int]:
        """Data of an identifier from all its frames, the last exchange, and the number of frames."""
        address = self._known_address()
        profile = self.profile
        frame = messages.read_data(address, di, block_count=block_count, at=at, profile=profile)
        exchange = self.request(frame)
        answer = messages.parse_answer(frame, _answered(exchange), profile)
        if not answer.follow_up:
            return answer.data, exchange, 1
        parts = [answer.data]
        for sequence in range(1, MOST_FOLLOW_UPS + 1):
            frame = messages.read_follow_up(address, di, sequence, profile=profile)
            exchange = self.request(frame)
            answer = messages.parse_answer(frame, _answered(exchange), profile)
            if answer.sequence not in {None, sequence}:
                raise RemoteProtocolError(
                    "follow-up frame with another sequence number",
                    code="sequence",
                    clause="DL/T 645-2007 function 12H",
                    expected=sequence,
                    got=answer.sequence,
                    frame=exchange.data,
                )
            parts.append(answer.data)
            if not answer.follow_up:
                return b"".join(parts), exchange, len(parts)
        raise RemoteProtocolError(
            "follow-up frames without end",
            code="follow-up",
            clause="DL/T 645-2007 function 12H",
            expected=f"at most {MOST_FOLLOW_UPS}",
            frame=exchange.data,
        )

    def _show_presence(self) -> None:
        """Any valid answer will do, a refusal too."""
        item = ADDRESS_ITEM[self.profile.edition]
        self.request(messages.read_data(self._known_address(), item, profile=self.profile))

    def _confirm_relay(self, confirm_s: float, *, is_open: bool) -> None:
        clock = self.clock
        deadline_s = clock.now_s() + confirm_s
        while self.relay_is_open() != is_open:
            if clock.now_s() >= deadline_s:
                raise RemoteProtocolError(
                    "command acknowledged, relay not moved",
                    code="relay-not-moved",
                    clause="DL/T 645-2007 04000503 bit 4",
                    expected="open" if is_open else "closed",
                    got="closed" if is_open else "open",
                )
            clock.wait_until(min(deadline_s, clock.now_s() + RELAY_POLL_S))

    def _known_address(self) -> str:
        if self.address is None:
            raise LocalProtocolError("the session has no address yet: call identify() first", code="address")
        return self.address

    def _password(self, level: int) -> Credentials:
        found = self.credentials.get(level)
        if found is None:
            raise ConfigError(
                f"no password of level {level} is declared",
                key="passwords",
                hint=f"add the password of level {level} to the device's declaration",
            )
        return found


def timing_of(profile: Profile) -> ExchangeTiming:
    """Times of an exchange as the profile states them; no retry."""
    return ExchangeTiming(
        response_min_s=profile.response_delay_min_s,
        response_max_s=profile.response_delay_max_s,
        gap_max_s=profile.byte_gap_max_s,
        wait_s=2 * profile.response_delay_max_s,
    )


def _answered(exchange: Exchange) -> Frame:
    frame = exchange.frame
    assert frame is not None, "an exchange that did not fail has its answer"
    return frame
