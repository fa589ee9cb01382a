"""The newest survey, and the units that may join a branch, are found without reading all units."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.execute("CREATE INDEX ix_units_surveyed_on ON units (surveyed_on)")
    op.execute("CREATE INDEX ix_unit_states_joining ON unit_states (unit_id) WHERE last_run IS NULL AND code = 'P2'")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX ix_unit_states_joining, ix_units_surveyed_on")
