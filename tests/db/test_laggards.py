"""Closed incidents follow the ground after the publish, and until then every question is answered as if they had."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from geo import areas, db, editions, incidents, laggards
from geo.actors import Actor
from geo.coverage.tallies import matters
from geo.coverage.tallies.asking import Asked
from geo.entities import ENTITIES, searching, tiles
from geo.errors import GeoError
from geo.exports import incidents as exporting
from geo.exports.targets import target_of
from geo.incidents import Filters, NewIncident, following
from geo.incidents import searching as searching_incidents
from geo.plans import drafts, previews
from geo.plans.consequences import consequences
from geo.space.redraw.changes import Merge
from tests.db.test_plans_consequences import populate
from tests.drawn_plans import drawn_up
from tests.in_step import ASTRAY
from tests.small_city import COLUMNS, COMMUNITIES, HIGH, ROWS, SMALL_CITY, SOUTH, WEST, WIDE, publish_small_city
from tests.undone import undone

ACTOR = Actor("planner")
NOW = datetime.now(UTC)
ONE, OTHER = f"{COMMUNITIES[0]}001", f"{COMMUNITIES[0]}002"
STAGES = ENTITIES["incident_stages"]


@pytest.fixture(autouse=True)
def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every publish moves many incidents, and steps are short."""
    monkeypatch.setattr(following, "AT_ONCE", -1)
    monkeypatch.setattr(following, "STEP", 3)
    monkeypatch.setattr(following, "_LEAVES", 2)


def publish(connection: sa.Connection, *changes: Any) -> None:
    plan = drafts.begin(connection, ACTOR, "调整")
    for change in changes:
        previews.add(connection, ACTOR, plan, change)
    previews.publish(connection, ACTOR, plan.id)


def publish_somehow(connection: sa.Connection, random: np.random.Generator) -> None:
    """A plan of a change or two; nothing where there is none that could be made."""
    plan = drawn_up(connection, random, most=2)
    if not previews.preview(connection, plan).is_same:
        previews.publish(connection, ACTOR, plan.id)


def report(connection: sa.Connection, number: int, random: np.random.Generator) -> None:
    x, y = random.uniform((WEST, SOUTH), (WEST + COLUMNS * WIDE, SOUTH + ROWS * HIGH))
    when = NOW - timedelta(days=float(random.choice([1, 200, 900])))
    status = str(random.choice(["reported", "办结"]))
    incidents.add(connection, ACTOR, NewIncident("巡查", str(number), when, x, y, status=status, accuracy_m=50.0))


def answers(connection: sa.Connection, folder: Path) -> dict[str, Any]:
    """What is answered to every question about incidents that goes by the borders of today."""
    edition, first = areas.current(connection), areas.numbered(connection, 1)
    codes = [*COMMUNITIES, *editions.stored(connection, edition).leaf_codes.tolist()]
    target = target_of(folder / "incidents.parquet", "EPSG:4326", SMALL_CITY)
    exporting.export(connection, (None, None), target)
    asked = Asked(connection, edition, NOW)
    plan = drafts.begin(connection, ACTOR, "问")
    merge_somewhere(connection, plan)
    found = incidents.search(connection, limit=1_000).incidents
    return {
        "all": found,
        "one by one": [searching_incidents.one(connection, one.id, one.occurred_at) for one in found[::20]],
        "since": incidents.search(connection, Filters(since=NOW - timedelta(days=300), category="unclassified")),
        "in a box": incidents.search(connection, Filters(bbox=(WEST, SOUTH, WEST + WIDE, SOUTH + HIGH))),
        **{code: [one.id for one in incidents.search(connection, Filters(area_code=code)).incidents] for code in codes},
        **{f"unassigned {yes}": incidents.search(connection, Filters(unassigned=yes)) for yes in (True, False)},
        "counts": [counted.tolist() for counted in incidents.counts(connection, edition)],
        "counts of the first": [counted.tolist() for counted in incidents.counts(connection, first)],
        "counts then": [counted.tolist() for counted in incidents.counts(connection, edition, borders="then")],
        "file": pq.read_table(target.path).to_pylist(),
        "stages": tallied(matters.stages(asked)),
        "categories": tallied(matters.categories(asked)),
        "stages found": searching.search(connection, STAGES, limit=1_000),
        "stages of an area": searching.search(connection, STAGES, searching.Filters(area_code=COMMUNITIES[0])),
        "tile": tiles.tile(connection, STAGES, (12, 3417, 1596)),
        "preview": moved(consequences(connection, previews.preview(connection, plan))),
    }


def merge_somewhere(connection: sa.Connection, plan: drafts.Plan) -> None:
    """The first leaf and a neighbour become one in a plan; any neighbour with which that is possible."""
    division = editions.stored(connection, areas.current(connection))
    ground, leaf = division.leaf_shapes[0], str(division.leaf_codes[0])
    for other, one in zip(division.leaf_codes.tolist(), division.leaf_shapes, strict=True):
        if one.touches(ground):
            try:
                previews.add(connection, ACTOR, plan, Merge((leaf, other)))
                return
            except GeoError:  # the only leaf of its community
                continue


def moved(found: Any) -> list[Any]:
    return [(one.was, one.now, one.carried) for one in found.moves] + [
        (one.code, one.before, one.after) for one in found.grids
    ]


