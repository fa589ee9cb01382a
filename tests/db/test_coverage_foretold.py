"""What is foretold of coverage and blind spots is what a run finds after the hour has come, the city over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from geo import areas
from geo.areas import Edition
from geo.coverage import details, dossiers, foretelling, proposing, running, runs, spots
from geo.coverage.foretelling import Hour
from geo.coverage.found import Found, open_run
from geo.coverage.indicators import registry
from geo.coverage.rulebooks import GROUND, STATES
from geo.coverage.spots import KINDS, Asked
from geo.coverage.values import Reader, Values, told
from geo.errors import GeoError
from geo.incidents.adding import NewIncident, add
from geo.plans import calendar, reviews
from geo.plans.hours import due
from geo.tables import buildings
from tests.covered import enter
from tests.db.test_plans import ACTOR
from tests.db.test_plans_consequences import NOW, places
from tests.drawn_plans import PLANNER
from tests.foretold import schedule_some
from tests.inhabited import IN_BUILDINGS, inhabit
from tests.small_city import publish_small_city
from tests.small_plans import soon
from tests.undone import undone


# -- all that is told --------------------------------------------------------------------------------------------------
class Named:
    """Ids as what they stand for: codes to come have no id of their own yet."""

    def __init__(self, connection: sa.Connection, edition: Edition) -> None:
        city = areas.city(connection)
        places = [one for level in range(len(city.levels)) for one in areas.on_level(connection, level, edition)]
        self.code = {one.id: one.code for one in places} | {0: ""}

    def codes(self, ids: np.ndarray) -> list[str]:
        return [self.code.get(one, f"#{one}") for one in ids.tolist()]


def found_of(connection: sa.Connection, found: Found) -> dict[str, Any]:
    """Units, buildings and leaves by their states, days, grids and reasons, each in sentences."""
    named, book, day = Named(connection, found.edition), found.book, found.run.day
    units, states = found.units, found.states
    every = dossiers.units_told(connection, found, np.arange(len(units.id)))
    return {
        "run": (day, found.run.rules, found.run.surveyed_until, book),
        "units": {one.id: asdict(one) for one in every},
        "unit_grids": dict(zip(units.id.tolist(), named.codes(units.grid), strict=True)),
        "methods": dict(zip(units.id.tolist(), states.method.tolist(), strict=True)),
        "held": sorted((int(units.id[at]), district) for at, district in found.held.tolist()),
        "buildings": _columns(found.buildings, grid=named.codes(found.buildings.grid)),
        "grids": _by(named.codes(found.grids.id), found.grids.code.tolist(), found.grids.seen_on.tolist()),
        "lineage": _by(named.codes(found.leaf_ids), *(named.codes(column) for column in found.lineage.T)),
    }


def _by(keys: Sequence[Any], *columns: Sequence[Any]) -> dict[Any, tuple[Any, ...]]:
    rows = dict(zip(keys, zip(*columns, strict=True), strict=True))
    assert len(rows) == len(keys), "a row would hide another"
    return rows


def _columns(some: Any, **more: list[Any]) -> dict[Any, tuple[Any, ...]]:
    told_of = {name: [repr(one) for one in column.tolist()] for name, column in vars(some).items()} | more
    return _by(told_of.pop("id"), *told_of.values())


def listed(connection: sa.Connection, found: Found) -> dict[str, Any]:
    """Every list with what is said of each of its blind spots, who may help, and the joint branches in full."""
    city = areas.city(connection)
    shown = {}
    for by in (*KINDS, *(level.key for level in city.levels[:-1])):
        for codes in ((), (*STATES, *GROUND)):
            ranking = spots.rank(connection, found, Asked(by, codes=codes))
            rows = ranking.wanted
            told_of = details.tell(connection, found, ranking, rows, 1)
            more = dossiers.proposals(connection, found, ranking, rows, told_of, in_full=True)
            proposed = [(one.helpers, one.group and asdict(one.group) | {"id": None}) for one in more]
            ordered = sorted(zip(told_of, proposed, strict=True), key=lambda one: one[0].id)
            shown[f"{by} {codes}"] = ranking.counts, [(asdict(one) | {"rank": 0}, of) for one, of in ordered]
    return shown


def figures(connection: sa.Connection, edition: Edition, hour: Hour | None, now: datetime) -> dict[str, Any]:
    """Every indicator of grids and of all above them, with what is told beside it."""
    reader, level = Reader(connection, edition, now, hour), areas.city(connection).grid_level
    return {key: _figures(told(reader, key, level)) for key in registry()}


def _figures(one: Values) -> dict[str, Any]:
    def rows(parts: Any) -> dict[str, list[str]]:
        return {name: [f"{n:.6g}" for n in column.tolist()] for name, column in vars(parts).items()}

    return {
        "places": [(place.code, place.name, place.kind) for place in one.places],
        "rows": rows(one.rows),
        "upper": rows(one.upper),
        "smoothed": one.smoothed and rows(one.smoothed),
        "beside": {key: (rows(of), rows(upper)) for key, (of, upper) in one.beside.items()},
        "sizes": {name: np.round(size).tolist() for name, size in one.sizes.items()},
        "rest": (one.held, one.elsewhere, one.dated, one.since if one.dated != "edition" else "", one.sources),
        "before": one.before and (one.before.run, rows(one.before.rows), rows(one.before.above)),
    }


# -- a city ------------------------------------------------------------------------------------------------------------
def register(connection: sa.Connection, random: np.random.Generator) -> None:
    """Everything that indicators count beside units: figures, posts, points, estates, what is done there, incidents."""
    grids = list(connection.scalars(sa.text("SELECT id FROM grids ORDER BY id")))
    housed = list(connection.scalars(sa.text("SELECT id FROM buildings ORDER BY id")))
    connection.execute(sa.update(buildings).where(buildings.c.id % 3 == 0).values(pinned_id=buildings.c.grid_id))
    counts = {"households": random.choice([0, 7, 120], len(housed)), "workers": random.choice([3, 40], len(housed))}
    for at, number in enumerate(housed):
        some = {name: int(column[at]) for name, column in counts.items()}
        connection.execute(sa.update(buildings).where(buildings.c.id == number).values(some))
    for at, grid in enumerate(grids[::2]):
        known = {name: int(random.integers(0, 900)) for name in ("households", "residents", "workers")}
        enter(
            connection,
            "grid_figures",
            {"reference": str(at), "place_id": grid, "as_of": date(2025, 1, 1 + at), **known},
        )
    for at, spot in enumerate(places(random, 24).tolist()):
        row = {"reference": str(at), "lonlat": tuple(spot)}
        within = {"building_id": int(random.choice(housed))} if at % 4 == 0 else {}
        enter(
            connection, "service_points", row | within | {"name": "站", "kind": str(random.choice(["centre", "point"]))}
        )
        enter(connection, "party_organisations", row | {"reference": f"at {at}", "name": "支部", "kind": "branch"})
        told_of = NewIncident("热线", str(at), NOW - timedelta(days=9), *spot, category="噪音")
        add(connection, ACTOR, told_of)
    connection.execute(sa.text(IN_BUILDINGS.replace("units AS u", "service_points AS u")))
    estates = [_estate(connection, number, spot) for number, spot in enumerate(places(random, 8).tolist())]
    for at, grid in enumerate(grids[:9]):
        held: dict[str, Any] = {"held": int(random.integers(1, 9)), "resolved": 1, "as_of": date(2025, 2, 1 + at)}
        of = [{"place_id": grid}, {"estate_id": estates[at % 8]}, {"building_id": housed[at % len(housed)]}][at % 3]
        enter(connection, "deliberations", {"reference": str(at), **held, **of})
        enter(connection, "pairings", {"reference": str(at), "place_id": grid, "since": date(2025, 1, 1)})
    _stages(connection)


def _estate(connection: sa.Connection, number: int, spot: list[float]) -> int:
    ground = shapely.box(spot[0], spot[1], spot[0] + 0.004, spot[1] + 0.003)
    row = {"reference": str(number), "name": "小区", "ground": ground, "households": 300, "owners_committee": "exists"}
    return enter(connection, "estates", row)[0]


def _stages(connection: sa.Connection) -> None:
    for at, number in enumerate(connection.scalars(sa.text("SELECT id FROM incidents ORDER BY id")).all()):
        when = {"stage": ["called", "resolved", "reported"][at % 3], "at": NOW, "due_at": NOW + timedelta(days=20)}
        enter(connection, "incident_stages", {"reference": str(at), "incident_id": number, **when})


# -- the law -----------------------------------------------------------------------------------------------------------
def come(connection: sa.Connection, until: datetime) -> None:
    """Nothing; afterwards all plans until then are in force that can be."""
    for number in due(connection, until):
        try:
            with connection.begin_nested():
                reviews.publish(connection, PLANNER, number)
        except GeoError:
            continue


def hour_of(connection: sa.Connection, at: datetime) -> Hour:
    hour = calendar.hour_at(connection, calendar.edition_at(connection, at), at)
    assert hour is not None
    return hour


def assert_alike(foretold: dict[str, Any], real: dict[str, Any]) -> None:
    assert foretold.keys() == real.keys()
    assert {key for key, one in real.items() if foretold[key] != one} == set()


@pytest.mark.slow
@given(seed=st.integers(0, 100_000))
@hypothesis_settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_foretold_is_what_a_run_finds_once_the_hour_has_come(engine: sa.Engine, seed: int) -> None:
    compare(engine, seed)


def compare(engine: sa.Engine, seed: int) -> None:
    proposing._organisations.clear()  # revisions of an example that was undone are given out again
    random = np.random.default_rng(seed)
    with undone(engine) as connection:
        publish_small_city(connection)
        inhabit(connection, seed, runs.today(areas.city(connection)))
        register(connection, random)
        running.run(connection, ACTOR)
        schedule_some(connection, random, [soon(3600 * (1 + number)) for number in range(3)])
        then = datetime.now(UTC) + timedelta(days=int(random.choice([1, 45, 400])))
        hour = hour_of(connection, then)
        foretold = foretelling.found(connection, hour)
        shown = found_of(connection, foretold), listed(connection, foretold)
        figures_then = figures(connection, hour.edition, hour, then)
        come(connection, then)
        made, _ = running.run(connection, ACTOR, hour.day(areas.city(connection)))
        found = open_run(connection, made)
        assert_alike(shown[0], found_of(connection, found))
        assert_alike(shown[1], listed(connection, found))
        assert_alike(figures_then, figures(connection, areas.current(connection), None, then))
