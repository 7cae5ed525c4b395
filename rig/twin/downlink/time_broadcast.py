"""The time in a DL/T 645 time broadcast, moved on by what queue and medium took."""

from __future__ import annotations

from datetime import timedelta

from rig.errors import LocalProtocolError, RemoteProtocolError
from rig.protocols.dlt645.control import Function
from rig.protocols.dlt645.frame import Frame, decode_frame, encode
from rig.protocols.dlt645.messages import broadcast_time, parse_request


def is_time_broadcast(frame: Frame | None) -> bool:
    """Whether the frame sets clocks by broadcast."""
    return frame is not None and frame.control == Function.BROADCAST_TIME


def moved_on(octets: bytes, seconds: float) -> bytes:
    """The same broadcast with its time later by whole seconds; octets that are no time broadcast stay as they are.

    Spec: DL/T 645-2007, function 08H
    """
    shift_s = int(seconds + 0.5)
    if not shift_s:
        return octets
    try:
        frame = decode_frame(octets)
        if not is_time_broadcast(frame):
            return octets
        when = parse_request(frame).at
        if when is None:
            return octets
        later = broadcast_time(when + timedelta(seconds=shift_s), address=frame.address)
        return octets[: frame.preamble] + encode(later)
    except (RemoteProtocolError, LocalProtocolError):
        return octets
