"""One incident taken in: in few statements, by the edition that is in force when it is stored, and told as stored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from geo import areas, db, incidents, intakes
from geo.errors import Stale, Unknown
from geo.incidents import Incident, NewIncident
from geo.incidents.searching import Filters, search
from geo.intakes import Answered
from geo.locking import lock_current
from geo.plans import previews
from geo.space.redraw.changes import Rename
from geo.tables import audit_events, incident_keys
from tests.db.test_incidents_keys import wait_for_locks
from tests.db.test_incidents_loading import ACTOR
from tests.small_city import SPLIT_OFF, WEST, WIDE, cell_centre, publish_small_city
from tests.small_plans import LAST, PLANNER, drawn

SPLIT_CELL_EAST = (WEST + 0.8 * WIDE, cell_centre(0, 0)[1])


@pytest.fixture
def city(fresh_engine: sa.Engine) -> sa.Engine:
    with db.write(fresh_engine) as connection:
        publish_small_city(connection)
    return fresh_engine


def new(reference: str, place: tuple[float | None, float | None] = SPLIT_CELL_EAST) -> NewIncident:
    return NewIncident("12345", reference, datetime.now(UTC), *place)


def report(engine: sa.Engine, incident: NewIncident, key: str | None = None) -> Incident:
    """As the door takes it in: an incident, and under a key what was answered."""
    with db.write(engine) as connection:
        stored = incidents.add(connection, ACTOR, incident)
        if key is not None:
            intakes.kept(connection, key, {"reference": incident.reference}, Answered({}, stored.is_repeat))
    return stored.incident


def found(engine: sa.Engine) -> list[Incident]:
    with db.read(engine) as connection:
        return search(connection, Filters()).incidents


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Those that are sent meanwhile, and each beginning and end of a transaction."""
    sent: list[str] = []
    names = ("before_cursor_execute", "begin", "commit")
    notes = (lambda *told: sent.append(told[2]), lambda _: sent.append("BEGIN"), lambda _: sent.append("COMMIT"))
    for name, note in zip(names, notes, strict=True):
        sa.event.listen(engine, name, note)
    yield sent
    for name, note in zip(names, notes, strict=True):
        sa.event.remove(engine, name, note)


@pytest.mark.parametrize("place", [SPLIT_CELL_EAST, (WEST - 0.01, cell_centre(0, 0)[1]), (None, None)])
def test_a_report_takes_three_statements_in_one_transaction(
    city: sa.Engine, place: tuple[float | None, float | None]
) -> None:
    report(city, new("first"))
    for number in range(2):  # of the second edition as of the first
        with statements(city) as sent:
            report(city, new(f"A{number}", place), f"key-{number}")
        assert (sent[0], len(sent[1:-1]), sent[-1]) == ("BEGIN", 3, "COMMIT"), sent
        with statements(city) as sent:
            report(city, new(f"B{number}", place))
        assert len(sent) == 4, sent
        if not number:
            with db.write(city) as connection:
                publish_small_city(connection, 2)
            report(city, new("opened"))


def test_what_happened_before_today_s_edition_takes_one_statement_more(city: sa.Engine) -> None:
    with db.write(city) as connection:
        publish_small_city(connection, 2)
    late = replace(new("A1"), occurred_at=datetime(2024, 6, 1, tzinfo=UTC))
    report(city, late)
    with statements(city) as sent:
        stored = report(city, replace(late, reference="A2"))
    assert (len(sent), stored.edition_then, stored.edition) == (5, 1, 2), sent


def test_what_is_told_of_a_report_is_what_is_found(city: sa.Engine) -> None:
    places = [SPLIT_CELL_EAST, cell_centre(3, 2), (WEST - 0.01, cell_centre(0, 0)[1]), (None, None)]
    exact = {"accuracy_m": 12.3, "address": "新村路 1 号", "urgency": 1, "datum": "gcj02"}
    stored = [report(city, replace(new(f"A{at}", place), **exact)) for at, place in enumerate(places)]
    assert sorted(found(city), key=lambda one: one.id) == stored
    assert [one.rule for one in stored] == ["inside", "fallback", "outside", "no_position"]


def test_a_report_that_waited_for_a_publish_is_stored_with_the_new_edition(city: sa.Engine) -> None:
    report(city, new("first"))
    with ThreadPoolExecutor(2) as pool, db.write(city) as publishing:
        publish_small_city(publishing, 2)
        waiting = [pool.submit(report, city, new(f"A{number}")) for number in range(2)]
        wait_for_locks(city, 2)
        assert not any(one.done() for one in waiting)
        publishing.commit()
        answers = [one.result(30) for one in waiting]
    assert [(one.edition, one.grid) for one in answers] == [(2, SPLIT_OFF)] * 2
    with db.read(city) as connection:
        events = sa.select(sa.func.count()).where(audit_events.c.action == "incidents.add")
        assert (areas.current(connection).number, connection.scalar(events)) == (2, 3)


def test_an_edition_of_a_host_whose_clock_is_ahead_is_in_force_for_every_host(city: sa.Engine) -> None:
    with db.write(city) as connection:
        publish_small_city(connection, 2)
        ahead = "UPDATE editions SET effective_at = now() + interval '1 minute' WHERE number = 2"
        connection.execute(sa.text(ahead))
    stored = report(city, new("A1"))
    assert (stored.edition, stored.grid) == (2, SPLIT_OFF)
    with db.write(city) as connection:
        second = lock_current(connection)
        done = previews.publish(connection, PLANNER, drawn(connection, Rename(LAST, "改名")).id)[1]
        assert (second.number, done.edition.number, areas.current(connection)) == (2, 3, done.edition)
        assert done.edition.effective_at > second.effective_at


def test_a_report_that_waits_for_its_key_holds_up_no_publish(city: sa.Engine) -> None:
    with ThreadPoolExecutor(1) as pool, city.connect() as other:
        with other.begin():
            other.execute(sa.insert(incident_keys).values(_key("A1")))
            waiting = pool.submit(report, city, new("A1"))
            wait_for_locks(city)
            with db.write(city) as publishing:
                publishing.execute(sa.text("SET LOCAL lock_timeout = '5s'"))
                publish_small_city(publishing, 2)
            other.rollback()
        assert waiting.result(30).edition == 2


def test_of_a_key_used_for_another_request_nothing_is_stored(city: sa.Engine) -> None:
    report(city, new("A1"), "key")
    with pytest.raises(Stale, match="was used at"):
        report(city, new("A2"), "key")
    assert [one.reference for one in found(city)] == ["A1"]


def test_before_a_city_is_published_a_report_is_refused_and_not_stored(fresh_engine: sa.Engine) -> None:
    with pytest.raises(Unknown):
        report(fresh_engine, new("A1"))
    with fresh_engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(incident_keys)) == 0


def _key(reference: str) -> dict[str, object]:
    return {"source": "12345", "reference": reference, "id": 0, "occurred_at": datetime.now(UTC), "digest": b""}
