"""Identity authentication with a documented software test key, in place of a real security chip.

The emulated meter cannot hold a real key. Its cipher is the first eight octets of HMAC-SHA256 under ``TEST_KEY`` over
random number and dispersal factor; anybody may compute it, so it proves nothing but the exchange.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import random

#: documented key of the emulated meters
TEST_KEY = b"smart-meter-rig software test key"
#: lifetime of an authentication until it is set, in seconds (recalled)
LIFETIME_S = 300.0


def cipher(random_1: bytes, dispersal: bytes, key: bytes = TEST_KEY) -> bytes:
    """Ciphertext (8 octets) that proves the master's identity to an emulated meter."""
    return hmac.new(key, random_1 + dispersal, hashlib.sha256).digest()[:8]


class Authentication:
    """State of the identity authentication.

    Spec: State Grid extension of DL/T 645-2007, function 03H (layout of 070000FF recalled)
    """

    def __init__(self, serial: bytes, draw: random.Random) -> None:
        self.serial = serial
        self.lifetime_s = LIFETIME_S
        self._draw = draw
        self._until_s = -math.inf

    def valid(self, epoch_s: float) -> bool:
        """Whether an authentication holds."""
        return epoch_s < self._until_s

    def begin(self, payload: bytes, epoch_s: float) -> bytes | None:
        """Ciphertext, random number 1 and dispersal (8 octets each) to random number 2 (4) and chip serial (8).

        None when the ciphertext is wrong.
        """
        ciphertext, random_1, dispersal = payload[:8], payload[8:16], payload[16:24]
        if len(payload) != 24 or not hmac.compare_digest(ciphertext, cipher(random_1, dispersal)):
            return None
        self._until_s = epoch_s + self.lifetime_s
        return self._draw.randbytes(4) + self.serial

    def end(self) -> None:
        """The authentication holds no longer."""
        self._until_s = -math.inf
