"""Instruments emulated at the wire: a socket server that speaks SCPI over an electrical scene.

An emulator is a table of headers, each bound to a method by :func:`command` or :func:`query`. Headers are written as manuals
write them: capitals are the short form, ``[...]`` is optional, ``#`` stands for a number. Every message unit starts at the root
of the command tree (relative paths after a semicolon are not followed: none of our drivers sends them).

No time passes on the scene while a message is served: the scene's lock is held for the whole line.
"""

from __future__ import annotations

import contextlib
import math
import re
import socket
import socketserver
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from rig.ports.electrical import ElectricalScene

_QUEUE_LENGTH = 16
_LONGEST_LINE = 65536
#: IEEE 488.2, 7.7.2: decimal numeric program data
_DECIMAL_NUMERIC = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NODE = re.compile(r"([A-Z]+)([a-z]*)")

_Handler = TypeVar("_Handler", bound=Callable[..., Any])

#: SCPI 1999, 21.8: the entries that the emulators put into their queues
MEANINGS = {
    0: "No error",
    -100: "Command error",
    -104: "Data type error",
    -108: "Parameter not allowed",
    -109: "Missing parameter",
    -113: "Undefined header",
    -120: "Numeric data error",
    -221: "Settings conflict",
    -222: "Data out of range",
    -224: "Illegal parameter value",
    -230: "Data corrupt or stale",
    -241: "Hardware missing",
    -350: "Queue overflow",
    -410: "Query INTERRUPTED",
}


class ScpiError(Exception):
    """A message that the instrument refuses: becomes an entry in its error queue."""

    def __init__(self, code: int) -> None:
        super().__init__(f'{code},"{MEANINGS[code]}"')
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One message unit as a handler sees it: the numbers inside the header, and the arguments."""

    suffixes: tuple[int, ...]
    arguments: tuple[str, ...]

    def _at(self, index: int) -> str:
        if index >= len(self.arguments):
            raise ScpiError(-109)
        return self.arguments[index]

    def expect(self, count: int) -> None:
        """Refuse more than ``count`` arguments."""
        if len(self.arguments) > count:
            raise ScpiError(-108)

    def number(self, index: int, minimum: float, maximum: float) -> float:
        """Numeric argument inside the inclusive range."""
        text = self._at(index)
        if not _DECIMAL_NUMERIC.fullmatch(text):
            raise ScpiError(-104)
        value = float(text)
        if not math.isfinite(value) or not minimum <= value <= maximum:
            raise ScpiError(-222)
        return value

    def whole(self, index: int, minimum: int, maximum: int) -> int:
        """Whole number inside the inclusive range."""
        value = self.number(index, minimum, maximum)
        if value != int(value):
            raise ScpiError(-104)
        return int(value)

    def boolean(self, index: int) -> bool:
        """ON, OFF, 1 or 0."""
        text = self._at(index).upper()
        if text not in {"ON", "OFF", "1", "0"}:
            raise ScpiError(-224)
        return text in {"ON", "1"}

    def word(self, index: int, *allowed: str) -> str:
        """Character data, one of ``allowed`` (capitals are the short form); returned as written in ``allowed``."""
        text = self._at(index)
        for candidate in allowed:
            if re.fullmatch(_node_pattern(candidate), text, re.IGNORECASE):
                return candidate
        raise ScpiError(-224)


def _node_pattern(node: str) -> str:
    """``PHASe#`` accepts PHAS or PHASE followed by digits."""
    node = node.replace("*", r"\*").replace("#", r"(\d{1,6})")
    return _NODE.sub(lambda match: match[1] + (f"(?:{match[2].upper()})?" if match[2] else ""), node, count=1)


def _header_pattern(header: str) -> re.Pattern[str]:
    """Regular expression of a header in manual notation."""
    parts: list[str] = []
    for piece in re.findall(r"\[[^\]]*\]|[^\[\]]+", header):
        optional = piece.startswith("[")
        nodes = [node for node in piece.strip("[]").split(":") if node]
        text = "".join(rf":{_node_pattern(node)}" for node in nodes)
        parts.append(f"(?:{text})?" if optional else text)
    return re.compile("".join(parts), re.IGNORECASE)


def command(header: str) -> Callable[[_Handler], _Handler]:
    """Bind a method to a command header."""
    return _bind(header, is_query=False)


def query(header: str) -> Callable[[_Handler], _Handler]:
    """Bind a method to a query; the question mark is not written."""
    return _bind(header, is_query=True)


def _bind(header: str, *, is_query: bool) -> Callable[[_Handler], _Handler]:
    def decorate(handler: _Handler) -> _Handler:
        bound = [*getattr(handler, "scpi_headers", []), (_header_pattern(header), is_query)]
        handler.scpi_headers = bound  # type: ignore[attr-defined]
        return handler

    return decorate


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, emulator: ScpiEmulator, address: tuple[str, int]) -> None:
        self.emulator = emulator
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def drop_connections(self) -> None:
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        self.server.connections.add(self.request)
        try:
            while line := self._next_line():
                answer = self.server.emulator.answer(line.decode("ascii", errors="replace"))
                if answer is not None:
                    self.wfile.write(answer + b"\n")
        except OSError:
            return  # the client went away in the middle of a message: an instrument does not mind
        finally:
            self.server.connections.discard(self.request)

    def _next_line(self) -> bytes:
        """Acknowledge at once, then wait for a line.

        PyVISA-py cannot switch off Nagle's algorithm: a command followed by a query would wait 40 ms for our delayed
        acknowledgement. Linux forgets the option after every use.
        """
        if sys.platform == "linux":
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return self.rfile.readline(_LONGEST_LINE)


