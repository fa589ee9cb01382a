"""The store of plans: a draft on a base edition, its changes in order, and what others said of it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo.tables import metadata

STATES = ("draft", "checked", "submitted", "approved", "scheduled", "in_force", "rejected", "withdrawn")


def _made() -> tuple[sa.Column[str], sa.Column[object]]:
    """Who and when, as every row of a plan has it."""
    return (
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )


def _of_plan(*, is_key: bool = False) -> sa.Column[int]:
    return sa.Column("plan_id", sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=is_key, nullable=False)


plans = sa.Table(
    "plans",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, comment="code of the area in which ground may move; null = the whole city"),
    sa.Column("base_edition", sa.ForeignKey("editions.number"), nullable=False, comment="in force when it was begun"),
    sa.Column("state", sa.Text, nullable=False, server_default="draft"),
    *_made(),
    sa.Column("edition", sa.ForeignKey("editions.number"), comment="that it became"),
    sa.Column("forked_from", sa.ForeignKey("plans.id", ondelete="SET NULL"), comment="whose changes it began with"),
    sa.Column("round", sa.Integer, nullable=False, server_default="0", comment="how often it was submitted"),
    sa.Column("submitted_by", sa.Text, comment="the last time; null while it is being drawn"),
    sa.Column("effective_at", sa.DateTime(timezone=True), comment="when it is to come into force by itself"),
    sa.Column(
        "origin",
        pg.JSONB,
        nullable=False,
        server_default=sa.text("'{}'::jsonb"),
        comment="of a plan of files: which, and what goes with their edition; empty for one that is drawn",
    ),
    sa.CheckConstraint(sa.column("state").in_(STATES), name="state_is_known"),
    sa.CheckConstraint("(state = 'in_force') = (edition IS NOT NULL)", name="in_force_has_an_edition"),
    sa.CheckConstraint("(state = 'scheduled') = (effective_at IS NOT NULL)", name="scheduled_has_an_hour"),
    sa.Index("plans_scheduled", "effective_at", postgresql_where=sa.text("state = 'scheduled'")),
    comment="changes of the division that are drawn up before they are published",
)

plan_changes = sa.Table(
    "plan_changes",
    metadata,
    _of_plan(is_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, comment="from 1, in the order they were made"),
    sa.Column("change", pg.JSONB, nullable=False, comment="kind and members, geometries as GeoJSON"),
    *_made(),
    sa.Column("is_undone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column(
        "act",
        sa.Integer,
        nullable=False,
        comment="number of the first of the changes that were made at once: they are undone and done again together",
    ),
    comment="what is undone comes last, until it is done again or another change takes its place",
)

plan_verdicts = sa.Table(
    "plan_verdicts",
    metadata,
    _of_plan(is_key=True),
    sa.Column("round", sa.Integer, primary_key=True, comment="the submission it is about"),
    sa.Column("made_by", sa.Text, primary_key=True, comment="never who drew or submitted it"),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("is_approval", sa.Boolean, nullable=False),
    sa.Column("note", sa.Text, nullable=False, server_default="", comment="why; a rejection always says"),
    comment="approvals and rejections; those of an earlier round count no more",
)

plan_comments = sa.Table(
    "plan_comments",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _of_plan(),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("place", pg.JSONB, comment="what it is about: GeoJSON, degrees WGS 84; null = the whole plan"),
    *_made(),
    sa.Column("settled_by", sa.Text, comment="who said that it is dealt with"),
    sa.Column("settled_at", sa.DateTime(timezone=True)),
    sa.Index("plan_comments_of", "plan_id", "id"),
    sa.CheckConstraint("(settled_by IS NULL) = (settled_at IS NULL)", name="settled_by_someone"),
    comment="what people said of a plan",
)

plan_locks = sa.Table(
    "plan_locks",
    metadata,
    _of_plan(is_key=True),
    sa.Column("code", sa.Text, primary_key=True, comment="of a grid, or of an area with all its grids"),
    *_made(),
    comment="what a plan must leave as it is",
)

plan_links = sa.Table(
    "plan_links",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    _of_plan(),
    sa.Column("digest", sa.Text, nullable=False, unique=True, comment="SHA-256 of the token, which is not kept"),
    *_made(),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    comment="addresses under which a plan can be read, and nothing else",
)
