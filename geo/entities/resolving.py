"""What rows refer to, found in the store: areas and grids by code or name, other entities by source and reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo.arrays import Bools
from geo.assignments import CityIndex
from geo.entities.entity import Entity, Lies
from geo.entities.fields import Field, Kind
from geo.entities.findings import Findings
from geo.entities.judging import Told
from geo.names import folded
from geo.rows import one_of
from geo.tables import buildings, incident_keys, metadata

ABSENT, AMBIGUOUS = 0, -1
_OWN = -2  # stands in the same file
Finder = Callable[[str, str], int]
"""Id of what a row of a source (first) calls so (second); :data:`ABSENT` or :data:`AMBIGUOUS`."""


@dataclass(frozen=True)
class Known:
    """Rows of one table by their reference: source → id."""

    ids: dict[str, dict[str, int]]

    def find(self, source: str, said: str) -> int:
        """Of the same source, else of the only source that knows the reference; ``source:reference`` names both."""
        if said in self.ids:
            return self._of(self.ids[said], source)
        named, _, reference = said.partition(":")
        return self.ids.get(reference, {}).get(named, ABSENT)

    def _of(self, sources: dict[str, int], source: str) -> int:
        if source in sources:
            return sources[source]
        return next(iter(sources.values())) if len(sources) == 1 else AMBIGUOUS


def known_rows(connection: sa.Connection, table: sa.Table, said: Iterable[str]) -> Known:
    """The rows of ``table`` that may be meant by what is ``said``."""
    texts = {one for one in said if one}
    texts |= {one.partition(":")[2] for one in texts if ":" in one}
    ids: dict[str, dict[str, int]] = defaultdict(dict)
    if texts:
        query = sa.select(table.c.id, table.c.source, table.c.reference)
        for row in connection.execute(query.where(one_of(table.c.reference, sorted(texts)))):
            ids[row.reference][row.source] = row.id
    return Known(dict(ids))


def table_of(field: Field) -> sa.Table:
    """Where the rows a reference names are stored."""
    return {"buildings": buildings, "incidents": incident_keys}.get(field.to, metadata.tables.get(field.to, buildings))


def places_of(index: CityIndex, field: Field) -> Finder:
    """Finds the id of an area or grid by its code, else by a name that only one of the allowed levels' places bears."""
    keys = [level.key for level in index.city.levels]
    allowed = {keys.index(key) for key in field.levels if key in keys} or set(range(len(keys)))
    by_code: dict[str, int] = {}
    by_name: dict[str, set[int]] = defaultdict(set)
    for number, (level, code, name) in _places(index).items():
        if level in allowed:
            by_code[code] = number
            by_name[folded(name)].add(number)

    def find(source: str, said: str) -> int:
        if said in by_code:
            return by_code[said]
        named = by_name.get(folded(said), set())
        return AMBIGUOUS if len(named) > 1 else next(iter(named), ABSENT)

    return find


def _places(index: CityIndex) -> dict[int, tuple[int, str, str]]:
    """Level, code and name of every area and leaf by its id."""
    deepest = index.city.grid_level
    upper = dict(zip(index.upper.ids.tolist(), index.upper.levels.tolist(), strict=True))
    return {number: (upper.get(number, deepest), code, name) for number, (code, name) in index.names.items()}


# -- rows of a file ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Naming:
    """Whose rows they are, which column holds which field, and where what cannot be found is told."""

    entity: Entity
    columns: Mapping[str, str]
    findings: Findings

    def tell(self, key: str, table: pa.Table, name: str, where: Bools) -> None:
        """Note the rows ``where`` with what their field ``name`` says."""
        at = pa.array(np.flatnonzero(where))
        rows, said = (table.column(column).take(at).to_pylist() for column in ("row", name))
        texts = [str(text or "") for text in said]
        self.findings.add(key, self.columns.get(name, name), list(zip(rows, texts, strict=True)))


def resolved(connection: sa.Connection, index: CityIndex, naming: Naming, told: Told) -> Told:
    """``told`` with ids for places and references; those to the entity itself stay texts until the file is stored.

    Rows that mean nothing without what they refer to are told of and left out.
    """
    good = np.ones(told.table.num_rows, dtype=np.bool_)
    table, entity = told.table, naming.entity
    for field in entity.of_kind(Kind.REFERENCE, Kind.PLACE):
        said = [text or "" for text in table.column(field.name).to_pylist()]
        find = places_of(index, field) if field.kind is Kind.PLACE else _rows_of(connection, entity, field, table, said)
        sources = table.column("source").to_pylist()
        ids = np.array(
            [find(source, text) if text else ABSENT for source, text in zip(sources, said, strict=True)], dtype=np.int64
        )
        good &= ~_tell_lost(naming, field, table, ids)
        table = table.set_column(table.column_names.index(field.name), field.name, _column(entity, field, ids, said))
    if entity.lies is Lies.SUBJECT:
        lost = np.all([table.column(name).is_null().to_numpy() for name in entity.subjects], axis=0)
        naming.tell("no_subject", table, entity.subjects[0], lost & good)
        good &= ~lost
    return Told(table, told.lonlat, told.shapes).taken(np.flatnonzero(good))


def _rows_of(connection: sa.Connection, entity: Entity, field: Field, table: pa.Table, said: list[str]) -> Finder:
    known = known_rows(connection, table_of(field), said)
    if field.to == entity.key:
        keys = (table.column(name).to_pylist() for name in ("source", "reference"))
        for source, reference in zip(*keys, strict=True):
            known.ids.setdefault(reference, {})[source] = _OWN
    return known.find


def _tell_lost(naming: Naming, field: Field, table: pa.Table, ids: np.ndarray) -> Bools:
    """The rows (n,) to be refused because what ``field`` says cannot be found."""
    what = "place" if field.kind is Kind.PLACE else "reference"
    blank = np.asarray(table.column(field.name).is_null().to_numpy(), dtype=np.bool_)
    absent, several = (ids == ABSENT) & ~blank, ids == AMBIGUOUS
    if field.needed:
        naming.tell(f"needed_{what}", table, field.name, absent | several)
        return np.asarray(absent | several, dtype=np.bool_)
    naming.tell(f"unknown_{what}", table, field.name, absent)
    naming.tell("ambiguous", table, field.name, several)
    return np.zeros(len(ids), dtype=np.bool_)


def _column(entity: Entity, field: Field, ids: np.ndarray, said: list[str]) -> pa.Array:
    lost = (ids == ABSENT) | (ids == AMBIGUOUS)
    if field.to == entity.key:
        return pa.array(said, type=pa.string(), mask=np.asarray(lost))
    return pa.array(ids, mask=np.asarray(lost)).cast(pa.int32() if field.kind is Kind.PLACE else pa.int64())
