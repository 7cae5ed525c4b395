"""How a bench meets a real terminal that is under test: it calls the bench, or it listens and is called."""

from __future__ import annotations

from typing import Final

from rig.bench.stand import StandRequest
from rig.errors import RemoteProtocolError
from rig.ports.stream import StreamNetwork
from rig.protocols.gdw1376_1.frame import Address
from rig.protocols.gdw1376_1.profile import DEFAULT, DEFAULT_2013, Profile
from rig.sessions.acceptor import Acceptor, Caller
from rig.sessions.terminal import TerminalSession

#: longest wait for a login, in seconds
LOGIN_S: Final = 300.0
_PASSWORD_OCTETS: Final = 16


def profile_of(request: StandRequest) -> Profile:
    """Reading of Q/GDW 1376.1 by the edition in the device's section."""
    return DEFAULT if request.device.edition == "2009" else DEFAULT_2013


def real_session(request: StandRequest, network: StreamNetwork) -> TerminalSession:
    """A session by the device's first link, not yet met."""
    scheme, _, place = request.link.url.partition("://")
    calls = scheme.lower() == "listen"
    meeting = (Acceptor if calls else Caller)(network, place, request.clock)
    wanted = request.device.address
    return TerminalSession(
        meeting,
        request.clock,
        request.recorder,
        profile=profile_of(request),
        password=request.declaration.terminal_password.ljust(_PASSWORD_OCTETS, b"\0"),
        # a terminal that is called need not log in
        address=None if wanted is None or calls else Address(wanted[:4], int(wanted[4:], 16)),
        name=request.device.first_link,
    )


def meet(request: StandRequest, session: TerminalSession) -> None:
    """Wait until the terminal is there, and is the one that the bench file names.

    Raises:
        RemoteProtocolError: another terminal called.
        LinkTimeout: nothing called, or nothing took our call.
    """
    if session.connections or session.link.address is not None:
        session.wait_connection(LOGIN_S)
    else:
        session.wait_login(LOGIN_S)
    found, wanted = session.address, request.device.address
    if wanted is not None and f"{found.region}{found.terminal:04X}" != wanted.upper():
        raise RemoteProtocolError("another terminal called", code="address", got=str(found), expected=wanted)
