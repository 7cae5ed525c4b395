"""The HTTP application of the command center: paths, error replies, and bounds on what a client may send."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rig.errors import ConfigError, LocalProtocolError, RigError
from rig.ncc.accounts import Accounts
from rig.ncc.api import access, archive, commands, queries
from rig.ncc.service import ForbiddenError, Service

#: longest body of a request, octets: an archive of 2,000 points takes about 400,000
_MOST_BODY = 4_000_000
_TITLE = "Reference Network Command Center"
_DESCRIPTION = (
    "Collection points, reads, tasks, events and statistics of terminals that speak Q/GDW 1376.1. "
    "Log in at /login; commands are taken at once (202) and their results fetched at /commands/{id}. "
    "Times are local, without zone."
)


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
    for module in (access, archive, commands, queries):
        app.include_router(module.router)
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
    detail = [{key: one[key] for key in ("loc", "msg", "type")} for one in found]
    return JSONResponse({"detail": detail}, status.HTTP_422_UNPROCESSABLE_CONTENT)


async def _unusable(request: Request, error: Exception) -> JSONResponse:
    """What the path names and the center does not have is not found; anything else that was given is unusable."""
    absent = isinstance(error, ConfigError) and error.value in request.path_params.values()
    code = status.HTTP_404_NOT_FOUND if absent else status.HTTP_422_UNPROCESSABLE_CONTENT
    return JSONResponse({"detail": str(error)}, code)


def _reply(code: int) -> Any:
    async def reply(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, code)

    return reply
