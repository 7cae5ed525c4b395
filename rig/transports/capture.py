"""Captures: records to pcapng and back, and fuzzed frames, all by the capture process (scapy is GPL, we are not)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import rig
from rig.errors import BenchError, ConfigError
from rig.transports.record import ExchangeRecord

#: direction in pcapng: packets we received are inbound
_DIRECTIONS = {"answer": 1, "request": 2}
#: seconds that the process may take to end
_END_S = 10.0


class CaptureProcess:
    """The capture process, started when first needed and kept: a run writes one capture a case.

    ``submit`` does not wait for the file; ``flush`` does and tells what went wrong. Not for several threads.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._pending: list[Path] = []

    def submit(self, path: Path, records: Iterable[ExchangeRecord]) -> None:
        """Have records written to ``path`` as pcapng (link type 147, one packet a record); returns at once."""
        self._send({"job": "write", "path": str(path), "packets": [_packet(record) for record in records]})
        self._pending.append(path)

    def flush(self) -> None:
        """Wait until everything submitted is on disk.

        Raises:
            BenchError: names the first file that could not be written.
        """
        failed: list[str] = []
        while self._pending:
            path = self._pending.pop(0)
            answer = self._receive()
            if not answer["ok"]:
                failed.append(f"cannot write {path}: {answer['error']}")
        if failed:
            raise BenchError(failed[0])

    def write(self, path: Path, records: Iterable[ExchangeRecord]) -> None:
        """Write records to ``path`` and wait for it."""
        self.submit(path, records)
        self.flush()

    def read(self, path: Path) -> list[ExchangeRecord]:
        """Records of a capture; one that the rig did not write gives directions and times as far as it has them.

        Raises:
            ConfigError: the file is no capture.
        """
        answer = self._ask({"job": "read", "path": str(path)})
        if not answer["ok"]:
            raise ConfigError(
                f"cannot read the capture: {answer['error']}",
                file=str(path),
                hint="give a pcapng or pcap file",
            )
        return [_record(packet) for packet in answer["packets"]]

    def fuzzed_frames(self, seed: int, count: int) -> list[bytes]:
        """``count`` fuzzed DL/T 645 frames, good and broken; the same for the same seed."""
        answer = self._ask({"job": "fuzz", "seed": seed, "count": count})
        if not answer["ok"]:
            raise BenchError(f"capture process: {answer['error']}")
        return [bytes.fromhex(frame) for frame in answer["frames"]]

    def close(self) -> None:
        """Finish what was submitted and end the process; closing twice is harmless."""
        process = self._process
        if process is None:
            return
        try:
            self.flush()
        finally:
            self._process = None
            _end(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, job: dict[str, Any]) -> dict[str, Any]:
        self.flush()
        self._send(job)
        return self._receive()

    def _send(self, job: dict[str, Any]) -> None:
        if self._process is None:
            self._process = _start()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise BenchError(f"capture process: {error}; is scapy installed?") from error

    def _receive(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("the capture process ended; is scapy installed?")
        answer: dict[str, Any] = json.loads(line)
        return answer


def write_capture(path: Path, records: Iterable[ExchangeRecord]) -> None:
    """Write one capture with a process started for it."""
    with CaptureProcess() as process:
        process.write(path, records)


def read_capture(path: Path) -> list[ExchangeRecord]:
    """Read one capture with a process started for it."""
    with CaptureProcess() as process:
        return process.read(path)


def _start() -> subprocess.Popen[str]:
    """The process finds this very package, installed or not."""
    here = str(Path(rig.__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH")) if part)
    return subprocess.Popen(
        [sys.executable, "-m", "rig.transports.capture_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
    )


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _packet(record: ExchangeRecord) -> dict[str, Any]:
    """The first comment is for people, the second one has what pcapng has no place for."""
    details = {
        "direction": record.direction,
        "first_s": record.first_s,
        "last_s": record.last_s,
        "wall_first": record.wall_first.isoformat(),
        "wall_last": record.wall_last.isoformat(),
        "longest_gap_s": record.longest_gap_s,
        "decode": record.decode,
    }
    return {
        "data": record.data.hex(),
        "time": f"{record.wall_first.timestamp():.6f}",
        "link": record.link,
        "direction": _DIRECTIONS[record.direction],
        "comments": [
            f"{record.direction}: {record.decode}".rstrip(": "),
            json.dumps(details, ensure_ascii=False),
        ],
    }


def _record(packet: dict[str, Any]) -> ExchangeRecord:
    data = bytes.fromhex(packet["data"])
    details = _details(packet["comments"])
    if details is None:
        first_s = float(packet["time"])
        wall = datetime.fromtimestamp(0) + timedelta(seconds=first_s)  # noqa: DTZ006 - local wall time
        direction = "request" if packet["direction"] == _DIRECTIONS["request"] else "answer"
        text = "; ".join(packet["comments"])
        return ExchangeRecord(packet["link"], direction, first_s, first_s, wall, wall, data, 0.0, text)  # type: ignore[arg-type]
    return ExchangeRecord(
        link=packet["link"],
        direction=details["direction"],
        first_s=details["first_s"],
        last_s=details["last_s"],
        wall_first=datetime.fromisoformat(details["wall_first"]),
        wall_last=datetime.fromisoformat(details["wall_last"]),
        data=data,
        longest_gap_s=details["longest_gap_s"],
        decode=details["decode"],
    )


def _details(comments: list[str]) -> dict[str, Any] | None:
    """What ``_packet`` put into the second comment; None for packets of others."""
    if len(comments) != 2:
        return None
    try:
        details = json.loads(comments[1])
    except ValueError:
        return None
    return details if isinstance(details, dict) and "wall_first" in details else None
