"""What a run found written as spans of runs: only what differs from what held before is closed and opened anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import sqlalchemy as sa

from geo import parameters
from geo.arrays import Ints
from geo.copying import Column, copy

_FEW = 500
"""Rows that are written in one statement, as its parameters; of more, the server had better know how many there are."""

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
    if among is not None and len(next(iter(told.values())).length) <= _FEW:
        return _write_few(connection, table, run, told, among)
    key = next(iter(told))
    found = f"found_{table.name}"
    since = {name: of for name, of in _SINCE.items() if name in table.c}
    held = f"SELECT {', '.join(told)} FROM {table.name} WITH NO DATA"
    # kept with the connection, so that statements on it stay prepared from one run to the next
    connection.execute(sa.text(f"CREATE TEMP TABLE IF NOT EXISTS {found} ON COMMIT DELETE ROWS AS {held}"))
    connection.execute(sa.text(f"DELETE FROM {found}"))
    copy(connection, found, told)
    connection.execute(sa.text(f"ANALYZE {found}"))
    number, day = run
    given = {"number": number, "day": day}
    kind = "text" if isinstance(among, list) else "bigint"
    among_those = "" if among is None else f"AND held.{key} = ANY(CAST(:among AS {kind}[]))"
    looked_at = {} if among is None else {"among": list(among) if isinstance(among, list) else parameters.ids(among)}
    closed = _counted(connection, _closing(table.name, found, (key, among_those), list(told)), given | looked_at)
    opened = _counted(connection, _opening(table.name, found, key, list(told), since), given)
    return Written(opened, closed)


def _write_few(
    connection: sa.Connection,
    table: sa.Table,
    run: tuple[int, str],
    told: dict[str, Column],
    among: Ints | list[str],
) -> Written:
    """The same, for few rows."""
    given: dict[str, object] = {name: parameters.packed(column, table.c[name].type) for name, column in told.items()}
    number, day = run
    given |= {"number": number, "day": day, "among": among if isinstance(among, list) else parameters.ids(among)}
    kind = "text" if isinstance(among, list) else "bigint"
    written = Written()
    for row in connection.execute(_few(table, tuple(told), kind), given):
        (written.opened if row.is_opened else written.closed)[row.label] = row.number
    return written


@cache
def _few(table: sa.Table, names: tuple[str, ...], kind: str) -> sa.TextClause:
    """What closes and opens spans by the parameters called as the columns, at one stroke; ``kind`` is of the key.

    Both see the rows as they were: what is closed here still seems open, so it is named.
    """
    key, name = names[0], table.name
    since = {column: of for column, of in _SINCE.items() if column in table.c}
    columns = ", ".join(parameters.unpacked(column, table.c[column].type) for column in names)
    sent = ", ".join(f"CAST(:{column} AS {parameters.element(table.c[column].type)}[])" for column in names)
    told = ", ".join([*names, *since])
    closing = _closing(name, "one", (key, f"AND held.{key} = ANY(CAST(:among AS {kind}[]))"), list(names))
    returned = "".join(f", held.{column}" for column in {key, *since, *since.values()})
    said = ", ".join(f"one.{column}" for column in names)
    return sa.text(
        f"WITH one AS MATERIALIZED (SELECT {columns} FROM unnest({sent}) AS sent({', '.join(names)})), "
        f"closed AS ({closing}{returned}), "
        f"opened AS (INSERT INTO {name} ({told}, first_run) SELECT {said}{_kept(since)}, :number "
        f"FROM one LEFT JOIN closed AS before ON before.{key} = one.{key} "
        f"WHERE (SELECT count(*) FROM closed) >= 0 AND one.{key} = ANY(CAST(:among AS {kind}[])) "
        f"AND (before.{key} IS NOT NULL OR NOT EXISTS "
        f"(SELECT 1 FROM {name} AS held WHERE held.{key} = one.{key} AND held.last_run IS NULL)) "
        f"RETURNING {_label(name)} AS label) "
        "SELECT false AS is_opened, coalesce(label, '') AS label, count(*) AS number FROM closed GROUP BY label "
        "UNION ALL SELECT true, coalesce(label, ''), count(*) FROM opened GROUP BY label"
    )


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
    said = ", ".join(f"one.{name}" for name in names)
    return (
        f"INSERT INTO {table} ({', '.join([*names, *since])}, first_run) SELECT {said}{_kept(since)}, :number "
        f"FROM {found} AS one LEFT JOIN {table} AS before ON before.{key} = one.{key} AND before.last_run = :number "
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} AS held WHERE held.{key} = one.{key} AND held.last_run IS NULL) "
        f"RETURNING {_label(table)} AS label"
    )


def _kept(since: dict[str, str]) -> str:
    return "".join(
        f", CASE WHEN before.{of} IS NOT DISTINCT FROM one.{of} THEN coalesce(before.{name}, CAST(:day AS date)) "
        "ELSE CAST(:day AS date) END"
        for name, of in since.items()
    )


def _label(table: str) -> str:
    return _LABELS.get(table, "code")


def _counted(connection: sa.Connection, changing: str, given: dict[str, object]) -> Counter[str]:
    query = f"WITH done AS ({changing}) SELECT coalesce(label, '') AS label, count(*) AS number FROM done GROUP BY 1"
    return Counter({row.label: row.number for row in connection.execute(sa.text(query), given)})
