"""Drivers over PyVISA: the session, declarative properties, and what all instruments share.

A driver declares each setting once, with unit and range. A value outside the range is refused, never clipped. After every
message the instrument's own error queue is read, so that a refusal inside the instrument is never overlooked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from types import TracebackType
from typing import ClassVar, Generic, NamedTuple, Protocol, Self, TypeVar, overload

import pyvisa
from pyvisa.resources import MessageBasedResource, SerialInstrument

from rig.errors import InstrumentError, NoSignalError
from rig.ports.instruments import InstrumentIdentity

#: a finite SCPI number in one of the forms NR1, NR2, NR3
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
#: SCPI 1999, 7.2.1: infinity is 9.9E37, not-a-number 9.91E37; no reading of ours comes near
_SCPI_NOT_FINITE = Decimal("9.8E37")
_ERROR_ENTRY = re.compile(r'\s*([+-]?\d{1,9})\s*,\s*"?([^"]*)"?\s*')
#: more entries than any queue of these instruments holds; a longer answer means that the query does not pop
_ERROR_QUEUE_LIMIT = 64


class MessageSession(Protocol):
    """Lines of text to and from one instrument."""

    @property
    def resource(self) -> str:
        """VISA resource string."""
        ...

    def write(self, text: str) -> None:
        """Send one line.

        Raises:
            InstrumentError: the connection is gone.
        """
        ...

    def read(self, *, extra_s: float = 0.0) -> str:
        """Receive one line, waiting ``extra_s`` seconds longer than usual.

        Raises:
            InstrumentError: nothing came in time, or what came is no text.
        """
        ...

    def reopen(self) -> None:
        """Drop the connection with everything still unread in it, and make a new one."""
        ...

    def close(self) -> None:
        """Give the connection back; closing twice is harmless."""
        ...


def _resource_manager() -> pyvisa.ResourceManager:
    """PyVISA's one manager for this backend; asked for anew each time, because anybody in the process may have closed it."""
    return pyvisa.ResourceManager("@py")


class VisaSession:
    """A message session over PyVISA with the pure Python backend; TCPIP SOCKET and ASRL resources, timeout in seconds."""

    def __init__(self, resource: str, *, timeout_s: float = 2.0, baud: int = 9600) -> None:
        self._resource = resource
        self._timeout_ms = timeout_s * 1000.0
        self._baud = baud
        self._device: MessageBasedResource | None = self._open()

    @property
    def resource(self) -> str:
        """VISA resource string."""
        return self._resource

    def _open(self) -> MessageBasedResource:
        try:
            device = _resource_manager().open_resource(self._resource)
        except (pyvisa.errors.Error, OSError, ValueError) as error:
            raise InstrumentError(f"cannot open {self._resource}: {error}") from error
        if not isinstance(device, MessageBasedResource):
            device.close()
            raise InstrumentError(
                f"{self._resource} carries no messages; a SOCKET or ASRL resource is needed"
            )
        device.timeout = self._timeout_ms
        device.read_termination = "\n"
        device.write_termination = "\n"
        if isinstance(device, SerialInstrument):
            device.baud_rate = self._baud
        return device

    def _live(self) -> MessageBasedResource:
        if self._device is None:
            raise InstrumentError(f"{self._resource} is closed")
        return self._device

    def write(self, text: str) -> None:
        """Send one line."""
        try:
            self._live().write(text)
        except (pyvisa.errors.Error, OSError) as error:
            raise InstrumentError(f"{self._resource}: cannot send {text!r}: {error}") from error

    def read(self, *, extra_s: float = 0.0) -> str:
        """Receive one line."""
        device = self._live()
        device.timeout = self._timeout_ms + extra_s * 1000.0
        try:
            return device.read(encoding="ascii").strip()
        except (pyvisa.errors.Error, OSError) as error:
            waited_s = device.timeout / 1000.0
            raise InstrumentError(f"{self._resource}: no answer within {waited_s:g} s ({error})") from error
        except UnicodeDecodeError as error:
            raise InstrumentError(f"{self._resource}: the answer is no text: {error.object!r}") from error
        finally:
            device.timeout = self._timeout_ms

    def reopen(self) -> None:
        """Drop the connection with everything still unread in it, and make a new one."""
        self.close()
        self._device = self._open()

    def close(self) -> None:
        """Give the connection back."""
        if self._device is not None:
            device, self._device = self._device, None
            device.close()


