"""Profile: which edition and which reading of it holds where sources disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Provenance = Literal["seen", "recalled"]
Edition = Literal["2013", "2019"]

#: setting -> how sure its default is: ``seen`` in a source, or ``recalled`` (provisional)
_PROVENANCE: Mapping[str, Provenance] = MappingProxyType(
    {
        "edition": "recalled",
        "confirm_status_octets": "seen",
        "empty_node_list": "recalled",
        "collector_event_type": "recalled",
        "longest_frame": "recalled",
        "answer_limit_s": "seen",
        "monitor_timeout_s": "seen",
        "start_up_wait_s": "seen",
        "registration_silence_s": "seen",
        "registration_slot_s": "seen",
        "reset_pulse_s": "seen",
        "idle_bits_after_error": "seen",
    }
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One reading of the standard. Times in seconds.

    ``edition``: items that only the 2019 edition has are found in the older one with a finding; which items these
    are is provisional. ``confirm_status_octets``: 4 is the status word of 00 F1 with channels 1..31; 2 the older one
    with channels 1..15. ``empty_node_list``: how a node without sub-nodes is written in 06 F4, with a count of zero
    or without any count. ``collector_event_type``: the outage report of a collector begins with the kind of event;
    reading accepts both. ``longest_frame`` in octets is what a stream reader takes for a frame until the module tells
    its own limit (03 F10). ``answer_limit_s`` is for requests that the module answers itself, ``monitor_timeout_s``
    for those that cross the medium.
    """

    edition: Edition = "2019"
    confirm_status_octets: Literal[2, 4] = 4
    empty_node_list: Literal["with-count", "without-count"] = "with-count"
    collector_event_type: bool = True
    longest_frame: int = 4096
    answer_limit_s: float = 6.0
    monitor_timeout_s: float = 90.0
    start_up_wait_s: float = 60.0
    registration_silence_s: float = 600.0
    registration_slot_s: float = 0.150
    reset_pulse_s: float = 0.200
    idle_bits_after_error: int = 33
    provenance: Mapping[str, Provenance] = field(
        default_factory=lambda: _PROVENANCE, compare=False, repr=False, hash=False
    )


#: the edition that was read in full
DEFAULT = Profile()
#: the edition before it: without the outage and HPLC items
DEFAULT_2013 = Profile(edition="2013")
