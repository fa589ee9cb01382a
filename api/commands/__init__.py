"""One module per noun of the command line; each adds its commands through ``register``."""

from __future__ import annotations

import typer

import_app = typer.Typer(help="读入文件 · Bring files in: dry unless --commit.", no_args_is_help=True)
