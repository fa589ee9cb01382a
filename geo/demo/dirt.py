"""Incidents as the offices hand them over: repeated, without a place, swapped, far off, in odd words."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo import crs
from geo.arrays import Bools, Floats, Ints
from geo.demo.incidents import CATEGORIES, PREFIXES, SOURCES, Incidents
from geo.demo.occupants import Blocks
from geo.demo.plans import CITY_ZONE, FRAME

FIELDS = (
    "reference", "source", "category", "urgency", "occurred_at", "reported_at",
    "lon", "lat", "datum", "accuracy_m", "address",
)  # fmt: skip
BLANK, SWAPPED, ZERO, FAR, SHIFTED, AGAIN = 0.006, 0.002, 0.001, 0.003, 0.010, 0.006
"""Shares of rows: no position, latitude first, 0/0, kilometres outside the city, GCJ-02 (declared), sent twice."""
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


def handed_over(incidents: Incidents, blocks: Blocks, chance: np.random.Generator) -> pa.Table:
    """The slice as a table of texts and numbers, columns ``FIELDS``; repeats follow the row they repeat."""
    count = len(incidents.number)
    lonlat, datum = _positions(incidents.lonlat, chance)
    reported = incidents.at_s + np.floor(chance.gamma(1.3, 1_500.0, count))
    naive = np.isin(incidents.source, (0, 4))  # the hotline and the police write local times without a zone
    table = pa.table(
        {
            "reference": pa.array(_references(incidents)),
            "source": pa.array([SOURCES[one] for one in incidents.source.tolist()]),
            "category": pa.array(_categories(incidents.category, chance)),
            "urgency": pa.array(incidents.is_urgent.astype(np.int16)),
            "occurred_at": pa.array(_times(incidents.at_s, naive)),
            "reported_at": pa.array(_times(reported, naive)),
            "lon": pa.array(lonlat[:, 0], from_pandas=True),
            "lat": pa.array(lonlat[:, 1], from_pandas=True),
            "datum": pa.array(datum),
            "accuracy_m": pa.array(np.round(incidents.accuracy_m, 1)),
            "address": pa.array(_addresses(incidents, blocks, chance)),
        }
    )
    again = np.flatnonzero(chance.random(count) < AGAIN)
    return table.take(pa.array(np.sort(np.r_[np.arange(count), again])))


def _positions(lonlat: Floats, chance: np.random.Generator) -> tuple[Floats, list[str]]:
    drawn = chance.random(len(lonlat))
    steps = np.cumsum([BLANK, SWAPPED, ZERO, FAR, SHIFTED])
    kind = np.searchsorted(steps, drawn, side="right")
    found = lonlat.copy()
    found[kind == 0] = np.nan
    found[kind == 1] = found[kind == 1][:, ::-1]
    found[kind == 2] = 0.0
    far = kind == 3
    away = chance.normal(0, 1, (int(far.sum()), 2))
    away *= 25_000 / np.maximum(np.hypot(*away.T), 0.3)[:, None]
    found[far] = crs.snap(found[far] + away / FRAME.scale)
    shifted = kind == 4
    found[shifted] = np.round(crs.from_wgs84(found[shifted], crs.datum_of("gcj02")), 6)
    return found, np.where(shifted, "gcj02", "wgs84").tolist()


def _references(incidents: Incidents) -> list[str]:
    days = (incidents.at_s + 28_800) // 86_400
    names = {day: datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y%m%d") for day in np.unique(days).tolist()}
    rows = zip(incidents.source.tolist(), days.tolist(), incidents.number.tolist(), strict=True)
    return [f"{PREFIXES[source]}{names[day]}{number:07d}" for source, day, number in rows]


def _times(at_s: Floats, naive: Bools) -> list[str]:
    local: NDArray[np.datetime64] = (at_s.astype(np.int64) + CITY_ZONE_S).astype("datetime64[s]")
    texts = np.datetime_as_string(local, unit="s").tolist()
    return [
        one.replace("T", " ") if plain else f"{one}+08:00" for one, plain in zip(texts, naive.tolist(), strict=True)
    ]


CITY_ZONE_S = int(datetime(2026, 1, 1, tzinfo=CITY_ZONE).utcoffset().total_seconds())  # type: ignore[union-attr]


def _categories(category: Ints, chance: np.random.Generator) -> list[str]:
    """Names as a rule; now and then a code, full-width digits or stray blanks, as forms of years ago have them."""
    plain = [kind.zh for kind in CATEGORIES]
    odd = [
        plain,
        [f"{kind.code} {kind.zh}" for kind in CATEGORIES],
        [f" {kind.zh}　" for kind in CATEGORIES],
        [kind.code.translate(_WIDE) for kind in CATEGORIES],
    ]
    how = np.searchsorted(np.cumsum([0.985, 0.006, 0.006]), chance.random(len(category)), side="right")
    return [odd[at][kind] for at, kind in zip(how.tolist(), category.tolist(), strict=True)]


def _addresses(incidents: Incidents, blocks: Blocks, chance: np.random.Generator) -> list[str | None]:
    told = chance.random(len(incidents.block)) < 0.8
    number = chance.integers(1, 30, len(incidents.block)).tolist()
    places, roads = blocks.places[incidents.block].tolist(), blocks.roads[incidents.block].tolist()
    return [
        f"{road}{place}{at}号附近" if known else None
        for known, road, place, at in zip(told.tolist(), roads, places, number, strict=True)
    ]
