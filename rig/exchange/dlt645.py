"""DL/T 645 for the exchange machine: which frame answers which request."""

from __future__ import annotations

from rig.errors import RemoteProtocolError
from rig.exchange.exchange import Exchange
from rig.exchange.master import Master, Mismatch
from rig.protocols.dlt645.control import Function, Function1997
from rig.protocols.dlt645.frame import END, OVERHEAD, Frame, FrameReader, decode_frame
from rig.protocols.dlt645.messages import matches

#: edition -> function -> octets at the start of the data field that a normal answer repeats from the request
REPEATED_OCTETS: dict[str, dict[int, int]] = {
    "2007": {Function.READ_DATA: 4, Function.READ_FOLLOW_UP: 4, Function.SECURITY_AUTHENTICATION: 4},
    "1997": {Function1997.READ_DATA: 2, Function1997.READ_FOLLOW_UP: 2},
}


class Dlt645Dialect:
    """What answers what in one edition ("2007" or "1997")."""

    def __init__(self, edition: str = "2007") -> None:
        self._repeated = REPEATED_OCTETS[edition]

    def reader(self) -> FrameReader:
        """A fresh tolerant reader."""
        return FrameReader()

    def whole(self, data: bytes) -> Frame | None:
        """The frame when ``data`` is exactly one, else None."""
        if data[-1] != END or len(data) < OVERHEAD:
            return None
        try:
            return decode_frame(data)
        except RemoteProtocolError:
            return None

    def octets(self, frame: Frame) -> int:
        """Length of the frame on the line."""
        return OVERHEAD + len(frame.data) + frame.preamble

    def mismatch(self, request: Frame | None, frame: Frame) -> Mismatch | None:
        """None when ``frame`` answers ``request``: same function, address (wildcards seen), data identifier.

        Without a request every frame of a slave is an answer.

        Spec: DL/T 645-2007, 5.2.3 (address), 7.1 (answers repeat function and data identifier)
        """
        if not frame.control & 0x80:
            return _from_a_master(request, frame)
        if request is None:
            return None
        function = request.control & 0x1F
        if frame.control & 0x1F != function:
            return Mismatch(
                "function",
                "the answer belongs to another function",
                f"{request.control | 0x80:02X}",
                f"{frame.control:02X}",
                "DL/T 645-2007 5.2.4",
            )
        if (
            frame.address != request.address
            and function != Function.WRITE_ADDRESS
            and not matches(request.address, frame.address)
        ):
            return Mismatch(
                "address",
                "the answer carries another address",
                request.address,
                frame.address,
                "DL/T 645-2007 5.2.3",
            )
        repeated = self._repeated.get(function, 0)
        if repeated and not frame.control & 0x40 and frame.data[:repeated] != request.data[:repeated]:
            return Mismatch(
                "data-identifier",
                "the answer carries another data identifier",
                request.data[repeated - 1 :: -1].hex().upper(),
                frame.data[:repeated][::-1].hex().upper(),
                "DL/T 645-2007 7.1",
            )
        return None


def _from_a_master(request: Frame | None, frame: Frame) -> Mismatch:
    echo = request is None or (
        frame.control == request.control and frame.address == request.address and frame.data == request.data
    )
    return Mismatch(
        "direction", "a request of a master was heard", "D7 = 1", f"{frame.control:02X}", echo=echo
    )


def finish(master: Master[Frame]) -> Exchange:
    """The record of a finished exchange."""
    frame = master.frame
    findings = master.findings
    if frame is not None and frame.findings:
        findings = [*findings, *frame.findings]
    return Exchange(
        master.request,
        master.sent_burst,
        tuple(master.received_bursts),
        frame,
        tuple(master.noise),
        master.response_delay_s,
        master.longest_gap_s,
        master.attempts,
        master.uncertainty_s,
        tuple(findings),
        tuple(master.ignored),
    )
