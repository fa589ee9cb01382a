"""Rates are added up from the states of units, so grids keep none of their own."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE grid_states DROP COLUMN rates")


def downgrade() -> None:
    """Have it again; what it held is added up anew by the next full run."""
    op.execute("ALTER TABLE grid_states ADD rates JSONB NOT NULL DEFAULT '{}'")
    op.execute("ALTER TABLE grid_states ALTER rates DROP DEFAULT")
    op.execute("COMMENT ON COLUMN grid_states.rates IS 'what its units add up to for rates: name -> number'")
