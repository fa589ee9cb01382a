"""Room for drawings: ground and borders of an edition made ready for tiles."""

from __future__ import annotations

from alembic import op

from geo.tables import drawn_borders, drawn_grounds

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables where the first migration, which makes whatever it knows, has not."""
    for table in (drawn_grounds, drawn_borders):
        table.create(op.get_bind(), checkfirst=True)


def downgrade() -> None:
    """Drop both tables."""
    for table in (drawn_borders, drawn_grounds):
        table.drop(op.get_bind(), checkfirst=True)
