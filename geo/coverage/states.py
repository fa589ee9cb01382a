"""The one state of every unit in business: covered, a blind spot with its reason, or unknown.

The first that holds: unknown → covered by an organisation (P5 if only on paper) → P1 or P4 → P2 → covered by work → P3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.arrays import Bools, Ints
from geo.coverage import nearness
from geo.coverage.ages import good_until, old
from geo.coverage.nearness import Pool, Ways
from geo.coverage.rulebooks import REASONS, RuleBook
from geo.coverage.units import METHODS, ORGANISATIONAL, Coverings, Days, Keys, Units
from geo.errors import Refused

BITS = {reason: 1 << number for number, reason in enumerate(REASONS)}
"""The bit of each reason in :attr:`States.reasons`."""

JOINING = ("P2", "work", "P3")
"""States of the units that may join a group, where they have members, and too few for a branch."""

_NEVER = np.datetime64("NaT", "D")
_ORGANISED = 2 * len(ORGANISATIONAL)  # ranks below this are organisations: with evidence, then on paper
_PAPER = ("no_evidence", "evidence_old", "evidence_later", "branch_too_large", "joint_too_large")


@dataclass(frozen=True, eq=False)
class States:
    """What each unit (n,) is, in the order of :class:`~geo.coverage.units.Units`.

    Attributes
    ----------
    state
        One of :data:`~geo.coverage.rulebooks.STATES`; blank for a unit not in business.
    method
        By which it is covered, one of :data:`~geo.coverage.units.METHODS`: told beside P2, P4 and P5 too. Blank where
        nobody covers it, and where it is unknown.
    covering
        Position in :class:`~geo.coverage.units.Coverings` of the record that decided; -1 where ``method`` is blank.
    reasons
        Bits of :data:`BITS`; :func:`keys` spells them.
    since
        Day from which the unit's own dates show the state; ``NaT`` where they do not. What neighbours do is not asked.
    """

    state: Keys
    method: Keys
    covering: Ints
    reasons: Ints
    since: Days


@dataclass(frozen=True, eq=False)
class _Best:
    """The record that decides for each unit (n,): rank (``_ORGANISED`` + 3 = none), position, its reasons on paper."""

    rank: Ints
    covering: Ints
    paper: Ints
    since: Days


def decide(units: Units, coverings: Coverings, on: np.datetime64, book: RuleBook, beside: Pool | None = None) -> States:
    """The state of every unit on a day.

    Parameters
    ----------
    units, coverings
        In any order of records; records not in force on the day count for nothing.
    on
        The day, ``datetime64[D]``. What is dated later tells nothing of it.
    book
        The rules.
    beside
        Others that may join a group with one of the units, whose states are known already.

    Raises
    ------
    Refused
        When a record has a method there is none of.
    """
    return _decide(units, coverings, on, book, (np.arange(len(units.id)), beside))


def again(
    earlier: States, units: Units, coverings: Coverings, positions: Ints, on: np.datetime64, book: RuleBook
) -> States:
    """The states after a change: those at ``positions`` decided anew, all others as they were.

    Equal to :func:`decide` when ``positions`` are the :func:`affected` ones, before and after the change.
    ``earlier`` is of the same day and book, except that ``covering`` is read anew for all.

    Raises
    ------
    Refused
        As :func:`decide`.
    """
    anew = _decide(units, coverings, on, book, (positions, None))
    where = np.isin(np.arange(len(units.id)), positions)
    return States(
        state=np.where(where, anew.state, earlier.state),
        method=np.where(where, anew.method, earlier.method),
        covering=anew.covering,
        reasons=np.where(where, anew.reasons, earlier.reasons),
        since=np.where(where, anew.since, earlier.since),
    )


def affected(units: Units, changed: Ints, book: RuleBook) -> Ints:
    """Ascending positions of the units whose state can differ when those ``changed`` (positions) do, they included.

    Whoever may stand in a joint group with one that changed: same building, same park or within reach. A unit that
    moved is asked for in both places: the affected ones before and after the change, together.

    Deciding these needs no more units than ``affected(units, affected(units, changed, book), book)``.
    """
    near = nearness.near_any(units, changed, book.thresholds)
    near &= units.operating & _small(units, book)
    near[changed] = True
    return np.flatnonzero(near)


def keys(reasons: int) -> tuple[str, ...]:
    """The reasons of one unit, in the order of :data:`~geo.coverage.rulebooks.REASONS`."""
    return tuple(reason for reason, bit in BITS.items() if reasons & bit)


def joining(units: Units, decided: States, book: RuleBook) -> Pool:
    """Those of the units that may join a group, by their states."""
    return Pool.of(units, may_join(units, decided, book))


def may_join(units: Units, decided: States, book: RuleBook) -> Bools:
    """Which units (n,) may join a group, by their states."""
    return np.isin(decided.state, JOINING) & _small(units, book)


def joint_bits(found: Ways) -> Ints:
    """Bits (k,) of the ways in which a joint group exists."""
    return np.asarray(
        found.building * BITS["joint_in_building"]
        | found.park * BITS["joint_in_park"]
        | found.reach * BITS["joint_within_reach"]
    )


def _small(units: Units, book: RuleBook) -> Bools:
    """Which have members, and too few for a branch."""
    return (units.members >= 1) & (units.members < book.thresholds.must_form_members)


def _decide(
    units: Units, coverings: Coverings, on: np.datetime64, book: RuleBook, about: tuple[Ints, Pool | None]
) -> States:
    """The states; joint groups are looked for around the positions ``about``, also with the others beside."""
    best = _best(units, coverings, on, book)
    unknown = _unknown(units, on, book)
    known = units.operating & (unknown == 0)
    organised = known & (best.rank < _ORGANISED)
    worked = known & ~organised & (best.covering >= 0)
    large = units.members >= book.thresholds.must_form_members
    pool = known & ~organised & _small(units, book)
    joint = _joint(units, pool, about, book)
    tried = {
        "": ~units.operating,
        "U": ~known,
        "P5": organised & (best.paper != 0),
        "covered": organised,
        "P4": large & worked,
        "P1": large,
        "P2": joint != 0,
        "work": worked,
    }
    state = np.select(list(tried.values()), list(tried), default="P3").astype(np.str_)
    covered = organised | worked
    method = np.array([*ORGANISATIONAL, *METHODS, ""])[best.rank]
    return States(
        state=state,
        method=np.where(covered, method, ""),
        covering=np.where(covered, best.covering, -1),
        reasons=_reasons(state, units, best, unknown, joint),
        since=_since(state, units, coverings, best, on, book),
    )


def _unknown(units: Units, on: np.datetime64, book: RuleBook) -> Ints:
    """Bits (n,) of why nothing is known of a unit; 0 where it is known."""
    never = np.isnat(units.surveyed)
    later = units.surveyed > on
    return np.asarray(
        never * BITS["never_surveyed"]
        | old(units.surveyed, on, book.months.survey) * BITS["survey_old"]
        | later * BITS["survey_later"]
        | (~never & ~later & np.isnan(units.members)) * BITS["members_unknown"]
    )


def _best(units: Units, coverings: Coverings, on: np.datetime64, book: RuleBook) -> _Best:
    """The record in force that decides for each unit: organisations before work, with evidence before on paper.

    Then the order of methods, the newest evidence, the lowest record.
    """
    n = len(units.id)
    method = _methods(coverings.method)
    paper = np.where(method < len(ORGANISATIONAL), _paper(coverings, on, book), 0)
    rank = np.where((paper != 0) | (method >= len(ORGANISATIONAL)), method + len(ORGANISATIONAL), method)
    begun = np.isnat(coverings.since) | (coverings.since <= on)
    ended = ~np.isnat(coverings.until) & (coverings.until <= on)
    rows = np.flatnonzero(begun & ~ended)
    newest = np.where(np.isnat(coverings.evidence), np.iinfo(np.int64).max, -coverings.evidence.astype(np.int64))
    order = rows[np.lexsort((coverings.record[rows], newest[rows], rank[rows], coverings.unit[rows]))]
    unit, first = np.unique(coverings.unit[order], return_index=True)
    chosen = order[first]
    best = _Best(
        rank=np.full(n, len(ORGANISATIONAL) + len(METHODS), dtype=np.int64),
        covering=np.full(n, -1, dtype=np.int64),
        paper=np.zeros(n, dtype=np.int64),
        since=np.full(n, _NEVER),
    )
    best.rank[unit], best.covering[unit] = rank[chosen], chosen
    best.paper[unit], best.since[unit] = paper[chosen], coverings.since[chosen]
    return best


def _methods(given: Keys) -> Ints:
    """Number (m,) of each method in :data:`~geo.coverage.units.METHODS`."""
    names, at = np.unique(given, return_inverse=True)
    if strange := [name for name in names.tolist() if name not in METHODS]:
        raise Refused(f"{strange[0]!r} is no method of covering; there are {', '.join(METHODS)}")
    return np.array([METHODS.index(name) for name in names.tolist()], dtype=np.int64)[at]


def _paper(coverings: Coverings, on: np.datetime64, book: RuleBook) -> Ints:
    """Bits (m,) of why an organisation's covering stands on paper only; 0 where it does not."""
    joint = coverings.method == "joint"
    return np.asarray(
        np.isnat(coverings.evidence) * BITS["no_evidence"]
        | old(coverings.evidence, on, book.months.evidence) * BITS["evidence_old"]
        | (coverings.evidence > on) * BITS["evidence_later"]
        | (coverings.branch_members > book.thresholds.branch_most_members) * BITS["branch_too_large"]
        | (joint & (coverings.branch_units > book.thresholds.joint_max_units)) * BITS["joint_too_large"]
    )


