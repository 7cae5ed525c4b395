"""Routes: the relay of every node by attenuation, noise and phase, cheapest in mean transmissions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from rig.twin.media.parameters import MediumParameters
from rig.twin.media.station import Station
from rig.twin.media.topology import Placement

#: carrier band -> factor of the loss by distance, factor of the rate (own model, provisional)
BAND_FACTORS: Final = {0: (1.0, 1.0), 1: (0.9, 0.8), 2: (0.7, 0.4), 3: (0.75, 0.3)}
#: so many possible relays are looked at for a node: the outermost ones before it on its feeder
_CANDIDATES: Final = 24
#: the coordinator: coupled to all phases, in a quiet place
_COORDINATOR: Final = Placement(distance_m=0.0, three_phase=True)


def link_success(snr_db: float, parameters: MediumParameters) -> float:
    """Chance 0..1 that one transmission of one hop is understood at this signal to noise."""
    steepness = (snr_db - parameters.threshold_db) / parameters.slope_db
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, steepness))))


def link_snr_db(near: Placement, far: Placement, parameters: MediumParameters, band: int = 0) -> float:
    """Signal to noise at ``far`` of what ``near`` sends, without noise of the whole medium."""
    distance_m = max(abs(far.distance_m - near.distance_m), 1.0)
    if parameters.kind == "line":
        loss_db = parameters.loss_db * BAND_FACTORS[band][0] * distance_m / 100.0
    else:
        loss_db = parameters.loss_db * math.log10(distance_m)
    if not near.phase_bits & far.phase_bits:
        loss_db += parameters.cross_phase_db
    return parameters.budget_db - loss_db - near.attenuation_db - far.attenuation_db - far.noise_db


def find_routes(
    stations: Iterable[Station], parameters: MediumParameters, *, band: int = 0, noise_db: float = 0.0
) -> None:
    """Give every powered node its relay; those out of reach lose theirs."""
    feeders: dict[int, list[Station]] = {}
    for station in stations:
        if station.powered:
            feeders.setdefault(station.placement.feeder, []).append(station)
        else:
            station.lose_route()
    for members in feeders.values():
        members.sort(key=lambda each: each.placement.distance_m)
        placed: list[Station] = []
        for station in members:
            _find_relay(station, placed, parameters, band, noise_db)
            if station.reachable:
                placed.append(station)


def _find_relay(
    station: Station, placed: list[Station], parameters: MediumParameters, band: int, noise_db: float
) -> None:
    needed_db = parameters.threshold_db + parameters.join_db
    direct_db = link_snr_db(_COORDINATOR, station.placement, parameters, band)
    if direct_db - noise_db >= needed_db:
        station.take_route(None, direct_db, link_success(direct_db - noise_db, parameters))
        return
    best: tuple[float, Station, float] | None = None
    for relay in placed[-_CANDIDATES:] + placed[: -_CANDIDATES : max(1, len(placed) // _CANDIDATES)]:
        if relay.level >= parameters.most_hops:
            continue
        snr_db = link_snr_db(relay.placement, station.placement, parameters, band)
        if snr_db - noise_db < needed_db:
            continue
        cost = relay.cost + 1.0 / link_success(snr_db - noise_db, parameters)
        if best is None or cost < best[0]:
            best = (cost, relay, snr_db)
    if best is None:
        station.lose_route()
        return
    station.take_route(best[1], best[2], link_success(best[2] - noise_db, parameters))
