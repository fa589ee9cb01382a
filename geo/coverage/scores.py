"""How much a blind spot weighs: uncovered workers × severity, with the parts the sum is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geo.arrays import Floats, Ints
from geo.coverage.rulebooks import STATES, RuleBook
from geo.coverage.sums import Sums
from geo.coverage.units import Keys

SCORED = ("P1", "P2", "P3", "P4", "P5")
"""The states that weigh."""

_COLUMNS = [STATES.index(code) for code in SCORED]
_U = STATES.index("U")


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores by group (g,), in the order of the sums they come from.

    Attributes
    ----------
    score
        Sum of ``workers`` × ``weights``, to 6 decimals, so that equal parts make equal scores.
    units, workers
        (g, 5) blind units and their workers by :data:`SCORED`.
    weights
        (5,) severities.
    uncounted
        (g,) blind units whose workers are unknown: ``score`` is without them.
    unknown_units, unknown_workers
        (g,) U, beside the score and never in it.
    survey
        (g,) what surveys are ranked by: ``unknown_workers`` × the weight of U.
    """

    score: Floats
    units: Ints
    workers: Floats
    weights: Floats
    uncounted: Ints
    unknown_units: Ints
    unknown_workers: Floats
    survey: Floats


def scores(sums: Sums, book: RuleBook) -> Scores:
    """What the blind spots of each group weigh, by the weights of the book."""
    weights = np.array([book.weight(code) for code in SCORED])
    workers = sums.workers[:, _COLUMNS]
    return Scores(
        score=np.round((workers * weights).sum(axis=1), 6),
        units=sums.units[:, _COLUMNS],
        workers=workers,
        weights=weights,
        uncounted=sums.uncounted[:, _COLUMNS].sum(axis=1),
        unknown_units=sums.units[:, _U],
        unknown_workers=sums.workers[:, _U],
        survey=np.round(sums.workers[:, _U] * book.weight("U"), 6),
    )


def of_ground(codes: Keys, workers: Floats, book: RuleBook) -> Floats:
    """What grids and ground (g,) weigh by their own codes: workers × weight; 0 without a code, NaN if not known.

    It stands beside the score of the units there and is not added to it: both count the same workers.
    """
    names, at = np.unique(codes, return_inverse=True)
    weight = np.array([book.weight(name) if name not in ("", "U") else 0.0 for name in names.tolist()])[at]
    return np.where(codes == "", 0.0, np.where(codes == "U", np.nan, np.round(workers * weight, 6)))


def ranked(score: Floats, ids: Ints) -> Ints:
    """Positions by falling score; equal scores, and NaN at the end, by rising id."""
    return np.lexsort((ids, -score))
