"""The store: SQLAlchemy Core tables of one city.

Geometry is EPSG:4326, x = longitude first. A row of ``areas`` or ``grids`` belongs to edition ``n`` when
``first_edition <= n`` and ``last_edition`` is null or greater than ``n``; :func:`in_edition` says so in SQL.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.schema import SchemaItem

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

KINDS = ("comprehensive", "dedicated", "fallback")


def _geometry(kind: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column("geom", Geometry(kind, srid=4326, spatial_index=False), nullable=nullable)


def _now() -> sa.TextClause:
    return sa.text("now()")


def _edition_span(table: str) -> tuple[SchemaItem, ...]:
    """Rows of one code never overlap in editions: the constraint that keeps an edition single-valued."""
    span = sa.func.int4range(sa.column("first_edition"), sa.column("last_edition"))
    return (
        pg.ExcludeConstraint((sa.column("id"), "="), (span, "&&"), name=f"ex_{table}_one_row_an_edition", using="gist"),
        sa.CheckConstraint("last_edition IS NULL OR last_edition > first_edition", name="editions_ascend"),
        sa.Index(f"ix_{table}_geom", "geom", postgresql_using="gist"),
        sa.Index(f"ix_{table}_parent_id", "parent_id"),
        sa.Index(f"ix_{table}_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )


cities = sa.Table(
    "cities",
    metadata,
    sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("levels", pg.JSONB, nullable=False),
    sa.Column("code_lengths", pg.ARRAY(sa.SmallInteger), nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("metric_epsg", sa.Integer, nullable=False),
    sa.CheckConstraint("one", name="one_city_a_database"),
)

editions = sa.Table(
    "editions",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, server_default=_now()),
    sa.Column("published_by", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("origin", pg.JSONB, nullable=False),
    sa.Column("scope", sa.Text, comment="code of the area whose ground was replaced; null = the whole city"),
    sa.Column("leaves", sa.Integer, nullable=False),
    sa.Column("changed", sa.Integer, nullable=False),
    sa.Column("noded", sa.Integer, nullable=False),
)

codes = sa.Table(
    "codes",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("is_fallback", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_codes_code_trgm", "code", postgresql_using="gin", postgresql_ops={"code": "gin_trgm_ops"}),
    comment="every code ever given; the id is the stable id of tiles, incidents and indexes",
)

areas = sa.Table(
    "areas",
    metadata,
    sa.Column("id", sa.ForeignKey("codes.id"), primary_key=True),
    sa.Column("first_edition", sa.ForeignKey("editions.number"), primary_key=True),
    sa.Column("last_edition", sa.ForeignKey("editions.number")),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("parent_id", sa.ForeignKey("codes.id")),
    _geometry("MULTIPOLYGON"),
    sa.Column("area_m2", sa.Double, nullable=False),
    sa.Column("label", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
    *_edition_span("areas"),
)

grids = sa.Table(
    "grids",
    metadata,
    sa.Column("id", sa.ForeignKey("codes.id"), primary_key=True),
    sa.Column("first_edition", sa.ForeignKey("editions.number"), primary_key=True),
    sa.Column("last_edition", sa.ForeignKey("editions.number")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("parent_id", sa.ForeignKey("codes.id"), nullable=False),
    _geometry("MULTIPOLYGON"),
    sa.Column("area_m2", sa.Double, nullable=False),
    sa.Column("label", Geometry("POINT", srid=4326, spatial_index=False), nullable=False),
    sa.CheckConstraint(sa.column("kind").in_(KINDS), name="kind_is_known"),
    *_edition_span("grids"),
)

crosswalks = sa.Table(
    "crosswalks",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.number"), primary_key=True),
    sa.Column("old_id", sa.ForeignKey("codes.id"), primary_key=True),
    sa.Column("new_id", sa.ForeignKey("codes.id"), primary_key=True),
    sa.Column("area_share", sa.Double, nullable=False, comment="share of the old code's ground, 0..1"),
    sa.Column("area_m2", sa.Double, nullable=False),
)

audit_events = sa.Table(
    "audit_events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_now()),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("detail", pg.JSONB, nullable=False),
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("occurred_at", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("urgency", sa.SmallInteger, nullable=False, server_default="0", comment="0 ordinary, 1 urgent"),
    sa.Column("status", sa.Text, nullable=False, server_default="reported"),
    sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
    _geometry("POINT", nullable=True),
    sa.Column("raw_x", sa.Double),
    sa.Column("raw_y", sa.Double),
    sa.Column("datum", sa.Text, nullable=False),
    sa.Column("accuracy_m", sa.REAL),
    sa.Column("address", sa.Text),
    sa.Column("stated_area", sa.Text, comment="code or name of the area it is said to lie in: evidence of datums"),
    sa.Column("grid_then", sa.Integer, comment="code id of the grid in force at occurred_at; never rewritten"),
    sa.Column("edition_then", sa.Integer, nullable=False),
    sa.Column("is_before_first_edition", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("grid_now", sa.Integer, comment="code id of the grid that answers in edition_now"),
    sa.Column("edition_now", sa.Integer, nullable=False),
    sa.Column("community_id", sa.Integer, comment="code id of the lowest area that answers in edition_now"),
    sa.Column("border_m", sa.REAL, comment="metres to the nearest border; outside: metres to the city"),
    sa.Column("rule", sa.SmallInteger, nullable=False, comment="geo.assignments.RULES"),
    sa.Column("is_doubtful", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("ix_incidents_geom", "geom", postgresql_using="gist"),
    sa.Index("ix_incidents_grid_now_occurred_at", "grid_now", "occurred_at"),
    sa.Index("ix_incidents_community_id_occurred_at", "community_id", "occurred_at"),
    sa.Index("ix_incidents_occurred_at_id", "occurred_at", "id"),
    sa.Index("ix_incidents_stated_area", "stated_area", postgresql_where=sa.text("stated_area IS NOT NULL")),
    postgresql_partition_by="RANGE (occurred_at)",
)

incident_keys = sa.Table(
    "incident_keys",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("reference", sa.Text, primary_key=True),
    sa.Column("id", sa.BigInteger, nullable=False),
    sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="of what was reported: tells a repeat from a change"),
    comment="one row an incident: source and reference are unique across the months",
)

buildings = sa.Table(
    "buildings",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("use", sa.Text, comment="geo.buildings.uses; null = unknown"),
    sa.Column("use_given", sa.Text, comment="what the source says for it"),
    sa.Column("floors", sa.REAL),
    sa.Column("households", sa.Integer),
    sa.Column("firms", sa.Integer),
    sa.Column("workers", sa.Integer),
    sa.Column("name", sa.Text),
    sa.Column("address", sa.Text),
    _geometry("MULTIPOLYGON"),
    sa.Column("area_m2", sa.Double, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="of what the file says: tells a repeat from a change"),
    sa.Column("grid_id", sa.Integer, comment="code id of the grid in edition; null = wholly outside the city"),
    sa.Column("share", sa.Double, nullable=False, comment="of the footprint in grid_id, 0..1"),
    sa.Column("straddles", sa.Boolean, nullable=False, comment="no grid has 90 % of the footprint"),
    sa.Column("community_id", sa.Integer, comment="code id of the lowest area above the grid"),
    sa.Column("pinned_id", sa.Integer, comment="code id of the grid a planner pinned it to"),
    sa.Column("edition", sa.Integer, nullable=False, comment="whose grid grid_id is: in force when it was written"),
    sa.UniqueConstraint("source", "reference"),
    sa.Index("ix_buildings_geom", "geom", postgresql_using="gist"),
    sa.Index("ix_buildings_grid_id_id", "grid_id", "id"),
    sa.Index("ix_buildings_community_id_id", "community_id", "id"),
    sa.Index("ix_buildings_use_id", "use", "id"),
    sa.Index("ix_buildings_straddles", "id", postgresql_where=sa.text("straddles")),
    sa.Index("ix_buildings_unassigned", "id", postgresql_where=sa.text("grid_id IS NULL")),
    comment="footprints; counts only, null = unknown",
)

revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("noun", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    comment="how often the rows of a noun changed: what is made from them is keyed by it",
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("noun", sa.Text, nullable=False),
    sa.Column("id", sa.BigInteger, comment="of the row that was written; null = many of them"),
    sa.Index("ix_marks_noun", "noun"),
    comment="rows written since coverage was last looked at; whoever looks takes them away",
)

laggards = sa.Table(
    "laggards",
    metadata,
    sa.Column("grid_id", sa.ForeignKey("codes.id"), primary_key=True, comment="leaf the incidents were in"),
    sa.Column("edition", sa.ForeignKey("editions.number"), nullable=False, comment="incidents written before it lag"),
    sa.Column("after_at", sa.DateTime(timezone=True), nullable=False, server_default="-infinity"),
    sa.Column("after_id", sa.BigInteger, nullable=False, server_default="0"),
    comment="leaves whose closed incidents have yet to follow the ground; up to after_at, after_id they have",
)

intakes = sa.Table(
    "intakes",
    metadata,
    sa.Column("key", sa.Text, primary_key=True, comment="what the caller calls the request: Idempotency-Key"),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=_now()),
    sa.Column("digest", sa.LargeBinary, nullable=False, comment="of the request: tells a repeat from another one"),
    sa.Column("answer", pg.JSONB, nullable=False, comment="what was answered the first time"),
    sa.Index("ix_intakes_at", "at"),
    comment="requests that were carried out once and are answered again without being carried out again",
)

lines = sa.Table(
    "lines",
    metadata,
    sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("class", sa.Text, nullable=False, key="class_"),
    sa.Column("name", sa.Text),
    _geometry("GEOMETRY"),
    sa.Column("name_en", sa.Text),
    sa.Column("source", sa.Text, nullable=False, comment="what is replaced as a whole when it is loaded again"),
    sa.Column("reference", sa.Text, nullable=False, comment="what the source calls the line, as way/123"),
    sa.Index("ix_lines_geom", "geom", postgresql_using="gist"),
    sa.Index("ix_lines_source", "source"),
    comment="our own base map: road, rail, water, green; water and green may be polygons",
)


drawn_grounds = sa.Table(
    "drawn_grounds",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.number", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "band", sa.SmallInteger, primary_key=True, comment="geo.drawings.BANDS: how far the shapes are simplified"
    ),
    sa.Column("id", sa.ForeignKey("codes.id"), primary_key=True),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.Text, comment="kind of a grid; null for areas"),
    sa.Column("geom", Geometry("MULTIPOLYGON", srid=3857, spatial_index=False), nullable=False),
    sa.Column("spot", Geometry("POINT", srid=3857, spatial_index=False), nullable=False),
    sa.Index("ix_drawn_grounds_edition_band_geom", "edition", "band", "geom", postgresql_using="gist"),
    comment="a cache: areas and leaves of an edition made ready for tiles; may be emptied at any time",
)

drawn_borders = sa.Table(
    "drawn_borders",
    metadata,
    sa.Column("edition", sa.ForeignKey("editions.number", ondelete="CASCADE"), nullable=False),
    sa.Column("band", sa.SmallInteger, nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False, comment="highest level whose areas meet there; 0 = outline"),
    sa.Column("geom", Geometry("LINESTRING", srid=3857, spatial_index=False), nullable=False),
    sa.Index("ix_drawn_borders_edition_band_geom", "edition", "band", "geom", postgresql_using="gist"),
    comment="a cache, as drawn_grounds: every border once, by the highest level it divides",
)


def in_edition(table: sa.FromClause, number: int | sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Condition: the row of ``areas`` or ``grids`` belongs to edition ``number``."""
    return sa.and_(
        table.c.first_edition <= number,
        sa.or_(table.c.last_edition.is_(None), table.c.last_edition > number),
    )
