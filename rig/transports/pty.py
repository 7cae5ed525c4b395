"""Pseudo-terminals in raw mode: a serial port without hardware."""

from __future__ import annotations

import os
import termios
import tty
from types import TracebackType
from typing import Self

#: c_ospeed of tcgetattr -> bit/s
_SPEEDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
}


class PseudoTerminal:
    """A pair of ends: ``descriptor`` is ours, ``path`` is what a serial program opens.

    The far end is kept open, so that ours does not fail while no program has it open.
    """

    def __init__(self) -> None:
        self.descriptor, self._far_end = os.openpty()
        tty.setraw(self._far_end)
        self.path = os.ttyname(self._far_end)
        os.set_blocking(self.descriptor, False)
        self._closed = False

    def baud(self) -> int | None:
        """Rate in bit/s that the program set on its end, None when it is an unusual one."""
        return _SPEEDS.get(termios.tcgetattr(self._far_end)[5])

    def close(self) -> None:
        """Close both ends; closing twice is harmless."""
        if not self._closed:
            self._closed = True
            os.close(self.descriptor)
            os.close(self._far_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
