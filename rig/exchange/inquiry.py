"""What the inquiries of both protocols of the collection network share: where one stands, and how an error is told."""

from __future__ import annotations

from enum import IntEnum

from rig.errors import Finding, RemoteProtocolError


class State(IntEnum):
    """Where an inquiry stands."""

    READY = 0
    WAITING = 1
    ANSWERED = 2
    LISTENED = 3
    FAILED = 4


def finding_of(error: RemoteProtocolError) -> Finding:
    """The broken rule as a finding, with what was expected where the error knows it."""
    text = error.message
    if error.expected is not None or error.got is not None:
        text += f" (expected {error.expected}, got {error.got})"
    return Finding(error.code, text, error.offset, error.clause)
