"""Alembic's entry: migrations run on the connection that ``geo.db.migrate`` hands over."""

from __future__ import annotations

from alembic import context
from geoalchemy2 import alembic_helpers

import geo.coverage.tables
import geo.entities
import geo.plans.tables  # noqa: F401  all three enter their tables
from geo.tables import metadata


def run() -> None:
    """Apply the migrations inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        include_object=alembic_helpers.include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        transactional_ddl=True,
    )
    context.run_migrations()


run()
