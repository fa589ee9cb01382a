"""Plans of files: where what a plan asks for comes from."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None

_TOLD = "of a plan of files: which, and what goes with their edition; empty for one that is drawn"


def upgrade() -> None:
    """Add the column; what was planned before was drawn, or says nothing of its file."""
    op.execute("ALTER TABLE plans ADD COLUMN origin jsonb NOT NULL DEFAULT '{}'::jsonb")
    op.execute(f"COMMENT ON COLUMN plans.origin IS '{_TOLD}'")


def downgrade() -> None:
    """Drop it, which is refused while a plan asks for what the older program cannot read."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM plan_changes WHERE change ->> 'kind' = 'redivide') "
        "THEN RAISE 'plans of files of boundaries cannot be read without it'; END IF; END $$"
    )
    op.execute("ALTER TABLE plans DROP COLUMN origin")
