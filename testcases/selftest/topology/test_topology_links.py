"""The link table against the counts and pairs of the paper."""

from __future__ import annotations

import pytest

from rig.errors import ConfigError
from rig.topology.links import INTERFACES, LINKS, LOGICAL_DESIGNS
from rig.topology.lookup import find_link, protocols_of, schemes_in_force


def test_counts_of_the_paper():
    numbered = [link for link in LINKS if link.number is not None]
    assert [link.number for link in numbered] == list(range(1, 18))
    assert [link.id for link in LINKS if link.named_by == "ours"] == ["U1", "U2", "U3", "U4", "U5", "U6"]
    by_letter = {letter: sum(item.id.startswith(letter) for item in INTERFACES) for letter in "KLSMCNH"}
    assert by_letter == {"K": 8, "L": 2, "S": 5, "M": 3, "C": 4, "N": 5, "H": 1}


def test_ids_and_aliases_are_unique():
    names = [name for link in LINKS for name in (link.id, *link.aliases)]
    assert len(names) == len(set(names))


def test_every_interface_occurs_in_a_link():
    used = {number for link in LINKS for number in (link.near_interface, link.far_interface) if number}
    assert {item.id for item in INTERFACES} == used


def test_interfaces_belong_to_the_devices_of_their_links():
    device = {item.id: item.device for item in INTERFACES}
    for link in LINKS:
        for number, name in ((link.near_interface, link.near), (link.far_interface, link.far)):
            assert not number or device[number] == name, link.id


def test_references_lead_to_schemes():
    for link in LINKS:
        if link.reference:
            assert not link.schemes
            assert schemes_in_force(link) == find_link(link.reference)[0].schemes


@pytest.mark.parametrize(
    ("link", "protocols"),
    [
        ("K8-C1", ("Modbus", "DL/T 645-2007")),
        ("K2-L1", ("CJ/T 188-2018",)),
        ("M2-handheld", ("Q/GDW 1376.4-2013",)),
        ("N5-C4", ("Q/GDW 1376.1-2013", "DL/T 645-2007", "DL/T 698.45-2017")),
        ("N4-H1", ()),
        ("U3", ()),
    ],
)
def test_protocols_in_force(link, protocols):
    assert protocols_of(find_link(link)[0]) == protocols


def test_both_options_reach_the_indoor_links():
    for link in ("K1-S1", "K3-S2", "K4-S3", "K5-S4", "K6-S5"):
        assert [scheme.id for scheme in schemes_in_force(find_link(link)[0])] == ["option 1", "option 2"]


def test_the_alias_of_the_display_is_reported():
    link, findings = find_link("K6-S3")
    assert link.id == "K6-S5"
    assert [finding.code for finding in findings] == ["link-alias"]
    assert find_link("K6-S5")[1] == ()


def test_unknown_link_names_near_ones():
    with pytest.raises(ConfigError, match="K8-C1"):
        find_link("K8-C2")


def test_designs_use_known_links():
    assert [design.id for design in LOGICAL_DESIGNS] == ["LD1", "LD2", "LD3", "LD4"]
    for design in LOGICAL_DESIGNS:
        for link in design.links:
            find_link(link)


def test_doubts_are_written_down():
    for link in LINKS:
        if link.named_by == "paper" and not link.far_interface:
            assert any("no interface number" in note for note in link.notes), link.id
