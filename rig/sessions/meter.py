"""MeterSession: what a test holds of a DL/T 645 meter at the far end of a bus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from rig.clock import Clock
from rig.exchange.exchange import DEFAULT_TIMING, Exchange, ExchangeTiming
from rig.protocols.dlt645.frame import Frame
from rig.protocols.dlt645.profile import DEFAULT, Profile
from rig.transports.bus import Bus

if TYPE_CHECKING:
    from rig.protocols.dlt645.items import DataItem
    from rig.protocols.dlt645.messages import Credentials
    from rig.protocols.dlt645.values import Value

__all__ = ["Exchange", "ExchangeTiming", "MeterSession", "Reading"]

Observer = Callable[[Exchange], None]


class Reading(NamedTuple):
    """What a read gave: identifier, its item (None: not in the table), values, raw data after the identifier."""

    di: int
    item: DataItem | None
    values: tuple[Value, ...]
    data: bytes
    exchange: Exchange
    frames: int = 1

    @property
    def value(self) -> Decimal:
        """The only or first value as a number.

        Raises:
            ValueError: it is text.
        """
        raise NotImplementedError

    @property
    def unit(self) -> str:
        """Unit of the first value."""
        return self.values[0].unit


class MeterSession:
    """A DL/T 645 client for one meter, over any bus; deadlines come from the bus's clock.

    Args:
        bus: shared line.
        profile: edition and settings where sources conflict.
        address: 12 characters; None until ``identify`` was called.
        credentials: passwords by level.
        timing: response times, gap, retries.
        observer: called with every finished exchange.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        profile: Profile = DEFAULT,
        address: str | None = None,
        credentials: Mapping[int, Credentials] | None = None,
        timing: ExchangeTiming = DEFAULT_TIMING,
        observer: Observer | None = None,
    ) -> None:
        self.bus = bus
        self.profile = profile
        self.address = address
        self.credentials: dict[int, Credentials] = dict(credentials or {})
        self.timing = timing
        self.observer = observer
        self.exchanges: list[Exchange] = []

    @property
    def clock(self) -> Clock:
        """Clock of the bus."""
        return self.bus.clock

    @property
    def last(self) -> Exchange:
        """The last exchange."""
        return self.exchanges[-1]

    def request(self, frame: Frame, *, expect_answer: bool = True, retries: int | None = None) -> Exchange:
        """Send a frame and take its answer; no verdict on the content.

        Raises:
            LinkTimeout: silence after all attempts.
            RemoteProtocolError: octets came, but no valid answer to this request (code ``checksum``,
                ``address``, ``function``, ``data-identifier``...).
        """
        raise NotImplementedError

    def send_raw(self, data: bytes, *, listen_s: float | None = None) -> Exchange:
        """Send octets as they are; whatever comes back, silence included, is in the exchange.

        ``listen_s`` None stops at the first valid frame of a slave; a number listens all that time.
        """
        raise NotImplementedError

    def identify(self) -> str:
        """Ask the only meter on the bus for its address (13H) and keep it."""
        raise NotImplementedError

    def discover(self) -> list[str]:
        """Addresses of all meters on the bus, narrowed digit by digit where answers collide."""
        raise NotImplementedError

    def read(self, di: int) -> Reading:
        """Read one item; follow-up frames are fetched."""
        raise NotImplementedError

    def read_block(self, di: int) -> Reading:
        """Read a block (FF in the identifier); follow-up frames are fetched."""
        raise NotImplementedError

    def write(self, di: int, *values: Decimal | str | datetime, level: int = 4) -> Exchange:
        """Write values in the order of the item's fields."""
        raise NotImplementedError

    def write_raw(self, di: int, data: bytes, credentials: Credentials) -> Exchange:
        """Write octets as they are."""
        raise NotImplementedError

    def freeze(
        self,
        *,
        month: int | None = None,
        day: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
    ) -> Exchange:
        """Freeze command to this meter; nothing given: now."""
        raise NotImplementedError

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
        raise NotImplementedError

    def broadcast_time(self, when: datetime, *, listen_s: float = 0.0) -> Exchange:
        """Broadcast the time; no answer is awaited, ``listen_s`` > 0 listens for a wrong one."""
        raise NotImplementedError

    def change_baud(self, baud: int) -> Exchange:
        """Change the rate of meter and link, confirm by a read; falls back to the old rate when that is silent."""
        raise NotImplementedError

    def change_password(self, level: int, new: Credentials) -> Exchange:
        """Change the password of ``level``; the session uses it from then on."""
        raise NotImplementedError

    def reset_demand(self, level: int = 4) -> Exchange:
        """Clear the maximum demand (19H)."""
        raise NotImplementedError

    def reset_meter(self, level: int = 2) -> Exchange:
        """Clear the registers (1AH)."""
        raise NotImplementedError

    def reset_events(self, di: int = 0xFFFFFFFF, level: int = 2) -> Exchange:
        """Clear event records (1BH), all by default."""
        raise NotImplementedError

    def remote_control(
        self, command: int, *, level: int = 2, valid_until: datetime | None = None, reserved: int = 0
    ) -> Exchange:
        """Remote control (1CH) with octet N1; valid for five minutes unless told otherwise."""
        raise NotImplementedError

    def trip(self, *, confirm_s: float | None = None) -> Exchange:
        """Open the relay; ``confirm_s`` waits that long for the status word to say so."""
        raise NotImplementedError

    def close_relay(self, *, confirm_s: float | None = None) -> Exchange:
        """Close the relay directly; ``confirm_s`` waits that long for the status word to say so."""
        raise NotImplementedError

    def close_permit(self) -> Exchange:
        """Permit closing by the user."""
        raise NotImplementedError

    def keep_supply(self, on: bool) -> Exchange:
        """Keep the supply on (trip commands are refused), or stop keeping it."""
        raise NotImplementedError

    def alarm(self, on: bool) -> Exchange:
        """Alarm on or off."""
        raise NotImplementedError

    def relay_is_open(self) -> bool:
        """Relay state from bit 4 of status word 3 (04000503)."""
        raise NotImplementedError

    def read_clock(self) -> datetime:
        """Date and time of the meter."""
        raise NotImplementedError

    def set_clock(self, when: datetime, *, level: int = 4) -> Exchange:
        """Write date and time."""
        raise NotImplementedError
