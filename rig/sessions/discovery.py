"""Discovery: who is on the bus, found with wildcard addresses and narrowed where answers collide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rig.protocols.dlt645.frame import WILDCARD_ADDRESS, encode
from rig.protocols.dlt645.messages import read_address, read_data

if TYPE_CHECKING:
    from rig.exchange.exchange import Exchange
    from rig.sessions.meter import MeterSession

#: what is read to make a meter show its address; the answer counts even when it refuses the item
ADDRESS_ITEM = {"2007": 0x04000401, "1997": 0xC034}
#: time of the longest answer to the probe at 300 bit/s is not waited for: 30 characters are
_ANSWER_CHARACTERS = 30


def discover(session: MeterSession) -> Iterator[str]:
    """Addresses of all meters on the bus, in the order in which they are found, each once.

    All meters are asked at once; where answers collide, the question is repeated for each value of the lowest
    octet not yet fixed (abbreviated addresses), so that 100 short questions resolve one collision.

    Spec: DL/T 645-2007, 5.2.3 (abbreviated addresses), function 13H
    """
    seen: set[str] = set()
    for address in _search(session, ""):
        if address not in seen:
            seen.add(address)
            yield address


def _search(session: MeterSession, known: str) -> Iterator[str]:
    exchange = _probe(session, known)
    if exchange.silent:
        return
    frames = [
        frame for frame in (exchange.frame, *exchange.ignored) if frame is not None and frame.from_slave
    ]
    collided = not frames or any(noise.reason != "before-request" for noise in exchange.noise)
    if collided and len(known) < 12:
        for pair in range(100):
            yield from _search(session, f"{pair:02d}{known}")
        return
    for frame in frames:
        yield known if len(known) == 12 else frame.address


def _probe(session: MeterSession, known: str) -> Exchange:
    """Ask everybody whose address ends in ``known``; listens until the latest legal answer is over."""
    timing = session.timing
    listen_s = timing.response_max_s + _ANSWER_CHARACTERS * session.bus.settings.character_time_s
    if not known and session.profile.edition == "2007":
        exchange = session.send_raw(session.wake_up + encode(read_address()), listen_s=listen_s)
        if not exchange.silent:
            return exchange
    address = WILDCARD_ADDRESS[len(known) :] + known
    probe = read_data(address, ADDRESS_ITEM[session.profile.edition], profile=session.profile)
    return session.send_raw(session.wake_up + encode(probe), listen_s=listen_s)
