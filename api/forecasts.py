"""What scheduled plans will have changed about a point that is asked for at a time to come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from typing_extensions import TypedDict

from api.deps import Store
from geo.arrays import Floats


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


def scheduled(store: Store, place: Floats, until: datetime) -> list[dict[str, Any]]:
    """What is told of a point (1, 2) in degrees WGS 84; nothing of one that is nowhere."""
    from geo.plans.foreseeing import foreseen  # plans are much to import for a worker that only locates

    if not np.isfinite(place).all():
        return []
    with store.read() as connection:
        lon, lat = place[0].tolist()
        found = foreseen(connection, lon, lat, until)
    return [
        {
            "plan": one.plan,
            "plan_name": one.plan_name,
            "effective_at": one.effective_at.isoformat(),
            "grid": {"code": one.code, "name": one.name} if one.code else None,
        }
        for one in found
    ]
