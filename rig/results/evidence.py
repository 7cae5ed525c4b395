"""Evidence files named by their SHA-256, with an index, so that a run directory can be checked offline.

``evidence/ab/abcd....pcapng`` holds the bytes; ``evidence/index.jsonl`` says which case kept them and under what name;
``SHA256SUMS`` (also read by ``sha256sum -c``) covers every final file of the directory. The SQLite store is left out of
the sums: its file changes when it is only opened; results.json holds the same record.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rig.errors import ConfigError
from rig.results.export import read_results_json

FOLDER = "evidence"
INDEX = "evidence/index.jsonl"
SUMS = "SHA256SUMS"
_STORE_SUFFIXES = (".sqlite", ".sqlite-wal", ".sqlite-shm")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index: the file at ``path`` (relative to the run directory) is ``name`` of case ``case_id``."""

    case_id: str
    name: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a run directory: what, and at which file."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class EvidenceStore:
    """Evidence of one run directory; safe for several writing processes."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir

    def add_bytes(self, data: bytes, *, name: str, case_id: str) -> str:
        """Keep ``data`` under its hash.

        Args:
            data: the content.
            name: what it is called for readers, with a suffix ("exchanges.jsonl", "link.pcapng").
            case_id: the case it belongs to.

        Returns:
            The path relative to the run directory, for ``CaseResult.evidence``.
        """
        digest = hashlib.sha256(data).hexdigest()
        relative = f"{FOLDER}/{digest[:2]}/{digest}{_suffix(name)}"
        target = self.run_dir / relative
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f"{target.name}.{os.getpid()}.new")
            draft.write_bytes(data)
            draft.replace(target)
        self._append(Entry(case_id, name, relative, digest, len(data)))
        return relative

    def add_file(self, source: Path, *, name: str, case_id: str) -> str:
        """Keep a copy of a file under its hash; returns the path relative to the run directory."""
        return self.add_bytes(source.read_bytes(), name=name, case_id=case_id)

    def _append(self, entry: Entry) -> None:
        line = json.dumps(
            {
                "case": entry.case_id,
                "name": entry.name,
                "path": entry.path,
                "sha256": entry.sha256,
                "size": entry.size,
            },
            ensure_ascii=False,
        )
        # one write of a whole line in append mode: lines of several processes do not mix
        descriptor = os.open(self.run_dir / INDEX, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode() + b"\n")
        finally:
            os.close(descriptor)


def entries(run_dir: Path) -> list[Entry]:
    """The readable lines of the index, each once, in the order of writing; none when nothing was kept."""
    found: dict[Entry, None] = {}
    for _, entry in _index_lines(run_dir):
        if entry is not None:
            found[entry] = None
    return list(found)


def seal(run_dir: Path) -> Path:
    """Write SHA256SUMS over everything final in the run directory; call it after the last report."""
    lines = [f"{_hash_file(run_dir / name)}  {name}\n" for name in _final_files(run_dir)]
    target = run_dir / SUMS
    draft = run_dir / f"{SUMS}.{os.getpid()}.new"
    draft.write_text("".join(lines), encoding="utf-8")
    draft.replace(target)
    return target


def verify(run_dir: Path) -> list[Problem]:
    """Check every hash of a run directory offline; an empty list means that all is as it was recorded."""
    if not run_dir.is_dir():
        return [Problem(str(run_dir), "no such directory")]
    return [*_check_index(run_dir), *_check_references(run_dir), *_check_sums(run_dir)]


def _check_index(run_dir: Path) -> Iterator[Problem]:
    known: set[str] = set()
    for number, entry in _index_lines(run_dir):
        if entry is None:
            yield Problem(INDEX, f"line {number} is not an entry")
        elif entry.path not in known:
            known.add(entry.path)
            yield from _check_entry(run_dir, entry)
    for name in _files(run_dir):
        if name.startswith(f"{FOLDER}/") and name != INDEX and name not in known:
            yield Problem(name, "not in the index")


def _check_entry(run_dir: Path, entry: Entry) -> Iterator[Problem]:
    if not _stays_inside(entry.path):
        yield Problem(entry.path, "leads out of the run directory")
    elif not (run_dir / entry.path).is_file():
        yield Problem(entry.path, f"missing (kept as {entry.name} by {entry.case_id})")
    elif PurePosixPath(entry.path).name.split(".")[0] != entry.sha256:
        yield Problem(entry.path, "its name is not the recorded hash")
    elif _hash_file(run_dir / entry.path) != entry.sha256:
        yield Problem(entry.path, f"content changed (kept as {entry.name} by {entry.case_id})")


def _check_references(run_dir: Path) -> Iterator[Problem]:
    results = run_dir / "results.json"
    if not results.is_file():
        yield Problem("results.json", "missing: the run was not finished")
        return
    try:
        _, cases = read_results_json(results)
    except ConfigError as error:
        yield Problem("results.json", str(error))
        return
    kept = {(entry.case_id, entry.path) for entry in entries(run_dir)}
    for case in cases:
        for path in case.evidence:
            if (case.id, path) not in kept:
                yield Problem(path, f"named as evidence of {case.id} but not in the index")


def _check_sums(run_dir: Path) -> Iterator[Problem]:
    sums = run_dir / SUMS
    if not sums.is_file():
        yield Problem(SUMS, "missing: the run directory was not sealed")
        return
    recorded: dict[str, str] = {}
    for number, line in enumerate(sums.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or not _stays_inside(name):
            yield Problem(SUMS, f"line {number} is not a checksum")
            continue
        recorded[name] = digest
    present = set(_final_files(run_dir))
    for name, digest in recorded.items():
        if name not in present:
            yield Problem(name, "missing, but sealed")
        elif _hash_file(run_dir / name) != digest:
            yield Problem(name, "changed after the directory was sealed")
    for name in sorted(present - recorded.keys()):
        yield Problem(name, "added after the directory was sealed")


def _index_lines(run_dir: Path) -> Iterator[tuple[int, Entry | None]]:
    index = run_dir / INDEX
    if not index.is_file():
        return
    for number, line in enumerate(index.read_bytes().split(b"\n"), 1):
        if line:
            yield number, _entry(line)


def _entry(line: bytes) -> Entry | None:
    try:
        plain = json.loads(line)
        return Entry(
            str(plain["case"]),
            str(plain["name"]),
            str(plain["path"]),
            str(plain["sha256"]),
            int(plain["size"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _files(run_dir: Path) -> list[str]:
    paths = (path for path in run_dir.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path.relative_to(run_dir).as_posix() for path in paths)


def _final_files(run_dir: Path) -> list[str]:
    # drafts (.new) are what a killed process left behind
    return [
        name for name in _files(run_dir) if name != SUMS and not name.endswith((".new", *_STORE_SUFFIXES))
    ]


def _stays_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return bool(path) and not pure.is_absolute() and ".." not in pure.parts


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix
    return suffix if suffix[1:].isalnum() and suffix.isascii() else ""


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
