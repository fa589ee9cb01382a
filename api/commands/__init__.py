"""One module per noun of the command line; each adds its commands through ``register``."""

from __future__ import annotations

import typer

import_app = typer.Typer(help="读入文件 · Bring files in: dry unless --commit.", no_args_is_help=True)
plan_app = typer.Typer(help="方案 · Draw up changes of the division before they are published.", no_args_is_help=True)


def pairs(told: list[str], option: str, example: str) -> dict[str, str]:
    """What an option that may be repeated says, as key → value. Raises BadParameter for what is no ``key=value``."""
    for one in told:
        if "=" not in one:
            raise typer.BadParameter(f"{option} {one!r}: write it as {example}")
    return dict(one.split("=", 1) for one in told)
