"""Profile: which reading of the standard holds where sources disagree; the majority reading is the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Provenance = Literal["seen", "recalled"]

#: baud word as the one bit set (bits 1..6), the reading of four sources and of the captured frame
BAUD_BITS: Mapping[int, int] = MappingProxyType(
    {600: 0x02, 1200: 0x04, 2400: 0x08, 4800: 0x10, 9600: 0x20, 19200: 0x40}
)
#: the same table one bit lower, found in one gateway
BAUD_BITS_SHIFTED: Mapping[int, int] = MappingProxyType(
    {600: 0x01, 1200: 0x02, 2400: 0x04, 4800: 0x08, 9600: 0x10, 19200: 0x20}
)
#: BCD of rate / 300, found in one library
BAUD_BCD_300: Mapping[int, int] = MappingProxyType(
    {600: 0x02, 1200: 0x04, 2400: 0x08, 4800: 0x16, 9600: 0x32, 19200: 0x64}
)

#: setting -> how sure its default is: ``seen`` in a source, or ``recalled`` (provisional)
_PROVENANCE: Mapping[str, Provenance] = MappingProxyType(
    {
        "baud_words": "seen",
        "mac_cipher_level": "seen",
        "mac_plain_level": "seen",
        "block_end_mark": "seen",
        "freeze_separator": "recalled",
        "freeze_07": "recalled",
        "status_word_3": "seen",
        "time_order": "seen",
        "password_low_first": "recalled",
        "write_length_limit": "seen",
        "load_profile_classes": "seen",
        "lockout_threshold": "seen",
        "lockout_duration_s": "recalled",
        "lockout_reset": "recalled",
        "time_sync_limit_s": "seen",
        "freeze_day_limit": "seen",
        "response_delay_min_s": "seen",
        "response_delay_max_s": "seen",
        "byte_gap_max_s": "seen",
    }
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One reading of the standard.

    ``baud_words`` maps bit/s to the baud word Z. ``mac_cipher_level`` and ``mac_plain_level`` are the password
    levels that mean ciphertext+MAC and plaintext+MAC (98/99 in State Grid meters, 96/97 in Southern Grid ones).
    ``block_end_mark`` is what the device puts after a block (AA by the 1997 rule); reading accepts both.
    ``freeze_separator`` puts AA between the items of a freeze block; reading accepts both.
    ``password_low_first``: the last two digits of a password travel first, as BCD does elsewhere.
    ``lockout_duration_s`` counts only with ``lockout_reset`` "duration". Times in seconds.
    """

    edition: Literal["2007", "1997"] = "2007"
    baud_words: Mapping[int, int] = field(default_factory=lambda: BAUD_BITS)
    mac_cipher_level: int = 0x98
    mac_plain_level: int = 0x99
    block_end_mark: bool = False
    freeze_separator: bool = False
    freeze_07: Literal["ladder", "monthly"] = "ladder"
    status_word_3: Literal["base", "prepaid"] = "base"
    time_order: Literal["low-first", "high-first"] = "low-first"
    password_low_first: bool = True
    write_length_limit: int = 200
    load_profile_classes: Literal[5, 6] = 6
    lockout_threshold: int = 3
    lockout_duration_s: float = 24 * 3600.0
    lockout_reset: Literal["duration", "date-change"] = "duration"
    time_sync_limit_s: float = 300.0
    freeze_day_limit: int = 28
    response_delay_min_s: float = 0.020
    response_delay_max_s: float = 0.500
    byte_gap_max_s: float = 0.500
    provenance: Mapping[str, Provenance] = field(
        default_factory=lambda: _PROVENANCE, compare=False, repr=False
    )

    def __hash__(self) -> int:
        """Settings that change the tables; enough to tell profiles apart in a cache."""
        return hash((self.edition, self.freeze_07, self.status_word_3, self.block_end_mark, self.time_order))

    def baud_word(self, baud: int) -> int | None:
        """Baud word Z of a rate in bit/s, None when the profile has none."""
        return self.baud_words.get(baud)

    def baud_of(self, word: int) -> int | None:
        """Rate in bit/s of a baud word Z, None when it is not in the table."""
        return next((baud for baud, known in self.baud_words.items() if known == word), None)


#: DL/T 645-2007, majority reading
DEFAULT = Profile()
#: DL/T 645-1997, majority reading
DEFAULT_1997 = Profile(edition="1997", block_end_mark=True)