def parse_number(reply: str, *, instrument: str, quantity: str) -> Decimal:
    """Exact decimal of a numeric reply.

    Raises:
        InstrumentError: the reply is no number, or one that SCPI uses for infinity or not-a-number.
    """
    text = reply.strip()
    if not _NUMBER.fullmatch(text):
        raise InstrumentError(f"{instrument}: {quantity} answered {reply!r}, which is no finite number")
    value = Decimal(text)
    if abs(value) >= _SCPI_NOT_FINITE:
        raise NoSignalError(f"{instrument}: {quantity} answered {reply!r}: over range or no signal")
    return value


def require_range(
    instrument: str,
    quantity: str,
    value: float | Decimal,
    minimum: float | Decimal,
    maximum: float | Decimal,
    unit: str,
) -> None:
    """Refuse a value outside ``minimum`` to ``maximum``, both inclusive.

    Raises:
        InstrumentError: names instrument, quantity, value and the allowed range.
    """
    # as floats: Decimal("0.05") is less than the float 0.05, and neither is less than the other to an instrument
    if not (math.isfinite(value) and float(minimum) <= float(value) <= float(maximum)):
        raise InstrumentError(
            f"{instrument}: {quantity} = {value} {unit} is outside {minimum} to {maximum} {unit}".replace(
                "  ", " "
            )
        )


class _Owner(Protocol):
    """Whatever carries declared properties: an instrument, or one channel of it."""

    @property
    def label(self) -> str: ...

    @property
    def channel(self) -> str: ...

    def send(self, command: str) -> None: ...

    def ask(self, query: str, *, extra_s: float = 0.0) -> str: ...


class _Property:
    """Common part: name, documentation, unit."""

    def __init__(self, doc: str, *, unit: str, command: str | None, query: str | None) -> None:
        self.__doc__ = doc
        self.unit = unit
        self.command = command
        self.query = query
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def _ask(self, instance: _Owner) -> str:
        if self.query is None:
            raise InstrumentError(f"{instance.label}: {self.name} cannot be read back")
        return instance.ask(self.query.format(channel=instance.channel))

    def _send(self, instance: _Owner, text: str) -> None:
        if self.command is None:
            raise InstrumentError(f"{instance.label}: {self.name} can only be read")
        instance.send(self.command.format(channel=instance.channel, value=text))


class Quantity(_Property):
    """A numeric setting or reading with unit and inclusive range; reads give the exact decimal of the reply."""

    def __init__(
        self,
        doc: str,
        *,
        unit: str,
        command: str | None = None,
        query: str | None = None,
        minimum: float | Decimal | None = None,
        maximum: float | Decimal | None = None,
        whole: bool = False,
    ) -> None:
        super().__init__(doc, unit=unit, command=command, query=query)
        if command is not None and (minimum is None or maximum is None):
            raise TypeError("a quantity that can be set needs a range")
        self.minimum = minimum
        self.maximum = maximum
        self.whole = whole

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: _Owner, owner: type) -> Decimal: ...
    def __get__(self, instance: _Owner | None, owner: type) -> Self | Decimal:
        if instance is None:
            return self
        return parse_number(self._ask(instance), instrument=instance.label, quantity=self.name)

    def __set__(self, instance: _Owner, value: float | Decimal) -> None:
        self.check(instance, value)
        self._send(instance, f"{int(value)}" if self.whole else number(value))

    def check(self, instance: _Owner, value: float | Decimal) -> None:
        """Refuse a value that the instrument could not take, without sending anything.

        Raises:
            InstrumentError: outside the range, or not whole where whole is asked.
        """
        if self.minimum is None or self.maximum is None:
            raise InstrumentError(f"{instance.label}: {self.name} can only be read")
        require_range(instance.label, self.name, value, self.minimum, self.maximum, self.unit)
        if self.whole and value != int(value):
            raise InstrumentError(f"{instance.label}: {self.name} = {value} must be a whole number")


