"""Entities as imports of rows: one noun each, its form made of the fields it declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from geo.actors import Actor
from geo.areas import City
from geo.entities import ENTITIES, Entity, Lies
from geo.entities.loading import Intake, load
from geo.imports.kinds import CHOICE, COLUMN, DATUM, ENCODINGS, FLAG, TEXT, Field, Work
from geo.imports.rows import Progress, Rows, TakeIn, Taken

_POSITIONS = {"lon": ("经度", "Longitude"), "lat": ("纬度", "Latitude")}
_KEYS = {"reference": ("编号", "Reference"), "source": ("来源", "Source")}


@dataclass(frozen=True)
class EntityRows(Rows):
    """One entity whose files are taken in; its fields bear the words they are declared with."""

    entity: Entity | None = None

    def fields(self, city: City | None) -> list[Field]:
        """The form: a datum where rows may have positions, a column for each field, what to do with bad rows."""
        assert self.entity is not None
        datum = [Field("datum", DATUM, self.entity.lies is Lies.GROUND)] if _has_places(self.entity) else []
        rest: Sequence[Field] = (
            Field("source_all", TEXT),
            Field("is_whole", FLAG),
            Field("encoding", CHOICE, choices=ENCODINGS),
            Field("layer", CHOICE),
            Field("skip_bad", FLAG),
        )
        return [*datum, *(self._column(name) for name in self.names.names), *rest]

    def _column(self, name: str) -> Field:
        assert self.entity is not None
        declared = {one.name: (one.zh, one.en) for one in self.entity.fields}
        zh, en = (_KEYS | _POSITIONS | declared)[name]
        return Field(self.called(name), COLUMN, name in self.names.needed, zh=zh, en=en)


def _has_places(entity: Entity) -> bool:
    return entity.lies in (Lies.SPOT, Lies.GROUND)


def _taking(entity: Entity) -> TakeIn:
    def take_in(connection: sa.Connection, actor: Actor, work: Work, commit: bool, progress: Progress) -> Taken:
        told = work.record.mapping
        intake = Intake(
            entity=entity,
            path=work.path,
            datum=told.get("datum", ""),
            columns=IMPORTS[entity.slug].columns(told),
            source=told.get("source_all", ""),
            encoding=told.get("encoding"),
            layer=told.get("layer"),
            is_whole=bool(told.get("is_whole")),
            skip_bad=bool(told.get("skip_bad")),
            commit=commit,
        )
        loaded = load(connection, actor, intake, progress)
        counts = asdict(loaded.stored)
        counts["changed_rows"] = counts.pop("changed")  # ``changed`` means grids elsewhere
        return Taken(loaded.columns, loaded.findings, counts, loaded.is_kept)

    return take_in


IMPORTS: dict[str, EntityRows] = {
    entity.slug: EntityRows(entity.slug, entity.mapping, _taking(entity), entity=entity) for entity in ENTITIES.values()
}
"""Every entity's import by its slug."""
