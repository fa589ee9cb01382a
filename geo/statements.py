"""SQL that argues: the long set-based statements of ``geo/sql``, one file each, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa

FOLDER = Path(__file__).parent / "sql"


@cache
def statement(name: str) -> sa.TextClause:
    """The statement in ``geo/sql/<name>.sql``; its header names its parameters and their units.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    """
    return sa.text((FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
