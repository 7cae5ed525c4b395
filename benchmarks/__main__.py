"""Runs every benchmark, one process each: ``python -m benchmarks [NAME...]``; exit 1 when a ratio misses its goal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: a minute or two each
LONG = ("ncc_load.py", "network_month.py")


def main(names: list[str]) -> int:
    missed = []
    folder = Path(__file__).parent
    for script in [*sorted(folder.glob("bench_*.py")), *(folder / name for name in LONG)]:
        name = script.stem.removeprefix("bench_")
        if names and name not in names:
            continue
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, str(script)], check=False).returncode:
            missed.append(name)
    if missed:
        print(f"missed: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
