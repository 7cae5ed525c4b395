"""Readings, events, statistics, audit: what the center has stored and counted."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import NaiveDatetime, TypeAdapter

from rig.ncc.api.access import ActorHere, ServiceHere
from rig.ncc.api.beside import beside
from rig.ncc.api.schemas import Audit, Cycle, Event, Missing, Reading, Statistics

router = APIRouter(tags=["queries"])
_MOST = 100_000
_READINGS = TypeAdapter(list[Reading])
_EVENTS = TypeAdapter(list[Event])
_AUDIT = TypeAdapter(list[Audit])


@router.get("/readings", response_model=list[Reading])
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
) -> Response:
    """Stored values, ``first <= mark <= last``, by terminal, point, item, mark and tariff."""

    def found() -> bytes:
        rows = center.readings(
            actor, terminal, point, item, first=first, last=last, tariff=tariff, limit=limit
        )
        return _READINGS.dump_json([Reading(**row._asdict()) for row in rows])

    return await beside(found)


@router.get("/events", response_model=list[Event])
async def events(
    actor: ActorHere,
    center: ServiceHere,
    terminal: str = "",
    erc: Annotated[int | None, Query(ge=1, le=255)] = None,
    first: NaiveDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 10_000,
) -> Response:
    """Stored events received from ``first`` on, in order of arrival."""

    def found() -> bytes:
        rows = center.events(actor, terminal, erc=erc, first=first, limit=limit)
        return _EVENTS.dump_json([Event(**(row._asdict() | {"values": dict(row.values)})) for row in rows])

    return await beside(found)


@router.get("/statistics")
async def statistics(actor: ActorHere, center: ServiceHere) -> Statistics:
    """Counts since the start."""
    found = center.statistics(actor)
    return Statistics(
        online=found.online, sessions=found.sessions, readings=found.readings, counters=dict(found.counters)
    )


@router.get("/statistics/tasks/{task:path}")
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
        late=found.late,
        demanded=found.demanded,
        completeness=found.completeness,
        missing=tuple(Missing(**gap._asdict()) for gap in found.missing),
    )


@router.get("/audit", response_model=list[Audit])
async def audit(
    actor: ActorHere,
    center: ServiceHere,
    terminal: str = "",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 10_000,
) -> Response:
    """The newest ``limit`` lines of the audit trail, oldest first."""
    read = center.reading_audit(actor, terminal, limit)
    return await beside(lambda: _AUDIT.dump_json([Audit(**row._asdict()) for row in read()]))
