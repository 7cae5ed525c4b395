"""Small hooks that the defects of command centers are made of.

A defect gets the emulated center as it runs in virtual time; terminals and connections come later, so what is to be
spoilt in them is spoilt as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final, Protocol

from rig.errors import RemoteProtocolError
from rig.protocols.gdw1376_1.frame import HEADER, OVERHEAD, Frame, checksum, decode_frame, encode

ROLE: Final = "ncc"
_START: Final = 0x68
#: what a defect of one center puts in place of a method: gets the method as it was, its object, its arguments
Change = Callable[..., Any]


class ACenter(Protocol):
    """What a defect touches of a command center."""

    core: Any
    store: Any
    service: Any
    listener: Any


def overrule(owner: object, name: str, change: Change) -> None:
    """Put ``change(plain, *arguments)`` in place of a method of this object alone."""
    setattr(owner, name, partial(change, getattr(owner, name)))


def nothing(*_: Any, **__: Any) -> None:
    """In place of a method that is never called."""


# --- terminals and connections as they come ----------------------------------------------------------------------------


def each_terminal(center: ACenter, spoil: Callable[[Any], None]) -> None:
    """Spoil every terminal of the archive, those that are known and those that will be."""
    spoilt: set[int] = set()

    def once(terminal: Any) -> Any:
        if id(terminal) not in spoilt:
            spoilt.add(id(terminal))
            spoil(terminal)
        return terminal

    for terminal in center.core.terminals():
        once(terminal)
    overrule(center.core, "_add", lambda plain, entry: once(plain(entry)))


def each_session(center: ACenter, name: str, change: Change) -> None:
    """Put ``change(plain, session, *arguments)`` in place of a method of every connection to come."""
    accept = center.core.accept

    def accepted(remote: str) -> Any:
        session = accept(remote)
        if session is not None:
            kind = type(session)
            plain = getattr(kind, name)

            def method(self: Any, *arguments: Any, **named: Any) -> Any:
                return change(partial(plain, self), self, *arguments, **named)

            session.__class__ = type(kind.__name__, (kind,), {"__slots__": (), name: method})
        return session

    center.core.accept = accepted
    center.listener.accept = accepted


# --- what the center says and hears ------------------------------------------------------------------------------------


def says(center: ACenter, change: Callable[[Frame], Frame | None]) -> None:
    """Change every frame that the center sends; None is not sent."""

    def send(plain: Callable[[bytes], None], _session: Any, data: bytes) -> None:
        made = change(decode_frame(data))
        if made is not None:
            plain(encode(made, strict=False))

    each_session(center, "send", send)


def hears(center: ACenter, change: Callable[[Frame], Frame | None]) -> None:
    """Change every frame that comes in a piece of its own; None is not heard."""

    def received(plain: Callable[[bytes], None], _session: Any, data: bytes) -> None:
        frame = single(data)
        made = frame if frame is None else change(frame)
        if frame is None or made is frame:
            plain(data)
        elif made is not None:
            plain(encode(made, strict=False))

    each_session(center, "received", received)


def single(data: bytes) -> Frame | None:
    """The frame that a piece of octets is; None when it is none, or more than one."""
    try:
        return decode_frame(data)
    except RemoteProtocolError:
        return None


def first_length(data: bytes) -> int:
    """Octets of the frame that begins here, by its header; 0: none begins."""
    if len(data) < HEADER or data[0] != _START or data[5] != _START:
        return 0
    return int.from_bytes(data[1:3], "little") // 4 + OVERHEAD


def mended(data: bytes) -> bytes:
    """The octets with a right checksum, when they are as long as a frame of theirs."""
    if first_length(data) != len(data):
        return data
    return data[:-2] + bytes((checksum(data[HEADER:-2]), data[-1]))


def renumbered(frame: Frame, number: int) -> Frame:
    """The frame under another PSEQ or RSEQ."""
    return replace(frame, seq=frame.seq & 0xF0 | number & 0x0F)


# --- what the center stores --------------------------------------------------------------------------------------------


def rows(center: ACenter, change: Callable[[list[tuple[int, ...]]], list[tuple[int, ...]]]) -> None:
    """Change the rows that go to the database: day, terminal, point, quantity, second, tariff, value, received, source."""

    def add(plain: Callable[..., None], made: list[tuple[int, ...]], *more: Any, **named: Any) -> None:
        plain(change(made), *more, **named)

    overrule(center.core.journal, "add", add)


def each_row(center: ACenter, change: Callable[[tuple[int, ...]], tuple[int, ...] | None]) -> None:
    """Change every row; None is not stored."""
    rows(center, lambda made: [row for row in map(change, made) if row is not None])


def in_row(row: tuple[int, ...], **changed: int) -> tuple[int, ...]:
    """A row with other entries."""
    names = ("day", "terminal", "point", "quantity", "second", "tariff", "value", "received", "source")
    return tuple(changed.get(name, value) for name, value in zip(names, row, strict=True))
