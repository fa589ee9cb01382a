"""Lines of the base map know their source, what it calls them, and their English name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there was drawn by the made city, the only source until now."""
    op.add_column("lines", sa.Column("name_en", sa.Text))
    op.add_column(
        "lines",
        sa.Column("source", sa.Text, comment="what is replaced as a whole when it is loaded again"),
    )
    op.add_column("lines", sa.Column("reference", sa.Text, comment="what the source calls the line, as way/123"))
    op.execute("UPDATE lines SET source = 'demo', reference = id::text")
    op.alter_column("lines", "source", nullable=False)
    op.alter_column("lines", "reference", nullable=False)
    op.create_index("ix_lines_source", "lines", ["source"])


def downgrade() -> None:
    """Drop the columns."""
    op.drop_index("ix_lines_source", "lines")
    for name in ("reference", "source", "name_en"):
        op.drop_column("lines", name)
