"""Units that may join a branch are found by their place."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_JOINING = "WHERE last_run IS NULL AND code = 'P2'"


def upgrade() -> None:
    """Make the indexes, and drop the one they replace."""
    op.execute(f"CREATE INDEX ix_unit_states_joining_geom ON unit_states USING gist (geom) {_JOINING}")
    op.execute(f"CREATE INDEX ix_unit_states_joining_nowhere ON unit_states (unit_id) {_JOINING} AND geom IS NULL")
    op.execute("DROP INDEX ix_unit_states_joining")


def downgrade() -> None:
    """Have the one before again."""
    op.execute("DROP INDEX ix_unit_states_joining_nowhere, ix_unit_states_joining_geom")
    op.execute(f"CREATE INDEX ix_unit_states_joining ON unit_states (unit_id) {_JOINING}")
