"""An import read, judged and divided; what becomes of it is for :mod:`geo.plans.imported`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.areas import City, Level
from geo.boundaries.coordinates import Around, around_ground, around_time_zone, placed
from geo.boundaries.evidence import heard
from geo.boundaries.findings import Finding, has_errors
from geo.boundaries.judging import Judgement, judge, judge_layers, tree_of
from geo.boundaries.ledgers import Entry, totals
from geo.boundaries.matching import with_codes
from geo.boundaries.nesting import Tree
from geo.boundaries.parents import found_parents
from geo.boundaries.reading import Boundaries, boundaries_of, read_raw, unreadable
from geo.boundaries.recovering import recovered
from geo.boundaries.repairs import Repair
from geo.boundaries.shapes import stand_ins
from geo.boundaries.sources import CitySource, LayerSource, OutlineSource, Sources, check_levels
from geo.boundaries.standing import Standing, members_of, source_of
from geo.crs import area_m2, metric_epsg
from geo.errors import Refused

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Prepared:
    """An import that has been read and judged beside what stands; nothing is stored yet."""

    sources: Sources
    city: City
    judgement: Judgement
    origin: dict[str, Any]
    rows: int
    within: str | None = None
    repair: Repair | None = None
    standing: Standing | None = None

    @property
    def findings(self) -> list[Finding]:
        """Everything said about it."""
        return self.judgement.findings

    @property
    def ledger(self) -> list[Entry]:
        """Every piece of ground that a repair moved."""
        return self.judgement.ledger

    @property
    def is_refused(self) -> bool:
        """Whether an error keeps it from being published."""
        return has_errors(self.findings)

    def ground(self) -> dict[str, Any]:
        """How many leaves are named and how many fallback, and the km² of each."""
        division = self.judgement.division
        km2 = area_m2(division.leaf_shapes) / 1e6
        fallback = division.leaf_kinds == "fallback"
        return {
            "named": int((~fallback).sum()),
            "named_km2": round(float(km2[~fallback].sum()), 3),
            "fallback": int(fallback.sum()),
            "fallback_km2": round(float(km2[fallback].sum()), 3),
            "areas": len(division.area_codes),
        }


def prepare(
    sources: Sources,
    standing: Standing | None,
    *,
    within: str | None = None,
    repair: Repair | None = None,
    progress: Progress = lambda _: None,
) -> Prepared:
    """Everything read and judged; refuses only what cannot be judged at all.

    Parameters
    ----------
    standing
        The city published; None before the first edition.
    within
        Code of the area whose ground the files replace; None = the whole city.
    repair
        Leave to mend what does not divide; None mends nothing.

    Raises
    ------
    Unknown
        When a file or ``within`` does not exist.
    Refused
        When a file cannot be read, a column is not there, or no city is declared and none is published.
    TooMuch
        When a file unpacks to more than the setting allows.
    """
    city = _city(sources, standing)
    check_levels(city, sources.layers)
    if repair is not None:
        repair.ranked(city)
    if within is not None and standing is None:
        raise Refused(f"no city has been published yet, so there is no area {within!r} to replace")
    known = members_of(standing, within) if standing and (sources.city is None or within) else {}
    outline, findings = _outline(sources, standing, within, city)
    layers, more = _read(sources, city, _around(city, outline), progress)
    findings += more
    progress("判读 judging")
    findings += judge_layers(layers, findings)
    progress("核验坐标基准 holding the datums against evidence")
    findings += heard(sources.evidence, city, layers, standing.stated if standing else None)
    matchable = any(layer.source.code is None for layer in layers if layer.level == city.grid_level)
    tree, more = tree_of(city, layers, known, matchable=matchable)
    findings += more
    tree, more = found_parents(_within(tree, within, standing))
    findings += more
    if matchable:
        tree, more = with_codes(tree, standing)
        findings += more
    if repair is not None:
        progress("修补行 recovering rows")
        tree, findings = recovered(tree, findings, standing)
    progress("核对边界 proving")
    judgement = judge(tree, outline, findings, repair)
    stored = _stored_city(city, standing, judgement, outline)
    rows = sum(len(layer) for layer in layers)
    origin = _origin(sources, layers) | _mends(judgement, repair)
    return Prepared(sources, stored, judgement, origin, rows, within, repair, standing)


def _city(sources: Sources, standing: Standing | None) -> CitySource:
    if sources.city is not None:
        return sources.city
    if standing is None:
        raise Refused(
            "no city has been published yet, and the file declares none; give --city-name and --city-code, "
            "or a sources.toml with [city]"
        )
    return source_of(standing.city)


def _around(city: CitySource, outline: BaseGeometry | None) -> Around:
    if outline is not None and not outline.is_empty:
        return around_ground(np.asarray([outline], dtype=object))
    return around_time_zone(city.time_zone)


def _outline(
    sources: Sources, standing: Standing | None, within: str | None, city: CitySource
) -> tuple[BaseGeometry | None, list[Finding]]:
    """The ground to divide: the scope's, the declared one, or the published city's; None = what the layers make."""
    if within is not None and standing is not None:
        return standing.ground(within), []
    if sources.outline is not None:
        return _declared(sources.outline, city)
    if sources.city is None and standing is not None:
        return standing.ground(standing.city.code), []
    return None, []


def _declared(outline: OutlineSource, city: CitySource) -> tuple[BaseGeometry | None, list[Finding]]:
    source = LayerSource(
        file=outline.file,
        level=city.levels[0].key,
        datum=outline.datum,
        layer=outline.layer,
        encoding=outline.encoding,
        sha256=outline.sha256,
    )
    raw = read_raw(source)
    found = boundaries_of(raw, source, 0, city.level)
    found, findings = placed(found, raw, around_time_zone(city.time_zone))
    findings += unreadable(raw, source) + judge_layers([found], findings)
    ground = stand_ins(found.shapes)
    whole = shapely.union_all(ground) if len(ground) != 1 else ground[0]
    if whole.is_empty:
        if has_errors(findings):
            return None, findings
        raise Refused(f"{source.label} is declared as the outline and holds no ground")
    return whole, findings


def _read(
    sources: Sources, city: CitySource, around: Around, progress: Progress
) -> tuple[list[Boundaries], list[Finding]]:
    layers, findings = [], []
    for source in sources.layers:
        progress(f"读取 reading {source.label}")
        raw = read_raw(source)
        if not len(raw.shapes):
            raise Refused(f"{source.label} holds no rows; it must hold the boundaries of level {source.level!r}")
        found, more = placed(boundaries_of(raw, source, city.level(source.level), city.level), raw, around)
        findings += unreadable(raw, source) + more
        findings += [
            Finding(
                "reader_warning",
                f"读取时的警告：{words}",
                f"the reader warns: {words}",
                file=source.label,
                level=source.level,
            )
            for words in raw.warnings
        ]
        layers.append(found)
    return layers, findings


def _within(tree: Tree, within: str | None, standing: Standing | None) -> Tree:
    """The tree without the members that the files place in another area than the scope; lost ones stay to be told."""
    if within is None or standing is None:
        return tree
    top = standing.level(within)
    chain = {within, *(str(code) for code in _above(standing, within))}
    members = dict(tree.members)
    elsewhere: set[str] = set()
    for level in range(1, tree.city.grid_level + 1):
        here = members[level]
        out = (
            np.isin(here.parents.astype(np.str_), list(elsewhere)) if elsewhere else np.zeros(len(here), dtype=np.bool_)
        )
        if level <= top:
            out |= ~np.isin(here.codes.astype(np.str_), list(chain))
        elsewhere = {str(code) for code in here.codes[out] if code}
        if level > top:
            elsewhere |= _siblings(standing, level, within)
        members[level] = here.taken(np.flatnonzero(~out).tolist())
    return replace(tree, members=members)


def _above(standing: Standing, code: str) -> list[str]:
    chain = []
    while code := standing.division.parent_of_area(code):
        chain.append(code)
    return chain


def _siblings(standing: Standing, level: int, within: str) -> set[str]:
    """Codes in force on a level that are not in the scope."""
    division = standing.division
    return set(map(str, division.area_codes[(division.area_levels == level) & ~division.areas_within(within)]))


def _stored_city(
    city: CitySource, standing: Standing | None, judgement: Judgement, outline: BaseGeometry | None
) -> City:
    """The city as it is stored; a published one keeps its metric CRS."""
    if standing is not None and standing.city.code == city.code:
        epsg = standing.city.metric_epsg
    else:
        epsg = _epsg(judgement, outline)
    lengths = tuple(level.digits or 0 for level in city.levels)
    return City(
        code=city.code,
        name=city.name,
        name_en=city.name_en,
        levels=tuple(Level(level.key, level.zh, level.en) for level in city.levels),
        code_lengths=lengths if any(lengths) else (),
        time_zone=city.time_zone,
        metric_epsg=epsg,
    )


def _epsg(judgement: Judgement, outline: BaseGeometry | None) -> int:
    ground = judgement.division.leaf_shapes if outline is None else np.asarray([outline], dtype=object)
    if not len(ground):
        return 0  # nothing could be read; such an import is never published
    west, south, east, north = shapely.total_bounds(ground)
    return metric_epsg((west + east) / 2, (south + north) / 2)


def _origin(sources: Sources, layers: Sequence[Boundaries]) -> dict[str, Any]:
    """Where the ground comes from, as it is kept with the edition."""
    files: list[dict[str, Any]] = []
    for layer in layers:
        one = layer.source
        files.append(
            {
                "file": one.file.name,
                "layer": one.layer,
                "level": one.level,
                "datum": one.datum,
                "rows": len(layer),
                "origin": one.origin,
                "licence": one.licence,
                "sha256": _sha256(one.file),
            }
        )
    if sources.outline is not None:
        one_line = sources.outline
        files.append(
            {
                "file": one_line.file.name,
                "layer": one_line.layer,
                "level": "outline",
                "datum": one_line.datum,
                "origin": one_line.origin,
                "licence": one_line.licence,
                "sha256": _sha256(one_line.file),
            }
        )
    return {"kind": "import", "sources": sources.path.name if sources.path else None, "files": files}


def _mends(judgement: Judgement, repair: Repair | None) -> dict[str, Any]:
    """What a repair moved, as it is kept with the edition; nothing when it moved nothing."""
    if repair is None or not judgement.ledger:
        return {}
    limits = {"width_m": repair.limits.width_m, "area_m2": repair.limits.area_m2}
    return {"repair": {"limits": limits, "authority": list(repair.authority), "totals": totals(judgement.ledger)}}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
