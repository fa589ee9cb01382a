"""The ground: city, editions, codes, areas, grids, crosswalks, audit, incidents, base map."""

from __future__ import annotations

from alembic import op

from geo.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, and the partition that takes what no month's partition takes."""
    metadata.create_all(op.get_bind())
    op.execute("CREATE TABLE incidents_other PARTITION OF incidents DEFAULT")


def downgrade() -> None:
    """Drop every table."""
    metadata.drop_all(op.get_bind())
