"""Whether a division at a time to come is what the doors answer after that time has come; plans by the hour, seeded."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.areas import Edition, Place
from geo.assignments import open_index
from geo.errors import GeoError
from geo.plans import calendar, reviews
from geo.plans.hours import due
from tests.drawn_plans import drawn_up, kinds, scheduled

CLOCK = Actor("gridatlas")
_OWN = ("id", "first_edition", "last_edition")
"""Members of a place that nothing has before it is in force."""


def seen(connection: sa.Connection, edition: Edition) -> dict[str, Any]:
    """All that doors tell of a division: places, ground, who lies in whom, and whose ground points are."""
    levels = range(len(areas.city(connection).levels))
    every = {place.code: place for level in levels for place in areas.on_level(connection, level, edition)}
    index = open_index(connection, edition)
    west, south, east, north = every[areas.city(connection).code].bounds
    points = np.random.default_rng(5).uniform((west, south), (east, north), (200, 2))
    at = index.index.locate(points)
    leaves, above = areas.leaves(connection, edition), areas.upper(connection, edition)
    return {
        "places": {code: _told(place) for code, place in every.items()},
        "grounds": dict(
            zip([*leaves.codes.tolist(), *above.codes.tolist()], [*leaves.shapes, *above.shapes], strict=True)
        ),
        "chains": {
            code: _chain(connection, code, edition) for code in leaves.codes[:: -(-len(leaves.codes) // 4)].tolist()
        },
        "above": [codes.tolist() for codes in index.level_codes],
        "located": np.where(at >= 0, index.codes[at], "").tolist(),
    }


def _chain(connection: sa.Connection, code: str, edition: Edition) -> list[tuple[str, str]]:
    ground = shapely.normalize(areas.geometry(connection, code, edition)).wkt
    return [*((one.code, one.name) for one in areas.chain(connection, code, edition)), (code, ground)]


def _told(place: Place) -> dict[str, Any]:
    told = {name: value for name, value in asdict(place).items() if name not in (*_OWN, "parent_id")}
    return told | {"area_m2": round(place.area_m2, 3), "label": np.round(place.label, 9).tolist()}


def alike(forecast: dict[str, Any], real: dict[str, Any]) -> None:
    """Raise AssertionError but where ground is the same bit by bit, wherever its rings begin, and all else as well."""
    assert forecast.keys() == real.keys()
    codes = list(real["grounds"])
    assert list(forecast["grounds"]) == codes
    mine, theirs = (shapely.normalize([one["grounds"][code] for code in codes]) for one in (forecast, real))
    assert [code for code, one, other in zip(codes, mine, theirs, strict=True) if not one.equals_exact(other)] == []
    for key in real.keys() - {"grounds"}:
        assert forecast[key] == real[key], key


def schedule_some(connection: sa.Connection, random: np.random.Generator, hours: Sequence[datetime]) -> Counter[str]:
    """Kinds of the changes that are scheduled afterwards: a plan for each hour, where one can be; hours may repeat."""
    found: Counter[str] = Counter()
    for hour in hours:
        plan = drawn_up(connection, random)
        if scheduled(connection, plan, hour):
            found += kinds(connection, plan)
    return found


def come_true(connection: sa.Connection, hours: Sequence[datetime]) -> Counter[str]:
    """How many plans came into force at hours that ascend, and how many could not.

    Raises AssertionError where what was foretold of an hour, and of each plan until then, is not what is in force after
    it, or where an edition is answered otherwise when more have come.
    """
    foretold = [calendar.edition_at(connection, hour + timedelta(seconds=1)) for hour in hours]
    shown = [seen(connection, edition) for edition in foretold]
    kept = [(areas.current(connection), seen(connection, areas.current(connection)))]
    ended: dict[int, str] = {}
    for hour, edition, forecast in zip(hours, foretold, shown, strict=True):
        for id in due(connection, hour):
            if id not in ended:
                ended[id] = _published(connection, id)
        assert _said(edition) == ended, f"foretold {_said(edition)}, and it became {ended}"
        kept.append((areas.current(connection), seen(connection, areas.current(connection))))
        alike(forecast, kept[-1][1])
    for edition, was in kept:
        alike(was, seen(connection, edition))
    return Counter("left out" if why else "came into force" for why in ended.values())


def _said(edition: Edition) -> dict[int, str]:
    """Why each plan until then cannot come into force, as the forecast tells; blank for one that is to."""
    if edition.forecast is None:
        return {}
    left_out = {one.plan: _plain(one.why) for one in edition.forecast.omitted}
    return {one.plan: "" for one in edition.forecast.plans} | left_out


def _published(connection: sa.Connection, id: int) -> str:
    """Why a plan cannot come into force; blank for one that did."""
    try:
        with connection.begin_nested():
            reviews.publish(connection, CLOCK, id)
    except GeoError as error:
        return _plain(str(error))
    return ""


def _plain(why: str) -> str:
    """A refusal without the number of the edition then, which no forecast knows."""
    return re.sub(r"on edition \d+( after the plans scheduled before it)?", "on the edition then", why)
