"""What people see of Q/GDW 1376.1 and 1376.2 in the exchange log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.protocols.gdw1376_1 import builders
from rig.protocols.gdw1376_1.frame import Address
from rig.protocols.gdw1376_1.frame import encode as encode_terminal_frame
from rig.protocols.gdw1376_1.messages import Auxiliary, Content
from rig.protocols.gdw1376_2.frame import encode as encode_module_frame
from rig.protocols.gdw1376_2.host import Host
from rig.protocols.gdw1376_2.messages import deny
from rig.transports.describe import DESCRIBERS

_TERMINAL = Address("7101", 5, 1)
_METER_FRAME = bytes.fromhex("68610100000000681104333334331416")
_HOST = Host("000000000001")


def _terminal(frame: object) -> bytes:
    return encode_terminal_frame(frame)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(
            _terminal(builders.read_realtime(_TERMINAL, [0], [2], number=4)),
            "7101-0005 down 0C request class 1 data #4 PRM P0 F2",
            id="request",
        ),
        pytest.param(
            _terminal(
                builders.answer(
                    builders.read_realtime(_TERMINAL, [0], [7], number=4),
                    [Content(0, 7, {"ec1": 1, "ec2": 2})],
                    auxiliary=Auxiliary(events=(1, 2)),
                )
            ),
            "7101-0005 up 0C request class 1 data #4 ACD P0 F7 (ec1 1, ec2 2) EC 1 2",
            id="answer",
        ),
        pytest.param(
            _terminal(builders.forward(_TERMINAL, 31, _METER_FRAME)), "[000000000161 ", id="forward"
        ),
        pytest.param(b"\x68\x00\x01", "3 octets of no frame", id="noise"),
    ],
)
def test_terminal_frames_are_told(data: bytes, text: str) -> None:
    assert text in DESCRIBERS["gdw1376.1"](data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(
            encode_module_frame(_HOST.query(7, sequence=3)), "down 03F7 #3 PRM longest wait", id="query"
        ),
        pytest.param(
            encode_module_frame(_HOST.monitor("000000000161", _METER_FRAME, sequence=3)),
            "000000000001->000000000161 monitor a node (protocol 2, delay_related 0, 0 sub_nodes, [000000000161 ",
            id="monitor",
        ),
        pytest.param(
            encode_module_frame(deny(_HOST.query(7, sequence=3), 10)),
            "up 00F2 #3 deny (reason 10)",
            id="deny",
        ),
        pytest.param(b"\x68\x00\x01", "3 octets of no frame", id="noise"),
    ],
)
def test_module_frames_are_told(data: bytes, text: str) -> None:
    assert text in DESCRIBERS["gdw1376.2"](data)


@given(st.sampled_from(sorted(DESCRIBERS)), st.binary(max_size=200))
def test_no_octets_are_indescribable(protocol: str, data: bytes) -> None:
    assert isinstance(DESCRIBERS[protocol](data), str)


@given(
    st.sampled_from(
        [
            ("gdw1376.1", _terminal(builders.forward(_TERMINAL, 31, _METER_FRAME))),
            ("gdw1376.2", encode_module_frame(_HOST.monitor("000000000161", _METER_FRAME, sequence=3))),
        ]
    ),
    st.data(),
)
def test_no_frame_with_changed_octets_is_indescribable(
    sample: tuple[str, bytes], data: st.DataObject
) -> None:
    protocol, octets = sample
    changed = bytearray(octets)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    changed[-2] = sum(changed[6:-2] if protocol == "gdw1376.1" else changed[3:-2]) & 0xFF
    assert isinstance(DESCRIBERS[protocol](bytes(changed)), str)
