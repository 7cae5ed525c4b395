"""Evidence of a case: its exchanges are written down at once; files of their own, and captures, are made at the end of the run.

One open file takes a line a case, because opening files costs more than most cases do. A killed run leaves that file behind,
and the run that resumes it makes up for what is missing.
"""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from rig.results.evidence import EvidenceStore
from rig.results.records import CaseResult
from rig.results.store import Store
from rig.transports.record import ExchangeRecord

LOG_NAME = "exchanges.json"
CAPTURE_NAME = "exchanges.pcapng"
PENDING_NAME = "exchanges.pending.jsonl"


class CaseEvidence:
    """Keeps the exchanges of the cases of one run directory; several processes may write one after the other."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.store = EvidenceStore(out)
        self._descriptor: int | None = None

    def keep(self, case_id: str, records: list[ExchangeRecord]) -> None:
        """Write down the exchanges of a case."""
        if self._descriptor is None:
            self._descriptor = _open_at_line(self.out / PENDING_NAME)
        line = json.dumps([case_id, [_plain(record) for record in records]], ensure_ascii=False)
        os.write(self._descriptor, line.encode() + b"\n")

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def make_files(self, cases: list[CaseResult], store: Store) -> None:
        """Give every case that has exchanges its log and its capture, and note them in its record.

        Captures are made in a process of its own; done once at the end of a run, so that it costs the cases nothing.
        """
        self.close()
        kept = _read_pending(self.out / PENDING_NAME)
        wanting = [case for case in cases if case.id in kept and not case.evidence]
        if wanting:
            from rig.transports.capture import CaptureProcess

            with tempfile.TemporaryDirectory() as folder, CaptureProcess() as process:
                for number, case in enumerate(wanting):
                    process.write(
                        Path(folder) / f"{number}.pcapng", [_record(plain) for plain in kept[case.id]]
                    )
                for number, case in enumerate(wanting):
                    log = json.dumps(kept[case.id], ensure_ascii=False).encode()
                    case.evidence.append(self.store.add_bytes(log, name=LOG_NAME, case_id=case.id))
                    draft = Path(folder) / f"{number}.pcapng"
                    case.evidence.append(self.store.add_file(draft, name=CAPTURE_NAME, case_id=case.id))
                    store.add_case(case)
        (self.out / PENDING_NAME).unlink(missing_ok=True)


def _open_at_line(path: Path) -> int:
    """Open for appending; a line that a killed run left unfinished is ended first."""
    torn = path.is_file() and not path.read_bytes().endswith(b"\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    if torn:
        os.write(descriptor, b"\n")
    return descriptor


def _read_pending(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Exchanges by case; of a case that was run again the last ones. A torn line belongs to no decided case."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            case_id, records = json.loads(line)
        except ValueError:
            continue
        found[case_id] = records
    return found


def _plain(record: ExchangeRecord) -> dict[str, Any]:
    """Written out by hand: it runs for every exchange, and the general way of dataclasses is ten times slower."""
    return {
        "link": record.link,
        "direction": record.direction,
        "first_s": record.first_s,
        "last_s": record.last_s,
        "wall_first": record.wall_first.isoformat(),
        "wall_last": record.wall_last.isoformat(),
        "data": record.data.hex().upper(),
        "longest_gap_s": record.longest_gap_s,
        "decode": record.decode,
    }


def _record(plain: dict[str, Any]) -> ExchangeRecord:
    return ExchangeRecord(
        **plain
        | {
            "data": bytes.fromhex(plain["data"]),
            "wall_first": datetime.fromisoformat(plain["wall_first"]),
            "wall_last": datetime.fromisoformat(plain["wall_last"]),
        }
    )
