"""Defects of terminals in login, heartbeat, repeats and the way back to the command center."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rig.protocols.gdw1376_1.control import FUNCTION_MASK, Afn
from rig.protocols.gdw1376_1.frame import Frame
from rig.twin.defects import Parameter, defect
from rig.twin.defects.terminal_hooks import ROLE, on_answer, overrule, own
from rig.twin.devices.terminal.uplink import Outgoing

if TYPE_CHECKING:
    from rig.twin.build_terminal import EmulatedTerminal

_LOGIN_UNIT = b"\x00\x00\x01\x00"
#: periods in the menu of a bad terminal, in minutes
_MENU = frozenset((1, 5, 10, 15, 30, 60))


def _login(asked: Frame | None, frame: Frame) -> bool:
    return asked is None and frame.afn == Afn.LINK and frame.body.startswith(_LOGIN_UNIT)


@defect(
    "terminal-login-with-data-function",
    "logs in with the link function of a class 1 request",
    "5.3",
    role=ROLE,
)
def login_with_data_function(device: EmulatedTerminal, _: Parameter) -> None:
    """Function 10 in place of 9."""
    on_answer(device, _login, lambda _, frame: replace(frame, control=frame.control & ~FUNCTION_MASK | 10))


@defect("terminal-login-without-confirmation", "logs in without asking for a confirmation", "5.3", role=ROLE)
def login_without_confirmation(device: EmulatedTerminal, _: Parameter) -> None:
    """Takes an open connection for a login that was heard."""
    uplink, encode = device.terminal.uplink, device.wire.encode
    logged_in = own(uplink, "_logged_in")

    def unasking(outgoing: Outgoing, number: int) -> bytes:
        if outgoing.kind == "login":
            outgoing.confirm = False
            uplink.clock.call_at(uplink.clock.now_s(), logged_in)
        return encode(outgoing, number)

    overrule(device.wire, "encode", unasking)


@defect(
    "terminal-login-with-master-address", "puts the master's address into its login", "4.3.3.3", role=ROLE
)
def login_with_master_address(device: EmulatedTerminal, _: Parameter) -> None:
    """Remembers who asked last."""
    on_answer(device, _login, lambda _, frame: replace(frame, address=replace(frame.address, master=1)))


@defect("terminal-heartbeat-before-login", "sends a heartbeat before it logs in", "5.3", role=ROLE)
def heartbeat_before_login(device: EmulatedTerminal, _: Parameter) -> None:
    """The heartbeat's timer does not know of the login."""
    encode = device.wire.encode

    def early(outgoing: Outgoing, number: int) -> bytes:
        made = encode(outgoing, number)
        if outgoing.kind != "login":
            return made
        return encode(Outgoing("heartbeat", confirm=False), number) + made

    overrule(device.wire, "encode", early)


@defect(
    "terminal-heartbeat-period-fixed",
    "knows only the heartbeat periods of its menu, 15 min for others",
    "5.5 F1",
    role=ROLE,
)
def heartbeat_period_fixed(device: EmulatedTerminal, _: Parameter) -> None:
    """Confirms any period and keeps to its own."""
    communication = device.terminal.uplink.communication

    def of_menu() -> object:
        found = communication()
        return found if found.heartbeat_min in _MENU else replace(found, heartbeat_min=15)

    overrule(device.terminal.uplink, "communication", of_menu)


@defect("terminal-own-number-constant", "numbers every frame of its own with 0", "4.3.4.3", role=ROLE)
def own_number_constant(device: EmulatedTerminal, _: Parameter) -> None:
    """PFC is never counted up."""
    encode = device.wire.encode

    def unnumbered(outgoing: Outgoing, _: int) -> bytes:
        outgoing.number = 0
        return encode(outgoing, 0)

    overrule(device.wire, "encode", unnumbered)


@defect("terminal-login-not-repeated", "waits forever for the confirmation of its login", "4.4", role=ROLE)
def login_not_repeated(device: EmulatedTerminal, _: Parameter) -> None:
    """Its timer is started after the login."""
    expired = own(device.terminal.uplink, "_expired")

    def patient(outgoing: Outgoing) -> None:
        if outgoing.kind != "login":
            expired(outgoing)

    overrule(device.terminal.uplink, "_expired", patient)


@defect(
    "terminal-repeat-wait-ignored",
    "waits for confirmations as long as it likes",
    "5.5 F1",
    role=ROLE,
    default=60,
    unit="s",
)
def repeat_wait_ignored(device: EmulatedTerminal, wait_s: Parameter) -> None:
    """Confirms the parameter and keeps to a constant."""
    communication = device.terminal.uplink.communication
    fixed = int(wait_s or 0)
    overrule(device.terminal.uplink, "communication", lambda: replace(communication(), wait_s=fixed))


@defect("terminal-repeat-with-new-number", "repeats a heartbeat with the next number", "4.4", role=ROLE)
def repeat_with_new_number(device: EmulatedTerminal, _: Parameter) -> None:
    """A repeat is a new frame, its maker thought."""
    expired = own(device.terminal.uplink, "_expired")

    def renewed(outgoing: Outgoing) -> None:
        if outgoing.kind == "heartbeat":
            outgoing.octets = b""
        expired(outgoing)

    overrule(device.terminal.uplink, "_expired", renewed)


@defect(
    "terminal-lost-heartbeats-ignored",
    "stays on a connection on which no heartbeat is confirmed",
    "4.4",
    role=ROLE,
)
def lost_heartbeats_ignored(device: EmulatedTerminal, _: Parameter) -> None:
    """As long as TCP does not complain the line is up, its maker thought."""
    uplink = device.terminal.uplink
    expired = own(uplink, "_expired")

    def content(outgoing: Outgoing) -> None:
        if outgoing.kind == "heartbeat" and outgoing.attempts > uplink.communication().retries:
            uplink.confirmed(outgoing.number)
        else:
            expired(outgoing)

    overrule(uplink, "_expired", content)


@defect(
    "terminal-redials-late", "calls again only after some minutes", "4.4", role=ROLE, default=300, unit="s"
)
def redials_late(device: EmulatedTerminal, pause_s: Parameter) -> None:
    """The pause that was meant for a failing network comes after every loss."""
    first_s = float(pause_s or 0)
    device.terminal.uplink.redial_s = (first_s, 2 * first_s)


@defect(
    "terminal-gives-up-dialling",
    "stops calling after some failures",
    "4.4",
    role=ROLE,
    default=40,
    unit="count",
)
def gives_up_dialling(device: EmulatedTerminal, most: Parameter) -> None:
    """Waits for somebody to press a key."""
    uplink = device.terminal.uplink
    fail = own(uplink, "_fail")

    def tired(reason: str) -> None:
        fail(reason)
        if int(own(uplink, "_failures")) >= int(most or 0):
            uplink.stop()

    overrule(uplink, "_fail", tired)


@defect("terminal-backup-never-called", "calls the main address only", "5.5 F3 backup", role=ROLE)
def backup_never_called(device: EmulatedTerminal, _: Parameter) -> None:
    """Keeps the second address and does not use it."""
    device.wire.behaviour.backup_used = False
