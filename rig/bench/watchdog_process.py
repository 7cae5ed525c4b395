"""The watchdog's own process: switches a source off when the run that started it dies or freezes.

Started by :class:`rig.bench.watchdog.Watchdog` in a session of its own, so that no signal to the run reaches it. The run writes
lines to its standard input: ``beat`` shows life, ``disarm`` ends the watch. The end of the pipe without ``disarm``, silence longer
than the heartbeat timeout, another parent, or SIGTERM make it act: its own VISA connection, output off, verified, and a note.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from rig.clock import SystemClock
from rig.errors import RigError

#: tries to reach the source before giving up, and seconds between them
ATTEMPTS, PAUSE_S = 20, 0.5
#: a command of the dying run may still be on its way: the output must stay off this long, in seconds
STAYS_OFF_S = 0.3
#: how often the parent is looked at, in seconds
PARENT_CHECK_S = 0.5


class SwitchableSource(Protocol):
    """What the watchdog needs of a driver."""

    def output_off(self) -> None:
        """Switch off."""
        ...

    def output_is_on(self) -> bool:
        """Ask whether the output is on."""
        ...

    def close(self) -> None:
        """Leave the session."""
        ...


class SourceDriver(Protocol):
    """A driver class with its constructor."""

    def open(self, resource: str, *, timeout_s: float = 2.0) -> SwitchableSource:
        """Connect to a source."""
        ...


def load_driver(name: str) -> SourceDriver:
    """Driver class by its name in the entry point group ``rig.instruments``.

    Raises:
        LookupError: there is no such driver, or it is no source.
    """
    found = {point.name: point for point in entry_points(group="rig.instruments")}
    if name not in found:
        raise LookupError(f"no driver named {name!r}; installed: {', '.join(sorted(found)) or 'none'}")
    driver: SourceDriver = found[name].load()
    if not hasattr(driver, "output_off"):
        raise LookupError(f"{name!r} is no source: it has no output to switch off")
    return driver


class _Watch:
    """Waits for a reason to act."""

    def __init__(self, heartbeat_timeout_s: float) -> None:
        self._clock = SystemClock()
        self._timeout_s = heartbeat_timeout_s
        self._parent = os.getppid()
        self._terminated = False
        signal.signal(signal.SIGTERM, self._note_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _note_signal(self, _number: int, _frame: object) -> None:
        self._terminated = True

    def reason(self, descriptor: int) -> str | None:
        """Why to act, or None after ``disarm``."""
        last_beat_s = self._clock.now_s()
        buffered = b""
        while True:
            if self._terminated:
                return "the watchdog was asked to terminate"
            if os.getppid() != self._parent:
                return "the run is gone"
            if self._clock.now_s() - last_beat_s > self._timeout_s:
                return f"no sign of life for {self._timeout_s:g} s"
            ready, _, _ = select.select([descriptor], [], [], min(PARENT_CHECK_S, self._timeout_s))
            if not ready:
                continue
            data = os.read(descriptor, 4096)
            if not data:
                return "the run ended without disarming the watchdog"
            *lines, buffered = (buffered + data).split(b"\n")
            if b"disarm" in lines:
                return None
            last_beat_s = self._clock.now_s()


def switch_off(driver: SourceDriver, resource: str) -> tuple[bool, int, str]:
    """Switch the source off and make sure that it stays off.

    Returns:
        whether the output is verified to be off, the number of attempts, and the last thing that went wrong.
    """
    clock = SystemClock()
    trouble = ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            source = driver.open(resource)
            try:
                source.output_off()
                clock.wait_until(clock.now_s() + STAYS_OFF_S)
                if not source.output_is_on():
                    return True, attempt, trouble
                trouble = "the output was on again"
            finally:
                source.close()
        except RigError as error:
            trouble = str(error)
        clock.wait_until(clock.now_s() + PAUSE_S)
    return False, ATTEMPTS, trouble


def write_note(path: Path, note: dict[str, object]) -> None:
    """Write the note in one step, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def main(arguments: list[str] | None = None) -> int:
    """Watch, and act once; 0 when disarmed or the output is verified off, 2 on a wrong argument, 3 when it may be on."""
    parser = argparse.ArgumentParser(
        description="Switches a source off when the run that started it dies or freezes."
    )
    parser.add_argument("--driver", required=True, help="name in the entry point group rig.instruments")
    parser.add_argument("--resource", required=True, help="VISA resource of the source")
    parser.add_argument("--note", required=True, type=Path, help="file to write when it had to act")
    parser.add_argument(
        "--heartbeat-timeout", required=True, type=float, help="silence that counts as frozen, in s"
    )
    options = parser.parse_args(arguments)
    try:
        driver = load_driver(options.driver)
    except (LookupError, ImportError, AttributeError) as error:
        sys.stdout.write(f"ERROR {error}\n")
        return 2
    watch = _Watch(options.heartbeat_timeout)
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    reason = watch.reason(sys.stdin.fileno())
    if reason is None:
        return 0
    is_off, attempts, trouble = switch_off(driver, options.resource)
    note = {
        "reason": reason,
        "driver": options.driver,
        "resource": options.resource,
        "when": SystemClock().wall().isoformat(timespec="seconds"),
        "output_verified_off": is_off,
        "attempts": attempts,
        "trouble": trouble,
    }
    write_note(options.note, note)
    return 0 if is_off else 3


if __name__ == "__main__":
    sys.exit(main())
