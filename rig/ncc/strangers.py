"""Connections that have not logged in yet, the longest open first: nobody knows whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.ncc.session import Session


class Strangers:
    """Finds the one that has kept the center waiting longest, of one address or of all."""

    def __init__(self) -> None:
        self._all: dict[Session, float] = {}
        self._by_host: dict[str, dict[Session, float]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def add(self, session: Session, now_s: float) -> None:
        """A connection was accepted."""
        self._all[session] = now_s
        self._by_host.setdefault(session.host, {})[session] = now_s

    def remove(self, session: Session) -> None:
        """It has logged in, or ended."""
        if self._all.pop(session, None) is None:
            return
        of_host = self._by_host[session.host]
        del of_host[session]
        if not of_host:
            del self._by_host[session.host]

    def longest(self, host: str | None, before_s: float) -> Session | None:
        """The one that has been open longest, if it was accepted by ``before_s``; ``host`` None: of all addresses."""
        held = self._all if host is None else self._by_host.get(host, {})
        for session, since_s in held.items():
            return session if since_s <= before_s else None
        return None
