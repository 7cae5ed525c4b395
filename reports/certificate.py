"""The certificate or the notice of result: HTML and PDF, Chinese and English in one document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports.certificate_content import build
from reports.facts import decide
from reports.pdf import write_pdf
from reports.templating import write_page
from rig.results.records import CaseResult, RunInfo

CERTIFICATE, NOTICE = "certificate", "notice"


def render(out_dir: Path, run: RunInfo, cases: Sequence[CaseResult]) -> list[Path]:
    """Write ``certificate.html`` and ``.pdf``, or ``notice.html`` and ``.pdf`` when something stands against it.

    A document of the other kind that an earlier rendering left in ``out_dir`` is removed: a folder never holds a
    certificate beside a notice. The same record gives the same bytes.

    Args:
        out_dir: the run directory.
        run: the run; every date of the document comes from it.
        cases: its cases.

    Returns:
        The files written.
    """
    stem, stale = (CERTIFICATE, NOTICE) if decide(run, cases).passed else (NOTICE, CERTIFICATE)
    out_dir.mkdir(parents=True, exist_ok=True)
    for suffix in (".html", ".pdf"):
        (out_dir / f"{stale}{suffix}").unlink(missing_ok=True)
    document = build(run, cases)
    page = write_page(out_dir / f"{stem}.html", "certificate.html.j2", document=document)
    return [page, write_pdf(out_dir / f"{stem}.pdf", document)]
