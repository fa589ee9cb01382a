"""The page of an import: written beside the tables, with the command that would publish what it shows."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from geo.files import renamed

if TYPE_CHECKING:
    from geo.boundaries.importing import Prepared

OUTPUTS = ("commit", "page", "mends", "geojson", "as_json", "limit")
"""Options that change what is told or stored, and nothing of what is read and mended."""


def write_page(path: Path, context: typer.Context, prepared: Prepared, summary: dict[str, Any]) -> None:
    """Write the page of an import to ``path``; an older one is replaced when the new one is whole.

    ``context`` is that of the command that runs: its file is named, and what was typed is told again.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    from maps import mends

    told = mends.Told(
        made_at=datetime.now(UTC),
        file=Path(context.params["file"]).name,
        outcome=summary["outcome"],
        state=_state(prepared, summary),
        command=publishing(context),
    )
    html = mends.page(prepared, told)
    with renamed(path) as unfinished:
        unfinished.write_text(html, encoding="utf-8")


def _state(prepared: Prepared, summary: dict[str, Any]) -> str:
    if prepared.is_refused:
        return "refused"
    if summary["is_published"]:
        return "published"
    return "same" if summary["is_same"] else "dry"


def publishing(context: typer.Context) -> str:
    """What to type to publish: the command that runs now as it was typed, with ``--commit`` and no other output."""
    words: list[str] = []
    for one in context.command.params:
        name = str(one.name)
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in OUTPUTS:
            words += _typed(one.opts[0], one.param_type_name == "argument", context.params[name])
    return shlex.join(["./gridatlas", *context.command_path.split()[1:], *words, "--commit"])


def _typed(option: str, is_argument: bool, value: object) -> list[str]:
    if is_argument:
        return [str(value)]
    if isinstance(value, bool):
        return [option]
    values = value if isinstance(value, list | tuple) else [value]
    return [word for each in values for word in (option, str(each))]
