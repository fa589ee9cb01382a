"""How units were settled into joint branches is kept, so that a change goes on from there; the next run makes it."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_JOINING = "WHERE last_run IS NULL AND code = 'P2'"
_TABLE = """
CREATE TABLE joint_candidates (
    unit_id bigint NOT NULL,
    members integer NOT NULL,
    building_id bigint,
    district_id bigint,
    x_m double precision,
    y_m double precision,
    industry text,
    home_x_m double precision,
    home_y_m double precision,
    tile bigint,
    whole bigint,
    heads bigint[] NOT NULL,
    sizes bigint[] NOT NULL,
    CONSTRAINT pk_joint_candidates PRIMARY KEY (unit_id)
);
CREATE INDEX ix_joint_candidates_tile ON joint_candidates (tile, whole);
CREATE INDEX ix_joint_candidates_building_id ON joint_candidates (building_id);
CREATE INDEX ix_joint_candidates_district_id ON joint_candidates (district_id);
CREATE INDEX ix_joint_candidates_whole ON joint_candidates (whole);
COMMENT ON TABLE joint_candidates IS 'P2 units as joint branches were last looked for among them';
COMMENT ON COLUMN joint_candidates.home_x_m IS 'where it is looked for: its place, or that of its building';
COMMENT ON COLUMN joint_candidates.tile IS 'of the first lattice, geo.coverage.joint.parts.tile_numbers';
COMMENT ON COLUMN joint_candidates.whole IS 'lowest unit of all it hangs together with; null where they are many';
COMMENT ON COLUMN joint_candidates.heads IS 'lowest of its group after each step; 0 = none';
COMMENT ON COLUMN joint_candidates.sizes IS 'units of that group';
"""


def upgrade() -> None:
    """Make the table, have the next run look at everything, and drop the indexes nobody asks any more."""
    for statement in filter(None, map(str.strip, _TABLE.split(";\n"))):
        op.execute(statement)
    op.execute("INSERT INTO marks (noun, id) SELECT 'units', NULL WHERE EXISTS (SELECT 1 FROM coverage_runs)")
    op.execute("DROP INDEX ix_unit_states_joining_nowhere, ix_unit_states_joining_geom")


def downgrade() -> None:
    """Drop it, and have the indexes again."""
    op.execute("DROP TABLE joint_candidates")
    op.execute(f"CREATE INDEX ix_unit_states_joining_geom ON unit_states USING gist (geom) {_JOINING}")
    op.execute(f"CREATE INDEX ix_unit_states_joining_nowhere ON unit_states (unit_id) {_JOINING} AND geom IS NULL")
