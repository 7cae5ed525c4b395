"""Load of the command center: real TCP on loopback, terminals that send at times fixed in advance, acknowledged after commit.

Center and terminals are processes of their own. Every terminal logs in, then sends reports (0D, CON=1) whose every
reading is new; the center stores them in group commits and acknowledges them after the commit. At the end the rows in
the database must equal the acknowledged readings, and so must the sums of their values; nothing may be refused, lost
or doubled. Latency counts from the time a report was due, not from when it was sent.

    python benchmarks/ncc_load.py [--store sqlite|postgresql] [--seconds 60] [--connections 1000] [--rate 12000]
        [--readings 2 | --curve 96] [--processes 1]
    python benchmarks/ncc_load.py --connections 30000 --processes 2
    python benchmarks/ncc_load.py --rate 2750 --curve 96          # every household of the paper every half hour

``--processes 2`` runs two centers, each with a port and (SQLite) a database of its own, and two fleets.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from fixtures.ncc_terminal import bcd, unit_id  # noqa: E402
from fixtures.postgres import postgres_server  # noqa: E402
from rig.ncc.settings import Limits, Settings, TimeRules  # noqa: E402
from rig.ncc.shell_asyncio import AsyncioCenter, allow_descriptors, run_loop, tune_memory  # noqa: E402
from rig.ncc.store import Store  # noqa: E402
from rig.ports.command_center import PointEntry, TerminalEntry  # noqa: E402

#: the paper's packets a day and meters an half hour, and all its households
GOAL_PACKETS, GOAL_READS, DREAM_READS = 11_574, 16_667, 261_000
POINTS = 1000
FIRST_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - local time of the network
#: outstanding reports of one terminal: PSEQ has four bits
WINDOW = 15
#: time for everything outstanding to be acknowledged after the last report, s
DRAIN_S = 60.0


def rss_kib() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)


def cpu_s() -> float:
    """Processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# -- center


async def center(options: argparse.Namespace) -> None:
    """A center; commands on standard input: ``memory``, ``end``; answers are JSON lines."""
    allow_descriptors()
    limits = Limits(sessions=19_500, sessions_per_address=19_500, frames_per_s=1e9, octets_per_s=1e12)
    settings = Settings(
        limits=limits, time=TimeRules(check_s=0.0), fetch_events=False, commit_s=options.delay
    )
    shell = AsyncioCenter(
        Store(options.url), settings, log=lambda level, text: print(level, text, file=sys.stderr)
    )
    # the archive of a million meters is not what is measured: all terminals share one table of points
    shared = {point: PointEntry("0001-0001", point, f"{point:012d}") for point in range(1, POINTS + 1)}
    for first in range(options.first, options.first + options.connections, 1000):
        last = min(first + 1000, options.first + options.connections)
        shell.core.register_terminals([TerminalEntry(address(number)) for number in range(first, last)])
    for terminal in shell.core.terminals():
        terminal.points = shared
    tune_memory()
    print(json.dumps({"listening": await shell.listen("127.0.0.1:0"), "rss": rss_kib()}), flush=True)
    loop = asyncio.get_running_loop()
    started_s = cpu_s()
    while (line := await loop.run_in_executor(None, sys.stdin.readline)).strip() == "memory":
        started_s = cpu_s()
        print(json.dumps({"rss": rss_kib(), "online": shell.core.statistics().online}), flush=True)
    statistics = shell.core.statistics()
    journal = shell.core.journal
    await shell.stop()
    print(
        json.dumps(
            {
                "line": line.strip(),
                "rss": rss_kib(),
                "cpu": cpu_s() - started_s,
                "stored": journal.stored,
                "doubled": journal.doubled,
                "groups": journal.groups,
                "failed": journal.failed,
                "counters": dict(statistics.counters),
            }
        ),
        flush=True,
    )


def address(number: int) -> str:
    """Address of a terminal by its number."""
    return f"{1 + number // 60000:04d}-{1 + number % 60000:04X}"


# -- fleet


