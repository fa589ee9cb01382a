"""What made incidents go through: chains of stages whose times follow each other, cut off at the city's today.

Three chains, by where an incident comes from and what it is: found on patrol, called in, ordered as a service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from geo.arrays import Bools, Floats, Ints
from geo.demo.columns import numbered, when, words
from geo.demo.incidents import CATEGORIES, SOURCES
from geo.demo.matters import MATTERS
from geo.demo.plans import Order

SHARE = 0.25
"""Share of the incidents whose stages are told."""
STAGES_ZH = (
    "巡查发现", "上报", "首次响应", "街道呼叫", "部门应答", "督办", "解决", "督查", "反馈",
    "群众点单", "社区派单", "部门接单", "党员领单", "完成",
)  # fmt: skip
(
    FOUND, REPORTED, RESPONDED, CALLED, ANSWERED, SUPERVISED, RESOLVED, INSPECTED, FED_BACK,
    ORDERED, DISPATCHED, ACCEPTED, CLAIMED, DONE,
) = range(len(STAGES_ZH))  # fmt: skip
_PATROL = (SOURCES.index("网格员上报"), SOURCES.index("视频巡查"))
_STUCK, _UNINSPECTED, _LATE, _CALLED, _UNANSWERED = 0.05, 0.06, 0.14, 0.22, 0.18
"""Shares: stopped once reported, never inspected once resolved, resolved too late, called up, calls no one answered."""
_HOUR_S, _DAY_S = 3_600, 86_400
_OPENS_S, _CLOSES_S = 9 * _HOUR_S, 17 * _HOUR_S
"""Working hours in which matters fall due: eight a day, from Monday to Friday."""

Seconds = NDArray[np.float64]
"""Seconds since 1970 of the city's own clock; NaN where it never happened."""


@dataclass(frozen=True, eq=False)
class _Rows:
    """Some incidents: reference, when it happened and was reported, position of source and category."""

    reference: list[str]
    at_s: Seconds
    reported_s: Seconds
    source: Ints
    category: Ints

    def __len__(self) -> int:
        return len(self.at_s)

    def taken(self, at: Ints) -> _Rows:
        """Those at some positions."""
        reference = [self.reference[one] for one in at.tolist()]
        return _Rows(reference, self.at_s[at], self.reported_s[at], self.source[at], self.category[at])


@dataclass(frozen=True, eq=False)
class Chains:
    """When each incident (n,) reached each stage, (n, stages), and when it is due."""

    at_s: Seconds
    due_s: Seconds


def tables(path: Path, order: Order) -> Iterator[pa.Table]:
    """The stages of the incidents of ``incidents.csv``, part by part; each incident's in order of time."""
    today = float(np.datetime64(order.until.replace(tzinfo=None), "s").astype(np.int64))
    done = 0
    for number, rows in enumerate(_told(path)):
        chance = order.chance(130, number)
        fresh = np.flatnonzero(chance.random(len(rows)) < SHARE)
        some = rows.taken(fresh)
        table = _table(some, chains(some, chance), today, done)
        done += len(table)
        yield table


def _told(path: Path) -> Iterator[_Rows]:
    """Incidents of the file by parts, a repeated row left out; one part without any when there are none."""
    if not path.stat().st_size:
        none = np.empty(0)
        yield _Rows([], none, none, none.astype(np.int64), none.astype(np.int64))
        return
    names = ["reference", "source", "category", "occurred_at", "reported_at"]
    options = pyarrow.csv.ConvertOptions(include_columns=names, column_types=dict.fromkeys(names, pa.string()))
    last = ""
    with pyarrow.csv.open_csv(path, convert_options=options) as reader:
        for batch in reader:
            told = batch.to_pydict()
            reference = told["reference"]
            keep = [at for at, one in enumerate(reference) if one != (reference[at - 1] if at else last)]
            last = reference[-1] if reference else last
            source = np.array([SOURCES.index(told["source"][at]) for at in keep], dtype=np.int64)
            category = np.array([_category(told["category"][at]) for at in keep], dtype=np.int64)
            at_s, reported_s = (_clock([told[name][at] for at in keep]) for name in ("occurred_at", "reported_at"))
            yield _Rows([reference[at] for at in keep], at_s, reported_s, source, category)


_BY_WORD = {word: at for at, one in enumerate(CATEGORIES) for word in (one.zh, one.code)}
_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")


def _category(said: str) -> int:
    word = said.translate(_NARROW).strip(" 　")
    return _BY_WORD[word] if word in _BY_WORD else _BY_WORD[word[:4]]


def _clock(texts: list[str]) -> Seconds:
    plain = np.array([one[:19].replace(" ", "T") for one in texts], dtype="datetime64[s]")
    return plain.astype(np.int64).astype(np.float64)


def chains(rows: _Rows, chance: np.random.Generator) -> Chains:
    """Times of every stage of some incidents; each stage comes after the one before it in its chain."""
    at_s = np.full((len(rows), len(STAGES_ZH)), np.nan)
    hours = np.array([MATTERS[one.code].hours for one in CATEGORIES])[rows.category]
    due = due_s(rows.reported_s, hours)
    ordered = np.array([MATTERS[one.code].matter == "service_order" for one in CATEGORIES])[rows.category]
    late = chance.random(len(rows)) < _LATE
    span = (due - rows.reported_s) * np.where(late, chance.uniform(1.1, 3.5, len(rows)), chance.beta(2, 2, len(rows)))
    ended = rows.reported_s + np.maximum(np.floor(span), 900.0)
    ended[chance.random(len(rows)) < _STUCK] = np.nan
    _serve(at_s, rows, ended, ordered, chance)
    _handle(at_s, rows, (due, ended), ~ordered, chance)
    return Chains(at_s, due)


