"""The exception tree: the type of an error says who is to blame, and so decides the verdict."""

from __future__ import annotations

from dataclasses import dataclass


class RigError(Exception):
    """Anything the rig raises on purpose."""


class ProtocolError(RigError):
    """A rule of a protocol was broken."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "protocol",
        clause: str | None = None,
        offset: int | None = None,
        expected: object = None,
        got: object = None,
        frame: bytes = b"",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.clause = clause
        self.offset = offset
        self.expected = expected
        self.got = got
        self.frame = frame

    def __str__(self) -> str:
        parts = [self.message]
        if self.offset is not None:
            parts.append(f"at offset {self.offset}")
        if self.expected is not None or self.got is not None:
            parts.append(f"(expected {self.expected}, got {self.got})")
        if self.clause:
            parts.append(f"[{self.clause}]")
        if self.frame:
            parts.append(f"in {self.frame.hex()}")
        return " ".join(parts)


class LocalProtocolError(ProtocolError):
    """We tried to send something illegal: our bug, verdict ERROR."""


class RemoteProtocolError(ProtocolError):
    """The device broke a rule: verdict FAIL."""


class DeviceRefused(RigError):
    """A legal negative answer, with its code: FAIL, or what the case expects."""

    def __init__(self, message: str, *, code: int, meaning: tuple[str, ...] = (), frame: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.meaning = meaning
        self.frame = frame


class LinkTimeout(RigError):
    """Silence where an answer was due: verdict FAIL with a reason of its own."""

    def __init__(self, message: str, *, link: str, waited_s: float, attempts: int) -> None:
        super().__init__(message)
        self.link = link
        self.waited_s = waited_s
        self.attempts = attempts


class BenchError(RigError):
    """Instrument, adapter, inventory, interlock or lease failed: ERROR, never blamed on the device."""


class BenchMissing(RigError):
    """A case asks for what this bench does not have or cannot do: NOT_TESTED; the message names what is missing."""


class LinkClosedError(BenchError):
    """The port or connection below a link is gone."""


class InstrumentError(BenchError):
    """An instrument reported an error, did not answer, or was asked for more than it can do."""


class NoSignalError(InstrumentError):
    """An instrument works and measured nothing: its input sees no signal."""


class ConfigError(RigError):
    """A file or an argument is wrong; names file, key, value and what would be right."""

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        key: str | None = None,
        value: object = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.key = key
        self.value = value
        self.hint = hint

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.key) if part)
        text = f"{where}: {self.message}" if where else self.message
        if self.value is not None:
            text += f" (got {self.value!r})"
        return f"{text}; {self.hint}" if self.hint else text


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken but tolerated.

    ``code`` is a stable short name, ``offset`` counts octets from the start of the frame (preamble excluded).
    """

    code: str
    message: str
    offset: int | None = None
    clause: str | None = None