def _joint(units: Units, pool: Bools, about: tuple[Ints, Pool | None], book: RuleBook) -> Ints:
    """Bits (n,) of the ways in which a joint group exists, for those of the pool that are asked about."""
    bits, rows = np.zeros(len(units.id), dtype=np.int64), np.flatnonzero(pool)
    (asked, beside), own = about, Pool.of(units, rows)
    asked = asked[pool[asked]]
    every = own if beside is None else own.joined(beside)
    bits[asked] = joint_bits(nearness.ways(every, np.searchsorted(rows, asked), book.thresholds))
    return bits


def _reasons(state: Keys, units: Units, best: _Best, unknown: Ints, joint: Ints) -> Ints:
    single = {"covered": "organised", "P1": "must_form", "P4": "work_only", "work": "worked"}
    bits = np.select([state == key for key in single], [BITS[reason] for reason in single.values()], default=0)
    without = np.where(units.members == 0, BITS["no_members"], BITS["no_joint_group"])
    several = [state == "U", state == "P5", state == "P2", state == "P3"]
    return np.asarray(np.select(several, [unknown, best.paper, joint, without], default=bits))


def _since(state: Keys, units: Units, coverings: Coverings, best: _Best, on: np.datetime64, book: RuleBook) -> Days:
    every = np.ones(len(coverings.unit), dtype=np.bool_)
    # nothing is known of the members before the survey
    alone = np.fmax(units.surveyed, _ended(len(units.id), coverings, on, every))
    unorganised = np.fmax(
        units.surveyed, _ended(len(units.id), coverings, on, np.isin(coverings.method, ORGANISATIONAL))
    )
    survey_old = _day_after(units.surveyed, book.months.survey)
    by_state = {
        "": np.full(len(units.id), _NEVER),
        "U": np.where(np.isnan(units.members) & (units.surveyed <= on), units.surveyed, survey_old),
        "covered": best.since,
        "P5": _paper_since(coverings, best, book),
        "P2": unorganised,
        "P4": np.maximum(unorganised, best.since),
        "work": np.maximum(unorganised, best.since),
    }
    by_state["U"] = np.where(units.surveyed > on, _NEVER, by_state["U"])
    return np.asarray(np.select([state == key for key in by_state], list(by_state.values()), default=alone))


def _ended(n: int, coverings: Coverings, on: np.datetime64, rows: Bools) -> Days:
    """The last day (n,) on which one of these records of the unit ended; ``NaT`` for none."""
    last = np.full(n, np.iinfo(np.int64).min)  # which is NaT
    gone = rows & (coverings.until <= on)
    np.maximum.at(last, coverings.unit[gone], coverings.until[gone].astype(np.int64))
    return last.astype("datetime64[D]")


def _day_after(days: Days, months: int) -> NDArray[np.datetime64]:
    return good_until(days, months) + np.timedelta64(1, "D")


def _paper_since(coverings: Coverings, best: _Best, book: RuleBook) -> Days:
    """When the deciding record began to stand on paper (n,), by its dates; ``NaT`` where only its size says so."""
    evidence = np.append(coverings.evidence, _NEVER)[best.covering]
    stale = np.fmax(_day_after(evidence, book.months.evidence), best.since)
    none = (best.paper & (BITS["no_evidence"] | BITS["evidence_later"])) != 0
    return np.where(none, best.since, np.where((best.paper & BITS["evidence_old"]) != 0, stale, _NEVER))
