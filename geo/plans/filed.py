"""A file edited elsewhere as a plan: judged as any import, it replaces a scope of the edition in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from geo.actors import Actor
from geo.boundaries.findings import Finding, ordered
from geo.boundaries.flags import sources_of
from geo.boundaries.importing import Progress, prepare
from geo.boundaries.sources import Sources
from geo.boundaries.standing import Standing, standing_of
from geo.columns import texts
from geo.errors import Misjudged, Unknown
from geo.frames import LAYER, form_of, opened
from geo.frames.members import layers_of
from geo.plans import drafts, previews
from geo.plans.drafts import Made, Plan
from geo.space.division import Division
from geo.space.redraw.scopes import GivenLeaf, ReplaceScope, is_idle, trimmed

_COLUMNS = ("code", "name", "kind", "parent")


def begin(
    connection: sa.Connection,
    actor: Actor,
    name: str,
    file: Path,
    told: tuple[str | None, str],
    progress: Progress = lambda _: None,
) -> Begun:
    """A draft that replaces a scope by the grids of a file; none where they are in force already.

    The file is read as :mod:`geo.exports.editions` writes one: columns code, name, kind and parent; a GeoPackage's
    layer of grids is taken where it has one. Without a column of codes grids are matched by mutual overlap.

    Parameters
    ----------
    told
        Code of the area in which ground may move, None for the city; and the datum of the file.

    Raises
    ------
    Misjudged
        When an error was found in the file, with all findings.
    Refused
        When the file cannot be read; and as :func:`geo.space.redraw.scopes.replaced`.
    Stale, Broken, Unknown
        As :func:`geo.plans.previews.preview`; it is for the caller to undo the transaction then.
    """
    within, datum = told
    standing = standing_of(connection)
    if standing is None:
        raise Unknown(
            "no city has been published yet, so there is nothing to plan on", zh="还没有发布过城市，没有可规划的"
        )
    drafts.base_for(connection, name, within)
    sources = _sources(file, datum, standing)
    judged = None if within is None or _goes_beyond(sources, standing, within) else within
    prepared = prepare(sources, standing, within=judged, progress=progress)
    if prepared.is_refused:
        found = ordered(prepared.findings)
        raise Misjudged(f"{found[0].zh} · {found[0].en}", found, where=found[0].where)
    asked = replace(trimmed(standing.division, _asked(prepared.judgement.division, judged)), within=within)
    if is_idle(asked):
        return Begun(None, None, prepared.findings)
    progress("试算 weighing")
    plan = drafts.begin(connection, actor, name, within)
    return Begun(plan, previews.add(connection, actor, plan, asked), prepared.findings)


@dataclass(frozen=True)
class Begun:
    """The plan of a file and its change, both None where nothing differs, and what was found in the file."""

    plan: Plan | None
    made: Made | None
    findings: list[Finding]


def _asked(division: Division, within: str | None) -> ReplaceScope:
    """The leaves that were judged, in place of the scope's."""
    columns = (division.leaf_codes, division.leaf_names, division.leaf_kinds, division.leaf_parents)
    words = zip(*(column.tolist() for column in columns), division.leaf_shapes, strict=True)
    return ReplaceScope(tuple(GivenLeaf(*told) for told in words), within)


def _sources(file: Path, datum: str, standing: Standing) -> Sources:
    """The file as a layer of grids, with those of the usual columns that it has."""
    if not file.is_file():
        raise Unknown(f"there is no file {file}", zh=f"没有文件 {file}")
    level = standing.city.levels[-1].key
    layer = level if form_of(file) == LAYER and level in layers_of(file)[0] else None
    with opened(file, layer=layer) as sheet:
        columns = {name: name for name in _COLUMNS if name in sheet.schema.names}
    return sources_of(file, {"level": level, "layer": layer, "datum": datum, **columns}, (None, None, ""))


def _goes_beyond(sources: Sources, standing: Standing, within: str) -> bool:
    """Whether a file holds grids outside an area, as its column of parents tells."""
    (layer,) = sources.layers
    if layer.parent is None:
        return False
    inside = set(standing.division.area_codes[standing.division.areas_within(within)].tolist())
    with opened(layer.file, layer=layer.layer, columns=[layer.parent]) as sheet:
        return any(set(texts(frame.table.column(layer.parent)).to_pylist()) - inside for frame in sheet.frames)
