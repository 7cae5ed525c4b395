"""Which functions belong to the medium of a module, so that a module of another medium does not have them."""

from __future__ import annotations

from typing import Final

from rig.protocols.gdw1376_2.codes import Afn
from rig.protocols.gdw1376_2.functions import all_functions

NARROWBAND_MEDIUM, BROADBAND_MEDIUM, RADIO_MEDIUM = 1, 2, 3

_RADIO_ONLY: Final[frozenset[tuple[int, int]]] = frozenset(
    {
        *((Afn.QUERY, fn) for fn in (8, 100)),
        *((Afn.CONTROL, fn) for fn in (5, 100)),
        *((Afn.ROUTE_QUERY, fn) for fn in (100, 101)),
        *((Afn.ROUTE_SET, fn) for fn in (100, 101, 102)),
    }
)
_BROADBAND_ONLY: Final[frozenset[tuple[int, int]]] = frozenset(
    {(Afn.QUERY, 16), (Afn.CONTROL, 16), *((Afn.ROUTE_QUERY, fn) for fn in (9, 111, 112))}
)
#: came with broadband carrier in 2019; that other media have them too is allowed and not to be expected
_WITH_BROADBAND: Final[frozenset[tuple[int, int]]] = frozenset(
    {*((Afn.ROUTE_QUERY, fn) for fn in (21, 31)), (Afn.CONCURRENT_READ, 1)}
)


def of_other_media(medium: int) -> frozenset[tuple[int, int]]:
    """(afn, fn) that only another medium than 1 narrowband, 2 broadband or 3 radio has.

    Spec: Q/GDW 10376.2-2019, application layer (items of the carrier and of the radio)
    """
    lacking = frozenset() if medium == RADIO_MEDIUM else _RADIO_ONLY
    return lacking if medium == BROADBAND_MEDIUM else lacking | _BROADBAND_ONLY


def usual_functions(medium: int, *, all_it_may: bool = False) -> tuple[str, ...]:
    """Ids (``10F21``) of the functions that a module of a medium has, or with ``all_it_may`` could have."""
    lacking = of_other_media(medium)
    if medium != BROADBAND_MEDIUM and not all_it_may:
        lacking |= _WITH_BROADBAND
    return tuple(one.id for one in all_functions() if (one.afn, one.fn) not in lacking)
