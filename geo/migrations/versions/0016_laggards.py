"""Laggards: closed incidents may follow the ground after an edition came into force."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_LAGGARDS = """
CREATE TABLE laggards (
    grid_id integer NOT NULL,
    edition integer NOT NULL,
    after_at timestamp with time zone DEFAULT '-infinity' NOT NULL,
    after_id bigint DEFAULT 0 NOT NULL,
    CONSTRAINT pk_laggards PRIMARY KEY (grid_id),
    CONSTRAINT fk_laggards_grid_id_codes FOREIGN KEY (grid_id) REFERENCES codes (id),
    CONSTRAINT fk_laggards_edition_editions FOREIGN KEY (edition) REFERENCES editions (number)
);
COMMENT ON TABLE laggards IS
    'leaves whose closed incidents have yet to follow the ground; up to after_at, after_id they have';
COMMENT ON COLUMN laggards.grid_id IS 'leaf the incidents were in';
COMMENT ON COLUMN laggards.edition IS 'incidents written before it lag'
"""


def upgrade() -> None:
    """Make the table; nothing lags."""
    for statement in _LAGGARDS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    """Drop it, which is refused while any incident lags: the older program would answer wrongly for it."""
    op.execute("DO $$ BEGIN IF EXISTS (SELECT FROM laggards) THEN RAISE 'incidents have yet to follow'; END IF; END $$")
    op.execute("DROP TABLE laggards")
