"""The command line: one module a subcommand, found by walking this package; only the one asked for is imported."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

import rig.cli
from rig.errors import ConfigError, RigError

#: modules of this package that hold no subcommand
_NOT_COMMANDS = frozenset(
    {"emulate_network", "emulate_options", "main", "progress", "screen", "verdict_table"}
)
_HELP = "Hardware-in-the-loop test and conformance rig for smart-meter networks."


def command_modules() -> list[str]:
    """Names of the subcommand modules."""
    return [info.name for info in pkgutil.iter_modules(rig.cli.__path__) if info.name not in _NOT_COMMANDS]


def build_app(wanted: str | None = None) -> typer.Typer:
    """The application with one subcommand (so that start-up stays short) or, for help, with all of them."""
    app = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_root)
    names = command_modules()
    for name in [wanted] if wanted in names else names:
        importlib.import_module(f"rig.cli.{name}").register(app)
    return app


def _root() -> None:
    """Hardware-in-the-loop test and conformance rig for smart-meter networks."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point `rig`. Exit status: 0 good, 1 a FAIL, 2 usage or configuration, 3 ERROR or INCONCLUSIVE."""
    given = sys.argv[1:] if arguments is None else arguments
    wanted = next((argument for argument in given if not argument.startswith("-")), None)
    try:
        build_app(wanted)(args=given, prog_name="rig")
    except ConfigError as error:
        print(f"rig: {error}", file=sys.stderr)
        sys.exit(2)
    except RigError as error:
        print(f"rig: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        print("rig: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