class Terminal(asyncio.Protocol):
    """One terminal: sends what is due, counts what is acknowledged."""

    __slots__ = (
        "acked",
        "backlog",
        "buffer",
        "connected",
        "fleet",
        "header",
        "header_sum",
        "number",
        "outstanding",
        "position",
        "seq",
        "transport",
    )

    def __init__(self, fleet: Fleet, number: int) -> None:
        self.fleet = fleet
        self.number = number
        text = address(number)
        self.header = bytes.fromhex(text[:4])[::-1] + int(text[5:], 16).to_bytes(2, "little") + b"\0"
        self.header_sum = sum(self.header)
        self.outstanding: deque[tuple[float, int, int]] = deque()
        self.backlog: deque[float] = deque()
        self.buffer = b""
        self.seq = 0
        self.position = random.Random(number).randrange(POINTS) // fleet.units * fleet.units % POINTS
        self.connected = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        user = b"\xc9" + self.header + b"\x02\x70" + unit_id(0, 1)
        transport.write(whole(user, sum(user)))

    def connection_lost(self, _exc: Exception | None) -> None:
        self.fleet.lost += 1
        self.transport = None

    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
        size = len(data) - len(data) % 20
        self.buffer = data[size:]
        fleet = self.fleet
        now_s = fleet.now()
        for at in range(0, size, 20):
            if data[at + 12] or data[at + 16] != 1:
                fleet.wrong += 1
            elif not self.connected:
                self.connected = True
                fleet.logged_in += 1
            else:
                due_s, number, value = self.outstanding.popleft()
                if data[at + 13] & 15 != number:
                    fleet.wrong += 1
                fleet.acknowledged += 1
                fleet.total += value
                fleet.latencies.append(now_s - due_s)
        while self.backlog and len(self.outstanding) < WINDOW:
            self.send(self.backlog.popleft())

    def due(self, due_s: float) -> None:
        """A report is due."""
        if len(self.outstanding) < WINDOW:
            self.send(due_s)
        else:
            self.fleet.held += 1
            self.backlog.append(due_s)

    def send(self, due_s: float) -> None:
        """Send the next report."""
        if self.transport is None:
            self.fleet.unsent += 1
            return
        fleet = self.fleet
        self.seq = number = (self.seq + 1) & 15
        body, body_sum, value, self.position = fleet.body(self.position)
        user = b"\xc4%b\x0d%c%b" % (self.header, 0x70 | number, body)
        self.outstanding.append((due_s, number, value))
        self.transport.write(whole(user, 0xC4 + 0x0D + (0x70 | number) + self.header_sum + body_sum))


def whole(user: bytes, total: int) -> bytes:
    """A frame around user data whose octets have this sum."""
    word = (len(user) << 2 | 2).to_bytes(2, "little")
    return b"\x68%b%b\x68%b%c\x16" % (word, word, user, total & 255)


