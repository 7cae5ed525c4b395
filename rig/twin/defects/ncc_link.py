"""Bad command centers: logins, sessions, confirmations, and what they take for frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from rig.ports.command_center import TerminalEntry
from rig.protocols.gdw1376_1.builders import confirm
from rig.protocols.gdw1376_1.control import CONFIRM, FROM_INITIATOR, TIME_STAMPED, Afn
from rig.protocols.gdw1376_1.frame import Frame, encode
from rig.protocols.gdw1376_1.messages import parse_message
from rig.twin.defects import Parameter, defect
from rig.twin.defects.ncc_hooks import (
    ROLE,
    ACenter,
    each_session,
    each_terminal,
    first_length,
    hears,
    mended,
    overrule,
    renumbered,
    rows,
    says,
)

_LOGIN, _LOGOUT, _HEARTBEAT = 1, 2, 3
_LINK_CONFIRM: Final = 0x0B
_DATA: Final = frozenset({int(Afn.REALTIME_DATA), int(Afn.HISTORY_DATA)})
_LOST_NUMBER: Final = 15
_FOREVER_S: Final = 1e9
Plain = Callable[..., Any]


def _link_kind(frame: Frame) -> int:
    """Login, heartbeat, logout; 0 for anything else."""
    units = parse_message(frame).units if frame.afn == Afn.LINK else ()
    return units[0].number if units else 0


def _bind(session: Any, terminal: Any, frame: Frame) -> None:
    """Take a connection for one of this terminal."""
    session.terminal = terminal
    session._wire = encode(Frame(frame.address, 0, 0, 0), strict=False)[7:12]  # noqa: SLF001 - spoilt on purpose
    session._core.logged_in(terminal, session)  # noqa: SLF001


# --- logging in --------------------------------------------------------------------------------------------------------


@defect("ncc-login-confirmed-as-data", "logins are confirmed as data are", "5.3", role=ROLE)
def login_confirmed_as_data(center: ACenter, _: Parameter) -> None:
    """Link function 0 in place of 11."""
    says(center, lambda frame: replace(frame, control=0) if frame.control == _LINK_CONFIRM else frame)


@defect("ncc-unknown-terminal-accepted", "whoever logs in is put into the archive", "identity", role=ROLE)
def unknown_terminal_accepted(center: ACenter, _: Parameter) -> None:
    """A terminal registers itself."""

    def find(plain: Plain, address: Any) -> Any:
        found = plain(address)
        if found is None and not address.group:
            center.core.register_terminals([TerminalEntry(str(address))])
            found = plain(address)
        return found

    overrule(center.core, "find", find)


@defect(
    "ncc-data-before-login", "a connection belongs to the address of its first data", "identity", role=ROLE
)
def data_before_login(center: ACenter, _: Parameter) -> None:
    """Nobody has to log in."""

    def link(plain: Plain, session: Any, frame: Frame) -> None:
        found = center.core.find(frame.address)
        if session.terminal is None and frame.afn in _DATA and found is not None:
            _bind(session, found, frame)
            session._frame(frame)  # noqa: SLF001
        else:
            plain(frame)

    each_session(center, "_link", link)


@defect("ncc-heartbeat-unanswered", "heartbeats are not confirmed", "5.3", role=ROLE)
def heartbeat_unanswered(center: ACenter, _: Parameter) -> None:
    """Silence."""

    def link(plain: Plain, session: Any, frame: Frame) -> None:
        if session.terminal is None or _link_kind(frame) != _HEARTBEAT:
            plain(frame)

    each_session(center, "_link", link)


@defect(
    "ncc-cut-between-heartbeats", "a connection must not be silent for half its heartbeat", "5.3", role=ROLE
)
def cut_between_heartbeats(center: ACenter, _: Parameter) -> None:
    """Idle too early."""
    each_session(center, "_idle_s", lambda _plain, session: session.terminal.entry.heartbeat_s / 2)


@defect("ncc-logout-ignored", "a terminal that logs out stays online", "5.3", role=ROLE)
def logout_ignored(center: ACenter, _: Parameter) -> None:
    """A logout is confirmed and nothing else."""

    def link(plain: Plain, session: Any, frame: Frame) -> None:
        if session.terminal is not None and _link_kind(frame) == _LOGOUT:
            session._confirm(frame)  # noqa: SLF001
        else:
            plain(frame)

    each_session(center, "_link", link)


@defect("ncc-second-login-refused", "a terminal that is online cannot log in again", "sessions", role=ROLE)
def second_login_refused(center: ACenter, _: Parameter) -> None:
    """The new connection is closed, the half-open one stays."""

    def logged_in(plain: Plain, terminal: Any, session: Any) -> None:
        if terminal.session is None:
            plain(terminal, session)
            return
        session.terminal = None
        session.close("busy", "online already")

    overrule(center.core, "logged_in", logged_in)


@defect("ncc-old-session-kept", "the old connection of a terminal stays open", "sessions", role=ROLE)
def old_session_kept(center: ACenter, _: Parameter) -> None:
    """Half-open connections pile up."""

    def logged_in(plain: Plain, terminal: Any, session: Any) -> None:
        terminal.session = None
        plain(terminal, session)

    overrule(center.core, "logged_in", logged_in)


@defect(
    "ncc-commands-to-old-session", "requests go to the first connection of a terminal", "sessions", role=ROLE
)
def commands_to_old_session(center: ACenter, _: Parameter) -> None:
    """After a reconnection they go nowhere."""

    def logged_in(plain: Plain, terminal: Any, session: Any) -> None:
        older = terminal.session
        plain(terminal, session)
        if older is not None and older is not session:
            terminal.queue.attach(older)

    overrule(center.core, "logged_in", logged_in)


@defect(
    "ncc-second-login-rebinds", "a connection belongs to whoever logged in last on it", "identity", role=ROLE
)
def second_login_rebinds(center: ACenter, _: Parameter) -> None:
    """A terminal becomes another."""

    def link(plain: Plain, session: Any, frame: Frame) -> None:
        found = center.core.find(frame.address)
        if session.terminal not in {None, found} and found is not None and _link_kind(frame) == _LOGIN:
            _bind(session, found, frame)
            session._confirm(frame)  # noqa: SLF001
        else:
            plain(frame)

    each_session(center, "_link", link)


# --- confirmations -----------------------------------------------------------------------------------------------------


@defect("ncc-number-fifteen-lost", "numbers of confirmations go to 14 only", "4.3.4.3", role=ROLE)
def number_fifteen_lost(center: ACenter, _: Parameter) -> None:
    """Counted modulo 15."""

    def change(frame: Frame) -> Frame:
        lost = frame.afn == Afn.CONFIRM and frame.sequence.number == _LOST_NUMBER
        return renumbered(frame, 0) if lost else frame

    says(center, change)


@defect("ncc-confirms-as-initiator", "data are confirmed with PRM set", "4.3.3.2", role=ROLE)
def confirms_as_initiator(center: ACenter, _: Parameter) -> None:
    """A confirmation looks like a request."""

    def change(frame: Frame) -> Frame:
        data = frame.afn == Afn.CONFIRM and frame.control == 0
        return replace(frame, control=FROM_INITIATOR) if data else frame

    says(center, change)


@defect("ncc-confirms-unasked", "every report is confirmed, asked or not", "4.3.4.3", role=ROLE)
def confirms_unasked(center: ACenter, _: Parameter) -> None:
    """CON is not looked at."""
    hears(
        center,
        lambda frame: (
            replace(frame, seq=frame.seq | CONFIRM) if frame.from_initiator and frame.afn in _DATA else frame
        ),
    )


# --- frames ------------------------------------------------------------------------------------------------------------


@defect("ncc-checksum-unchecked", "the checksum is not looked at", "4.3.3.5", role=ROLE)
def checksum_unchecked(center: ACenter, _: Parameter) -> None:
    """Any checksum is right."""
    each_session(center, "received", lambda plain, _session, data: plain(mended(data)))


@defect(
    "ncc-one-frame-a-segment", "of a segment with several frames only the first is taken", "4.3.1", role=ROLE
)
def one_frame_a_segment(center: ACenter, _: Parameter) -> None:
    """What is joined is lost."""

    def received(plain: Plain, _session: Any, data: bytes) -> None:
        length = first_length(data)
        plain(data[:length] if length else data)

    each_session(center, "received", received)


@defect(
    "ncc-deaf-after-noise", "after octets that belong to no frame a connection is deaf", "4.3.2", role=ROLE
)
def deaf_after_noise(center: ACenter, _: Parameter) -> None:
    """Synchronisation is lost for good."""
    deaf: set[int] = set()

    def received(plain: Plain, session: Any, data: bytes) -> None:
        if not session._pending and data[:1] != b"\x68":  # noqa: SLF001
            deaf.add(id(session))
        if id(session) not in deaf:
            plain(data)

    each_session(center, "received", received)


@defect("ncc-time-stamped-frames-dropped", "reports with Tp are not taken", "4.3.4.6", role=ROLE)
def time_stamped_frames_dropped(center: ACenter, _: Parameter) -> None:
    """TpV is taken for an error."""
    hears(center, lambda frame: None if frame.from_initiator and frame.seq & TIME_STAMPED else frame)


@defect("ncc-obeys-masters", "the direction bit is not looked at", "bounds", role=ROLE)
def obeys_masters(center: ACenter, _: Parameter) -> None:
    """A frame of a master is taken for one of a terminal."""
    hears(center, lambda frame: frame if frame.uplink else replace(frame, control=frame.control | 0x80))


# --- bad peers ---------------------------------------------------------------------------------------------------------


def _limits(center: ACenter, **changed: float) -> None:
    center.core.limits = replace(center.core.limits, **changed)


@defect("ncc-no-rate-bound", "a peer may send as much as it likes", "bounds", role=ROLE)
def no_rate_bound(center: ACenter, _: Parameter) -> None:
    """No bounds on frames and octets."""
    _limits(center, frames_burst=1e12, octets_burst=1e12)


@defect("ncc-flood-cuts-everybody", "when one peer floods, all connections are closed", "bounds", role=ROLE)
def flood_cuts_everybody(center: ACenter, _: Parameter) -> None:
    """The listener is started again."""

    def punish(plain: Plain, session: Any, reason: str, detail: str) -> None:
        plain(session, reason, detail)
        for other in tuple(center.core.sessions):
            other.close("restart", "too much")

    overrule(center.core, "punish", punish)


@defect("ncc-half-frames-kept", "an unfinished frame is waited for without end", "bounds", role=ROLE)
def half_frames_kept(center: ACenter, _: Parameter) -> None:
    """No time for a frame."""
    _limits(center, frame_s=_FOREVER_S)


@defect(
    "ncc-slow-peers-kept", "every octet gives an unfinished frame its whole time again", "bounds", role=ROLE
)
def slow_peers_kept(center: ACenter, _: Parameter) -> None:
    """Only the gap is watched."""

    def received(plain: Plain, session: Any, data: bytes) -> None:
        plain(data)
        if session._partial_s is not None:  # noqa: SLF001
            session._partial_s = center.core.clock.now_s()  # noqa: SLF001

    each_session(center, "received", received)


@defect("ncc-deaf-after-length-lie", "a long frame is waited for without end", "bounds", role=ROLE)
def deaf_after_length_lie(center: ACenter, _: Parameter) -> None:
    """A header of 4 kB or more switches the watch off."""

    def received(plain: Plain, session: Any, data: bytes) -> None:
        plain(data)
        if first_length(session._pending) > 4096:  # noqa: SLF001
            session._partial_s = None  # noqa: SLF001

    each_session(center, "received", received)


@defect("ncc-idle-for-ever", "a silent connection stays open", "sessions", role=ROLE)
def idle_for_ever(center: ACenter, _: Parameter) -> None:
    """Heartbeats are not missed."""
    each_session(center, "_idle_s", lambda _plain, _session: _FOREVER_S)


@defect("ncc-no-login-awaited", "a connection need not log in", "bounds", role=ROLE)
def no_login_awaited(center: ACenter, _: Parameter) -> None:
    """Strangers stay."""
    _limits(center, login_s=_FOREVER_S)


@defect("ncc-one-queue-for-all", "one terminal is asked at a time", "queue", role=ROLE)
def one_queue_for_all(center: ACenter, _: Parameter) -> None:
    """A silent terminal holds up all others."""
    asked: list[Any] = []

    def spoil(terminal: Any) -> None:
        queue = terminal.queue

        def pump(plain: Plain) -> None:
            asked[:] = [other for other in asked if other.current is not None]
            if asked and queue not in asked:
                if len(queue):
                    center.core.clock.call_at(center.core.clock.now_s() + 0.1, queue._pump)  # noqa: SLF001
                return
            plain()
            if queue.current is not None and queue not in asked:
                asked.append(queue)

        overrule(queue, "_pump", pump)

    each_terminal(center, spoil)


# --- identity ----------------------------------------------------------------------------------------------------------


@defect("ncc-address-not-bound", "data go to the terminal that their frame names", "identity", role=ROLE)
def address_not_bound(center: ACenter, _: Parameter) -> None:
    """Whoever is logged in writes for anybody."""

    def frame_taken(plain: Plain, session: Any, frame: Frame) -> None:
        named = center.core.find(frame.address)
        foreign = session.terminal is not None and named not in {None, session.terminal}
        if foreign and frame.from_initiator and frame.afn in _DATA:
            made = center.core.rows(named, frame, 0)
            center.core.journal.add(made, session, encode(confirm(frame)))
        else:
            plain(frame)

    each_session(center, "_frame", frame_taken)


@defect(
    "ncc-unarchived-points-stored",
    "values of points that nobody registered are stored",
    "identity",
    role=ROLE,
)
def unarchived_points_stored(center: ACenter, _: Parameter) -> None:
    """Any point may be written."""

    def spoil(terminal: Any) -> None:
        terminal.decoder._allowed = lambda _point: True  # noqa: SLF001

    each_terminal(center, spoil)


# --- collectors --------------------------------------------------------------------------------------------------------


@defect("ncc-collectors-refused", "only concentrators may log in", "5.3", role=ROLE)
def collectors_refused(center: ACenter, _: Parameter) -> None:
    """Collectors are strangers."""

    def find(plain: Plain, address: Any) -> Any:
        found = plain(address)
        return found if found is None or found.entry.role == "concentrator" else None

    overrule(center.core, "find", find)


@defect("ncc-collector-data-dropped", "data of collectors are confirmed and dropped", "data", role=ROLE)
def collector_data_dropped(center: ACenter, _: Parameter) -> None:
    """Only concentrators have points."""

    def change(made: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        terminals = center.core.terminals()
        collectors = {terminal.key for terminal in terminals if terminal.entry.role == "collector"}
        return [row for row in made if row[1] not in collectors]

    rows(center, change)


@defect("ncc-collectors-not-asked", "collectors may report, but are not asked", "5.12", role=ROLE)
def collectors_not_asked(center: ACenter, _: Parameter) -> None:
    """Requests to them wait until they are too old."""

    def logged_in(plain: Plain, terminal: Any, session: Any) -> None:
        plain(terminal, session)
        if terminal.entry.role == "collector":
            terminal.queue.detach()

    overrule(center.core, "logged_in", logged_in)
