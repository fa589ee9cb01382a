"""A year of incidents: seasons, weeks and hours, hot spots, and more than a thousand right on the middle of a street.

Days are worked off in order, so that millions of incidents need no more memory than a slice of days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import shapely

from geo import crs
from geo.arrays import Bools, Floats, Ints
from geo.demo.ground import Ground
from geo.demo.plans import FRAME, Order
from geo.demo.streets import ARTERIAL, OUTLINE, QUAY, RING, RIVER, SECONDARY

DAYS = 365
SLICE = 200_000
"""Incidents worked off at once, about."""

FLAT = (1.0,) * 12
WINTER = (2.6, 2.1, 1.2, 0.2, 0.05, 0.05, 0.05, 0.05, 0.1, 0.3, 1.9, 2.5)
SUMMER = (0.5, 0.5, 0.7, 0.9, 1.2, 1.6, 1.9, 1.8, 1.2, 0.8, 0.5, 0.5)
RAIN = (0.1, 0.2, 0.4, 0.6, 0.9, 1.6, 3.2, 2.9, 1.2, 0.5, 0.3, 0.1)
DAY, NIGHT, TRAFFIC = 0, 1, 2
_HOURS = np.array(
    [
        [1, 0.6, 0.4, 0.4, 0.5, 1, 2.5, 5, 9, 11, 10, 8, 5, 6, 8.5, 9, 8, 6, 5, 5, 4.5, 3.5, 2.5, 1.6],
        [6, 4, 2.5, 1.5, 1, 1, 1.5, 2, 2, 2, 2, 2, 3, 2.5, 2, 2, 2, 3, 4, 6, 8.5, 11, 12, 10],
        [0.5, 0.4, 0.3, 0.3, 0.5, 1, 4, 10, 10, 6, 5, 5, 5, 5, 5, 6, 8, 11, 9, 6, 4, 3, 2, 1],
    ]
)
BLOCK, STREET, SITE, TRADE = range(4)


@dataclass(frozen=True)
class Category:
    """A kind of incident: code, name, share, months (January first), hours, where, how often urgent."""

    code: str
    zh: str
    share: float
    months: tuple[float, ...] = FLAT
    hours: int = DAY
    where: int = BLOCK
    urgent: float = 0.02


CATEGORIES = (
    Category("0101", "暴露垃圾", 7, SUMMER, where=STREET),
    Category("0102", "占道经营", 8, SUMMER, TRAFFIC, TRADE),
    Category("0103", "非法小广告", 4, where=STREET),
    Category("0104", "油烟扰民", 3, SUMMER, NIGHT, TRADE),
    Category("0105", "乱堆物料", 5),
    Category("0201", "路面破损", 5, RAIN, where=STREET),
    Category("0202", "井盖缺失", 2, where=STREET, urgent=0.35),
    Category("0203", "路灯不亮", 4, WINTER, NIGHT, STREET),
    Category("0204", "道路积水", 3, RAIN, TRAFFIC, STREET, 0.2),
    Category("0205", "树木倒伏", 2, RAIN, where=STREET, urgent=0.15),
    Category("0301", "消防通道堵塞", 4, hours=NIGHT, urgent=0.2),
    Category("0302", "飞线充电", 3, hours=NIGHT, urgent=0.12),
    Category("0303", "电梯故障", 4, hours=TRAFFIC, urgent=0.25),
    Category("0304", "燃气异味", 1, WINTER, urgent=0.9),
    Category("0401", "邻里纠纷", 4, hours=NIGHT),
    Category("0402", "噪声扰民", 9, SUMMER, NIGHT),
    Category("0403", "物业纠纷", 7),
    Category("0404", "欠薪问题", 2, WINTER, where=SITE, urgent=0.06),
    Category("0405", "施工扬尘", 3, SUMMER, where=SITE),
    Category("0501", "供暖不热", 6, WINTER, urgent=0.05),
    Category("0502", "停水停电", 4, SUMMER, urgent=0.2),
    Category("0503", "居家养老服务", 2),
    Category("0601", "机动车违停", 8, hours=TRAFFIC, where=STREET),
    Category("0602", "共享单车乱停", 4, SUMMER, TRAFFIC, STREET),
)
SOURCES = ("12345热线", "网格员上报", "随手拍", "视频巡查", "110联动")
PREFIXES = ("RX", "WG", "SP", "XC", "LD")
_SOURCE_SHARE = {
    BLOCK: (0.55, 0.24, 0.13, 0.0, 0.08),
    STREET: (0.24, 0.33, 0.19, 0.22, 0.02),
    SITE: (0.5, 0.3, 0.15, 0.05, 0.0),
    TRADE: (0.3, 0.4, 0.1, 0.15, 0.05),
}  # fmt: skip
_WEEK = np.array(
    [
        [1.22, 1.10, 1.06, 1.02, 1.04, 0.78, 0.70],  # by day: offices and lines are busiest on Mondays
        [0.92, 0.90, 0.92, 0.96, 1.12, 1.20, 1.02],
        [1.10, 1.04, 1.04, 1.06, 1.16, 0.84, 0.72],
    ]
)
_ACCURACY_M = np.array([30.0, 5.0, 12.0, 3.0, 25.0])


@dataclass(frozen=True)
class Incidents:
    """A slice of incidents in order of time; ``at_s`` are seconds since the epoch, ``geocoded`` marks block centres."""

    number: Ints
    at_s: Floats
    category: Ints
    source: Ints
    lonlat: Floats
    accuracy_m: Floats
    is_urgent: Bools
    block: Ints


class Places:
    """Where incidents happen: blocks by weight with a few hot ones, streets by length."""

    def __init__(self, ground: Ground, order: Order) -> None:
        chance = order.chance(91)
        self.ground = ground
        self.middle = shapely.get_coordinates(shapely.point_on_surface(ground.faces))
        area = shapely.area(ground.faces) * float(FRAME.scale.prod())
        self.spread_m = 0.24 * np.sqrt(area)
        lively = np.array([2.2, 2.0, 1.5, 0.75, 0.35, 0.02, 0.05, 0.03])[ground.zones]
        hot = np.exp(chance.normal(0, 0.85, len(area)))
        hot[chance.permutation(len(area))[: max(4, len(area) // 90)]] *= 14
        weights = {
            BLOCK: area**0.6 * lively * hot * ground.used("residential", "old_housing", "village"),
            SITE: area**0.5 * hot * ground.used("building_site", "industry"),
            TRADE: area**0.4 * lively * hot * ground.used("market", "mall", "office", "old_housing"),
        }
        self.blocks = {kind: np.cumsum(weight) / weight.sum() for kind, weight in weights.items()}
        table, classes = ground.edges, ground.classes
        lively_side = lively[table.left] * np.sqrt(hot[table.left])
        busy = np.select([np.isin(classes, (ARTERIAL, RING)), np.isin(classes, (SECONDARY, QUAY))], [2.6, 1.5], 1.0)
        street = table.lengths * busy * lively_side * ~np.isin(classes, (OUTLINE, RIVER))
        self.streets = np.cumsum(street) / street.sum()

    def drawn(self, kind: int, chance: np.random.Generator, count: int) -> tuple[Floats, Ints]:
        """Places (n, 2) in degrees before any error of measuring, and the block of each."""
        if kind == STREET:
            edge = np.minimum(np.searchsorted(self.streets, chance.random(count)), len(self.streets) - 1)
            ends = self.ground.edges.ends[edge]
            return ends[:, 0] + (ends[:, 1] - ends[:, 0]) * chance.random((count, 1)), self.ground.edges.left[edge]
        steps = self.blocks[kind]
        block = np.minimum(np.searchsorted(steps, chance.random(count)), len(steps) - 1)
        away = np.clip(chance.normal(0, 1, (count, 2)), -1.9, 1.9) * self.spread_m[block][:, None]
        return self.middle[block] + away / FRAME.scale, block


def happen(ground: Ground, order: Order) -> Iterator[Incidents]:
    """Incidents of the year before ``order.until``, exactly as many as ordered, slice by slice in order of time."""
    if not order.incidents:
        return
    counts = _counts(order)
    places = Places(ground, order)
    total = counts.sum(axis=1)
    slices = np.unique(np.minimum(np.cumsum(total) // SLICE, DAYS), return_index=True)[1]
    done = 0
    for number, (low, high) in enumerate(zip(slices, [*slices[1:], DAYS], strict=True)):
        made = _slice(places, counts[low:high], int(low), done, order, order.chance(92, number))
        done += len(made.number)
        yield made


def _counts(order: Order) -> Ints:
    """(days, categories) number of incidents: seasons, weekdays, some stormy and some quiet days."""
    chance = order.chance(93)
    start = order.until - timedelta(days=DAYS)
    days = [start + timedelta(days=day) for day in range(DAYS)]
    month, weekday = np.array([day.month - 1 for day in days]), np.array([day.weekday() for day in days])
    weather = np.exp(chance.normal(0, 0.13, DAYS))
    storm = np.where(chance.random(DAYS) < 0.03, 5.0, 1.0)
    weight = np.empty((DAYS, len(CATEGORIES)))
    for at, kind in enumerate(CATEGORIES):
        season = np.array(kind.months)[month] / np.mean(kind.months)
        weight[:, at] = kind.share * season * _WEEK[kind.hours][weekday] * weather
        if kind.months is RAIN:
            weight[:, at] *= storm
    drawn = chance.multinomial(order.incidents, (weight / weight.sum()).ravel())
    return drawn.reshape(weight.shape)


def _slice(
    places: Places, counts: Ints, first_day: int, done: int, order: Order, chance: np.random.Generator
) -> Incidents:
    day, category = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    count = len(day)
    kinds = np.array([[kind.hours, kind.where] for kind in CATEGORIES])[category]
    second = _seconds(kinds[:, 0], chance)
    start = (order.until - timedelta(days=DAYS)).timestamp()
    at_s = start + (first_day + day) * 86_400.0 + second
    where = np.empty((count, 2))
    block = np.empty(count, dtype=np.int64)
    source = np.empty(count, dtype=np.int64)
    for kind in (BLOCK, STREET, SITE, TRADE):
        here = np.flatnonzero(kinds[:, 1] == kind)
        where[here], block[here] = places.drawn(kind, chance, len(here))
        source[here] = chance.choice(len(SOURCES), len(here), p=_SOURCE_SHARE[kind])
    accuracy = _ACCURACY_M[source] * np.exp(chance.normal(0, 0.35, count))
    error = chance.normal(0, 0.45, (count, 2)) * accuracy[:, None]
    exact = (kinds[:, 1] == STREET) & (chance.random(count) < 0.42)  # reported against the street's own middle line
    measured = crs.snap(where + np.where(exact[:, None], 0.0, error) / FRAME.scale)
    by_phone = (source == 0) & (chance.random(count) < 0.16)  # the hotline's geocoder knows the block only
    measured[by_phone] = crs.snap(places.middle[block[by_phone]])
    urgent = chance.random(count) < np.array([kind.urgent for kind in CATEGORIES])[category]
    order_of = np.argsort(at_s, kind="stable")
    return Incidents(
        number=done + np.arange(count),
        at_s=at_s[order_of],
        category=category[order_of],
        source=source[order_of],
        lonlat=measured[order_of],
        accuracy_m=np.where(by_phone, 150.0, accuracy)[order_of],
        is_urgent=urgent[order_of],
        block=block[order_of],
    )


def _seconds(hours: Ints, chance: np.random.Generator) -> Floats:
    """Second of the day of each incident, after the hours of its kind."""
    steps = np.cumsum(_HOURS, axis=1)
    steps /= steps[:, -1:]
    drawn = chance.random(len(hours))
    hour = np.empty(len(hours))
    for kind in range(len(_HOURS)):
        here = hours == kind
        hour[here] = np.searchsorted(steps[kind], drawn[here])
    seconds: Floats = np.floor(np.minimum(hour, 23) * 3_600 + chance.random(len(hours)) * 3_600)
    return seconds
