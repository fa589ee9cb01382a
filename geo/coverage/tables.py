"""The store of coverage: runs, what each run found as spans of runs, and what was made of it.

A row with ``[first_run, last_run)`` says what held from one run until another; ``last_run`` null is what holds still.
:func:`in_run` says so in SQL. Only what changed is written, so a run that changes one unit writes a few rows.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.sql.schema import SchemaItem

from geo.entities import ENTITIES
from geo.tables import metadata


def _span(table: str, *key: str) -> tuple[SchemaItem, ...]:
    """The columns of a span, its key, and the index of what holds still."""
    return (
        sa.Column("first_run", sa.Integer, nullable=False),
        sa.Column("last_run", sa.Integer),
        sa.PrimaryKeyConstraint(*key, "first_run"),
        sa.CheckConstraint("last_run IS NULL OR last_run > first_run", name="runs_ascend"),
        sa.Index(f"uq_{table}_open", *key, unique=True, postgresql_where=sa.text("last_run IS NULL")),
        sa.Index(f"ix_{table}_last_run", "last_run", postgresql_where=sa.text("last_run IS NOT NULL")),
    )


def _sums() -> tuple[sa.Column[Any], ...]:
    """What the units of a building or grid add up to, state by state."""
    return (
        sa.Column("units", pg.JSONB, nullable=False, comment="state -> units"),
        sa.Column("workers", pg.JSONB, nullable=False, comment="state -> workers known of"),
        sa.Column("score", sa.Double, nullable=False, comment="uncovered workers x weight, summed over the states"),
    )


coverage_rules = sa.Table(
    "coverage_rules",
    metadata,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("book", pg.JSONB, nullable=False, comment="the whole rule book, as it was applied"),
    comment="every rule book a run was made by",
)

coverage_runs = sa.Table(
    "coverage_runs",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("day", sa.Date, nullable=False, comment="on which surveys and evidence were judged"),
    sa.Column("edition", sa.ForeignKey("editions.number"), nullable=False),
    sa.Column("rules", sa.ForeignKey("coverage_rules.fingerprint"), nullable=False),
    sa.Column("revisions", pg.JSONB, nullable=False, comment="noun -> its revision when it was read"),
    sa.Column("kind", sa.Text, nullable=False, comment="full, or partial: only what changed was decided anew"),
    sa.Column("counts", pg.JSONB, nullable=False, comment="units, buildings, grids: state -> number"),
    sa.Column("changed", pg.JSONB, nullable=False, comment="units, buildings, grids, groups: spans opened or closed"),
    sa.Column("surveyed_until", sa.Date, comment="day of the newest survey that was read"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.CheckConstraint(sa.column("kind").in_(("full", "partial")), name="kind_is_known"),
    comment="when blind spots were looked for, on what, and what was found",
)

unit_states = sa.Table(
    "unit_states",
    metadata,
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("code", sa.Text, nullable=False, comment="geo.coverage.rulebooks.STATES"),
    sa.Column("since", sa.Date, comment="from which the unit's own dates show the state; null where they do not"),
    sa.Column("seen_on", sa.Date, nullable=False, comment="day of the first run in a row that found this state"),
    sa.Column("reason", pg.JSONB, nullable=False, comment="keys of the reasons, and what their sentences need"),
    sa.Column("method", sa.Text, comment="by which it is covered; null where nobody covers it"),
    sa.Column("record_id", sa.BigInteger, comment="coverage record that decided"),
    sa.Column("organisation_id", sa.BigInteger, comment="of that record"),
    sa.Column("building_id", sa.BigInteger),
    sa.Column("grid_id", sa.Integer, comment="code id in the edition of the run"),
    sa.Column("district_ids", pg.ARRAY(sa.BigInteger), comment="business districts it lies in, the smallest first"),
    sa.Column("workers", sa.Integer, comment="null = unknown"),
    sa.Column("members", sa.Integer, comment="null = unknown"),
    sa.Column("geom", Geometry("POINT", srid=4326, spatial_index=False), comment="where it was taken to be"),
    *_span("unit_states", "unit_id"),
    sa.Index("ix_unit_states_building_id", "building_id", postgresql_where=sa.text("last_run IS NULL")),
    sa.Index("ix_unit_states_grid_id", "grid_id", postgresql_where=sa.text("last_run IS NULL")),
    comment="the one state of every unit in business",
)

building_states = sa.Table(
    "building_states",
    metadata,
    sa.Column("building_id", sa.BigInteger, nullable=False),
    sa.Column("code", sa.Text, comment="the worst state of its units, U where all are unknown; null = no unit"),
    sa.Column("straddles", sa.Boolean, nullable=False, comment="G3: no grid has enough of it, and none is pinned"),
    sa.Column("share", sa.Double, comment="of the footprint in its grid, where it straddles"),
    sa.Column("seen_on", sa.Date, nullable=False, comment="day of the first run in a row that found this code"),
    sa.Column("straddles_on", sa.Date, comment="day of the first run in a row that found it straddling"),
    sa.Column("grid_id", sa.Integer, comment="code id in the edition of the run"),
    *_sums(),
    *_span("building_states", "building_id"),
    sa.Index("ix_building_states_grid_id", "grid_id", postgresql_where=sa.text("last_run IS NULL")),
    sa.Index("ix_building_states_score", "score", "building_id", postgresql_where=sa.text("last_run IS NULL")),
    comment="buildings with units, or that straddle grids",
)

grid_states = sa.Table(
    "grid_states",
    metadata,
    sa.Column("grid_id", sa.Integer, nullable=False, comment="code id"),
    sa.Column("code", sa.Text, comment="G1, G2 or U (not recorded); null where the grid has its people"),
    sa.Column("reason", pg.JSONB, nullable=False, comment="keys of the reasons, and what their sentences need"),
    sa.Column("seen_on", sa.Date, nullable=False, comment="day of the first run in a row that found this code"),
    *_sums(),
    *_span("grid_states", "grid_id"),
    comment="leaves of the edition of the run",
)

joint_groups = sa.Table(
    "joint_groups",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
    sa.Column("key", sa.Text, nullable=False, comment="ids of its units, ascending: the same group again"),
    sa.Column("basis", sa.Text, nullable=False, comment="building, park or reach"),
    sa.Column("members", sa.Integer, nullable=False, comment="full members together"),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("diameter_m", sa.Double, comment="largest distance between two of its units; null = unknown"),
    sa.Column("about", pg.JSONB, nullable=False, comment="building, business district, industries"),
    *_span("joint_groups", "key"),
    comment="proposed joint branches",
)

joint_members = sa.Table(
    "joint_members",
    metadata,
    sa.Column("group_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Index("ix_joint_members_unit_id", "unit_id"),
    comment="units of the proposed joint branches",
)

joint_candidates = sa.Table(
    "joint_candidates",
    metadata,
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("members", sa.Integer, nullable=False),
    sa.Column("building_id", sa.BigInteger),
    sa.Column("district_id", sa.BigInteger),
    sa.Column("x_m", sa.Double),
    sa.Column("y_m", sa.Double),
    sa.Column("industry", sa.Text),
    sa.Column("home_x_m", sa.Double, comment="where it is looked for: its place, or that of its building"),
    sa.Column("home_y_m", sa.Double),
    sa.Column("tile", sa.BigInteger, comment="of the first lattice, geo.coverage.joint.parts.tile_numbers"),
    sa.Column("whole", sa.BigInteger, comment="lowest unit of all it hangs together with; null where they are many"),
    sa.Column(
        "heads", pg.ARRAY(sa.BigInteger), nullable=False, comment="lowest of its group after each step; 0 = none"
    ),
    sa.Column("sizes", pg.ARRAY(sa.BigInteger), nullable=False, comment="units of that group"),
    sa.Index("ix_joint_candidates_tile", "tile", "whole"),
    *(sa.Index(f"ix_joint_candidates_{name}", name) for name in ("building_id", "district_id", "whole")),
    comment="P2 units as joint branches were last looked for among them",
)

coverage_inputs = sa.Table(
    "coverage_inputs",
    metadata,
    sa.Column("record_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("unit_id", sa.BigInteger),
    sa.Column("building_id", sa.BigInteger),
    sa.Column("grid_id", sa.Integer),
    sa.Column("organisation_id", sa.BigInteger),
    comment="whom each coverage record named when it was last read: who is concerned when it names others",
)

follow_ups = sa.Table(
    "follow_ups",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.BigInteger, nullable=False, comment="of a grid its code id"),
    sa.Column("code", sa.Text, nullable=False, comment="of the blind spot it answers"),
    sa.Column("run", sa.ForeignKey("coverage_runs.number"), nullable=False, comment="whose proposal it is"),
    sa.Column("proposal", sa.Text, nullable=False, comment="geo.coverage.followups.PROPOSALS"),
    sa.Column("payload", pg.JSONB, nullable=False, comment="units, organisation, grid: what is proposed"),
    sa.Column("decision", sa.Text, nullable=False, comment="accepted or dismissed"),
    sa.Column("reason", sa.Text, comment="of a dismissal or cancellation"),
    sa.Column("state", sa.Text, nullable=False, comment="open, in_progress, done, cancelled; dismissed"),
    sa.Column("post", sa.Text, comment="which post sees to it; never a person"),
    sa.Column("due_on", sa.Date),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("started_on", sa.Date),
    sa.Column("ended_on", sa.Date, comment="day it was done or cancelled"),
    sa.Column("actor", sa.Text, nullable=False, comment="who decided"),
    sa.Column("audit_event", sa.ForeignKey("audit_events.id"), nullable=False),
    sa.Index("ix_follow_ups_subject", "subject_kind", "subject_id"),
    sa.Index("ix_follow_ups_state", "state", "id"),
    comment="proposals that were accepted or dismissed, and what became of them",
)

sa.Index("ix_units_surveyed_on", ENTITIES["units"].table.c.surveyed_on)


def in_run(table: sa.Table, number: int) -> sa.ColumnElement[bool]:
    """Condition: the span holds in run ``number``."""
    return sa.and_(table.c.first_run <= number, sa.or_(table.c.last_run.is_(None), table.c.last_run > number))
