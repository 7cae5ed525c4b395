"""Messages of several frames: cut into frames that fit, and put together again.

Spec: Q/GDW 376.1-2009, frame sequence field SEQ: FIR, FIN and the running number
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.gdw1376_1.control import FINAL, FIRST, SEQUENCE_MASK
from rig.protocols.gdw1376_1.frame import Frame, shortest_user_data
from rig.protocols.gdw1376_1.profile import DEFAULT, Profile

CLAUSE: Final = "Q/GDW 376.1-2009 frame sequence field SEQ"
#: more frames than this in one transfer are refused
MAX_FRAMES: Final = 4096


def split(
    frame: Frame, units: Sequence[bytes], tail: bytes = b"", *, profile: Profile = DEFAULT
) -> list[Frame]:
    """Frames that carry whole data units, as many as fit in each.

    Args:
        frame: control, address, function and first number of the frames; its own body is not used.
        units: identifier and data of each unit.
        tail: additional information that every frame carries.
        profile: says how long user data may be.

    Raises:
        LocalProtocolError: code ``length``: a unit does not fit into a frame of its own.
    """
    room = profile.max_user_data - shortest_user_data(profile) - len(tail)
    bodies: list[bytes] = [b""]
    for unit in units:
        if len(unit) > room:
            raise LocalProtocolError(
                "a data unit does not fit into one frame",
                code="length",
                expected=room,
                got=len(unit),
                clause=CLAUSE,
            )
        if len(bodies[-1]) + len(unit) > room:
            bodies.append(b"")
        bodies[-1] += unit
    last = len(bodies) - 1
    plain = frame.seq & ~(FIRST | FINAL | SEQUENCE_MASK)
    return [
        replace(
            frame,
            body=body + tail,
            seq=plain
            | (FIRST if place == 0 else 0)
            | (FINAL if place == last else 0)
            | ((frame.seq + place) & SEQUENCE_MASK),
        )
        for place, body in enumerate(bodies)
    ]


class Assembler:
    """Collects the frames of one transfer of one terminal."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    @property
    def pending(self) -> int:
        """Frames held that wait for the rest."""
        return len(self._frames)

    def feed(self, frame: Frame) -> tuple[Frame, ...] | None:
        """One more frame; the whole transfer when it is the last, else None.

        A single frame marked as a last one without a first is taken as it is: real terminals send that.

        Raises:
            RemoteProtocolError: code ``sequence``: another first frame, a wrong number, or too many. What was
                collected is dropped; a first frame begins a new transfer.
        """
        sequence = frame.sequence
        if not self._frames:
            if sequence.final:
                return (frame,)
            if not sequence.first:
                raise self._error("middle frame without a first one", "FIR", frame)
            self._frames.append(frame)
            return None
        dropped = self._frames
        expected = (dropped[-1].sequence.number + 1) & SEQUENCE_MASK
        if sequence.first:
            self._frames = [] if sequence.final else [frame]
            raise self._error("first frame inside a transfer", f"number {expected}", frame)
        if sequence.number == dropped[-1].sequence.number and frame.body == dropped[-1].body:
            return None
        if sequence.number != expected or frame.afn != dropped[0].afn or len(dropped) >= MAX_FRAMES:
            self._frames = []
            raise self._error("frame out of order", f"number {expected}", frame)
        if not sequence.final:
            dropped.append(frame)
            return None
        self._frames = []
        return (*dropped, frame)

    def reset(self) -> None:
        """Forget what was collected."""
        self._frames = []

    def _error(self, message: str, expected: str, frame: Frame) -> RemoteProtocolError:
        return RemoteProtocolError(
            message, code="sequence", clause=CLAUSE, offset=13, expected=expected, got=f"{frame.seq:02X}"
        )
