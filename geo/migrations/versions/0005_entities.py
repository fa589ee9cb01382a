"""Entities: business districts, units, Party organisations, posts, counts and what belongs to them."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = (
    "business_districts, estates, party_organisations, units, coverage_records, alliances, alliance_members, "
    "service_points, staff_slots, duty_contacts, grid_figures, report_ins, pairings, deliberations, "
    "incident_categories, incident_stages"
)


def upgrade() -> None:
    """Make the tables."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them."""
    op.execute(f"DROP TABLE {_TABLES}")
