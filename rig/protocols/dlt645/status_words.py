"""Status and mode words: what each bit says.

Spec: DL/T 645-2007, annex C; the prepaid reading of word 3 is a State Grid extension
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rig.errors import LocalProtocolError
from rig.protocols.dlt645.profile import DEFAULT, Profile

_PHASE_FAULTS: Final[Mapping[int, str]] = {
    0: "loss of voltage",
    1: "under-voltage",
    2: "over-voltage",
    3: "loss of current",
    4: "over-current",
    5: "overload",
    6: "power reversal",
    7: "phase loss",
}
#: word 1..7 -> bit -> meaning when the bit is set
STATUS_WORDS: Final[Mapping[int, Mapping[int, str]]] = {
    1: {
        1: "demand by block",
        2: "clock battery low",
        3: "meter reading battery low",
        4: "active power reversed",
        5: "reactive power reversed",
    },
    2: {
        0: "phase A active power reversed",
        1: "phase B active power reversed",
        2: "phase C active power reversed",
        4: "phase A reactive power reversed",
        5: "phase B reactive power reversed",
        6: "phase C reactive power reversed",
    },
    3: {
        0: "second day table runs",
        1: "auxiliary supply",
        2: "battery supply",
        3: "programming allowed",
        4: "relay open",
    },
    4: {bit: f"phase A {fault}" for bit, fault in _PHASE_FAULTS.items()},
    5: {bit: f"phase B {fault}" for bit, fault in _PHASE_FAULTS.items()},
    6: {bit: f"phase C {fault}" for bit, fault in _PHASE_FAULTS.items()},
    7: {
        0: "voltage phase order",
        1: "current phase order",
        2: "voltage unbalance",
        3: "current unbalance",
        4: "auxiliary supply lost",
        5: "power off",
        6: "demand over limit",
    },
}
#: bits that prepaid meters add to word 3
STATUS_WORD_3_PREPAID: Final[Mapping[int, str]] = {
    8: "money prepaid",
    9: "energy prepaid",
    12: "keep supply",
    13: "authentication valid",
    15: "account not opened",
}
#: bits of the load record mode word 04000901
LOAD_MODE: Final[Mapping[int, str]] = {
    0: "voltage, current, frequency",
    1: "active and reactive power",
    2: "power factor",
    3: "active and reactive energy",
    4: "four-quadrant reactive energy",
    5: "demand",
}
#: bits of the freeze mode words 04000902..06
FREEZE_MODE: Final[Mapping[int, str]] = {
    0: "forward active energy",
    1: "reverse active energy",
    2: "combined reactive energy 1",
    3: "combined reactive energy 2",
    4: "four-quadrant reactive energy",
    5: "forward active demand",
    6: "reverse active demand",
    7: "variables",
}
#: bit of status word 3 that says the relay is open
RELAY_OPEN: Final = 1 << 4


def status_meanings(word: int, value: int, profile: Profile = DEFAULT) -> tuple[str, ...]:
    """What the set bits of status word 1..7 (0..65535) say; a bit without meaning is ``bit n``.

    Raises:
        LocalProtocolError: code ``value``: there is no such word.
    """
    names = STATUS_WORDS.get(word)
    if names is None:
        raise LocalProtocolError("no such status word", code="value", expected="1..7", got=word)
    extra = STATUS_WORD_3_PREPAID if word == 3 and profile.status_word_3 == "prepaid" else {}
    return tuple(names.get(bit) or extra.get(bit) or f"bit {bit}" for bit in range(16) if value >> bit & 1)
