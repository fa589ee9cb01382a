"""The command line: every command of ``api.commands``, with refusals printed as one clear message."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import typer
from rich.console import Console

from api import commands
from geo.errors import GeoError


@cache
def build() -> typer.Typer:
    """The application with the commands of every module in ``api.commands``, made once: groups are the modules' own."""
    app = typer.Typer(
        name="gridatlas",
        help="GridAtlas 网格图 · who answers for this ground, what is uncovered, what changes if a border moves.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.add_typer(commands.import_app, name="import")
    app.add_typer(commands.plan_app, name="plan")
    for module in sorted(iter_modules(commands.__path__), key=lambda found: found.name):
        import_module(f"{commands.__name__}.{module.name}").register(app)
    return app


def main() -> None:
    """Run one command; a refusal ends with its message on stderr and exit code 1."""
    try:
        build()()
    except GeoError as error:
        told = " · ".join(part for part in (error.zh, error.detail) if part)
        Console(stderr=True).print(f"[bold red]错误 Error[/]  {_plain(told)}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _plain(text: str) -> str:
    """Text whose square brackets are not taken for markup."""
    return text.replace("[", r"\[")
