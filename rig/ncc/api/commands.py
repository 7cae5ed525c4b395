"""Commands to terminals: taken at once, their results fetched later."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from rig.ncc.api.access import ActorHere, ServiceHere
from rig.ncc.api.beside import beside
from rig.ncc.api.schemas import Archive, Command, CommandTaken, Forward, Parameters, ReadHistory, ReadNow
from rig.ports.command_center import CommandResult

router = APIRouter(tags=["commands"])
_TAKEN = status.HTTP_202_ACCEPTED

Number = Annotated[int, Path(ge=1, le=248)]


def _shown(found: CommandResult) -> Command:
    values = [item._asdict() | {"number": isinstance(item.value, Decimal)} for item in found.values]
    spans = [span._asdict() for span in found.spans]
    rest = asdict(replace(found, values=(), spans=()))
    return Command.model_validate(rest | {"values": values, "spans": spans})


@router.get("/commands/{command}", response_model=Command)
async def result(command: str, actor: ActorHere, center: ServiceHere) -> Response:
    """How far a command is, and what was answered."""
    found = center.result(actor, command)
    return await beside(lambda: _shown(found).model_dump_json().encode())


@router.post("/terminals/{address}/read", status_code=_TAKEN)
async def read(address: str, asked: ReadNow, actor: ActorHere, center: ServiceHere) -> CommandTaken:
    """Read class 1 data on demand."""
    return CommandTaken(id=center.read_now(actor, address, asked.points, asked.items))


@router.post("/terminals/{address}/history", status_code=_TAKEN)
async def history(address: str, asked: ReadHistory, actor: ActorHere, center: ServiceHere) -> CommandTaken:
    """Read freezes or curves."""
    command = center.read_history(
        actor, address, asked.points, asked.item, asked.first, asked.count, asked.density_s
    )
    return CommandTaken(id=command)


@router.post("/terminals/{address}/events/read", status_code=_TAKEN)
async def read_events(
    address: str, actor: ActorHere, center: ServiceHere, *, important: bool = True
) -> CommandTaken:
    """Fetch the events that the center does not have."""
    return CommandTaken(id=center.read_events(actor, address, important=important))


@router.post("/terminals/{address}/parameters/{number}/query", status_code=_TAKEN)
async def query_parameter(
    address: str, number: Number, asked: Parameters, actor: ActorHere, center: ServiceHere
) -> CommandTaken:
    """Query a parameter (AFN 0A)."""
    return CommandTaken(id=center.query_parameter(actor, address, number, asked.point, asked.values))


@router.post("/terminals/{address}/parameters/{number}", status_code=_TAKEN)
async def set_parameter(
    address: str, number: Number, asked: Parameters, actor: ActorHere, center: ServiceHere
) -> CommandTaken:
    """Set a parameter (AFN 04)."""
    return CommandTaken(id=center.set_parameter(actor, address, number, asked.values, asked.point))


@router.post("/terminals/{address}/archive", status_code=_TAKEN)
async def archive(address: str, asked: Archive, actor: ActorHere, center: ServiceHere) -> CommandTaken:
    """Write the archive of collection points into the terminal (04 F10)."""
    return CommandTaken(id=center.send_archive(actor, address, asked.points))


@router.post("/terminals/{address}/control/{number}", status_code=_TAKEN)
async def control(
    address: str, number: Number, asked: Parameters, actor: ActorHere, center: ServiceHere
) -> CommandTaken:
    """Control (AFN 05): 1 trip, 2 permit closing, and so on."""
    return CommandTaken(id=center.control(actor, address, number, asked.point, asked.values))


@router.post("/terminals/{address}/clock", status_code=_TAKEN)
async def set_clock(address: str, actor: ActorHere, center: ServiceHere) -> CommandTaken:
    """Set the terminal's clock to the center's (05 F31)."""
    return CommandTaken(id=center.set_clock(actor, address))


@router.post("/terminals/{address}/reset/{number}", status_code=_TAKEN)
async def reset(address: str, number: Number, actor: ActorHere, center: ServiceHere) -> CommandTaken:
    """Reset the terminal (AFN 01)."""
    return CommandTaken(id=center.reset(actor, address, number))


@router.post("/terminals/{address}/forward", status_code=_TAKEN)
async def forward(address: str, asked: Forward, actor: ActorHere, center: ServiceHere) -> CommandTaken:
    """Forward octets to a meter (10 F1)."""
    message = bytes.fromhex(asked.message)
    return CommandTaken(id=center.forward(actor, address, asked.port, message, asked.timeout_s))
