"""The schema that migrations make is the one the code is written for, and every step can be undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from geoalchemy2 import alembic_helpers

import geo.coverage.tables
import geo.entities
import geo.plans.tables  # noqa: F401  all three enter their tables
from geo import db
from geo.tables import metadata

PARTITIONS = "incidents_"


def ours(thing: object, name: str | None, kind: str, reflected: bool, other: object) -> bool:
    """Leave out PostGIS' own tables and the months of incidents."""
    if str(name).startswith(PARTITIONS):
        return False
    return bool(alembic_helpers.include_object(thing, name, kind, reflected, other))


def differences(connection: sa.Connection) -> list[object]:
    options = {"include_object": ours, "compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def names(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names()) - {"spatial_ref_sys", "alembic_version"}


def test_migrations_make_the_schema_the_code_is_written_for(connection: sa.Connection) -> None:
    assert differences(connection) == []


def test_a_schema_is_current_once_and_stays(engine: sa.Engine) -> None:
    assert db.migrate(engine) is False
    with engine.connect() as connection:
        assert db.is_current(connection)


def test_every_step_can_be_undone_and_made_again(fresh_engine: sa.Engine) -> None:
    with fresh_engine.begin() as connection:
        command.downgrade(db.configuration(connection), "base")
        assert names(connection) == set()
        command.upgrade(db.configuration(connection), "head")
        assert differences(connection) == []


def test_the_store_keeps_ranges_of_one_code_apart(connection: sa.Connection) -> None:
    kept = connection.scalars(sa.text("SELECT conname FROM pg_constraint WHERE contype = 'x'"))
    assert {"ex_areas_one_row_an_edition", "ex_grids_one_row_an_edition"} <= set(kept)