class ScpiEmulator:
    """Base of all emulators: server, dispatch, error queue, faults.

    Faults for tests of error paths: ``inject_error``, ``stay_silent``, ``garble``, and the attribute ``identity``.
    """

    #: answer to ``*IDN?``; a test may change it on the instance
    identity: str = ""
    #: true until a bring-up on the device itself has confirmed the command set
    unverified: ClassVar[bool] = True
    #: what separates message units on a line
    unit_separator: ClassVar[str] = ";"
    #: codes that this maker uses in place of SCPI's
    own_codes: ClassVar[Mapping[int, int]] = {}
    _table: ClassVar[list[tuple[re.Pattern[str], bool, str]]] = []

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        table: dict[tuple[str, bool], tuple[re.Pattern[str], bool, str]] = {}
        for base in reversed(cls.__mro__):
            for name, member in vars(base).items():
                for pattern, is_query in getattr(member, "scpi_headers", []):
                    table[pattern.pattern, is_query] = (pattern, is_query, name)
        cls._table = list(table.values())

    def __init__(self, scene: ElectricalScene, *, port: int = 0) -> None:
        self._scene = scene
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._errors: deque[tuple[int, str]] = deque()
        self._silent = 0
        self._garbage: deque[bytes] = deque()
        self.reset()

    # -- life -------------------------------------------------------------------------------------

    @property
    def resource(self) -> str:
        """VISA resource string it is reached at."""
        if self._server is None:
            raise RuntimeError("not started")
        return f"TCPIP::127.0.0.1::{self._server.server_address[1]}::SOCKET"

    def start(self) -> None:
        """Serve on a free loopback port, on a thread."""
        self._server = _Server(self, ("127.0.0.1", self._port))
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.02},
            name=type(self).__name__,
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop serving, drop the connections and join the thread; stopping twice is harmless."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.drop_connections()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def rebind(self, scene: ElectricalScene) -> None:
        """Forget everything and couple to a fresh scene (a new case begins)."""
        with self._scene.lock, scene.lock:
            self._scene = scene
            self._errors.clear()
            self._silent = 0
            self._garbage.clear()
            self.reset()

    def reset(self) -> None:
        """Settings as after ``*RST``; touches no scene."""

    def publish(self) -> None:
        """Bring the scene to what the terminals give; only sources do."""

    def identification(self) -> str:
        """Answer to ``*IDN?``."""
        return self.identity

    # -- faults -----------------------------------------------------------------------------------

    def inject_error(self, code: int, meaning: str | None = None) -> None:
        """Put an entry into the error queue as if the instrument had found it."""
        self._errors.append((code, meaning if meaning is not None else MEANINGS[code]))

    def stay_silent(self, answers: int = 1) -> None:
        """Swallow the next answers."""
        self._silent = answers

    def garble(self, *answers: bytes) -> None:
        """Give these bytes instead of the next answers."""
        self._garbage.extend(answers)

    # -- messages ---------------------------------------------------------------------------------

    def answer(self, line: str) -> bytes | None:
        """Serve one line; the answer without its terminator, or None."""
        with self._scene.lock:
            answers = [self._serve(unit.strip()) for unit in line.split(self.unit_separator) if unit.strip()]
        texts = [text for text in answers if text is not None]
        if not texts:
            return None
        if self._silent:
            self._silent -= 1
            return None
        if self._garbage:
            return self._garbage.popleft()
        return ";".join(texts).encode("ascii")

    def _serve(self, unit: str) -> str | None:
        try:
            return self._dispatch(unit)
        except ScpiError as error:
            code = self.own_codes.get(error.code, error.code)
            if len(self._errors) < _QUEUE_LENGTH:
                self.inject_error(code if len(self._errors) < _QUEUE_LENGTH - 1 else -350)
        return None

    def _dispatch(self, unit: str) -> str | None:
        header, _, rest = unit.partition(" ")
        is_query = header.endswith("?")
        path = ":" + header.rstrip("?").lstrip(":")
        arguments = self.split_arguments(rest.strip(), is_query=is_query)
        for pattern, for_query, name in self._table:
            match = pattern.fullmatch(path) if for_query == is_query else None
            if match:
                suffixes = tuple(int(group) for group in match.groups() if group is not None)
                result = getattr(self, name)(Call(suffixes, arguments))
                return None if result is None else str(result)
        raise ScpiError(-113)

    def split_arguments(self, text: str, *, is_query: bool) -> tuple[str, ...]:  # noqa: ARG002 - dialects need it
        """Arguments of one message unit."""
        return tuple(argument.strip() for argument in text.split(",")) if text else ()

    def next_error(self) -> tuple[int, str]:
        """Take the oldest entry of the error queue; 0 when it is empty."""
        return self._errors.popleft() if self._errors else (0, MEANINGS[0])

    def pop_error(self) -> str:
        """Take the oldest entry of the error queue as SCPI writes it."""
        code, meaning = self.next_error()
        return f'{code},"{meaning}"'

    @query("*IDN")
    def _identify(self, _call: Call) -> str:
        return self.identification()

    @command("*CLS")
    def _clear_status(self, _call: Call) -> None:
        self._errors.clear()

    @command("*RST")
    def _reset(self, _call: Call) -> None:
        self.reset()
        self.publish()
