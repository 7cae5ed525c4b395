"""The watchdog's end in the run: arm it, show that we live, disarm it; everything else happens in its own process."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self


class Watchdog:
    """Switches the source off when this process dies or freezes.

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

    def arm(self) -> None:
        """Start the watchdog process; returns when it has confirmed that it watches."""
        raise NotImplementedError

    def beat(self) -> None:
        """Show that the run is alive."""
        raise NotImplementedError

    def disarm(self) -> None:
        """End the watch; the source is left as it is. Disarming twice is harmless."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disarm()
