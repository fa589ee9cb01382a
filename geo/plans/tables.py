"""The store of plans: a draft on a base edition, and its changes in order."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from geo.tables import metadata

STATES = ("draft", "in_force", "withdrawn")

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, comment="code of the area in which ground may move; null = the whole city"),
    sa.Column("base_edition", sa.ForeignKey("editions.number"), nullable=False, comment="in force when it was begun"),
    sa.Column("state", sa.Text, nullable=False, server_default="draft"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("edition", sa.ForeignKey("editions.number"), comment="that it became"),
    sa.CheckConstraint(sa.column("state").in_(STATES), name="state_is_known"),
    sa.CheckConstraint("(state = 'in_force') = (edition IS NOT NULL)", name="in_force_has_an_edition"),
    comment="changes of the division that are drawn up before they are published",
)

plan_changes = sa.Table(
    "plan_changes",
    metadata,
    sa.Column("plan_id", sa.ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, comment="from 1, in the order they were made"),
    sa.Column("change", pg.JSONB, nullable=False, comment="kind and members, geometries as GeoJSON"),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    sa.Column("is_undone", sa.Boolean, nullable=False, server_default=sa.false()),
    comment="what is undone comes last, until it is done again or another change takes its place",
)
