"""``gridatlas plan begin --from``: a file of grids that was edited elsewhere becomes a plan."""

from __future__ import annotations

from pathlib import Path

import typer

from api.plan_lines import actor_of, say, tell, tell_change


def register(app: typer.Typer) -> None:
    """Nothing: ``plan begin`` calls."""


def begin_from(file: Path, told: tuple[str, str | None, str], actor: str | None) -> None:
    """Judge the grids of a file against the edition in force, and keep what they change as a plan.

    ``told`` is the plan's name, the area in which ground may move (None = the city), and the file's datum.
    """
    from rich.console import Console

    from geo import db
    from geo.plans import filed

    name, within, datum = told
    console = Console(stderr=True)
    with db.write(db.engine()) as connection, console.status("读取 reading …") as status:
        begun = filed.begin(connection, actor_of(actor), name, file, (within, datum), status.update)
    if begun.plan is None or begun.made is None:
        say("与现行版没有差别，未建方案 nothing differs from the edition in force: no plan was begun")
        return
    tell(begun.plan)
    tell_change(begun.made)
