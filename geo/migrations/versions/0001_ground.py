"""The ground: city, editions, codes, areas, grids, crosswalks, audit, incidents, intakes, base map, drawings."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "drawn_borders, drawn_grounds, lines, intakes, incident_keys, incidents, audit_events, crosswalks, grids, areas, "
    "codes, editions, cities"
)


def upgrade() -> None:
    """Make every table, and the partition that takes what no month's partition takes."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop every table."""
    op.execute(f"DROP TABLE {TABLES}")
