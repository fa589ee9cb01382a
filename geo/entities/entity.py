"""An entity: one kind of thing of the city with its fields, where its rows lie, and the table that follows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import Geometry

from geo.entities.fields import Field, Kind
from geo.mapping import Fields
from geo.tables import metadata


class Lies(Enum):
    """How the place of a row is known."""

    SPOT = "spot"
    """A point of its own, or that of its building; without both it is kept, unplaced."""
    GROUND = "ground"
    """A polygon of its own."""
    PLACE = "place"
    """An area or grid: its field ``place``."""
    SUBJECT = "subject"
    """The first of its references (``subjects``) that is given."""
    NOWHERE = "nowhere"
    """It has none, as a category."""


_SHAPES = {Lies.SPOT: "POINT", Lies.GROUND: "MULTIPOLYGON"}
_SPOT = (
    ("lon", ("lon", "lng", "longitude", "经度", "x")),
    ("lat", ("lat", "latitude", "纬度", "y")),
)
_KEYS = (
    ("reference", ("reference", "ref", "编号", "编码", "代码", "id", "code")),
    ("source", ("source", "来源", "数据来源")),
)
_TYPES: dict[Kind, Any] = {
    Kind.TEXT: sa.Text,
    Kind.CHOICE: sa.Text,
    Kind.COUNT: sa.Integer,
    Kind.FIGURE: sa.Double,
    Kind.DAY: sa.Date,
    Kind.MOMENT: sa.DateTime(timezone=True),
    Kind.FLAG: sa.Boolean,
    Kind.REFERENCE: sa.BigInteger,
    Kind.PLACE: sa.Integer,
}


@dataclass(frozen=True)
class Entity:
    """One kind of thing.

    Parameters
    ----------
    key
        Name of its table, and with hyphens of its command and its door.
    zh, en
        Its name, in the plural; ``one`` is a single one with its article, as messages say it.
    fields
        Of a row beside ``reference`` and ``source``.
    lies
        How its rows are placed.
    subjects
        SUBJECT: names of the references that place it, the first given wins.
    is_dated
        Whether newer rows of one place (``as_of``) replace older ones in what is told of today.
    short
        As addresses and commands write it, where the key is longer than people say.
    numbered
        How a file heads the column of its own ids beside 编号, as the others do that refer to it.
    """

    key: str
    zh: str
    en: str
    one: str
    fields: tuple[Field, ...]
    lies: Lies
    subjects: tuple[str, ...] = ()
    is_dated: bool = False
    short: str = ""
    numbered: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """As addresses and commands write it."""
        return self.short or self.key.replace("_", "-")

    def field(self, name: str) -> Field:
        """The field of this name. Raises KeyError when there is none."""
        return {one.name: one for one in self.fields}[name]

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return any(one.name == name for one in self.fields)

    def of_kind(self, *kinds: Kind) -> tuple[Field, ...]:
        """Fields of these kinds in their order."""
        return tuple(one for one in self.fields if one.kind in kinds)

    @cached_property
    def mapping(self) -> Fields:
        """Which columns of a file are understood."""
        own = {one.name: (one.name, one.zh, *one.also) for one in self.fields}
        spots = dict(_SPOT) if self.lies is Lies.SPOT else {}
        needed = ("reference", *(one.name for one in self.fields if one.needed))
        aliases = {"x": "lon", "y": "lat"} if spots else {}
        keys = {name: (*heads, *(self.numbered if name == "reference" else ())) for name, heads in _KEYS}
        return Fields(self.one, keys | own | spots, needed, aliases)

    @cached_property
    def table(self) -> sa.Table:
        """Its table; made once, when the entity is entered in the list."""
        return metadata.tables[self.key]


def make_table(entity: Entity) -> sa.Table:
    """The table of an entity: a row a thing, known by source and reference."""
    columns: list[Any] = [
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        *(sa.Column(one.column, _TYPES[one.kind], comment=_comment(one)) for one in entity.fields),
    ]
    if entity.lies in _SHAPES:
        columns += _placed(entity)
    columns += [
        sa.Column("edition", sa.Integer, nullable=False, comment="in force when it was placed"),
        sa.Column("digest", sa.LargeBinary, nullable=False, comment="of what was told: tells a repeat from a change"),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.UniqueConstraint("source", "reference"),
        *(sa.Index(f"ix_{entity.key}_{one.column}", one.column) for one in entity.of_kind(Kind.REFERENCE, Kind.PLACE)),
    ]
    return sa.Table(entity.key, metadata, *columns, comment=f"{entity.zh} · {entity.en}")


def _placed(entity: Entity) -> list[Any]:
    wide = entity.lies is Lies.GROUND
    return [
        sa.Column("geom", Geometry(_SHAPES[entity.lies], srid=4326, spatial_index=False), nullable=not wide),
        *([sa.Column("area_m2", sa.Double, nullable=False)] if wide else []),
        sa.Column("grid_id", sa.Integer, comment="code id of the grid in edition; null = outside or unplaced"),
        sa.Column("community_id", sa.Integer, comment="code id of the lowest area above the grid"),
        sa.Index(f"ix_{entity.key}_geom", "geom", postgresql_using="gist"),
        sa.Index(f"ix_{entity.key}_grid_id_id", "grid_id", "id"),
        sa.Index(f"ix_{entity.key}_community_id_id", "community_id", "id"),
    ]


def _comment(field: Field) -> str:
    unit = f", {field.unit}" if field.unit else ""
    told = {Kind.CHOICE: f"; list {field.words}", Kind.PLACE: "; code id", Kind.REFERENCE: f"; id in {field.to}"}
    return f"{field.zh} · {field.en}{unit}{told.get(field.kind, '')}"