def tallied(tally: Any) -> list[tuple[Any, ...]]:
    """Figures by place, whatever the order of rows."""
    return sorted(zip(tally.place.tolist(), *(one.tolist() for one in tally.columns.values()), strict=True))


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 100_000),
    events=st.lists(st.sampled_from(["publish", "publish", "report", "step", "step"]), min_size=3, max_size=6),
)
def test_every_question_is_answered_alike_before_while_and_after_incidents_follow(
    engine: sa.Engine, tmp_path: Path, seed: int, events: list[str]
) -> None:
    """Whatever is published, reported and followed in whatever order: had all followed now, nothing would differ."""
    random = np.random.default_rng(seed)
    with undone(engine) as connection:
        publish_small_city(connection)
        populate(connection, random)
        for number, event in enumerate(["publish", *events]):
            if event == "publish":
                publish_somehow(connection, random)
            elif event == "report":
                report(connection, number, random)
            else:
                following.step(connection)
            alike_when_followed(connection, tmp_path)


def alike_when_followed(connection: sa.Connection, folder: Path) -> None:
    def asked() -> dict[str, Any]:
        with connection.begin_nested() as aside:  # asking draws a plan up
            told = answers(connection, folder)
            aside.rollback()
        return told

    before = asked()
    with connection.begin_nested() as attempt:
        while following.step(connection) is not None:
            pass
        after = asked()
        assert connection.scalar(sa.text("SELECT count(*) FROM laggards")) == 0
        assert connection.scalar(sa.text(ASTRAY["incidents"])) == 0
        attempt.rollback()
    totals = {sum(after[name][1]) for name in ("counts", "counts of the first", "counts then")}
    assert totals == {len(after["all"])}  # those in no grid are counted as well
    for question, answer in after.items():
        assert before[question] == answer, question


# -- in transactions of their own --------------------------------------------------------------------------------------
@pytest.fixture
def lagging(fresh_engine: sa.Engine) -> sa.Engine:
    """A city whose first grid was merged with the next, with 20 closed incidents in it that lag."""
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        for number in range(20):
            told = NewIncident("热线", str(number), NOW, WEST + 0.5 * WIDE, SOUTH + 0.5 * HIGH, status="closed")
            incidents.add(connection, ACTOR, told)
        publish(connection, Merge((ONE, OTHER), OTHER))
    return fresh_engine


def stored_in(engine: sa.Engine, code: str) -> int:
    """How many incidents stand in a grid as they are stored."""
    query = "SELECT count(*) FROM incidents JOIN codes ON codes.id = grid_now WHERE code = :code"
    with db.read(engine) as connection:
        return int(connection.scalar(sa.text(query), {"code": code}) or 0)


def test_closed_incidents_are_left_and_open_ones_written_when_there_are_many(fresh_engine: sa.Engine) -> None:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        for number, status in enumerate(["closed", "reported", "办结", "reported", "reported"]):
            told = NewIncident("热线", str(number), NOW, WEST + 0.5 * WIDE, SOUTH + 0.5 * HIGH, status=status)
            incidents.add(connection, ACTOR, told)
        publish(connection, Merge((ONE, OTHER), OTHER))
    assert (stored_in(fresh_engine, ONE), stored_in(fresh_engine, OTHER)) == (2, 3)


def test_few_incidents_follow_in_the_publish(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 3)
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
        for number in range(3):
            told = NewIncident("热线", str(number), NOW, WEST + 0.5 * WIDE, SOUTH + 0.5 * HIGH, status="closed")
            incidents.add(connection, ACTOR, told)
        publish(connection, Merge((ONE, OTHER), OTHER))
        assert connection.scalar(sa.text("SELECT count(*) FROM laggards")) == 0
    assert stored_in(fresh_engine, OTHER) == 3


def test_a_step_that_is_killed_leaves_what_was_and_the_next_process_goes_on(lagging: sa.Engine) -> None:
    with lagging.connect() as killed:
        transaction = killed.begin()
        assert following.step(killed) == 3
        pid = killed.scalar(sa.text("SELECT pg_backend_pid()"))
        with lagging.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with pytest.raises(OperationalError):
            transaction.commit()
        killed.invalidate()
    assert stored_in(lagging, ONE) == 20
    with db.write(lagging) as connection:
        assert following.step(connection) == 3
    assert stored_in(lagging, ONE) == 17
    assert sum(following.catch_up(lagging)) == 17
    assert (stored_in(lagging, ONE), stored_in(lagging, OTHER)) == (0, 20)
    assert list(following.catch_up(lagging)) == []


def test_two_processes_never_follow_at_once(lagging: sa.Engine) -> None:
    with db.write(lagging) as one:
        assert following.step(one) == 3
        assert list(following.catch_up(lagging)) == []
    assert sum(following.catch_up(lagging)) == 17


def test_where_nothing_lags_the_table_itself_is_asked(lagging: sa.Engine) -> None:
    with db.read(lagging) as connection:
        assert laggards.today(connection) is not laggards.incidents
    assert sum(following.catch_up(lagging)) == 20
    with db.read(lagging) as connection:
        assert laggards.today(connection) is laggards.incidents


def test_the_clock_of_a_server_has_them_follow(lagging: sa.Engine) -> None:
    from api.hours import Clock

    clock = Clock(lagging)
    clock.start()
    until = datetime.now(UTC) + timedelta(seconds=30)
    while stored_in(lagging, OTHER) < 20 and datetime.now(UTC) < until:
        pass
    clock.end(10)
    assert stored_in(lagging, OTHER) == 20
