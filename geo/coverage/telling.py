"""What a run found, as the columns its spans are written from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geo import copying
from geo.arrays import Bools, Floats, Ints
from geo.copying import Column
from geo.coverage import ground, sums
from geo.coverage.ground import GroundStates
from geo.coverage.grounds import Grids, Straddling
from geo.coverage.reading import Read
from geo.coverage.rulebooks import REASONS, STATES, RuleBook
from geo.coverage.scores import scores
from geo.coverage.states import States, keys
from geo.coverage.sums import Sums
from geo.coverage.units import Coverings, Days, Keys, Units


# -- units -------------------------------------------------------------------------------------------------------------
def units(read: Read, coverings: Coverings, states: States, wanted: Ints) -> dict[str, Column]:
    """Columns of ``unit_states`` of the units at ``wanted`` (ascending positions) that are in business."""
    rows = wanted[states.state[wanted] != ""]
    given, covering = read.units, states.covering[rows]
    first = np.searchsorted(read.held[:, 0], rows)
    last = np.searchsorted(read.held[:, 0], rows, side="right")
    held = np.concatenate([read.held[a:b, 1] for a, b in zip(first, last, strict=True) if b > a] or [_NONE])
    return {
        "unit_id": copying.numbers(given.id[rows], "i8"),
        "code": _texts(states.state[rows]),
        "since": copying.days(states.since[rows]),
        "reason": _documents(reasons(given, coverings, states, rows)),
        "method": _texts(states.method[rows]),
        "record_id": _ids(_of(coverings.record, covering)),
        "organisation_id": _ids(_of(coverings.organisation, covering)),
        "building_id": _ids(given.building[rows]),
        "grid_id": _ids(given.grid[rows], "i4"),
        "district_ids": copying.id_lists(held, np.append(0, np.cumsum(last - first))),
        "workers": copying.figures(given.workers[rows], "i4"),
        "members": copying.figures(given.members[rows], "i4"),
        "geom": copying.points(read.lonlat[rows]),
    }


_NONE = np.empty(0, dtype=np.int64)


def _of(values: Ints, at: Ints) -> Ints:
    return np.where(at >= 0, np.append(values, 0)[at], 0)


def _ids(values: Ints, dtype: str = "i8") -> Column:
    return copying.numbers(values, dtype, values == 0)


def _texts(values: Keys) -> Column:
    return copying.texts(pa.array(values, mask=values == ""))


class _Told:
    """What the sentences of reasons may need of some units, as texts of JSON; by name."""

    def __init__(self, units: Units, coverings: Coverings, rows: Ints, covering: Ints) -> None:
        self._columns = {
            "surveyed": lambda at: _days(units.surveyed[rows[at]]),
            "members": lambda at: _whole(units.members[rows[at]]),
            "organisation": lambda at: _whole(_of(coverings.organisation, covering[at])),
            "method": lambda at: [f'"{one}"' for one in np.append(coverings.method, "")[covering[at]].tolist()],
            "evidence": lambda at: _days(np.append(coverings.evidence, np.datetime64("NaT"))[covering[at]]),
            "branch_members": lambda at: _whole(np.append(coverings.branch_members, np.nan)[covering[at]]),
            "branch_units": lambda at: _whole(_of(coverings.branch_units, covering[at])),
        }

    def json(self, names: Iterable[str], at: Ints) -> list[list[str]]:
        """For each of ``names`` known here its pairs of key and value (k,) of the units at ``at``."""
        known = [name for name in self._columns if name in names]
        return [[f'"{name}":{one}' for one in self._columns[name](at)] for name in known]


def _days(values: Days) -> list[str]:
    return ["null" if one is None else f'"{one.isoformat()}"' for one in values.astype("datetime64[D]").tolist()]


def _whole(values: Floats | Ints) -> list[str]:
    return ["null" if math.isnan(one) else str(int(one)) for one in values.tolist()]


def reasons(given: Units, coverings: Coverings, states: States, rows: Ints) -> list[str]:
    """Why the units at ``rows`` are what they are: documents with ``keys`` and what their sentences need."""
    told, bits = _Told(given, coverings, rows, states.covering[rows]), states.reasons[rows]
    written = np.empty(len(bits), dtype=object)
    for one in np.unique(bits).tolist():
        at = np.flatnonzero(bits == one)
        named = keys(one)
        head = f'"keys":{json.dumps(named)}'
        needed = frozenset[str]().union(*(REASONS[name] for name in named))
        pairs = told.json(needed, at)
        written[at] = [
            "{" + ",".join([head, *row]) + "}" for row in (zip(*pairs, strict=True) if pairs else [()] * len(at))
        ]
    texts: list[str] = written.tolist()
    return texts


def _documents(texts: list[str]) -> Column:
    return copying.documents(pa.array(texts, type=pa.string()))


# -- buildings and grids -----------------------------------------------------------------------------------------------
def buildings(added: Sums, crossing: Straddling, ids: Ints, grid: Ints, book: RuleBook) -> dict[str, Column]:
    """Columns of ``building_states`` for buildings ``ids`` (k,) in ascending order, those with units or straddling.

    ``grid`` (k,) is the leaf each belongs to.
    """
    code, crosses, share = judged(added, crossing, ids, book)
    return {
        "building_id": copying.numbers(ids, "i8"),
        "code": _texts(code),
        "straddles": copying.numbers(crosses, "u1"),
        "share": copying.figures(share),
        "grid_id": _ids(grid, "i4"),
        **_summed(added, ids, book),
    }


def judged(added: Sums, crossing: Straddling, ids: Ints, book: RuleBook) -> tuple[Keys, Bools, Floats]:
    """Of buildings (k,) the worst state of their units, which straddle grids, and the largest share of those; NaN."""
    crosses = np.isin(ids, crossing.id)
    share = np.full(len(ids), np.nan)
    share[crosses] = crossing.share[np.isin(crossing.id, ids)]
    code: Keys = _taken(sums.worst(added, book), added.group, ids)
    return code, crosses, share


def grids(added: Sums, leaves: Grids, book: RuleBook) -> dict[str, Column]:
    """Columns of ``grid_states`` for every leaf."""
    found = ground.leaves(leaves.is_fallback, leaves.area_m2, leaves.branches, leaves.filled)
    return {
        "grid_id": copying.numbers(leaves.id, "i4"),
        "code": _texts(found.code),
        "reason": _documents(ground_reasons(found, leaves.area_m2)),
        **_summed(added, leaves.id, book),
    }


def ground_reasons(found: GroundStates, area_m2: Floats) -> list[str]:
    """The reasons of leaves as documents; none where nothing is amiss, or nothing is to be done."""
    documents = []
    for code, bits, area in zip(found.code.tolist(), found.reasons.tolist(), area_m2.tolist(), strict=True):
        told = {"keys": keys(bits)} if code else {"keys": ()}
        documents.append(json.dumps(told | ({"area_m2": round(area)} if code == "G1" else {})))
    return documents


def _summed(added: Sums, ids: Ints, book: RuleBook) -> dict[str, Column]:
    units, workers = (_taken(table, added.group, ids) for table in (added.units, added.workers))
    return {
        "units": _documents(_counts(units)),
        "workers": _documents(_counts(workers)),
        "score": copying.numbers(_taken(scores(added, book).score, added.group, ids), "f8"),
    }


def _counts(table: Ints | Floats) -> list[str]:
    """One document a row (k, states), without what is 0."""
    rows = table.astype(np.int64).tolist()
    return ["{" + ",".join(f'"{name}":{n}' for name, n in zip(STATES, row, strict=True) if n) + "}" for row in rows]


def _taken(values: NDArray[Any], of: Ints, ids: Ints) -> NDArray[Any]:
    """``values`` of ``of`` (ascending) for each of ``ids``; 0, or blank, where there are none."""
    there = np.isin(ids, of)
    taken = np.zeros((len(ids), *values.shape[1:]), dtype=values.dtype)
    taken[there] = values[np.searchsorted(of, ids[there])]
    return taken
