"""Units found again behind octets of unknown length: in the longest frames, and never at any price."""

from __future__ import annotations

import pytest

from fixtures.ncc_terminal import bcd, unit_id
from rig.protocols.gdw1376_1 import messages
from rig.protocols.gdw1376_1.frame import Address, Frame
from rig.protocols.gdw1376_1.messages import parse_message

OWN = Address("0171", 1)
STRANGE = unit_id(1, 248)
#: user data of the longest frame less what stands before the data units
MOST_OCTETS = 16_375
#: one reading of a day freeze
FREEZE = bytes.fromhex("010326") + bytes.fromhex("0000010326") + b"\0" + bcd(7, 5)


def parse(body: bytes) -> messages.Message:
    return parse_message(Frame(OWN, 0xC4, 0x0D, 0x70, body))


@pytest.mark.parametrize("own", [0, 1, 30, 90])
def test_units_behind_a_strange_type_are_found_in_the_longest_frame(own):
    units = (MOST_OCTETS - own - 4) // (len(FREEZE) + 4)
    points = [place % 2040 + 1 for place in range(units)]
    body = STRANGE + b"\xff" * own + b"".join(unit_id(point, 161) + FREEZE for point in points)
    message = parse(body)
    assert [unit.point for unit in message.units] == [1, *points]
    assert [finding.code for finding in message.findings] == ["unknown-fn", "resumed"]


@pytest.mark.parametrize("octet", [1, 2, 4])
def test_trials_end_where_every_one_of_them_leads_far(monkeypatch, octet):
    looked_up = []
    lookup = messages.lookup
    monkeypatch.setattr(
        messages, "lookup", lambda afn, number: looked_up.append(number) or lookup(afn, number)
    )
    body = STRANGE + bytes((octet,)) * (MOST_OCTETS - 12) + b"\xff" * 8
    message = parse(body)
    assert [finding.code for finding in message.findings] == ["unknown-fn"]
    assert message.units[0].data == body[4:]
    # a trial to the end of the frame takes about a thousand
    assert len(looked_up) < 5000
