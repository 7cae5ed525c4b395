from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rig.ports.byte_link import LineSettings
from rig.transports.uart import hear


def test_same_settings_hear_everything() -> None:
    data = bytes(range(256))
    assert hear(data, LineSettings(), LineSettings()) == data


def test_a_receiver_of_equal_bits_hears_everything() -> None:
    """The waveform path itself, not the shortcut: two stop bits sent, one expected."""
    data = bytes(range(256))
    assert hear(data, LineSettings(stop_bits=2), LineSettings()) == data


def test_rates_within_two_percent_are_understood() -> None:
    data = bytes(range(256))
    assert hear(data, LineSettings(baud=2400), LineSettings(baud=2440)) == data


def test_wrong_parity_drops_every_character() -> None:
    assert hear(bytes(range(256)), LineSettings(parity="E"), LineSettings(parity="O")) == b""


def test_receiver_without_parity_takes_it_for_the_stop_bit() -> None:
    heard = hear(b"\x01\x03", LineSettings(parity="E"), LineSettings(parity="N"))
    assert heard == b"\x01"


@given(
    st.binary(max_size=60),
    st.sampled_from([600, 1200, 2400, 4800, 9600, 19200]),
    st.sampled_from([600, 1200, 2400, 4800, 9600, 19200]),
    st.sampled_from(["N", "E", "O"]),
)
def test_any_combination_ends(data: bytes, sent: int, heard: int, parity: str) -> None:
    result = hear(data, LineSettings(baud=sent), LineSettings(baud=heard, parity=parity))  # type: ignore[arg-type]
    assert len(result) <= len(data) * max(1.0, heard / sent) + 1
