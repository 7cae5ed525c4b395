"""Readings, events, statistics, audit: what the center has stored and counted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import NaiveDatetime

from rig.ncc.api.access import ActorHere, ServiceHere
from rig.ncc.api.schemas import Audit, Cycle, Event, Missing, Reading, Statistics

router = APIRouter(tags=["queries"])
_MOST = 100_000


@router.get("/readings")
async def readings(
    actor: ActorHere,
    center: ServiceHere,
    terminal: str = "",
    point: Annotated[int | None, Query(ge=0, le=2040)] = None,
    item: str = "",
    first: NaiveDatetime | None = None,
    last: NaiveDatetime | None = None,
    tariff: Annotated[int | None, Query(ge=0, le=63)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 1000,
) -> list[Reading]:
    """Stored values, ``first <= mark <= last``, by terminal, point, item, mark and tariff."""
    # a long query must not hold up the terminals
    found = await run_in_threadpool(
        center.readings, actor, terminal, point, item, first=first, last=last, tariff=tariff, limit=limit
    )
    return [Reading(**reading._asdict()) for reading in found]


@router.get("/events")
async def events(
    actor: ActorHere,
    center: ServiceHere,
    terminal: str = "",
    erc: Annotated[int | None, Query(ge=1, le=255)] = None,
    first: NaiveDatetime | None = None,
) -> list[Event]:
    """Stored events received from ``first`` on, in order of arrival."""
    found = await run_in_threadpool(center.events, actor, terminal, erc=erc, first=first)
    return [Event(**(event._asdict() | {"values": dict(event.values)})) for event in found]


@router.get("/statistics")
async def statistics(actor: ActorHere, center: ServiceHere) -> Statistics:
    """Counts since the start."""
    found = center.statistics(actor)
    return Statistics(
        online=found.online, sessions=found.sessions, readings=found.readings, counters=dict(found.counters)
    )


@router.get("/statistics/tasks/{task}")
async def cycle(
    task: str, first: NaiveDatetime, last: NaiveDatetime, actor: ActorHere, center: ServiceHere
) -> Cycle:
    """Success of a task for marks ``first <= mark <= last``, gaps listed."""
    # counting takes long, and must not hold up the terminals
    found = await run_in_threadpool(center.counting(actor, task, first, last))
    return Cycle(
        task=found.task,
        due=found.due,
        once=found.once,
        stored=found.stored,
        demanded=found.demanded,
        completeness=found.completeness,
        missing=tuple(Missing(**gap._asdict()) for gap in found.missing),
    )


@router.get("/audit")
async def audit(actor: ActorHere, center: ServiceHere, terminal: str = "") -> list[Audit]:
    """The audit trail, oldest first."""
    records = await run_in_threadpool(center.reading_audit(actor, terminal))
    return [Audit(**record._asdict()) for record in records]