def _serve(at_s: Seconds, rows: _Rows, ended: Seconds, here: Bools, chance: np.random.Generator) -> None:
    """Ordered, dispatched, accepted, claimed, done; what is stuck was accepted and never claimed."""
    steps = np.sort(chance.uniform(0.05, 0.7, (len(rows), 3)), axis=1)
    span = np.where(np.isnan(ended), 8 * _HOUR_S, ended - rows.reported_s)
    at_s[here, ORDERED] = rows.reported_s[here]
    for number, stage in enumerate((DISPATCHED, ACCEPTED, CLAIMED)):
        when_s = np.floor(rows.reported_s + steps[:, number] * span) + number + 1
        at_s[here, stage] = np.where((stage == CLAIMED) & np.isnan(ended), np.nan, when_s)[here]
    at_s[here, DONE] = (ended + 5)[here]


def _handle(
    at_s: Seconds, rows: _Rows, ends: tuple[Seconds, Seconds], here: Bools, chance: np.random.Generator
) -> None:
    """Found, reported, answered, perhaps called up and supervised, resolved, inspected, fed back."""
    due, ended = ends
    count = len(rows)
    patrol = here & np.isin(rows.source, _PATROL)
    span = np.where(np.isnan(ended), 6 * _HOUR_S, ended - rows.reported_s)
    first = np.floor(rows.reported_s + 60 + span * chance.uniform(0.02, 0.3, count))
    called = here & (chance.random(count) < _CALLED)
    called_s = np.floor(first + (rows.reported_s + 60 + span - first) * chance.uniform(0.05, 0.3, count))
    answered = called & (chance.random(count) >= _UNANSWERED)
    answered_s = np.floor(called_s + (rows.reported_s + 60 + span - called_s) * chance.uniform(0.1, 0.8, count))
    resolved = np.where(called & ~answered & (chance.random(count) < 0.7), np.nan, ended + 120)
    inspected = np.where(chance.random(count) < _UNINSPECTED, np.nan, resolved + _waits(2 * _HOUR_S, 40, count, chance))
    overdue = here & (np.where(np.isnan(resolved), np.inf, resolved) > due + 4 * _HOUR_S)
    for stage, where, when_s in (
        (FOUND, patrol, np.minimum(rows.at_s, rows.reported_s)), (REPORTED, here, rows.reported_s),
        (RESPONDED, here, first), (CALLED, called, called_s), (ANSWERED, answered, answered_s),
        (SUPERVISED, overdue & (chance.random(count) < 0.6), due + _waits(1_800, 2, count, chance)),
        (RESOLVED, here, resolved), (INSPECTED, here, inspected),
        (FED_BACK, here, inspected + _waits(_HOUR_S, 30, count, chance)),
    ):  # fmt: skip
        at_s[where, stage] = when_s[where]


def _waits(least_s: float, most_hours: float, count: int, chance: np.random.Generator) -> Floats:
    waits: Floats = np.floor(least_s + chance.beta(1.2, 3, count) * most_hours * _HOUR_S)
    return waits


def due_s(begun_s: Seconds, hours: Ints) -> Seconds:
    """When so many working hours have passed: eight a day from 9 to 17, Monday to Friday; holidays are not known."""
    day = (begun_s // _DAY_S).astype("datetime64[D]")
    second = begun_s % _DAY_S
    works = np.is_busday(day)
    first = np.busday_offset(day, (works & (second >= _CLOSES_S)).astype(np.int64), roll="forward")
    left = np.where(works & (second > _OPENS_S) & (second < _CLOSES_S), second - _OPENS_S, 0.0)
    work = left + hours * _HOUR_S
    full = _CLOSES_S - _OPENS_S
    days = np.maximum(np.ceil(work / full) - 1, 0)
    last = np.busday_offset(first, days.astype(np.int64), roll="forward")
    found: Seconds = last.astype(np.int64) * _DAY_S + _OPENS_S + work - days * full
    return found


def _table(rows: _Rows, made: Chains, today: float, done: int) -> pa.Table:
    """The stages that have happened, as an office sends them."""
    happened = made.at_s < today
    incident, stage = np.nonzero(happened)
    at_s = made.at_s[incident, stage]
    order = np.lexsort((stage, at_s, incident))
    incident, stage, at_s = incident[order], stage[order], at_s[order]
    begins = np.isin(stage, (REPORTED, ORDERED))
    calls = np.isin(stage, (CALLED, ANSWERED))
    return pa.table(
        {
            "编号": numbered("HJ", done + np.arange(len(stage))),
            "事件编号": pa.array([rows.reference[at] for at in incident.tolist()], type=pa.string()),
            "环节": words(STAGES_ZH, stage),
            "办理时间": _texts(at_s),
            "呼叫层级": words(("区",), np.where(calls, 0, -1)),
            "应办结时间": when(begins, _texts(made.due_s[incident])),
            "是否终结": words(("是",), np.where(np.isin(stage, (FED_BACK, DONE)), 0, -1)),
        }
    )


def _texts(at_s: Seconds) -> pa.Array:
    plain = np.datetime_as_string(at_s.astype(np.int64).astype("datetime64[s]"), unit="s").tolist()
    return pa.array([f"{one}+08:00" for one in plain], type=pa.string())
