"""Configuration of an emulated local module: nameplate, capacities and times; and the drawing of a legal one."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

from rig.protocols.gdw1376_2.profile import DEFAULT, Profile
from rig.twin.devices.cco_behaviour import ModuleBehaviour


@dataclass(slots=True)
class ModuleConfig:
    """What a local module is when it leaves the factory.

    Attributes:
        medium: name of a row of the media table (``HPLC``, ``NARROWBAND_OFDM``, ``MICROPOWER``, ``ZIGBEE``).
        profile: reading of the standard; with edition 2013 the later items are denied.
        main_address: 12 digits, until the concentrator gives its own.
        vendor: two ASCII letters; ``chip`` likewise.
        version: four digits; ``version_date`` its day.
        module_id: identity octets of 03 F12.
        most_nodes: capacity of the archive.
        longest_frame: longest frame it takes, in octets; ``longest_file_packet`` of an upgrade.
        baud: rate of its serial port in bit/s; ``rates`` what 03 F10 lists, in bit/s.
        reading_mode: 1 the concentrator reads, 2 the router, 3 both.
        discovery_fn: data unit of AFN 06 that reports found nodes, 1 or 4.
        concurrent_meters: most meters read by F1 F1 at a time; ``concurrent_messages`` most messages in one frame.
        monitor_timeout_s: longest wait for a monitored node at the start, 1..255 s.
        delay_from_s: shortest delay of its own answers; drawn evenly up to ``delay_to_s``.
        boot_s: from a reset to the first answer; ``reset_report_s`` from a reset to 03 F10, at most 60 s.
        upgrade_s: from the last segment to the restart with the new version; ``node_upgrade_s`` until nodes have it.
        area_identification_s: how long the identification of the transformer area takes.
        band: carrier band 0..3 at the start; ``band_switch_s`` until the network is back on another band.
        network: network number of 10 F111; ``neighbours`` the numbers of networks heard beside it.
        own_mode_only: requests that name another communication mode than its own are not answered.
        formed: the network stands already at the start; False: nodes join from the start on.
        behaviour: named rules.
    """

    medium: str = "HPLC"
    profile: Profile = DEFAULT
    main_address: str = "000000000000"
    vendor: str = "TW"
    chip: str = "01"
    version: str = "0100"
    version_date: date = date(2026, 1, 15)
    protocol_date: date = date(2019, 11, 1)
    filing_date: date = date(2026, 1, 20)
    module_id: bytes = bytes.fromhex("54570102030405060708")
    most_nodes: int = 1024
    longest_frame: int = 2048
    longest_file_packet: int = 1024
    baud: int = 9600
    rates: tuple[int, ...] = (9600,)
    reading_mode: int = 3
    discovery_fn: int = 4
    concurrent_meters: int = 10
    concurrent_messages: int = 13
    monitor_timeout_s: int = 90
    delay_from_s: float = 0.02
    delay_to_s: float = 0.08
    boot_s: float = 3.0
    reset_report_s: float = 8.0
    upgrade_s: float = 30.0
    node_upgrade_s: float = 300.0
    area_identification_s: float = 600.0
    band: int = 0
    band_switch_s: float = 60.0
    network: int = 0x000101
    neighbours: tuple[int, ...] = ()
    own_mode_only: bool = False
    formed: bool = True
    behaviour: ModuleBehaviour = field(default_factory=ModuleBehaviour)

    @classmethod
    def conforming(cls, seed: int, **fixed: Any) -> Self:
        """Draw a legal module: same seed, same module; ``fixed`` fields are kept as given.

        Whatever the standard leaves to the maker differs: capacities, times inside their limits, identity, how found
        nodes are reported.
        """
        draw = random.Random(f"conforming module {seed}")
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
        from_s = round(draw.uniform(0.005, 0.5), 4)
        boot_s = round(draw.uniform(1.0, 10.0), 2)
        drawn: dict[str, Any] = {
            "vendor": "".join(draw.choice(letters) for _ in range(2)),
            "chip": "".join(draw.choice(letters) for _ in range(2)),
            "version": f"{draw.randrange(1, 9999):04d}",
            "module_id": draw.randbytes(draw.choice((6, 8, 11))),
            "most_nodes": draw.choice((512, 1024, 1536, 2040)),
            "longest_frame": draw.choice((1024, 1200, 2048)),
            "longest_file_packet": draw.choice((256, 512, 1024)),
            "concurrent_meters": draw.choice((5, 8, 10, 16)),
            "concurrent_messages": draw.choice((5, 10, 13)),
            "delay_from_s": from_s,
            "delay_to_s": round(draw.uniform(from_s, 2.5), 4),
            "boot_s": boot_s,
            "reset_report_s": round(draw.uniform(boot_s, 50.0), 2),
            "discovery_fn": draw.choice((1, 4)),
            "upgrade_s": round(draw.uniform(5.0, 60.0), 1),
            "network": draw.randrange(1, 0xFFFFFF),
            "own_mode_only": draw.choice((False, True)),
        }
        return cls(**(drawn | fixed))

    def fresh(self) -> Self:
        """Copy whose mutable parts are its own."""
        behaviour = replace(self.behaviour, denials=dict(self.behaviour.denials))
        return replace(self, behaviour=behaviour)
