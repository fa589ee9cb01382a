"""Incidents keep the area they are said to lie in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and the index by which evidence is found among incidents that state nothing."""
    comment = "code or name of the area it is said to lie in: evidence of datums"
    op.add_column("incidents", sa.Column("stated_area", sa.Text, comment=comment))
    where = sa.text("stated_area IS NOT NULL")
    op.create_index("ix_incidents_stated_area", "incidents", ["stated_area"], postgresql_where=where)


def downgrade() -> None:
    """Drop both."""
    op.drop_column("incidents", "stated_area")
