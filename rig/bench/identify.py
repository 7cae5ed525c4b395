"""Who is on the line: no verdict without a device that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.errors import DeviceRefused, LinkTimeout, RemoteProtocolError

if TYPE_CHECKING:
    from rig.sessions.meter import MeterSession

#: combined active energy, the item every meter has
_PROBE = 0x00000000


def identified_address(session: MeterSession, known: str | None) -> str:
    """Address of the device that answers.

    With a known address any frame from it counts, a refusal too; when it stays silent, and when no address is known, the
    address is read by wildcard.

    Raises:
        LinkTimeout: silence both ways.
        RemoteProtocolError: only garbage comes back.
    """
    if known is None:
        return session.identify()
    try:
        session.read(_PROBE)
    except DeviceRefused:
        return known
    except (LinkTimeout, RemoteProtocolError):
        session.identify()
    return known
