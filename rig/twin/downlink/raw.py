"""Octets of no known protocol for the exchange machine: whatever comes until the line is quiet is the answer."""

from __future__ import annotations

from typing import Literal

from rig.exchange.master import Mismatch
from rig.protocols.stream import NEED_DATA, NeedData, Noise


class RawReader:
    """Collects octets; the silence behind them ends the answer."""

    def __init__(self) -> None:
        self._octets = b""
        self._ended = False

    def feed(self, data: bytes) -> None:
        """Add octets."""
        self._octets += data

    def next_frame(self) -> bytes | Noise | Literal[NeedData.NEED_DATA]:
        """All octets once the line went quiet."""
        if not self._ended or not self._octets:
            return NEED_DATA
        answer, self._octets = self._octets, b""
        return answer

    def idle(self) -> None:
        """The line went quiet."""
        self._ended = True


class RawDialect:
    """Anything answers anything."""

    def reader(self) -> RawReader:
        """A fresh reader."""
        return RawReader()

    def whole(self, data: bytes) -> bytes | None:  # noqa: ARG002 - only silence tells that an answer is whole
        """Never at once."""
        return None

    def mismatch(self, request: bytes | None, frame: bytes) -> Mismatch | None:  # noqa: ARG002
        """Everything fits."""
        return None

    def octets(self, frame: bytes) -> int:
        """Length on the line."""
        return len(frame)
