"""Where the suites are: the checkout's testcases, or those in the wheel, and suites that joined by entry point."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import rig
from rig.errors import ConfigError

#: folder of the tests of our own code, which are no cases of a device
OWN_TESTS = "selftest"


@dataclass(frozen=True, slots=True)
class SuiteRoot:
    """A folder whose subfolders are suites; ``import_path`` is what its fixtures are imported from."""

    path: Path
    import_path: Path

    def folders(self) -> list[Path]:
        """Suite folders, in order of name."""
        return sorted(
            folder
            for folder in self.path.iterdir()
            if folder.is_dir() and folder.name != OWN_TESTS and not folder.name.startswith(("_", "."))
        )


def own_root() -> SuiteRoot:
    """The suites that come with the rig.

    Raises:
        ConfigError: they were not installed.
    """
    package = Path(rig.__file__).parent
    for base in (package / "_suites", package.parent):
        if (base / "testcases").is_dir():
            return SuiteRoot(base / "testcases", base)
    raise ConfigError("the suites are not installed", file=str(package), hint="install the wheel again")


def suite_roots() -> list[SuiteRoot]:
    """Our own suites, then those that other packages offer under ``rig.suites`` (a path, or a function giving one)."""
    roots = [own_root()]
    for entry in entry_points(group="rig.suites"):
        offered = entry.load()
        path = Path(offered() if callable(offered) else offered)
        roots.append(SuiteRoot(path, path.parent))
    return roots


def suite_folders() -> list[Path]:
    """Every folder that holds cases; a vendor's root without subfolders of cases counts itself."""
    found: list[Path] = []
    for root in suite_roots():
        inner = [folder for folder in root.folders() if _holds_cases(folder)]
        found.extend(inner or [root.path])
    return found


def _holds_cases(folder: Path) -> bool:
    return any(folder.rglob("test_*.py")) or any(folder.rglob("*.robot"))


def folder_name(path: Path) -> str:
    """Dotted folder of a case file, counted from the nearest ``testcases`` above it, else its own folder's name."""
    parts = path.parent.parts
    if "testcases" in parts:
        below = parts[len(parts) - parts[::-1].index("testcases") :]
        if below:
            return ".".join(below)
    return path.parent.name
