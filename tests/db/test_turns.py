"""Work that one transaction at a time may do holds up its own kind, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from geo import db, incidents
from geo.turns import Turn, try_for, wait_for
from tests.db.test_incidents_intake import new
from tests.db.test_incidents_loading import ACTOR
from tests.small_city import publish_small_city


@pytest.mark.parametrize("turn", Turn)
def test_a_turn_holds_up_its_own_kind_and_no_other(engine: sa.Engine, turn: Turn) -> None:
    with engine.connect() as one, engine.connect() as other:
        wait_for(one, turn)
        assert {found for found in Turn if not try_for(other, found)} == {turn}
        one.rollback()
        assert try_for(other, turn)


def test_the_first_report_of_a_month_waits_for_nobody_s_drawings_runs_or_files(fresh_engine: sa.Engine) -> None:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
    with fresh_engine.connect() as busy:
        for turn in Turn:
            if turn is not Turn.MONTHS:
                wait_for(busy, turn)
        for month in (3, 4):
            late = replace(new(f"A{month}"), occurred_at=datetime(2024, month, 1, tzinfo=UTC))
            with db.write(fresh_engine) as connection:
                connection.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
                assert not incidents.add(connection, ACTOR, late).is_repeat
