"""The meter archive of a real terminal (parameter F10): read whole, written down, and put back when a case changed it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Final

from rig.errors import BenchMissing, DeviceRefused, LinkTimeout, RemoteProtocolError
from rig.exchange.terminal_exchange import TerminalExchange
from rig.protocols.gdw1376_1.control import Afn
from rig.protocols.gdw1376_1.frame import Frame, FrameReader
from rig.protocols.gdw1376_1.layout import Input, Plain
from rig.protocols.gdw1376_1.messages import Content, parse_message
from rig.protocols.gdw1376_1.profile import Profile
from rig.protocols.stream import NEED_DATA
from rig.sessions.terminal import TerminalSession

#: one line of the archive (F10), values by key
Line = dict[str, Input]

#: parameter with the archive, and the command that deletes the meters of a port
_ARCHIVE, _DELETE_PORT = 10, 53
#: resets that may clear the archive: data, factory state, factory state but for the communication
_CLEARING: Final = frozenset((2, 3, 4))
#: highest index of the archive
_LAST_INDEX: Final = 2040
#: lines in one data unit
LINES_A_UNIT: Final = 20
#: halves of what was denied
_HALVES: Final = 2
#: requests by which an archive is read that names its vacant places; one that took more is not read whole again
_FEW_REQUESTS: Final = 200
#: longest time for reading an archive, in s
_LONGEST_READ_S: Final = 3600.0
#: how often what the terminal answers and does not obey is tried again
_TRIES: Final = 3


def archive_unit(lines: Sequence[Line]) -> dict[str, Input]:
    """Values of parameter F10 with these lines."""
    values: dict[str, Input] = {"meters": len(lines)}
    for place, line in enumerate(lines, start=1):
        values |= {f"meter.{place}.{key}": value for key, value in line.items()}
    return values


def _lines(exchange: TerminalExchange) -> list[Line]:
    found: list[Line] = []
    for message in exchange.messages:
        for unit in message.units:
            groups: dict[str, Line] = {}
            for value in unit.values:
                name, _, rest = value.key.partition(".")
                place, _, key = rest.partition(".")
                if name == "meter" and key:
                    groups.setdefault(place, {})[key] = _plain(value.value)
            # asked for by index, a place of the archive that nobody uses is answered as measuring point 0
            found += [line for line in groups.values() if line.get("point")]
    return found


def _plain(value: Plain) -> Input:
    return int(value) if isinstance(value, Decimal) and value == int(value) else value


def read_archive(session: TerminalSession, among: Iterable[int] | None = None) -> tuple[Line, ...]:
    """Every line of the archive; a terminal that wants to be told which is asked by index, 20 at once.

    Indices that are denied together are asked for in smaller parts, down to each alone: some may be in use, and only
    what was denied alone is a place that nobody uses. So a terminal that denies every vacant place is asked some two
    thousand times.

    Args:
        session: with the terminal.
        among: the indices to ask for, where that is needed; None: the whole range.

    Raises:
        LinkTimeout: silence.
        RemoteProtocolError: an answer that cannot be understood.
        BenchMissing: it takes longer than an hour.
    """
    with suppress(DeviceRefused):
        found = _lines(session.query_parameters([_ARCHIVE]))
        if found:
            return tuple(found)
    wanted = range(1, _LAST_INDEX + 1) if among is None else sorted(among)
    latest_s = session.clock.now_s() + _LONGEST_READ_S
    lines: list[Line] = []
    vacant = False
    for at in range(0, len(wanted), LINES_A_UNIT):
        step = wanted[at : at + LINES_A_UNIT]
        try:
            lines += _asked(session, step)
            vacant = False
        except DeviceRefused:
            # behind a vacant step another one is likely, and halving it would only add to the single requests
            held = _held(session, step, len(step) if vacant else _HALVES)
            vacant = not held
            lines += held
        if session.clock.now_s() > latest_s:
            raise BenchMissing(f"a link that reads the archive by single indices in {_LONGEST_READ_S:g} s")
    return tuple(lines)


def _asked(session: TerminalSession, indices: Sequence[int]) -> list[Line]:
    wanted: dict[str, Input] = {"meters": len(indices)}
    wanted |= {f"index.{place}": index for place, index in enumerate(indices, start=1)}
    return _lines(session.query_parameter(Content(0, _ARCHIVE, wanted)))


def _held(session: TerminalSession, indices: Sequence[int], parts: int) -> list[Line]:
    """Lines at indices that were denied together: asked for in so many parts, what is denied again in halves."""
    if len(indices) == 1:
        return []
    found: list[Line] = []
    size = -(-len(indices) // parts)
    for at in range(0, len(indices), size):
        part = indices[at : at + size]
        try:
            found += _asked(session, part)
        except DeviceRefused:
            found += _held(session, part, _HALVES)
    return found


def set_indices(octets: bytes, profile: Profile) -> set[int]:
    """Indices of the lines that octets that were sent set (04 F10)."""
    named = {
        value.value
        for frame in _frames(octets, profile)
        if frame.afn == Afn.SET_PARAMETERS
        for unit in parse_message(frame, profile).units
        if unit.number == _ARCHIVE
        for value in unit.values
        if value.key.endswith(".index") and value.value is not None
    }
    return {int(index) for index in named} & set(range(1, _LAST_INDEX + 1))


def changes_archive(octets: bytes, profile: Profile) -> bool:
    """Whether octets that were sent hold a request that may change the archive: 04 F10, 05 F53, 01 F2..F4."""
    return any(
        number == _ARCHIVE
        if frame.afn == Afn.SET_PARAMETERS
        else number == _DELETE_PORT
        if frame.afn == Afn.CONTROL
        else frame.afn == Afn.RESET and number in _CLEARING
        for frame in _frames(octets, profile)
        for identifier in parse_message(frame, profile).identifiers
        for number in identifier.types
    )


def _frames(octets: bytes, profile: Profile) -> Iterator[Frame]:
    reader = FrameReader(profile=profile)
    reader.feed(octets)
    reader.idle()
    while (found := reader.next_frame()) is not NEED_DATA:
        if isinstance(found, Frame):
            yield found


class KeptArchive:
    """The archive of a real concentrator as it was found, kept across the cases of a run.

    Args:
        name: of the concentrator.
        file: where the archive is written down, so that a run that is killed does not lose it, and the same run
            resumed puts it back; it is removed when the archive is as it was. None: nowhere.
        remarks: by name, what the user should read when the run is over.

    Attributes:
        lines: as found; None: not read yet.
        owed: a case may have changed the archive, and it is not back yet.
        unread: why it could not be read; then nothing can be put back either, and no case may change it.
    """

    def __init__(
        self,
        name: str = "concentrator",
        file: Path | None = None,
        remarks: MutableMapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.file = file
        self.lines: tuple[Line, ...] | None = None
        self.owed = False
        self.unread: RemoteProtocolError | LinkTimeout | BenchMissing | None = None
        self._remarks: MutableMapping[str, str] = {} if remarks is None else remarks
        self._session: TerminalSession | None = None
        self._seen = 0
        self._failed: list[DeviceRefused | RemoteProtocolError | BenchMissing] = []
        self._set: set[int] = set()
        self._dear = False

    def find(self, session: TerminalSession) -> None:
        """Read the archive, once: from the terminal, or what an earlier part of this run has written down.

        Raises:
            LinkTimeout: the terminal is silent.
        """
        if self._session is not session:
            self._session, self._seen = session, len(session.exchanges)
        if self.lines is not None:
            return
        if self.file is not None and self.file.is_file():
            self.lines = tuple(json.loads(self.file.read_text(encoding="utf-8"))["lines"])
            self.owed = True
            return
        try:
            self.lines = self._whole(session)
        except (RemoteProtocolError, LinkTimeout, BenchMissing) as error:
            _look_alive(session)
            self.lines, self.unread = (), error
            return
        self._write_down()

    def _write_down(self) -> None:
        """Written down before anything is changed; one without lines too, else a resumed run took our lines for its."""
        if self.file is None:
            return
        told = {
            "what": f"meter archive (F10) of {self.name} before the run; while this file is here it may not be back",
            "lines": self.lines,
        }
        draft = self.file.with_name(f"{self.file.name}.new")
        draft.write_text(json.dumps(told, indent=1), encoding="utf-8")
        draft.replace(self.file)

    def _whole(self, session: TerminalSession) -> tuple[Line, ...]:
        before = len(session.exchanges)
        lines = read_archive(session)
        self._dear = len(session.exchanges) - before > _FEW_REQUESTS
        return lines

    def _present(self, session: TerminalSession, known: Sequence[Line]) -> tuple[Line, ...]:
        """The lines that there are; where that takes thousands of requests, at the indices that were ever in use."""
        if not self._dear:
            return self._whole(session)
        return read_archive(session, self._set | {int(str(line["index"])) for line in known})

    def permit(self, octets: bytes, profile: Profile) -> None:
        """What is about to be sent must not change an archive that could not be put back.

        Raises:
            BenchMissing: it would.
        """
        if self.unread is not None and changes_archive(octets, profile):
            raise BenchMissing(
                f"the meter archive of {self.name}, which could not be read, so that it could not be put back"
                f" when this case changes it: {self.unread}"
            )

    def put_back(self) -> None:
        """When something was sent that may have changed the archive: put back what is not as it was.

        Raises:
            LinkTimeout: silence; it is tried again the next time.
            DeviceRefused, RemoteProtocolError: the terminal does not take it; tried again a few times.
            BenchMissing: reading it takes too long.
        """
        session = self._session
        if session is None or self.lines is None:
            return
        fresh = session.exchanges[self._seen :]
        self._seen += len(fresh)
        for octets in (exchange.sent.data for exchange in fresh):
            if changes_archive(octets, session.profile):
                self.owed = True
                self._failed.clear()
                self._set |= set_indices(octets, session.profile)
        if not self.owed:
            return
        if self.unread is not None:
            raise self.unread
        if len(self._failed) >= _TRIES:
            raise self._failed[-1]
        try:
            self._restore(session, self.lines)
        except (DeviceRefused, RemoteProtocolError, BenchMissing) as error:
            self._failed.append(error)
            raise
        finally:
            self._seen = len(session.exchanges)
        self.owed = False
        self._set.clear()

    def _restore(self, session: TerminalSession, known: Sequence[Line]) -> None:
        found = self._present(session, known)
        strange = [line | {"point": 0} for line in found if line not in known]
        changes = strange + [line for line in known if line not in found]
        if not changes:
            return
        refusals: list[DeviceRefused] = []
        for at in range(0, len(changes), LINES_A_UNIT):
            some = changes[at : at + LINES_A_UNIT]
            try:
                session.set_parameters([Content(0, _ARCHIVE, archive_unit(some))])
            except DeviceRefused as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]
        left = self._present(session, known)
        wrong = [line for line in (*left, *known) if line not in known or line not in left]
        if wrong:
            raise RemoteProtocolError(
                "the archive is not as it was before the run, though its set was confirmed",
                code="value",
                expected=f"{len(known)} lines as before",
                got=f"{len(wrong)} lines that differ, the first with index {wrong[0].get('index')}",
            )

    def close(self) -> None:
        """The run is over: a last try; what is still not back is told, and stays in the file."""
        try:
            self.put_back()
        except (LinkTimeout, DeviceRefused, RemoteProtocolError, BenchMissing) as error:
            where = "" if self.file is None else f"; it is written down in {self.file}"
            self._remarks[self.name] = (
                f"the meter archive of {self.name} could not be put back ({error}){where}"
            )
            return
        self._remarks.pop(self.name, None)
        if self.file is not None and self.lines is not None and not self.owed:
            self.file.unlink(missing_ok=True)


def _look_alive(session: TerminalSession) -> None:
    """Ask for the clock.

    Raises:
        LinkTimeout: the terminal is silent altogether.
    """
    with suppress(DeviceRefused, RemoteProtocolError):
        session.read_realtime([0], [2])