class Fleet:
    """Terminals and their open loop."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.units = 1 if options.curve else options.readings
        self.readings = options.curve or options.readings
        self.now = time.monotonic
        self.acknowledged = self.logged_in = self.lost = self.wrong = self.held = self.unsent = self.total = 0
        self.latencies: list[float] = []
        self._marks: dict[int, tuple[bytes, int]] = {}
        draw = random.Random(options.first)
        self._values = []
        for _ in range(997):
            if options.curve:
                numbers = [draw.randrange(10**8) for _ in range(options.curve)]
                octets = b"".join(bcd(number, 4) for number in numbers)
            else:
                numbers = [draw.randrange(10**10)]
                octets = b"\0" + bcd(numbers[0], 5)
            self._values.append((octets, sum(octets), sum(numbers)))
        number = 101 if options.curve else 161
        self._ids = [
            (octets, sum(octets)) for octets in (unit_id(point, number) for point in range(1, POINTS + 1))
        ]

    def mark(self, day: int) -> tuple[bytes, int]:
        """Octets between identifier and values, and their sum."""
        found = self._marks.get(day)
        if found is None:
            when = FIRST_DAY + timedelta(days=day)
            date = bcd(when.day, 1) + bcd(when.month, 1) + bcd(when.year - 2000, 1)
            density = {96: 1, 48: 2, 24: 3}.get(self.options.curve, 255)
            octets = (
                b"\0\0" + date + bytes((density, self.options.curve))
                if self.options.curve
                else date + b"\0\0" + date
            )
            found = self._marks[day] = (octets, sum(octets))
        return found

    def body(self, position: int) -> tuple[bytes, int, int, int]:
        """Body of the next report, its octets' sum, the sum of its values, and the position after it."""
        parts, total, value = [], 0, 0
        for _ in range(self.units):
            day, point = divmod(position, POINTS)
            mark, mark_sum = self.mark(day)
            identifier, identifier_sum = self._ids[point]
            octets, octets_sum, number = self._values[position % 997]
            parts += (identifier, mark, octets)
            total += identifier_sum + mark_sum + octets_sum
            value += number
            position += 1
        return b"".join(parts), total, value, position

    async def connect(self) -> list[Terminal]:
        """All terminals, logged in."""
        loop = asyncio.get_running_loop()
        options = self.options
        host, _, port = options.dial.rpartition(":")
        terminals = [Terminal(self, options.first + place) for place in range(options.connections)]
        for first in range(0, len(terminals), 200):
            await asyncio.gather(
                *(
                    loop.create_connection(
                        lambda terminal=terminal: terminal,
                        host,
                        int(port),
                        local_addr=(f"127.0.0.{2 + terminal.number % 8}", 0),
                    )
                    for terminal in terminals[first : first + 200]
                )
            )
        limit_s = self.now() + 60
        while self.logged_in < len(terminals) and self.now() < limit_s:  # noqa: ASYNC110 - polls seldom
            await asyncio.sleep(0.05)
        return terminals

    async def run(self, terminals: list[Terminal]) -> dict[str, object]:
        """Send for the time asked, wait for the last acknowledgement."""
        options = self.options
        rate, count = options.rate, len(terminals)
        reports = round(rate * options.seconds)
        begin_s, began_cpu_s = self.now(), cpu_s()
        sent = 0
        while sent < reports:
            due = min(reports, int((self.now() - begin_s) * rate) + 1)
            while sent < due:
                terminals[sent % count].due(begin_s + sent / rate)
                sent += 1
            await asyncio.sleep(0.001)
        sent_s = self.now() - begin_s
        limit_s = self.now() + DRAIN_S
        while self.acknowledged < reports and self.now() < limit_s and not self.lost:  # noqa: ASYNC110 - polls seldom
            await asyncio.sleep(0.01)
        drained_s = self.now() - begin_s
        ordered = sorted(self.latencies)
        return {
            "reports": reports,
            "acknowledged": self.acknowledged,
            "total": self.total,
            "sent_s": sent_s,
            "drained_s": drained_s,
            "lost": self.lost,
            "wrong": self.wrong,
            "held": self.held,
            "unsent": self.unsent,
            "cpu": cpu_s() - began_cpu_s,
            "ms": {
                name: round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
                for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
            }
            if ordered
            else {},
        }


