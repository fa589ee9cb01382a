"""What stated points say of a datum and of a vintage: counts of places, and two tests of signs.

Three things keep chance and custom out of the verdict. Points within a metre of a border agree with both sides: streets
are borders, and offices put points on them. Points that stand together share their fate (one building, one street
corner), so all of them in a square of 100 m that state one area have one vote together: a *place*. And a datum is only
judged by the places that it decides: those whose points agree under one reading and not under the other.

**Datum.** Of the places that two readings decide differently, let ``b`` agree as declared only, ``c`` under the other
reading only. Were both readings equally good, c would be binomial (b + c, 1/2): McNemar's exact test, one-sided, on
clusters instead of points. The other reading *contradicts* the declared one when ``P(X ≥ c) < 0.001 / m``, m being
the readings tried (Bonferroni), and ``c ≥ 2b``: a difference that is sure but small, as a few moved borders make, is no
other datum. The same rule the other way round *excludes* the other reading; in between the evidence is too thin.

**Vintage.** Under the reading that fits best, let k of n places lie elsewhere than stated. Offices err: a few may. The
boundaries are of *another vintage* when ``P(X ≥ k) < 0.001`` for X binomial (n, 1/20): surely more than one place in
twenty; or when it holds with 1/5 for the places of a single area (0.001 / areas): surely more than a fifth of it was
redrawn. As the best reading fails, every reading does.

References
----------
McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 12 (1947).
Durkalski et al., The analysis of clustered matched-pair data, Statistics in Medicine 22 (2003): why clusters vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.crs import to_metres
from geo.space.evidence.ground import Ground
from geo.space.evidence.readings import Reading, is_moved, moved, other_readings

ALPHA = 1e-3
TIMES = 2
PLACE_M = 100.0
TOLERANCE_M = 1.0
ELSEWHERE = 1 / 20
REDRAWN = 1 / 5


@dataclass(frozen=True)
class Agreement:
    """How many points lie in the area they state, under one reading.

    Parameters
    ----------
    points, exact, near
        Points held against the areas; those that lie in theirs; those that do or are within a metre of it.
    declared_only, this_only
        Places that agree as declared and not so, and the reverse; both 0 for the declared reading itself.
    contradicts, is_excluded
        Whether this reading contradicts the declared one, or is excluded in its favour.
    """

    reading: Reading
    points: int
    exact: int
    near: int
    declared_only: int = 0
    this_only: int = 0
    contradicts: bool = False
    is_excluded: bool = False

    @property
    def share(self) -> float:
        """Share of points that lie exactly in the area they state."""
        return self.exact / self.points


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Places that state one area and lie elsewhere, under the best reading.

    ``found`` is the label they mostly lie in, -1 = in none; ``lonlat`` (elsewhere, 2) where they are as declared.
    """

    label: int
    places: int
    elsewhere: int
    found: int
    is_redrawn: bool
    lonlat: Floats


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the points say.

    Parameters
    ----------
    places
        Places that vote.
    agreements
        The declared reading, then the others, those left out that move no point.
    best
        The readings that contradict the declared one best and that the points cannot tell apart; none = it stands.
    elsewhere
        For each area that any place lies elsewhere of, the most places first.
    is_another_vintage
        Whether the areas are of another vintage than the statements.
    deciding
        (n, 2) one point of each place that decides for ``best[0]``.
    """

    places: int
    agreements: tuple[Agreement, ...]
    best: tuple[Agreement, ...]
    elsewhere: tuple[Elsewhere, ...]
    is_another_vintage: bool
    deciding: Floats

    @property
    def declared(self) -> Agreement:
        """The agreement as declared."""
        return self.agreements[0]

    @property
    def is_decided(self) -> bool:
        """Whether the points exclude, or prefer, any other reading: without that they verify no datum."""
        return any(one.is_excluded or one.contradicts for one in self.agreements[1:])


@dataclass(frozen=True, eq=False)
class _Points:
    """Different points, ascending, with their labels, how many rows each stands for, and its place."""

    lonlat: Floats
    label: Ints
    rows: Ints
    place: Ints

    @property
    def first(self) -> Ints:
        """The first point of each place."""
        return np.unique(self.place, return_index=True)[1]


def judged(ground: Ground, lonlat: Floats, label: Ints, declared: Reading, *, points_too: bool) -> Verdict | None:
    """What points with a stated area say of the datum and the vintage of the ground; None when there are none.

    Parameters
    ----------
    lonlat
        (n, 2) degrees WGS 84 as declared. Points that are not finite are left out; their order changes nothing.
    label
        (n,) of the area each states; points with -1 are left out.
    points_too
        Whether the datum of the points may be the wrong one as well.
    """
    points = _folded(ground, lonlat, label)
    if not len(points.rows):
        return None
    tried = [(declared, points.lonlat)]
    for reading in other_readings(declared, points_too=points_too):
        there = moved(points.lonlat, declared, reading)
        if is_moved(points.lonlat, there):
            tried.append((reading, there))
    held = [_held(ground, points, there) for _, there in tried]
    agreements = [_agreement(reading, points, one) for (reading, _), one in zip(tried, held, strict=True)]
    agreements[1:] = [
        _against(one, _votes(points.place, held[0][1], near), len(tried) - 1)
        for one, (_, near) in zip(agreements[1:], held[1:], strict=True)
    ]
    leading = _leading(points, agreements, [near for _, near in held])
    at = leading[0] if leading else 0
    places = int(points.place.max()) + 1
    elsewhere = _elsewhere(ground, points, held[at][1], tried[at][1])
    total = sum(one.elsewhere for one in elsewhere)
    return Verdict(
        places=places,
        agreements=tuple(agreements),
        best=tuple(agreements[one] for one in leading),
        elsewhere=elsewhere,
        is_another_vintage=surely_more(total, places, ELSEWHERE) or any(one.is_redrawn for one in elsewhere),
        deciding=points.lonlat[points.first[_balance(points.place, held[0][1], held[at][1]) < 0]],
    )


def surely_more(count: int, of: int, share: float, alpha: float = ALPHA) -> bool:
    """Whether so many of so many exceed a share beyond chance: the upper tail of the binomial is below ``alpha``."""
    return count > of * share and tail(count, of, share) < alpha


def tail(count: int, of: int, share: float) -> float:
    """P(X ≥ count) for X binomial (of, share), 0 < share < 1, summed from logarithms: no overflow for millions."""
    if count <= 0:
        return 1.0
    k = np.arange(1, of + 1)
    log_choose = np.concatenate([[0.0], np.cumsum(np.log((of - k + 1) / k))])
    log_chance = log_choose + np.arange(of + 1) * np.log(share) + (of - np.arange(of + 1)) * np.log1p(-share)
    return float(min(1.0, np.exp(log_chance[count:]).sum()))


def _folded(ground: Ground, lonlat: Floats, label: Ints) -> _Points:
    use = np.isfinite(lonlat).all(axis=1) & (label >= 0)
    rows = np.column_stack([lonlat[use], label[use]])
    different, counts = np.unique(rows, axis=0, return_counts=True) if len(rows) else (rows, np.zeros(0, np.int64))
    xy, of = np.ascontiguousarray(different[:, :2]), different[:, 2].astype(np.int64)
    square = np.floor(np.nan_to_num(to_metres(xy, ground.epsg), nan=-1e9) / PLACE_M)
    place = np.unique(np.column_stack([square, of]), axis=0, return_inverse=True)[1] if len(of) else of
    return _Points(xy, of, counts, np.asarray(place, dtype=np.int64).ravel())


def _held(ground: Ground, points: _Points, there: Floats) -> tuple[Bools, Bools]:
    """Which points lie in the area they state, exactly and within the tolerance."""
    exact = ground.covers(there, points.label)
    near, rest = exact.copy(), np.flatnonzero(~exact)
    near[rest] = ground.covers_within(there[rest], points.label[rest], TOLERANCE_M)
    return exact, near


def _agreement(reading: Reading, points: _Points, held: tuple[Bools, Bools]) -> Agreement:
    exact, near = (int(points.rows[one].sum()) for one in held)
    return Agreement(reading, int(points.rows.sum()), exact, near)


def _balance(place: Ints, one: Bools, other: Bools) -> Floats:
    """For each place how many more of its points agree under one reading than under the other."""
    balance: Floats = np.bincount(place, weights=one.astype(np.float64) - other.astype(np.float64)).astype(np.float64)
    return balance


def _votes(place: Ints, one: Bools, other: Bools) -> tuple[int, int]:
    """Places that decide for one reading and for the other."""
    balance = _balance(place, one, other)
    return int((balance > 0).sum()), int((balance < 0).sum())


def _beats(lost: int, won: int, tests: int) -> bool:
    return won >= TIMES * lost and surely_more(won, won + lost, 0.5, ALPHA / tests)


def _against(one: Agreement, votes: tuple[int, int], tests: int) -> Agreement:
    declared, other = votes
    return Agreement(
        one.reading,
        one.points,
        one.exact,
        one.near,
        declared_only=declared,
        this_only=other,
        contradicts=_beats(declared, other, tests),
        is_excluded=_beats(other, declared, tests),
    )


def _leading(points: _Points, agreements: Sequence[Agreement], near: Sequence[Bools]) -> list[int]:
    """Positions of the readings that contradict the declared one: the best, and those it does not beat."""
    against = [at for at, one in enumerate(agreements) if one.contradicts]
    if not against:
        return []
    lead = [_balance(points.place, near[0], near[at]) for at in against]
    order = sorted(range(len(against)), key=lambda at: (int((lead[at] > 0).sum()) - int((lead[at] < 0).sum()), at))
    best = against[order[0]]
    tests = len(agreements) - 1
    rest = [against[at] for at in order[1:]]
    return [best, *(at for at in rest if not _beats(*_votes(points.place, near[at], near[best]), tests))]


def _elsewhere(ground: Ground, points: _Points, near: Bools, there: Floats) -> tuple[Elsewhere, ...]:
    """Where places lie that state an area and, by more of their points than not, are elsewhere."""
    first = points.first
    of = points.label[first]
    out = np.bincount(points.place, weights=np.where(near, -1.0, 1.0)) > 0
    total = np.bincount(of)
    stated = np.unique(of)
    found = ground.label_at(there[first[out]])
    told = []
    for label in np.unique(of[out]).tolist():
        these = of[out] == label
        labels, counts = np.unique(found[these], return_counts=True)
        places, elsewhere = int(total[label]), int(these.sum())
        redrawn = surely_more(elsewhere, places, REDRAWN, ALPHA / len(stated))
        lonlat = points.lonlat[first[out][these]]
        told.append(Elsewhere(label, places, elsewhere, int(labels[counts.argmax()]), redrawn, lonlat))
    return tuple(sorted(told, key=lambda one: (-one.elsewhere, one.label)))
