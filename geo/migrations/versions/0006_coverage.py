"""Coverage: runs that look for blind spots, what they found, proposals, and which rows were written since."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = (
    "follow_ups, coverage_inputs, joint_members, joint_groups, grid_states, building_states, unit_states, "
    "coverage_runs, coverage_rules, marks"
)


def upgrade() -> None:
    """Make the tables."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them."""
    op.execute(f"DROP TABLE {_TABLES}")
