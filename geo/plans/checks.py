"""What is checked of a division that a plan makes: what must not be, what should not, and what one ought to know.

Each finding says what, how often, of which grids and where, in Chinese and English. What a redraw proves is told as
passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry import GeometryCollection, MultiPoint, MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo import rows
from geo.arrays import Bools, Shapes
from geo.assignments import Words
from geo.coverage import rulebooks
from geo.entities import ENTITIES
from geo.plans.borders import Drawn, drawn_border
from geo.plans.effects import Effects
from geo.plans.grounds import Leaf, meets
from geo.plans.spots import Spots, Turn
from geo.plans.spreading import COUNTED
from geo.settings import CheckKind, Settings, Severity, settings
from geo.space.division import Division
from geo.space.overlaps import overlaps
from geo.tables import crosswalks, editions

SEVERITIES: dict[CheckKind, Severity] = {
    "inside_one_community": "error",
    "no_gap_or_overlap": "error",
    "closed_and_valid": "error",
    "building_cut": "warn",
    "estate_cut": "warn",
    "in_one_piece": "warn",
    "load_outside_band": "warn",
    "border_off_lines": "warn",
    "dedicated_place": "info",
    "changed_again": "info",
    "blind_spots_appear": "warn",
    "people_not_recorded": "info",
    "blind_spots_close": "info",
}
"""How bad each finding is, unless the setting ``severities`` says otherwise."""

OF_GROUND: frozenset[CheckKind] = frozenset({"inside_one_community", "no_gap_or_overlap", "closed_and_valid"})
"""What is known of a division alone, whoever lives there."""

DEDICATED_USES = ("office", "mall", "market", "school", "hospital")
"""Uses of buildings that are dedicated places."""
_MONTH = timedelta(days=30.4375)
_NAMED = 5  # grids named in a text before "…"
_SHOWN = 500  # places shown of a finding; all are counted
_DISTRICTS = ENTITIES["business_districts"].table


@dataclass(frozen=True)
class Check:
    """A finding; ``passed`` tells what was looked at and is well, with severity ``info`` and count 0."""

    kind: CheckKind
    severity: Severity
    codes: tuple[str, ...]
    count: int
    text: Words
    where: BaseGeometry | None
    passed: bool = False


@dataclass(frozen=True, eq=False)
class Asked:
    """What is checked, and by what measures."""

    connection: sa.Connection
    effects: Effects
    spots: Spots
    whole: Division
    by: Settings
    now: datetime


Checked = Iterator[Check]


def checks(
    connection: sa.Connection,
    effects: Effects,
    spots: Spots,
    whole: Division,
    by: Settings | None = None,
    now: datetime | None = None,
) -> list[Check]:
    """Every finding, the worst first, and what passed at the end.

    Parameters
    ----------
    spots
        The blind spots that come and go with it.
    whole
        The division after the plan, or the part of it that is concerned, which has been proved.
    """
    asked = Asked(connection, effects, spots, whole, by or settings(), now or datetime.now(UTC))
    found = [one for check in _CHECKS for one in check(asked)]
    rank = {"error": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda one: (one.passed, rank[one.severity]))


def severity_of(kind: CheckKind, by: Settings) -> Severity:
    """How bad a finding of a kind is."""
    return by.severities.get(kind, SEVERITIES[kind])


def _found(
    asked: Asked, kind: CheckKind, codes: Iterable[str], count: int, text: Words, where: BaseGeometry | None
) -> Check:
    return Check(kind, severity_of(kind, asked.by), tuple(sorted(set(codes))), count, text, where)


def _passed(kind: CheckKind, zh: str, en: str) -> Check:
    return Check(kind, "info", (), 0, Words(zh, en), None, passed=True)


def _after(asked: Asked) -> list[Leaf]:
    return list(asked.effects.ground.after.values())


def _redrawn(asked: Asked) -> list[Leaf]:
    """The leaves whose ground is not what it was; the others are renamed, or come under another area."""
    ground = asked.effects.ground
    return [leaf for leaf in _after(asked) if leaf.code in ground.left or leaf.code not in ground.before]


def _grounds(leaves: Sequence[Leaf]) -> MultiPolygon:
    return MultiPolygon([part for leaf in leaves for part in shapely.get_parts(leaf.shape)])


def _listed(told: Sequence[str], zh: bool) -> str:
    more = len(told) - _NAMED
    rest = (f" 等 {len(told)} 个" if zh else f" and {more} more") if more > 0 else ""
    return ("、" if zh else ", ").join(told[:_NAMED]) + rest


# -- what is proved ----------------------------------------------------------------------------------------------------
def _inside_one_community(asked: Asked) -> Checked:
    yield inside_one_community(_after(asked), asked.whole, asked.by)


def inside_one_community(leaves: Sequence[Leaf], whole: Division, by: Settings) -> Check:
    """Whether every named grid is under one area of the lowest level; told as passed where it is."""
    low = set(whole.area_codes[whole.area_levels == whole.levels - 2].tolist())
    astray = [leaf for leaf in leaves if leaf.kind != "fallback" and leaf.parent not in low]
    if not astray:
        return _passed("inside_one_community", "每个网格都在一个社区内", "every grid lies inside one community")
    names = [leaf.code for leaf in astray]
    text = Words(f"{_listed(names, True)} 不在任何社区内", f"{_listed(names, False)}: inside no community")
    severity = severity_of("inside_one_community", by)
    return Check("inside_one_community", severity, tuple(names), len(names), text, _grounds(astray))


def _proved(asked: Asked) -> Checked:
    """What every change keeps, and weighing a plan proves again: else there would be no preview."""
    yield _passed("no_gap_or_overlap", "无缝隙、无重叠（已证明）", "no gap and no overlap: proved")
    yield _passed("closed_and_valid", "边界闭合且有效（已证明）", "every border closed and valid: proved")


# -- what stands on the ground -----------------------------------------------------------------------------------------
def _building_cut(asked: Asked) -> Checked:
    buildings = asked.effects.buildings
    cut = buildings.straddles & ~buildings.straddled
    if cut.any():
        n = int(cut.sum())
        text = Words(f"新边界切开 {n} 栋建筑", f"{n} building{'s' * (n > 1)} cut by the new border")
        yield _found(asked, "building_cut", buildings.now[cut].tolist(), n, text, _places(buildings.shape, cut))


def _estate_cut(asked: Asked) -> Checked:
    estates = asked.effects.estates
    cut = estates.straddles & ~estates.straddled
    if cut.any():
        named = estates.name[cut].tolist()
        text = Words(
            f"新边界切开小区：{_listed(named, True)}", f"estates cut by the new border: {_listed(named, False)}"
        )
        yield _found(asked, "estate_cut", estates.grid[cut].tolist(), len(named), text, _places(estates.shape, cut))


def _places(shapes: Shapes, which: Bools) -> BaseGeometry:
    return GeometryCollection(shapes[which][:_SHOWN].tolist())


def _in_one_piece(asked: Asked) -> Checked:
    """A grid in several parts that had fewer; a dedicated one and fallback ground may lie anywhere."""
    before = asked.effects.ground.before
    torn = []
    for leaf in _after(asked):
        was = before.get(leaf.code)
        parts = shapely.get_num_geometries(leaf.shape)
        if leaf.kind == COUNTED and parts > (shapely.get_num_geometries(was.shape) if was else 1):
            torn.append(leaf)
    if torn:
        names = [leaf.code for leaf in torn]
        text = Words(f"{_listed(names, True)} 分成不相连的几块", f"{_listed(names, False)} in several parts")
        yield _found(asked, "in_one_piece", names, len(names), text, _apart(torn))


def _apart(leaves: Sequence[Leaf]) -> MultiPolygon:
    """All parts of each but its largest."""
    small = []
    for leaf in leaves:
        parts = shapely.get_parts(leaf.shape)
        small += parts[np.argsort(-shapely.area(parts), kind="stable")[1:]].tolist()
    return MultiPolygon(small)


def _load_outside_band(asked: Asked) -> Checked:
    low, high = asked.by.band_least, asked.by.band_most
    counted = [leaf for leaf in _redrawn(asked) if leaf.kind == COUNTED]
    loads = {leaf.code: asked.effects.known("households", asked.effects.buildings.now == leaf.code) for leaf in counted}
    outside = [leaf for leaf in counted if (load := loads[leaf.code]) is not None and not low <= load <= high]
    if outside:
        zh, en = ([f"{leaf.code} {loads[leaf.code]} {word}" for leaf in outside] for word in ("户", "households"))
        text = Words(
            f"户数不在 {low}–{high} 户之间：{_listed(zh, True)}",
            f"outside {low}–{high} households: {_listed(en, False)}",
        )
        codes = [leaf.code for leaf in outside]
        yield _found(asked, "load_outside_band", codes, len(codes), text, _grounds(outside))
    unknown = [code for code, load in loads.items() if load is None]
    if unknown:
        text = Words(f"户数未知：{_listed(unknown, True)}", f"households not known: {_listed(unknown, False)}")
        yield Check("load_outside_band", "info", tuple(unknown), len(unknown), text, None)


# -- the border --------------------------------------------------------------------------------------------------------
def _border_off_lines(asked: Asked) -> Checked:
    drawn: Drawn | None = drawn_border(asked.connection, asked.effects.ground, asked.by.line_width_m)
    if drawn is None:
        return
    if drawn.along_share is None:
        text = Words(
            "没有道路河流数据，未检查边界走向", "no roads or rivers are loaded: the border's course is not checked"
        )
        yield Check("border_off_lines", "info", (), 0, text, None)
    elif drawn.along_share < asked.by.line_share:
        said = f"{drawn.along_share:.0%}"
        text = Words(
            f"新边界 {drawn.length_m:,.0f} 米中仅 {said} 沿道路或河流（应不低于 {asked.by.line_share:.0%}）",
            f"{said} of {drawn.length_m:,.0f} m of new border along roads or rivers, {asked.by.line_share:.0%} wanted",
        )
        yield _found(asked, "border_off_lines", drawn.codes, 1, text, drawn.beside)


# -- what one ought to know --------------------------------------------------------------------------------------------
def _dedicated_place(asked: Asked) -> Checked:
    """Business districts, and buildings of a use that has dedicated grids, in touched grids that are none."""
    buildings = asked.effects.buildings
    plain = [leaf.code for leaf in _redrawn(asked) if leaf.kind != "dedicated"]
    standing = np.isin(buildings.use, DEDICATED_USES) & np.isin(buildings.now, plain)
    names, codes, shapes = _districts(asked, plain)
    if not standing.any() and not names:
        return
    n = int(standing.sum())
    zh = [f"{n} 栋专属类建筑"] * bool(n) + names
    en = [f"{n} building{'s' * (n > 1)} of such a use"] * bool(n) + names
    text = Words(f"可划专属网格：{_listed(zh, True)}", f"places that may want a dedicated grid: {_listed(en, False)}")
    where = GeometryCollection([*shapes, *buildings.shape[standing][:_SHOWN].tolist()])
    codes = [*codes, *buildings.now[standing].tolist()]
    yield _found(asked, "dedicated_place", codes, n + len(names), text, where)


def _districts(asked: Asked, plain: list[str]) -> tuple[list[str], list[str], list[BaseGeometry]]:
    """Names, grids and ground of business districts most of which lies in one of the grids ``plain``."""
    there = shapely.bounds([leaf.shape for leaf in _redrawn(asked)]).reshape(-1, 4)
    query = sa.select(_DISTRICTS.c.name, sa.func.ST_AsBinary(_DISTRICTS.c.geom))
    query = query.where(meets(_DISTRICTS.c.geom, there))
    told = asked.connection.execute(query.order_by(_DISTRICTS.c.id)).all()
    shapes = np.asarray(shapely.from_wkb(np.array([bytes(row[1]) for row in told], dtype=object)), dtype=object)
    position, _ = overlaps(asked.effects.index.index, shapes).largest(len(shapes))
    lies = asked.effects.index.called(position)
    those = np.flatnonzero(np.isin(lies, plain))
    return [told[at][0] for at in those.tolist()], lies[those].tolist(), shapes[those].tolist()


def _changed_again(asked: Asked) -> Checked:
    """Grids whose ground an edition of the last months changed, the first one aside."""
    since = asked.now - asked.by.changed_again_months * _MONTH
    ground = asked.effects.ground
    mine = {code: number for code, number in ground.ids.items() if code in ground.left}
    ids = sorted(mine.values())
    recent = sa.select(editions.c.number).where(editions.c.effective_at > since, editions.c.number > 1)
    those = sa.or_(rows.one_of(crosswalks.c.old_id, ids), rows.one_of(crosswalks.c.new_id, ids))
    query = sa.select(crosswalks.c.old_id, crosswalks.c.new_id).where(crosswalks.c.edition.in_(recent), those)
    touched = {number for pair in asked.connection.execute(query) for number in pair}
    again = sorted(code for code, number in mine.items() if number in touched)
    if again:
        months = asked.by.changed_again_months
        text = Words(
            f"{months} 个月内再次调整：{_listed(again, True)}",
            f"changed again within {months} months: {_listed(again, False)}",
        )
        where = MultiPoint([ground.before[code].shape.representative_point() for code in again])
        yield _found(asked, "changed_again", again, len(again), text, where)


# -- blind spots -------------------------------------------------------------------------------------------------------
def _blind_spots_appear(asked: Asked) -> Checked:
    """All but buildings that the border cuts, which are told as such."""
    buildings = asked.effects.buildings
    cut = buildings.straddles & ~buildings.straddled
    turns = [one for one in asked.spots.of("appears") if not (one.kind == "building" and cut[one.at])]
    yield from _turned(asked, "blind_spots_appear", turns, ("将出现盲点", "blind spots that would appear"))


def _people_not_recorded(asked: Asked) -> Checked:
    if turns := asked.spots.of("unknown"):
        codes = [one.grid_now for one in turns]
        text = Words(
            f"未登记党支部或专职岗位：{_listed(codes, True)}",
            f"branch or full-time posts not recorded: {_listed(codes, False)}",
        )
        yield _found(asked, "people_not_recorded", codes, len(codes), text, _points(asked, turns))


def _blind_spots_close(asked: Asked) -> Checked:
    said = ("将消除或减轻的盲点", "blind spots that would close or ease")
    yield from _turned(asked, "blind_spots_close", asked.spots.of("closes", "eases"), said)


def _turned(asked: Asked, kind: CheckKind, turns: Sequence[Turn], said: tuple[str, str]) -> Checked:
    """What comes or goes, counted by what it is."""
    if not turns:
        return
    book = rulebooks.current().codes
    counted = Counter((one.was if one.effect == "eases" else "", one.code) for one in turns).items()
    zh = [" → ".join(book[code].zh for code in pair if code) + f" {n}" for pair, n in counted]
    en = [" → ".join(book[code].en for code in pair if code) + f" {n}" for pair, n in counted]
    text = Words(f"{said[0]}：{'；'.join(zh)}", f"{said[1]}: {'; '.join(en)}")
    codes = [code for one in turns if (code := one.grid_now or one.grid_was)]
    yield _found(asked, kind, codes, len(turns), text, _points(asked, turns))


def _points(asked: Asked, turns: Sequence[Turn]) -> BaseGeometry | None:
    """Where they are, as far as it is known and shown."""
    wanted = set(turns)
    found = [one.where for one in asked.spots.shown if one.where is not None and one.turn in wanted]
    return GeometryCollection(found) if found else None


_CHECKS: tuple[Callable[[Asked], Checked], ...] = (
    _inside_one_community,
    _proved,
    _building_cut,
    _estate_cut,
    _in_one_piece,
    _load_outside_band,
    _border_off_lines,
    _dedicated_place,
    _changed_again,
    _blind_spots_appear,
    _people_not_recorded,
    _blind_spots_close,
)
