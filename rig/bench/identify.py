"""Who is on the line: no verdict without a device that answers."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from rig.errors import DeviceRefused, LinkTimeout, RemoteProtocolError

if TYPE_CHECKING:
    from rig.sessions.meter import MeterSession

#: combined active energy, the item every meter has
_PROBE = 0x00000000
#: number of tariffs, and the block of forward energy: the total, then the tariffs
_TARIFFS, _FORWARD_BLOCK = 0x04000204, 0x0001FF00


def identified_address(session: MeterSession, known: str | None, *, startup_s: float = 0.0) -> str:
    """Address of the device that answers.

    With a known address any frame from it counts, a refusal too. A silent device is asked again until ``startup_s`` has
    passed: its supply may have come only now. Only then, or when no address is known, the address is read by wildcard.

    Raises:
        LinkTimeout: silence both ways.
        RemoteProtocolError: only garbage comes back.
    """
    until_s = session.clock.now_s() + startup_s
    while True:
        last = session.clock.now_s() >= until_s
        try:
            return _answering(session, known, wildcard=last)
        except LinkTimeout:
            if last:
                raise


def _answering(session: MeterSession, known: str | None, *, wildcard: bool) -> str:
    if known is None:
        return session.identify()
    try:
        session.read(_PROBE)
    except DeviceRefused:
        return known
    except LinkTimeout:
        if not wildcard:
            raise
        session.identify()
    except RemoteProtocolError:
        session.identify()
    return known


def tariffs_shown(session: MeterSession) -> int | None:
    """How many tariffs, 1..63, a meter of which nothing is declared has by its own word; None when it does not tell."""
    try:
        told = session.read(_TARIFFS).value
    except (DeviceRefused, LinkTimeout, RemoteProtocolError):
        told = Decimal(0)
    if not 1 <= told <= 63:
        try:
            told = Decimal(len(session.read_block(_FORWARD_BLOCK).values) - 1)
        except (DeviceRefused, LinkTimeout, RemoteProtocolError):
            return None
    return int(told) if 1 <= told <= 63 else None
