"""What answers for a time to come: the plans it rests on, those it leaves out, and what they will have changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from typing_extensions import TypedDict

from geo.areas import Edition
from geo.arrays import Floats
from geo.forecasts import Expected, Omitted


class ScheduledGrid(TypedDict):
    """A grid that will be, by code and name."""

    code: str
    name: str


class Scheduled(TypedDict):
    """A scheduled plan that concerns the point; ``grid`` is whose ground it will be, null outside the city."""

    plan: int
    plan_name: str
    effective_at: str
    grid: ScheduledGrid | None


class PlanExpected(TypedDict):
    """A scheduled plan that a forecast rests on."""

    plan: int
    plan_name: str
    effective_at: str


class PlanOmitted(PlanExpected):
    """A scheduled plan that could not come into force as things stand, and why."""

    why: str


def expected(edition: Edition) -> list[PlanExpected]:
    """The plans that a forecast rests on, in the order of their hours."""
    return [_named(one) for one in edition.forecast.plans] if edition.forecast else []


def omitted(edition: Edition) -> list[PlanOmitted]:
    """The plans that are scheduled until then and left out."""
    return [PlanOmitted(**_named(one), why=one.why) for one in edition.forecast.omitted] if edition.forecast else []


def _named(plan: Expected | Omitted) -> PlanExpected:
    return PlanExpected(plan=plan.plan, plan_name=plan.name, effective_at=plan.effective_at.isoformat())


def scheduled(edition: Edition, place: Floats) -> list[dict[str, Any]]:
    """What is told of a point (1, 2) in degrees WGS 84; nothing of one that is nowhere."""
    if edition.forecast is None or not np.isfinite(place).all():
        return []
    from geo.plans.foreseeing import about  # loaded already: it made the forecast

    lon, lat = place[0].tolist()
    return [
        {
            "plan": one.plan,
            "plan_name": one.plan_name,
            "effective_at": one.effective_at.isoformat(),
            "grid": {"code": one.code, "name": one.name} if one.code else None,
        }
        for one in about(edition.forecast, lon, lat)
    ]
