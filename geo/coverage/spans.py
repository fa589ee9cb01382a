"""What a run found written as spans of runs: only what differs from what held before is closed and opened anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from geo.arrays import Ints
from geo.copying import Column, copy

_FEW = 500
"""Rows below which nothing is gained by knowing how many there are."""

_LABELS = {"building_states": "concat_ws('+', code, CASE WHEN straddles THEN 'G3' END)", "joint_groups": "basis"}
"""By what rows are counted, where it is not their code."""

_SINCE = {"seen_on": "code", "straddles_on": "straddles"}
"""Columns told by the writing: the day of the first run in a row that found the same value of another column."""


@dataclass(frozen=True)
class Written:
    """Rows that were opened and closed, by their code; blank for none."""

    opened: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)

    @property
    def changed(self) -> int:
        """Rows opened, and those closed in whose place none was opened."""
        return max(self.opened.total(), self.closed.total())


def write(
    connection: sa.Connection,
    table: sa.Table,
    run: tuple[int, str],
    told: dict[str, Column],
    among: Ints | list[str] | None,
) -> Written:
    """What was changed in ``table`` so that its open spans say what was ``told``.

    Parameters
    ----------
    run
        Number and day of the run.
    told
        Columns of the rows found; the first one is the key.
    among
        Keys that were looked at: those of them that are not told are closed. None: all.
    """
    key = next(iter(told))
    found = f"found_{table.name}"
    since = {name: of for name, of in _SINCE.items() if name in table.c}
    held = f"SELECT {', '.join(told)} FROM {table.name} WITH NO DATA"
    # kept with the connection, so that statements on it stay prepared from one run to the next
    connection.execute(sa.text(f"CREATE TEMP TABLE IF NOT EXISTS {found} ON COMMIT DELETE ROWS AS {held}"))
    connection.execute(sa.text(f"DELETE FROM {found}"))
    copy(connection, found, told)
    if len(next(iter(told.values())).length) > _FEW:
        connection.execute(sa.text(f"ANALYZE {found}"))
    number, day = run
    given = {"number": number, "day": day}
    kind = "text" if isinstance(among, list) else "bigint"
    among_those = "" if among is None else f"AND held.{key} = ANY(CAST(:among AS {kind}[]))"
    looked_at = {} if among is None else {"among": list(among) if isinstance(among, list) else among.tolist()}
    closed = _counted(connection, _closing(table.name, found, (key, among_those), list(told)), given | looked_at)
    opened = _counted(connection, _opening(table.name, found, key, list(told), since), given)
    return Written(opened, closed)


def _closing(table: str, found: str, keyed: tuple[str, str], names: list[str]) -> str:
    key, looked_at = keyed
    said = ", ".join(f"one.{name}" for name in names)
    holds = ", ".join(f"held.{name}" for name in names)
    return (
        f"UPDATE {table} AS held SET last_run = :number WHERE held.last_run IS NULL {looked_at} AND NOT EXISTS "
        f"(SELECT 1 FROM {found} AS one WHERE one.{key} = held.{key} "
        f"AND ROW({said}) IS NOT DISTINCT FROM ROW({holds})) "
        f"RETURNING {_label(table)} AS label"
    )


def _opening(table: str, found: str, key: str, names: list[str], since: dict[str, str]) -> str:
    kept = "".join(
        f", CASE WHEN before.{of} IS NOT DISTINCT FROM one.{of} THEN coalesce(before.{name}, CAST(:day AS date)) "
        "ELSE CAST(:day AS date) END"
        for name, of in since.items()
    )
    said = ", ".join(f"one.{name}" for name in names)
    return (
        f"INSERT INTO {table} ({', '.join([*names, *since])}, first_run) SELECT {said}{kept}, :number "
        f"FROM {found} AS one LEFT JOIN {table} AS before ON before.{key} = one.{key} AND before.last_run = :number "
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS held WHERE held.{key} = one.{key} AND held.last_run IS NULL) "
        f"RETURNING {_label(table)} AS label"
    )


def _label(table: str) -> str:
    return _LABELS.get(table, "code")


def _counted(connection: sa.Connection, changing: str, given: dict[str, object]) -> Counter[str]:
    query = f"WITH done AS ({changing}) SELECT coalesce(label, '') AS label, count(*) AS number FROM done GROUP BY 1"
    return Counter({row.label: row.number for row in connection.execute(sa.text(query), given)})