_K = TypeVar("_K", bound=Hashable)


class Choice(_Property, Generic[_K]):
    """A setting with named values, each with its spelling on the wire; readings may be spelt in several ways."""

    def __init__(
        self,
        doc: str,
        *,
        values: Mapping[_K, str],
        replies: Mapping[str, _K] | None = None,
        command: str | None = None,
        query: str | None = None,
    ) -> None:
        super().__init__(doc, unit="", command=command, query=query)
        self.values = values
        self.replies = replies if replies is not None else {text: value for value, text in values.items()}

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: _Owner, owner: type) -> _K: ...
    def __get__(self, instance: _Owner | None, owner: type) -> Self | _K:
        if instance is None:
            return self
        reply = self._ask(instance)
        if reply not in self.replies:
            raise InstrumentError(
                f"{instance.label}: {self.name} answered {reply!r}, not one of {', '.join(self.replies)}"
            )
        return self.replies[reply]

    def __set__(self, instance: _Owner, value: _K) -> None:
        if value not in self.values:
            allowed = ", ".join(str(key) for key in self.values)
            raise InstrumentError(f"{instance.label}: {self.name} = {value} is not one of {allowed}")
        self._send(instance, self.values[value])


def number(value: float | Decimal) -> str:
    """A number as it is sent: nine significant digits, which is beyond every setting of these instruments."""
    return f"{value:.9g}"


class BringupStep(NamedTuple):
    """One step of a scripted acceptance: its name, whether it passed, and what was seen."""

    step: str
    passed: bool
    detail: str


