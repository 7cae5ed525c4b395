"""What a receiver hears when sender and receiver do not agree on the character format or the rate."""

from __future__ import annotations

from rig.ports.byte_link import LineSettings


def hear(data: bytes, sent: LineSettings, heard: LineSettings) -> bytes:
    """Octets a receiver set to ``heard`` takes from a line on which ``data`` was sent with ``sent``.

    The line is drawn bit by bit and sampled in the middle of the receiver's bits; characters with a wrong parity
    or stop bit are dropped, as most meters drop them.
    """
    if sent == heard:
        return data
    levels = _draw(data, sent)
    bit = sent.baud / heard.baud
    octets = bytearray()
    position = 0.0
    while True:
        try:
            start = levels.index(0, int(position + 0.999999))
        except ValueError:
            return bytes(octets)
        octet, length = _sample(levels, start, bit, heard)
        if octet is not None:
            octets.append(octet)
        position = start + length


def _draw(data: bytes, settings: LineSettings) -> bytearray:
    """Levels of the line, one entry a bit of the sender: start 0, data low bit first, parity, stop 1."""
    levels = bytearray()
    for octet in data:
        value = octet & ((1 << settings.data_bits) - 1)
        levels.append(0)
        levels.extend(value >> index & 1 for index in range(settings.data_bits))
        if settings.parity != "N":
            levels.append(_parity(value, settings.parity))
        levels.extend(b"\x01" * settings.stop_bits)
    return levels


def _parity(value: int, parity: str) -> int:
    return value.bit_count() & 1 ^ (parity == "O")


def _sample(levels: bytearray, start: int, bit: float, heard: LineSettings) -> tuple[int | None, float]:
    """Octet (None when parity or stop bit is wrong) and the length of the character in bits of the sender."""

    def level(index: int) -> int:
        moment = int(start + (index + 0.5) * bit)
        return levels[moment] if moment < len(levels) else 1

    if level(0):
        return None, 1.0
    value = sum(level(1 + index) << index for index in range(heard.data_bits))
    index = 1 + heard.data_bits
    good = True
    if heard.parity != "N":
        good = level(index) == _parity(value, heard.parity)
        index += 1
    good = good and level(index) == 1
    return (value if good else None), max((index + 0.5) * bit, 1.0)
