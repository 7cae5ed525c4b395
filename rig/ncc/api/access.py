"""Who asks: login, token, logout."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, status
from fastapi.concurrency import run_in_threadpool
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm
from starlette.datastructures import State

from rig.ncc.accounts import Accounts, LoginError
from rig.ncc.api.schemas import Token
from rig.ncc.service import Actor, Service

router = APIRouter(tags=["access"])
#: password hashes under way at once
_HASHES_AT_ONCE = 4
_bearer = OAuth2PasswordBearer(tokenUrl="login")


class _Hashing:
    """How many logins are being hashed now."""

    def __init__(self) -> None:
        self.now = 0


def prepare(state: State) -> None:
    """What the application keeps for logins."""
    state.hashing = _Hashing()


def accounts(request: Request) -> Accounts:
    """Accounts of the application."""
    held: Accounts = request.app.state.accounts
    return held


def service(request: Request) -> Service:
    """Service of the application."""
    held: Service = request.app.state.service
    return held


AccountsHere = Annotated[Accounts, Depends(accounts)]
ServiceHere = Annotated[Service, Depends(service)]
TokenGiven = Annotated[str, Depends(_bearer)]


def actor(token: TokenGiven, held: AccountsHere) -> Actor:
    """Whose token came with the request; 401 when it is nobody's."""
    found = held.actor(token)
    if found is None:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, "log in first: POST /login", headers={"WWW-Authenticate": "Bearer"}
        )
    return found


ActorHere = Annotated[Actor, Depends(actor)]


@router.post("/login")
async def login(
    request: Request,
    form: Annotated[OAuth2PasswordRequestForm, Depends()],
    held: AccountsHere,
    center: ServiceHere,
) -> Token:
    """Give a name and its password, get a token."""
    hashing: _Hashing = request.app.state.hashing
    if hashing.now >= _HASHES_AT_ONCE:
        # whoever floods this must not take the processors and threads from the terminals
        raise HTTPException(
            status.HTTP_503_SERVICE_UNAVAILABLE, "too many logins at once", headers={"Retry-After": "1"}
        )
    hashing.now += 1
    try:
        # the hash takes a tenth of a second of processor time, which must not hold up the terminals
        token, found = await run_in_threadpool(held.login, form.username, form.password)
    except LoginError as error:
        center.core.note("refused.login", "http", f"login of {form.username[:64]!r} refused")
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, str(error), headers={"WWW-Authenticate": "Bearer"}
        ) from error
    finally:
        hashing.now -= 1
    return Token(access_token=token, expires_s=held.rules.token_s, role=found.role)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
async def logout(token: TokenGiven, held: AccountsHere) -> None:
    """End the token."""
    held.logout(token)
