"""Environments of foreign packages: made once, however many tests want one for the first time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fixtures import peers


@pytest.fixture
def made(monkeypatch, tmp_path):
    """Names of the environments that were made in a cache of their own; two never at once."""
    monkeypatch.setattr(peers, "CACHE", tmp_path / "cache")
    monkeypatch.setitem(peers.PEERS, "thing", ("thing==1",))
    names: list[str] = []
    busy = threading.Lock()

    def install(name: str, folder: Path, python: Path) -> None:
        assert busy.acquire(blocking=False), "made by two at once"
        names.append(name)
        python.parent.mkdir(parents=True)
        python.touch()
        busy.release()

    monkeypatch.setattr(peers, "install", install)
    return names


def test_one_makes_it_and_the_others_wait(made):
    found = []
    threads = [threading.Thread(target=lambda: found.append(peers.peer_python("thing"))) for _ in range(8)]
    with peers.alone("thing"):
        for thread in threads:
            thread.start()
        assert made == []
    for thread in threads:
        thread.join(60)
    assert made == ["thing"]
    assert len(found) == 8
    assert all(python.exists() for python in found)


def test_another_pin_makes_it_anew(made, monkeypatch):
    peers.peer_python("thing")
    monkeypatch.setitem(peers.PEERS, "thing", ("thing==2",))
    monkeypatch.setattr(peers, "install", lambda name, *_: made.append(name))
    peers.peer_python("thing")
    peers.peer_python("thing")
    assert made == ["thing", "thing"]


def test_what_could_not_be_installed_is_tried_again(made, monkeypatch):
    def failing(name: str, *_: Path) -> None:
        made.append(name)
        raise peers.PeerUnavailableError("no index")

    monkeypatch.setattr(peers, "install", failing)
    for _ in range(2):
        with pytest.raises(peers.PeerUnavailableError):
            peers.peer_python("thing")
    assert made == ["thing", "thing"]
