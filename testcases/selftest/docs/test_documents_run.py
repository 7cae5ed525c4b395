"""Every shell and Python block of README and docs is run as a reader would run it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(
    r"^(<!-- (?P<note>[^>]*) -->\n)?```(?P<language>sh|python)\n(?P<body>.*?)^```", re.DOTALL | re.MULTILINE
)
#: blocks of the quick start set up an environment of their own: CI runs the second one word for word, and the first is
#: the same `rig run` that other tests run
QUICK_START = re.compile(r"python3 -m venv")
#: commands that do not end by themselves
SERVES = re.compile(r"rig emulate (?!.*--list-defects)|rig ncc serve ")
#: only rig's own data is needed: a page may write files, all in one scratch folder
SERVER_READY_S = 30.0
COMMAND_S = 240.0


@dataclass(frozen=True)
class Example:
    """One block of a page."""

    page: str
    line: int
    language: str
    body: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def examples_of(page: Path) -> list[Example]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        if QUICK_START.search(match["body"]) or (match["note"] or "").startswith("not run"):
            continue
        line = text.count("\n", 0, match.start("body"))
        found.append(Example(str(page.relative_to(ROOT)), line, match["language"], match["body"]))
    return found


PAGES = [page for page in pages() if examples_of(page)]


@contextlib.contextmanager
def served(command: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A line that serves something runs beside the commands that follow it, as in a second terminal."""
    server = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert server.stdout is not None
        deadline = time.monotonic() + SERVER_READY_S
        said = b""
        while b"READY" not in said:
            assert time.monotonic() < deadline, f"{command}: no READY, said {said!r}"
            assert server.poll() is None, f"{command}: ended with {server.returncode}, said {said!r}"
            if select.select([server.stdout], [], [], 0.2)[0]:
                said += os.read(server.stdout.fileno(), 4096)
        yield
    finally:
        server.terminate()
        server.wait(10)
        server.stdout.close()


def run_line(line: str, folder: Path, environment: dict[str, str]) -> None:
    expected = re.search(r"# exit (\d+)\s*$", line)
    done = subprocess.run(
        ["bash", "-euc", line],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert done.returncode == int(expected[1] if expected else 0), f"{line}\n{done.stdout[-4000:]}"


class Servers:
    """What a page serves, to its end; a later server takes the place of an earlier one on the same port."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._running: dict[str, contextlib.ExitStack] = {}

    def start(self, command: str) -> None:
        found = re.search(r"--listen (\S+)", command)
        place = found[1] if found else command
        if place in self._running:
            self._running.pop(place).close()
        stack = self._running[place] = contextlib.ExitStack()
        stack.enter_context(served(command, self._folder, self._environment))

    def close(self) -> None:
        for stack in self._running.values():
            stack.close()


def run_shell(body: str, folder: Path, environment: dict[str, str], servers: Servers) -> None:
    lines = [
        line for line in body.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
    ]
    for line in lines:
        if SERVES.match(line):
            servers.start(line.split(" #")[0])
        else:
            run_line(line, folder, environment)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_examples_run(page: Path, tmp_path: Path) -> None:
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    with contextlib.closing(Servers(tmp_path, environment)) as servers:
        for example in examples_of(page):
            if example.language == "sh":
                run_shell(example.body, tmp_path, environment, servers)
            else:
                run_line(f"{sys.executable} - <<'PYTHON'\n{example.body}PYTHON", tmp_path, environment)


def test_quick_start_has_two_one_line_blocks() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    start = re.search(r"^## Quick start$", text, re.MULTILINE)
    assert start
    section = re.split(r"^## ", text[start.end() :], maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert [language for language, _ in blocks] == ["sh", "sh"]
    assert all(len(body.strip().splitlines()) == 1 for _, body in blocks)
    assert "rig run" in blocks[0][1]
    assert "tox" in blocks[1][1]


def test_links_between_documents_exist() -> None:
    link = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in pages()
        for target in link.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
