"""Hashes of what a run was made from, so that two runs can be compared and a resumed one is the same run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.bench.binding import Bench


def hashes_of(bench: Bench, profile_sha256: str = "") -> dict[str, str]:
    """SHA-256 of the bench file, of each declaration file and of the lab profile."""
    found = {"bench": hashlib.sha256(bench.path.read_bytes()).hexdigest()}
    for device_id, declaration in bench.declarations.items():
        if declaration.sha256:
            found[f"declaration.{device_id}"] = declaration.sha256
    if profile_sha256:
        found["profile"] = profile_sha256
    return found
