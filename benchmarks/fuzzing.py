"""What the three fuzzers of codecs share: the properties of a stream reader, and the run with atheris."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

try:
    import atheris
except ImportError:  # no wheel for this platform
    sys.exit("atheris, which fuzzes, is not installed: pip install atheris")

with atheris.instrument_imports(include=["rig.protocols"]):
    from rig.protocols.stream import NEED_DATA, Noise


class Plain(Protocol):
    """A separate, plain scan for frames that the reader is held to."""

    @staticmethod
    def scan(stream: bytes) -> Sequence[tuple[int, bytes]]:
        """Places and octets of the frames in a stream."""


@dataclass(frozen=True)
class StreamProperties:
    """Properties of a reader of frames; ``good`` is a frame that must be found behind any input."""

    reader: Callable[[], Any]
    encode: Callable[..., bytes]
    plain: Plain
    good: Any
    #: most octets that a reader may say are still missing
    longest: int

    def read_all(self, pieces: Sequence[bytes]) -> list[Any]:
        """Everything the reader says of a stream that ends in silence."""
        reader = self.reader()
        said: list[Any] = []
        for piece in pieces:
            reader.feed(piece)
            assert 1 <= reader.missing <= self.longest
            said += iter(reader.next_frame, NEED_DATA)
            assert 1 <= reader.missing <= self.longest
        if (first := reader.idle()) is not None:
            said.append(first)
        said += iter(reader.next_frame, NEED_DATA)
        assert reader.idle() is None
        assert not reader.pending
        return said

    def octets(self, event: Any) -> bytes:
        """What was on the line."""
        return event.data if isinstance(event, Noise) else self.encode(event, strict=False)

    def check(self, stream: bytes, cut: int) -> None:
        """Octets kept, splits without effect, the same frames as a plain scan, and a good frame behind them found."""
        said = self.read_all([stream])
        assert said == self.read_all([stream[:cut], stream[cut:]])
        assert b"".join(map(self.octets, said)) == stream
        frames = [self.octets(event).lstrip(b"\xfe") for event in said if not isinstance(event, Noise)]
        assert frames == [piece for _, piece in self.plain.scan(stream)]
        self._check_following_frame(stream)

    def _check_following_frame(self, noise: bytes) -> None:
        """A good frame behind the input is found, unless a valid frame of the input's reaches into it."""
        stream = noise + self.encode(self.good)
        places = [(start, start + len(piece)) for start, piece in self.plain.scan(stream)]
        enclosed = any(start < len(noise) < end for start, end in places)
        frames = [event for event in self.read_all([stream]) if not isinstance(event, Noise)]
        last = self.octets(frames[-1]).lstrip(b"\xfe") if frames else b""
        assert enclosed or last == self.encode(self.good).lstrip(b"\xfe")


def fuzz(
    words: str | None,
    name: str,
    one_input: Callable[[bytes], None],
    write_seeds: Callable[[Path], None],
    longest: int,
) -> None:
    """Fuzz for the time that the command line says; inputs have at most ``longest`` octets."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    folder = options.corpus or Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    folder.mkdir(parents=True, exist_ok=True)
    write_seeds(folder)
    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        f"-seed={options.seed}",
        f"-max_len={longest}",
        "-len_control=0",
        "-timeout=10",
        f"-artifact_prefix={folder}/failed-",
        "-print_final_stats=1",
        str(folder),
    ]
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()
