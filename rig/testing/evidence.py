"""Evidence of a case: every exchange as JSON at once, and a capture that Wireshark opens at the end of the run."""

from __future__ import annotations

import json
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
_LOG_SUFFIX = ".json"
_CAPTURE_SUFFIX = ".pcapng"


class CaseEvidence:
    """Keeps the exchanges of cases in a run directory."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.store = EvidenceStore(out)

    def keep(self, case_id: str, records: list[ExchangeRecord]) -> list[str]:
        """Store the exchanges of a case; returns paths relative to the run directory."""
        text = json.dumps([_plain(record) for record in records], ensure_ascii=False)
        return [self.store.add_bytes(text.encode(), name=LOG_NAME, case_id=case_id)]

    def add_captures(self, cases: list[CaseResult], store: Store) -> None:
        """Give every case that has exchanges its pcapng; made in a process of its own from the kept exchanges.

        Done once at the end of a run, so that it costs the cases nothing and a resumed run makes up for what a killed
        one left out.
        """
        wanting = [case for case in cases if case.evidence and not _has(case, _CAPTURE_SUFFIX)]
        if not wanting:
            return
        from rig.transports.capture import CaptureProcess

        with tempfile.TemporaryDirectory() as folder, CaptureProcess() as process:
            drafts = []
            for number, case in enumerate(wanting):
                log = next(path for path in case.evidence if path.endswith(_LOG_SUFFIX))
                drafts.append(Path(folder) / f"{number}{_CAPTURE_SUFFIX}")
                process.write(drafts[-1], read_log(self.out / log))
            for case, draft in zip(wanting, drafts, strict=True):
                case.evidence.append(self.store.add_file(draft, name=CAPTURE_NAME, case_id=case.id))
                store.add_case(case)


def _has(case: CaseResult, suffix: str) -> bool:
    return any(path.endswith(suffix) for path in case.evidence)


def read_log(path: Path) -> list[ExchangeRecord]:
    """Exchanges of a case from its evidence."""
    return [_record(plain) for plain in json.loads(path.read_text(encoding="utf-8"))]


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
