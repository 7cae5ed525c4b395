"""``rig ncc``: the reference Network Command Center."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rig.ncc.accounts import Accounts
    from rig.ncc.shell_asyncio import AsyncioCenter

_STORE = "sqlite:///FILE[?synchronous=NORMAL] or postgresql://USER@HOST:PORT/NAME"
#: addresses that nobody else reaches
_LOOPBACK = ("127.", "localhost:", "[::1]:")


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="The reference Network Command Center.", no_args_is_help=True)
    group.command("serve")(serve)
    group.command("count")(count)
    accounts = typer.Typer(help="Who may use the HTTP API.", no_args_is_help=True)
    accounts.command("set")(set_account)
    accounts.command("drop")(drop_account)
    accounts.command("list")(list_accounts)
    group.add_typer(accounts, name="account")
    app.add_typer(group, name="ncc")


def serve(
    store: Annotated[str, typer.Option("--store", help=_STORE, metavar="URL")],
    listen: Annotated[
        list[str] | None,
        typer.Option("--listen", help="Where terminals dial; repeatable.", metavar="HOST:PORT"),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", help="TOML with terminals and points to register.", metavar="FILE"),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option("--http", help="Serve the HTTP API here, without TLS.", metavar="HOST:PORT"),
    ] = None,
    sessions: Annotated[
        int | None,
        typer.Option("--sessions", min=1, help="Most connections of terminals at once (19000)."),
    ] = None,
    sessions_per_address: Annotated[
        int | None,
        typer.Option(
            "--sessions-per-address",
            min=1,
            help="Most of them from one address (1000); a carrier may have many terminals behind one.",
        ),
    ] = None,
) -> None:
    """Accept terminals of Q/GDW 1376.1 and store what they send; acknowledge it when it is durable. Ctrl-C ends it."""
    from rig.ncc.archive import load_archive
    from rig.ncc.settings import Limits, Settings
    from rig.ncc.shell_asyncio import run_loop
    from rig.ncc.shell_asyncio import serve as serve_forever

    terminals, points = load_archive(archive) if archive is not None else ([], [])
    if http is not None and not http.startswith(_LOOPBACK):
        print("mind: the HTTP API has no TLS of its own, put a proxy that has before it", file=sys.stderr)

    def ready(center: AsyncioCenter, addresses: list[str]) -> None:
        if terminals:
            center.core.register_terminals(terminals)
            center.core.register_points(points)
        known = len(center.core.terminals())
        print(
            f"listening on {', '.join(addresses)}; {known} terminals; store {center.store.shown}", flush=True
        )
        print(f"READY {addresses[0]}", flush=True)

    def log(level: str, text: str) -> None:
        print(f"{level}: {text}", file=sys.stderr, flush=True)

    asked = {"sessions": sessions, "sessions_per_address": sessions_per_address}
    settings = Settings(limits=Limits(**{name: value for name, value in asked.items() if value is not None}))
    where = listen or ["127.0.0.1:7000"]
    run_loop(lambda: serve_forever(where, store, settings, log=log, ready=ready, http=http))


def count(store: Annotated[str, typer.Option("--store", help=_STORE, metavar="URL")]) -> None:
    """Number of stored readings, terminals and events."""
    from rig.ncc.store import Store

    opened = Store(store, create=False)
    try:
        print(
            f"{opened.count()[0]} readings, {len(opened.terminals())} terminals, {len(opened.events())} events"
        )
    finally:
        opened.close()


def set_account(
    name: Annotated[str, typer.Argument(help="Letters, digits, . _ - up to 64.")],
    role: Annotated[str, typer.Option("--role", help="viewer, operator, controller or admin.")],
    store: Annotated[str, typer.Option("--store", help=_STORE, metavar="URL")],
) -> None:
    """Add or replace an account; its password is asked for, or read from standard input, ten characters or more."""
    if sys.stdin.isatty():
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    with _accounts(store) as accounts:
        accounts.set_account(name, role, password, by=_user())
    print(f"{name}: {role}")


def drop_account(
    name: Annotated[str, typer.Argument(help="Of the account.")],
    store: Annotated[str, typer.Option("--store", help=_STORE, metavar="URL")],
) -> None:
    """Remove an account; tokens that a running center gave it end within a second or two."""
    with _accounts(store, create=False) as accounts:
        accounts.drop_account(name, by=_user())


def list_accounts(store: Annotated[str, typer.Option("--store", help=_STORE, metavar="URL")]) -> None:
    """Names and roles."""
    with _accounts(store, create=False) as accounts:
        for actor in accounts.accounts():
            print(f"{actor.name}: {actor.role}")


def _user() -> str:
    """Who is at this machine, for the audit trail."""
    from getpass import getuser

    try:
        return f"{getuser()} (command line)"
    except (KeyError, OSError):
        return "command line"


@contextmanager
def _accounts(store: str, *, create: bool = True) -> Iterator[Accounts]:
    """Accounts in a store, which is closed afterwards."""
    from rig.clock import SystemClock
    from rig.ncc.accounts import Accounts
    from rig.ncc.store import Store

    opened = Store(store, create=create)
    try:
        yield Accounts(opened.engine, SystemClock())
    finally:
        opened.close()