async def fleet(options: argparse.Namespace) -> None:
    """A fleet; says when all are logged in, starts on a line of standard input, ends with a JSON line."""
    allow_descriptors()
    made = Fleet(options)
    terminals = await made.connect()
    gc.freeze()
    gc.disable()
    print(json.dumps({"logged_in": made.logged_in}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    print(json.dumps(await made.run(terminals)), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


# -- orchestration


class Child:
    """A process that speaks JSON lines."""

    def __init__(self, role: str, **options: object) -> None:
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        self._process = subprocess.Popen(
            [sys.executable, __file__, role, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def hear(self) -> dict:
        """The next line."""
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a process ended with {self._process.wait()}")
        return json.loads(line)

    def tell(self, line: str) -> None:
        """One line of standard input."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Wait for its end, forced when it does not come."""
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def measure(options: argparse.Namespace, urls: list[str]) -> int:
    """One run; the number of goals missed."""
    each = options.connections // options.processes
    firsts = [each * place for place in range(options.processes)]
    centers = [
        Child("center", url=url, first=first, connections=each, delay=options.delay)
        for url, first in zip(urls, firsts, strict=True)
    ]
    ready = [child.hear() for child in centers]
    fleets = [
        Child(
            "fleet",
            dial=found["listening"],
            first=first,
            connections=each,
            rate=options.rate / options.processes,
            seconds=options.seconds,
            readings=options.readings,
            curve=options.curve,
        )
        for found, first in zip(ready, firsts, strict=True)
    ]
    logged_in = sum(child.hear()["logged_in"] for child in fleets)
    for child in centers:
        child.tell("memory")
    loaded = [child.hear() for child in centers]
    for child in fleets:
        child.tell("go")
    sent = [child.hear() for child in fleets]
    for child in centers:
        child.tell("end")
    ended = [child.hear() for child in centers]
    for child in [*fleets, *centers]:
        child.end()
    return report(options, urls, logged_in, ready, loaded, sent, ended)


def report(options, urls, logged_in, ready, loaded, sent, ended) -> int:
    """Print and judge."""
    each = options.curve or options.readings
    acknowledged = sum(found["acknowledged"] for found in sent)
    total = sum(found["total"] for found in sent)
    took_s = max(found["drained_s"] for found in sent)
    packets, reads = acknowledged / took_s, acknowledged * each / took_s
    rows = sums = 0
    for url in dict.fromkeys(urls):
        store = Store(url)
        counted = store.count()
        rows, sums = rows + counted[0], sums + counted[1]
        store.close()
    kib = (
        sum(late["rss"] - early["rss"] for late, early in zip(loaded, ready, strict=True))
        / options.connections
    )
    print(
        f"{options.store}: {options.connections} connections ({logged_in} logged in), {options.processes} center(s), "
        f"{options.rate:,.0f} reports/s of {each} readings due for {options.seconds:.0f} s"
    )
    print(
        f"  {packets:,.0f} packets/s, {reads:,.0f} reads/s, each acknowledged after its commit; {took_s:.1f} s in all"
    )
    for found, end in zip(sent, ended, strict=True):
        print(
            f"  acknowledgement ms {found['ms']}; processor: center {end['cpu']:.1f} s, fleet {found['cpu']:.1f} s; "
            f"{end['groups']} groups; held back {found['held']}"
        )
    full = sum(end["rss"] for end in ended)
    print(
        f"  memory {kib:.1f} KiB a connection before the load (beyond that of the archive); "
        f"{full / 1024:.0f} MiB after it, archive and all, {full / options.connections:.0f} KiB a connection"
    )
    lost = [key for key in ("lost", "wrong", "unsent") if any(found[key] for found in sent)]
    same = rows == acknowledged * each and sums == total
    print(
        f"  rows {rows:,} {'=' if rows == acknowledged * each else '!='} acknowledged {acknowledged * each:,}; "
        f"sums {'equal' if sums == total else f'differ ({sums} and {total})'}; "
        f"doubled {sum(end['doubled'] for end in ended)}, failed groups {sum(end['failed'] for end in ended)}"
    )
    reports = sum(found["reports"] for found in sent)
    missed = []
    if not same or lost or acknowledged != reports or logged_in != options.connections:
        missed.append(f"truth ({acknowledged} of {reports} acknowledged, {lost})")
    # what was due in the time must be through at its end, but for the last seconds
    if options.rate >= GOAL_PACKETS and packets < GOAL_PACKETS:
        missed.append(f"{GOAL_PACKETS:,} packets/s")
    if options.rate * each >= GOAL_READS and reads < GOAL_READS:
        missed.append(f"{GOAL_READS:,} reads/s")
    print(
        f"  of all households of the paper every half hour ({DREAM_READS:,} reads/s): {reads / DREAM_READS:.0%}"
    )
    print("  " + (f"MISSED: {', '.join(missed)}" if missed else "goals kept"))
    return len(missed)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", nargs="?", default="all", choices=("all", "center", "fleet"))
    parser.add_argument("--store", default="sqlite", choices=("sqlite", "postgresql"))
    parser.add_argument("--synchronous", default="FULL", help="of SQLite")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--rate", type=float, default=12000.0, help="reports a second, all terminals together"
    )
    parser.add_argument("--readings", type=int, default=2, help="readings of a report")
    parser.add_argument("--curve", type=int, default=0, help="points of a curve, in place of single readings")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--delay", type=float, default=0.02, help="longest wait of a group, s")
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    parser.add_argument("--dial", default="", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.role != "all":
        run_loop(lambda: (center if options.role == "center" else fleet)(options))
        return 0
    with ExitStack() as stack:
        if options.store == "postgresql":
            url = stack.enter_context(postgres_server(shared_buffers="512MB", max_wal_size="4GB"))
            urls = [url] * options.processes
            Store(url).close()
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rig-ncc-"))
            urls = [
                f"sqlite:///{folder}/ncc{place}.db?synchronous={options.synchronous}"
                for place in range(options.processes)
            ]
        return 1 if measure(options, urls) else 0


if __name__ == "__main__":
    raise SystemExit(main())
