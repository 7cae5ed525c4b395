"""The watchdog's end in the run: arm it, show that we live, disarm it; everything else happens in its own process."""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from rig.errors import BenchError

#: seconds the process may take to start (it loads the driver first) and to leave
_START_S, _LEAVE_S = 20.0, 5.0


class Watchdog:
    """Switches the source off when this process dies or freezes.

    A thread beats by itself while the process runs, so that a wait of hours needs no care; a frozen or stopped process does not
    beat. The note file tells afterwards what was done.

    Args:
        driver_name: name of the driver in the entry point group ``rig.instruments``.
        resource: VISA resource of the source.
        note_path: file that the watchdog writes when it had to act.
        heartbeat_timeout_s: silence after which this process counts as frozen, in seconds.
    """

    def __init__(
        self, driver_name: str, resource: str, note_path: Path, *, heartbeat_timeout_s: float = 30.0
    ) -> None:
        self.driver_name = driver_name
        self.resource = resource
        self.note_path = note_path
        self.heartbeat_timeout_s = heartbeat_timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._beating: threading.Thread | None = None
        self._stop = threading.Event()
        self._pipe_lock = threading.Lock()

    @property
    def armed(self) -> bool:
        """Whether the watchdog process watches at this moment."""
        return self._process is not None and self._process.poll() is None

    def arm(self) -> None:
        """Start the watchdog process; returns when it has confirmed that it watches.

        Raises:
            BenchError: it does not start, or there is no such driver.
        """
        if self._process is not None:
            raise BenchError("the watchdog is armed already")
        self.note_path.unlink(missing_ok=True)
        command = [
            *(sys.executable, "-m", "rig.bench.watchdog_process"),
            *("--driver", self.driver_name, "--resource", self.resource),
            *("--note", str(self.note_path), "--heartbeat-timeout", str(self.heartbeat_timeout_s)),
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )
        answer = self._first_line(self._process)
        if answer != "READY":
            self._leave()
            raise BenchError(
                f"the watchdog did not start: {answer.removeprefix('ERROR ') or 'it gave no answer'}"
            )
        self._stop.clear()
        self._beating = threading.Thread(target=self._beat_on, name="watchdog heartbeat", daemon=True)
        self._beating.start()

    @staticmethod
    def _first_line(process: subprocess.Popen[bytes]) -> str:
        if process.stdout is None:
            return ""
        ready, _, _ = select.select([process.stdout], [], [], _START_S)
        return process.stdout.readline().decode(errors="replace").strip() if ready else ""

    def beat(self) -> None:
        """Show that the run is alive.

        Raises:
            BenchError: the watchdog is gone, so nobody would switch the source off; or it has acted, so the source is off.
        """
        if not self._write(b"beat\n"):
            acted = f"; it has acted, see {self.note_path}" if self.note_path.exists() else ""
            raise BenchError(f"the watchdog of {self.resource} is gone{acted}")

    def disarm(self) -> None:
        """End the watch; the source is left as it is. Disarming twice is harmless."""
        if self._process is None:
            return
        self._stop.set()
        if self._beating is not None:
            self._beating.join()
            self._beating = None
        self._write(b"disarm\n")
        self._leave()

    def _beat_on(self) -> None:
        while not self._stop.wait(self.heartbeat_timeout_s / 6.0):
            if not self._write(b"beat\n"):
                return

    def _write(self, data: bytes) -> bool:
        """Whether the watchdog could be told."""
        with self._pipe_lock:
            if self._process is None or self._process.stdin is None or self._process.poll() is not None:
                return False
            try:
                self._process.stdin.write(data)
            except OSError:
                return False
        return True

    def _leave(self) -> None:
        """Let the process go; one that does not go is killed, for we are alive and responsible."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        self.arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()
