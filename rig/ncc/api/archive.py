"""Terminals, collection points and tasks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Response, status
from pydantic import TypeAdapter

from rig.ncc.api.access import ActorHere, ServiceHere
from rig.ncc.api.beside import beside
from rig.ncc.api.schemas import Point, Task, Terminal, TerminalShown
from rig.ports.command_center import CollectionTask, PointEntry, TerminalEntry, TerminalState

router = APIRouter(tags=["archive"])
_TERMINALS = TypeAdapter(list[TerminalShown])
_POINTS = TypeAdapter(list[Point])


def _shown(state: TerminalState) -> TerminalShown:
    return TerminalShown(
        address=state.entry.address,
        role=state.entry.role,
        heartbeat_s=state.entry.heartbeat_s,
        online=state.online,
        remote=state.remote,
        logins=state.logins,
        last_seen=state.last_seen,
        clock_offset_s=state.clock_offset_s,
        faulty_clock=state.faulty_clock,
    )


@router.get("/terminals", response_model=list[TerminalShown])
async def terminals(actor: ActorHere, center: ServiceHere) -> Response:
    """Every terminal."""
    states = center.terminals(actor)
    return await beside(lambda: _TERMINALS.dump_json([_shown(state) for state in states]))


@router.get("/terminals/{address}")
async def terminal(address: str, actor: ActorHere, center: ServiceHere) -> TerminalShown:
    """One terminal."""
    return _shown(center.terminal(actor, address))


@router.put("/terminals", status_code=status.HTTP_204_NO_CONTENT)
async def put_terminals(entries: list[Terminal], actor: ActorHere, center: ServiceHere) -> None:
    """Add or replace terminals."""
    center.register_terminals(
        actor,
        [
            TerminalEntry(entry.address, entry.role, bytes.fromhex(entry.password), entry.heartbeat_s)
            for entry in entries
        ],
    )


@router.delete("/terminals/{address}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_terminal(address: str, actor: ActorHere, center: ServiceHere) -> None:
    """Take a terminal and its points out of the archive and end its connection; what it sent stays."""
    center.drop_terminal(actor, address)


@router.get("/points", response_model=list[Point])
async def points(actor: ActorHere, center: ServiceHere, terminal: str = "") -> Response:
    """Collection points of one terminal or of all."""
    found = center.points(actor, terminal)
    return await beside(lambda: _POINTS.dump_json([Point(**asdict(point)) for point in found]))


@router.put("/points", status_code=status.HTTP_204_NO_CONTENT)
async def put_points(entries: list[Point], actor: ActorHere, center: ServiceHere) -> None:
    """Add or replace collection points in the center's archive."""
    center.register_points(actor, [PointEntry(**entry.model_dump()) for entry in entries])


@router.delete("/points/{terminal}/{point}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_point(
    terminal: str, point: Annotated[int, Path(ge=1, le=2040)], actor: ActorHere, center: ServiceHere
) -> None:
    """Take a collection point out of the center's archive, not out of the terminal's; its readings stay."""
    center.drop_point(actor, terminal, point)


@router.get("/tasks")
async def tasks(actor: ActorHere, center: ServiceHere) -> list[Task]:
    """Tasks that run."""
    return [Task(**asdict(task)) for task in center.tasks(actor)]


@router.put("/tasks", status_code=status.HTTP_204_NO_CONTENT)
async def put_task(task: Task, actor: ActorHere, center: ServiceHere) -> None:
    """Start a task, or replace the one of its name."""
    center.schedule(actor, CollectionTask(**task.model_dump()))


@router.delete("/tasks/{name:path}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_task(name: str, actor: ActorHere, center: ServiceHere) -> None:
    """End a task; what it collected stays."""
    center.unschedule(actor, name)
