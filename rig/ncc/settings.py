"""Settings of the command center: times, bounds against bad peers, rules of time; and the clock it runs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rig.clock import Clock
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile


class Handle(Protocol):
    """A due call that can be cancelled."""

    def cancel(self) -> None:
        """Never run it."""
        ...


class Scheduler(Clock, Protocol):
    """A clock that calls back: the twin's virtual clock, or an event loop."""

    def call_at(self, when_s: float, callback: Callable[[], None]) -> Handle:
        """Run ``callback`` at ``when_s`` of ``now_s``."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer, one address and all together may take. A peer beyond a bound is disconnected and counted."""

    #: longest frame, octets
    frame_octets: int = 16391
    #: octets that belong to no frame, before the connection is closed
    noise_octets: int = 65536
    #: octets that are searched for frames before a login, where they are not one frame after another
    stranger_octets: int = 8192
    #: frames a second sustained, and at once
    frames_per_s: float = 500.0
    frames_burst: float = 2000.0
    #: octets a second sustained, and at once
    octets_per_s: float = 1_000_000.0
    octets_burst: float = 4_000_000.0
    #: after a peer was closed for its rate, its terminal is refused at its address for so long; when it had not logged in,
    #: connections from its address have only so many octets for their login meanwhile
    penalty_s: float = 60.0
    trial_octets: int = 1024
    #: so long after its first login from an address a terminal is not superseded from another one
    takeover_s: float = 10.0
    #: a terminal that others superseded, or tried to, so often within so long is contested
    takeovers: int = 5
    takeovers_s: float = 600.0
    #: a frame that began must be complete after so long
    frame_s: float = 30.0
    #: a connection must have logged in after so long
    login_s: float = 60.0
    #: silent heartbeat periods after which a connection is dead
    idle_heartbeats: float = 2.5
    #: a connection without a login that is older makes room for a new one where there are too many
    room_s: float = 5.0
    #: connections from one address (a carrier may put many terminals behind one), and all together
    sessions_per_address: int = 1000
    sessions: int = 19_000
    #: refused frames (other address, before login, wrong password) before the connection is closed
    strikes: int = 8
    #: requests that wait for one terminal
    queue: int = 2000
    #: finished commands that are remembered
    commands: int = 10_000
    #: values of answers that they hold together
    command_values: int = 1_000_000
    #: values that are read of one answer to a command, and kept of all its answers: what more of them can be stored is
    #: among the readings
    answer_values: int = 20_000
    values_per_command: int = 100_000
    #: rows that wait for the database before reading from connections pauses
    backlog_rows: int = 400_000
    #: frames of one answer, and octets of it and of all together while they are incomplete
    answer_frames: int = 512
    answer_octets: int = 2_000_000
    answers_octets: int = 64_000_000


@dataclass(frozen=True, slots=True)
class TimeRules:
    """When a terminal's clock is read and set.

    Spec: State Grid clock management rule (seen through a question page): 1 to 15 min corrected, faulty above 5 min
    after two corrections in a month, never near 00:00 or the full hour
    """

    #: seconds between readings of a terminal's clock; 0: never
    check_s: float = 86400.0
    #: first reading after a login
    first_check_s: float = 120.0
    #: offsets between these are corrected, s
    correct_from_s: float = 60.0
    correct_to_s: float = 900.0
    #: after ``corrections`` in a month an offset beyond this is a fault
    faulty_s: float = 300.0
    corrections: int = 2
    #: distance kept from 00:00 and from full hours, s
    guard_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How the center works."""

    profile: Profile = DEFAULT
    #: its own number MSA, 1..127
    master: int = 1
    #: an answer, and the next frame of a long one, is waited for so long
    answer_s: float = 20.0
    retries: int = 2
    #: a command is given up after so long, sent or not
    command_s: float = 300.0
    #: FCB is toggled with every request and kept on a repetition
    frame_count: bool = True
    #: minutes for which control commands are valid (Tp); 0: no time stamp
    control_delay_min: int = 0
    #: points asked for in one request of a task, and values of a curve
    points_per_request: int = 32
    values_per_request: int = 400
    #: a terminal's gaps are asked for so long after its login
    recollect_login_s: float = 30.0
    #: events are fetched when the terminal says that there are some
    fetch_events: bool = True
    #: a group of rows waits at most so long, in seconds, and has at most so many rows
    commit_s: float = 0.02
    commit_rows: int = 50_000
    limits: Limits = field(default_factory=Limits)
    time: TimeRules = field(default_factory=TimeRules)
