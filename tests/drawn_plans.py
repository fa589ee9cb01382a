"""Plans drawn up on the edition in force, seeded: of every kind of change, one upon the other."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import numpy as np
import sqlalchemy as sa

from geo import areas, editions
from geo.actors import Actor
from geo.areas import Edition
from geo.codes import Scheme
from geo.editions import Request
from geo.errors import GeoError
from geo.plans import drafts, previews, scheduling
from geo.plans.drafts import Plan
from geo.space.division import Division
from tests import made_editions
from tests.planned import somehow
from tests.small_city import SMALL_CITY

PLANNER = Actor("planner")


def published(connection: sa.Connection, division: Division) -> Edition:
    """The edition that a division of a made city comes into force as."""
    done = made_editions.published(connection, division, SMALL_CITY, Request(PLANNER, "made", {}))
    assert done is not None
    return done.edition


def drawn_up(connection: sa.Connection, random: np.random.Generator, most: int = 3) -> Plan:
    """A draft with the changes that could be made of up to ``most`` that were asked for; it may be empty."""
    city = areas.city(connection)
    scheme = Scheme.of(city.code_lengths, len(city.levels))
    plan, base = drafts.begin(connection, PLANNER, "调整"), editions.stored(connection, areas.current(connection))
    for _ in range(int(random.integers(1, most + 1))):
        try:
            previews.add(connection, PLANNER, plan, somehow(base, random, scheme, is_numbered=False))
        except GeoError:
            continue
    return plan


def scheduled(connection: sa.Connection, plan: Plan, hour: datetime) -> bool:
    """Whether a plan could be scheduled: what touches the grids of another one cannot, and needs no forecast."""
    try:
        with connection.begin_nested():
            scheduling.schedule(connection, PLANNER, plan.id, hour)
    except GeoError:
        return False
    return True


def kinds(connection: sa.Connection, plan: Plan) -> Counter[str]:
    """How many changes of each kind a plan has."""
    return Counter(type(change).__name__ for change in drafts.in_effect(drafts.changes_of(connection, plan)))
