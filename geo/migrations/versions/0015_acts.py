"""Changes of a plan that were made at once know it, and are undone and done again together."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0012"
branch_labels = None
depends_on = None

_COMMENT = "number of the first of the changes that were made at once: they are undone and done again together"


def upgrade() -> None:
    """Every change there is was made by itself."""
    op.execute("ALTER TABLE plan_changes ADD COLUMN act integer")
    op.execute("UPDATE plan_changes SET act = seq")
    op.execute("ALTER TABLE plan_changes ALTER COLUMN act SET NOT NULL")
    op.execute(f"COMMENT ON COLUMN plan_changes.act IS '{_COMMENT}'")


def downgrade() -> None:
    """They are undone one by one."""
    op.execute("ALTER TABLE plan_changes DROP COLUMN act")
