"""The HTTP application of the command center: paths, error replies, and bounds on what a client may send."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi import Depends, FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rig.errors import ConfigError, LocalProtocolError, RigError
from rig.ncc.accounts import Accounts
from rig.ncc.api import access, archive, commands, queries
from rig.ncc.api.schemas import Problem
from rig.ncc.patterns import words
from rig.ncc.service import ForbiddenError, Service

#: longest body of a request, octets: an archive of 2,000 points takes about 400,000
_MOST_BODY = 4_000_000
#: errors of a request that are told, and characters of a name that is
_TOLD = 20
_NAME = 64
_TITLE = "Reference Network Command Center"
_DESCRIPTION = (
    "Collection points, reads, tasks, events and statistics of terminals that speak Q/GDW 1376.1. "
    "Log in at /login; commands are taken at once (202) and their results fetched at /commands/{id}. "
    "Times are local, without zone."
)


#: when a request is refused so
_REFUSED: Final[Mapping[int, str]] = MappingProxyType(
    {
        401: "no token, or one that has ended",
        403: "the account's role does not allow it",
        404: "what the path names is not there",
        413: "too large",
        422: "something given is unusable",
        503: "the database or the center cannot serve it now",
    }
)


def _problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI tells of refusals."""
    return {code: {"model": Problem, "description": _REFUSED[code]} for code in codes}


def _known_only(request: Request) -> None:
    """Refuse parameters of the query that the path does not have: they would be ignored."""
    route = request.scope["route"]
    known = [field.alias for field in route.dependant.query_params]
    wrong = [name for name in request.query_params if name not in known]
    if wrong:
        hint = f"known: {', '.join(known)}" if known else "there are none here"
        raise ConfigError("no such parameter of the query", key=wrong[0][:_NAME], hint=hint)


class _Bounded:
    """Refuses bodies beyond the bound, announced or not, before they are held in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > _MOST_BODY:
            reply = JSONResponse({"detail": f"a request has at most {_MOST_BODY} octets"}, 413)
            await reply(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > _MOST_BODY:
                return {"type": "http.disconnect"}
            return message

        await self.app(scope, counted, send)


def create_app(service: Service, accounts: Accounts) -> FastAPI:
    """The application over a service; every call runs in the event loop that the service's core runs in."""
    app = FastAPI(title=_TITLE, description=_DESCRIPTION, version="1", docs_url=None, redoc_url=None)
    app.state.service = service
    app.state.accounts = accounts
    access.prepare(app.state)
    known = [Depends(_known_only)]
    app.include_router(access.router, responses=_problems(401, 413, 422, 503), dependencies=known)
    for module in (archive, commands, queries):
        app.include_router(
            module.router, responses=_problems(401, 403, 404, 413, 422, 503), dependencies=known
        )
    app.add_middleware(_Bounded)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ForbiddenError, _reply(status.HTTP_403_FORBIDDEN))
    app.add_exception_handler(ConfigError, _unusable)
    app.add_exception_handler(LocalProtocolError, _reply(status.HTTP_422_UNPROCESSABLE_CONTENT))
    app.add_exception_handler(RigError, _reply(status.HTTP_503_SERVICE_UNAVAILABLE))
    return app


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    """Where and why, without what was given: that may be a password."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    lines = [f"{'.'.join(str(part) for part in one['loc'])}: {words(one)}" for one in found[:_TOLD]]
    if len(found) > _TOLD:
        lines.append(f"and {len(found) - _TOLD} more")
    return JSONResponse({"detail": "; ".join(lines)}, status.HTTP_422_UNPROCESSABLE_CONTENT)


async def _unusable(request: Request, error: Exception) -> JSONResponse:
    """What the path names and the center does not have is not found; anything else that was given is unusable."""
    absent = isinstance(error, ConfigError) and error.value in request.path_params.values()
    code = status.HTTP_404_NOT_FOUND if absent else status.HTTP_422_UNPROCESSABLE_CONTENT
    return JSONResponse({"detail": str(error)}, code)


def _reply(code: int) -> Any:
    async def reply(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, code)

    return reply