class VisaInstrument(AbstractContextManager["VisaInstrument"]):
    """What all drivers share: session, identity, error queue, bring-up.

    Class attributes that a driver sets: ``label`` (maker and model), ``expected_identity`` (what ``*IDN?`` must match),
    ``commands`` (every command it sends, with the source that confirms it), ``error_query`` and ``error_codes_ok``.
    """

    label: ClassVar[str]
    channel: ClassVar[str] = ""
    expected_identity: ClassVar[re.Pattern[str]]
    commands: ClassVar[Mapping[str, str]]
    error_query: ClassVar[str] = "SYST:ERR?"
    clear_command: ClassVar[str] = "*CLS"
    #: true until a bring-up on the device itself has been recorded, which the bench then notes here; reports print it
    unverified: bool = True

    def __init__(self, session: MessageSession, *, simulated: bool = False) -> None:
        self._session = session
        self._simulated = simulated
        self._out_of_step = False

    @classmethod
    def open(cls, resource: str, *, timeout_s: float = 2.0, simulated: bool = False) -> Self:
        """Connect, empty the error queue and make sure that the right instrument answers.

        Args:
            resource: VISA resource string, ``TCPIP::host::port::SOCKET`` or ``ASRL/dev/ttyUSB0::INSTR``.
            timeout_s: how long to wait for an answer, in seconds.
            simulated: the far end is an emulator.

        Raises:
            InstrumentError: no connection, no answer, or another instrument.
        """
        instrument = cls(VisaSession(resource, timeout_s=timeout_s), simulated=simulated)
        try:
            instrument.send(cls.clear_command)
            instrument.identify()
        except InstrumentError:
            instrument.close()
            raise
        return instrument

    @property
    def resource(self) -> str:
        """VISA resource string."""
        return self._session.resource

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the session; closing twice is harmless."""
        self._session.close()

    def identify(self) -> InstrumentIdentity:
        """Ask the instrument who it is.

        Raises:
            InstrumentError: the answer is malformed or names another instrument.
        """
        reply = self.ask("*IDN?")
        if not self.expected_identity.match(reply):
            raise InstrumentError(
                f"{self.resource} answers as {reply!r}; {self.label} was expected: check the address in the bench file"
            )
        maker, model, serial, firmware = self._split_identity(reply)
        return InstrumentIdentity(
            maker, model, serial, firmware, simulated=self._simulated, verified=not self.unverified
        )

    def _split_identity(self, reply: str) -> tuple[str, str, str, str]:
        fields = [field.strip() for field in reply.split(",")]
        if len(fields) != 4:
            raise InstrumentError(f"{self.label}: *IDN? answered {reply!r}; four fields were expected")
        return fields[0], fields[1], fields[2], fields[3]

    def send(self, command: str) -> None:
        """Send a command and read the error queue.

        Raises:
            InstrumentError: the instrument reports an error or does not answer.
        """
        self._resynchronise()
        self._session.write(command)
        self._raise_errors(command)

    def ask(self, query: str, *, extra_s: float = 0.0) -> str:
        """Send a query, read its answer and the error queue.

        Raises:
            InstrumentError: no answer, no text, or the instrument reports an error.
        """
        self._resynchronise()
        self._session.write(query)
        try:
            reply = self._session.read(extra_s=extra_s)
        except InstrumentError as error:
            self._out_of_step = True
            raise InstrumentError(f"{self.label}: {query!r}: {error}{self._reason_of_silence()}") from error
        self._raise_errors(query)
        return reply

    def ask_number(self, query: str, *, quantity: str, extra_s: float = 0.0) -> Decimal:
        """Query a finite number; ``quantity`` names it in errors."""
        return parse_number(self.ask(query, extra_s=extra_s), instrument=self.label, quantity=quantity)

    def read_errors(self) -> list[tuple[int, str]]:
        """Empty the error queue and return its entries, oldest first.

        Raises:
            InstrumentError: an entry is malformed, or the queue does not end.
        """
        errors: list[tuple[int, str]] = []
        for _ in range(_ERROR_QUEUE_LIMIT):
            self._session.write(self.error_query)
            try:
                reply = self._session.read()
            except InstrumentError as error:
                self._out_of_step = True
                raise InstrumentError(f"{self.label}: {self.error_query!r}: {error}") from error
            entry = _ERROR_ENTRY.fullmatch(reply)
            if entry is None:
                self._out_of_step = True
                raise InstrumentError(
                    f"{self.label}: {self.error_query!r} answered {reply!r}, no error entry"
                )
            if int(entry[1]) == 0:
                return errors
            errors.append((int(entry[1]), entry[2]))
        raise InstrumentError(f"{self.label}: the error queue does not empty, last entry {errors[-1]}")

    def _raise_errors(self, message: str) -> None:
        errors = self.read_errors()
        if errors:
            text = "; ".join(f'{code},"{meaning}"' for code, meaning in errors)
            raise InstrumentError(f"{self.label}: {message!r} was refused: {text}")

    def _resynchronise(self) -> None:
        """A late answer must never be taken for the answer of the next query: start from an empty connection."""
        if self._out_of_step:
            self._session.reopen()
            self._out_of_step = False

    def _reason_of_silence(self) -> str:
        """What the error queue says after a query without answer; an unknown query is the usual reason."""
        try:
            self._resynchronise()
            errors = self.read_errors()
        except InstrumentError:
            self._out_of_step = True
            return ""
        return "".join(f'; its error queue says {code},"{meaning}"' for code, meaning in errors)

    def bringup(self) -> list[BringupStep]:
        """Scripted acceptance of the instrument: what was tried, whether it held, what was seen."""
        return [self._try(step, check) for step, check in self._bringup_steps()]

    def _try(self, step: str, check: Callable[[], str]) -> BringupStep:
        try:
            return BringupStep(step, passed=True, detail=check())
        except InstrumentError as error:
            return BringupStep(step, passed=False, detail=str(error))

    def _bringup_steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "identity", self._bringup_identity
        yield "error queue", self._bringup_error_queue

    def _bringup_identity(self) -> str:
        identity = self.identify()
        return f"{identity.maker} {identity.model}, serial {identity.serial}, firmware {identity.firmware}"

    def _bringup_error_queue(self) -> str:
        """An unknown header must be reported, and only once."""
        refusal = self._expect_refusal("RIG:NO:SUCH:HEADER 1")
        self.send(self.clear_command)
        return refusal

    def _expect_refusal(self, command: str) -> str:
        try:
            self.send(command)
        except InstrumentError as error:
            return str(error)
        raise InstrumentError(f"{self.label}: accepted {command!r} without reporting an error")
