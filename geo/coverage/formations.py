"""In which way the Party may organise a building or a business district: a suggestion with its reasons."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from geo.arrays import Bools, Floats, Ints
from geo.coverage.units import Keys, Units

FORMATIONS = ("standalone", "joint_alliance", "joint", "area")
"""A branch of its own; a joint branch, with an alliance around who leads; a joint branch; the area's organisation."""

REASONS = (
    "one_owner",
    "one_unit",
    "anchor_organised",
    "anchor_workers",
    "anchor_members",
    "property_organised",
    "many_small",
    "whole_area",
    "too_few_members",
    "members_unknown",
)
"""Parts of a reason, each a sentence of ``formations.toml``. The position of a reason is its bit."""

ANCHORS = ("organised", "workers", "members")
"""Why a unit is an anchor, the first that holds: an organisation of its own, most of the workers or the members."""

_BIT = {reason: 1 << at for at, reason in enumerate(REASONS)}
_FILE = Path(__file__).with_name("formations.toml")


@dataclass(frozen=True, eq=False)
class Tenants:
    """What buildings, or business districts, hold (b,).

    Attributes
    ----------
    place
        Id of the building or business district.
    units
        Number of units in business.
    members
        Full members of them; NaN where any of it is unknown.
    anchor, anchored
        Id of the unit around which the others can gather, 0 for none, and why, a key of :data:`ANCHORS` or blank.
    """

    place: Ints
    units: Ints
    members: Floats
    anchor: Ints
    anchored: Keys


@dataclass(frozen=True, eq=False)
class Suggestions:
    """A formation (b,) of each place, a key of :data:`FORMATIONS`, blank where there is no unit; and its reasons.

    ``reasons`` has the bits of :data:`REASONS`.
    """

    formation: Keys
    reasons: Ints

    def told(self, at: int) -> tuple[str, ...]:
        """Keys of the reasons of one place."""
        return tuple(reason for reason in REASONS if self.reasons[at] & _BIT[reason])


@dataclass(frozen=True)
class Said:
    """A formation or a reason in both languages.

    A reason may use ``{units}``, ``{members}``, ``{least}`` and ``{anchor}``, the name of that unit.
    """

    zh: str
    en: str


@cache
def sentences() -> dict[str, Said]:
    """Each of :data:`FORMATIONS` and :data:`REASONS` in words."""
    return {key: Said(**said) for key, said in tomllib.loads(_FILE.read_text(encoding="utf-8")).items()}


def tenants(units: Units, place: Ints, organised: Bools, anchor_share: float = 0.5) -> Tenants:
    """What each place holds, in ascending order of its id; units that are not in business count nowhere.

    The anchor is the unit with an organisation of its own, of several the one with most members, then most workers,
    then the lowest id. Where there is none, it is the one that has more than ``anchor_share`` of the workers, else of
    the members, of at least two units. Where a figure of one unit is unknown, no one is known to have most of it.

    Parameters
    ----------
    place
        (n,) id of the building or business district of each unit; 0 for none.
    organised
        (n,) whether a unit has an organisation of its own.
    anchor_share
        Share that is most of it: 0.5 or above, else two units could have it.
    """
    rows = np.flatnonzero(units.operating & (place > 0))
    here, of = np.unique(place[rows], return_inverse=True)
    count = np.bincount(of, minlength=len(here)).astype(np.int64)
    members, workers, own = units.members[rows], units.workers[rows], organised[rows]
    leader = _first(of, (units.id[rows], -_known(workers), -_known(members), ~own))
    found = [(own[leader], leader)]
    for figure in (workers, members):
        most = _first(of, (units.id[rows], -_known(figure)))
        found.append(((count > 1) & (figure[most] > anchor_share * _sums(of, figure, len(here))), most))
    anchor, anchored = np.zeros(len(here), dtype=np.int64), np.full(len(here), "", dtype="<U9")
    for reason, (holds, unit) in zip(ANCHORS, found, strict=True):
        new = holds & (anchor == 0)
        anchor[new], anchored[new] = units.id[rows][unit[new]], reason
    return Tenants(here, count, _sums(of, members, len(here)), anchor, anchored)


def _first(of: Ints, by: tuple[Ints | Floats | Bools, ...]) -> Ints:
    """Position of the first row of each place, the last of ``by`` counting most."""
    order: Ints = np.lexsort((*by, of))
    first: Ints = order[np.diff(of[order], prepend=-1) != 0]
    return first


def _sums(of: Ints, figure: Floats, n: int) -> Floats:
    return np.bincount(of, weights=figure, minlength=n).astype(np.float64)


def _known(figure: Floats) -> Floats:
    return np.where(np.isnan(figure), -1.0, figure)


def suggest(
    given: Tenants, single_owner: Bools, property_party: Keys, is_area: Bools, least_members: int = 3
) -> Suggestions:
    """The formation of each place, by the first rule that holds.

    1. A business district as a whole → ``area``.
    2. Full members known, and fewer than a branch takes → ``area``: its units are covered from outside until there are.
    3. One owner, or one unit → ``standalone``.
    4. An anchor unit, or a property company with an organisation of its own → ``joint_alliance``.
    5. Several units → ``joint``.

    Parameters
    ----------
    single_owner
        (b,) whether the place has one owner or user.
    property_party
        (b,) Party status of the property company: ``branch`` is an organisation of its own; ``covered``, ``none`` and
        blank are not.
    is_area
        (b,) whether the place is a business district and no building.
    least_members
        Full members from which a branch can be formed.
    """
    there = given.units > 0
    few = given.members < least_members  # no by NaN
    one = single_owner | (given.units == 1)
    led = (given.anchored != "") | (property_party == "branch")
    rules = [~there, is_area | few, one, led]
    formation = np.select(rules, ["", "area", "standalone", "joint_alliance"], "joint")
    inside = there & ~is_area & ~few
    several = inside & ~one
    holds = {
        "one_owner": inside & single_owner,
        "one_unit": inside & (given.units == 1),
        **{f"anchor_{key}": several & (given.anchored == key) for key in ANCHORS},
        "property_organised": several & (property_party == "branch"),
        "many_small": several & ~led,
        "whole_area": there & is_area,
        "too_few_members": there & few & ~is_area,
        "members_unknown": inside & np.isnan(given.members),
    }
    reasons = sum((holds[key] * bit for key, bit in _BIT.items()), np.zeros(len(few), dtype=np.int64))
    return Suggestions(formation, reasons)
