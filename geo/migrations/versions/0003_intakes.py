"""Requests that are carried out once: their keys and their answers."""

from __future__ import annotations

from alembic import op

from geo.tables import intakes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table where the first migration, which makes whatever it knows, has not."""
    intakes.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop the table."""
    intakes.drop(op.get_bind(), checkfirst=True)
