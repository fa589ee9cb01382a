"""A file edited elsewhere as a plan: what it changes of the edition in force, judged as any import, as changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyogrio
import sqlalchemy as sa

from geo.actors import Actor
from geo.boundaries.findings import has_errors
from geo.boundaries.flags import sources_of
from geo.boundaries.importing import Prepared, Progress, prepare
from geo.boundaries.sources import Sources
from geo.boundaries.standing import Standing, standing_of
from geo.codes import Scheme
from geo.errors import Refused, Unknown
from geo.plans import drafts, previews
from geo.plans.drafts import Made, Plan
from geo.space.division import replace_scope
from geo.space.redraw.differing import changes_between

if TYPE_CHECKING:
    from geo.space.redraw.changes import Change


def begin(
    connection: sa.Connection,
    actor: Actor,
    name: str,
    file: Path,
    told: tuple[str | None, str],
    progress: Progress = lambda _: None,
) -> tuple[Plan, list[Made]]:
    """A draft with the changes a file of grids makes of the edition in force, none where it is the same.

    The file is read as :mod:`geo.exports.editions` writes one: columns code, name, kind and parent; a GeoPackage's
    layer of grids is taken where it has one. Without a column of codes grids are matched by mutual overlap.

    Parameters
    ----------
    told
        Code of the area in which ground may move, None for the city; and the datum of the file.

    Raises
    ------
    Refused
        When the file cannot be read or was judged to be wrong, with the first error; and as
        :func:`geo.space.redraw.differing.changes_between`.
    Stale, Broken, Unknown
        As :func:`geo.plans.previews.preview`; it is for the caller to undo the transaction then.
    """
    within, datum = told
    standing = standing_of(connection)
    if standing is None:
        raise Unknown("no city has been published yet, so there is nothing to plan on")
    sources = _sources(file, datum, standing)
    judged = None if within is None or _goes_beyond(sources, standing, within) else within
    prepared = prepare(sources, standing, within=judged, progress=progress)
    asked = asked_by(prepared, standing)
    plan = drafts.begin(connection, actor, name, within)
    made = [drafts.add(connection, actor, plan, change) for change in asked]
    if made:
        previews.preview(connection, plan)
    return plan, made


def _sources(file: Path, datum: str, standing: Standing) -> Sources:
    """The file as a layer of grids, with those of the usual columns that it has."""
    if not file.is_file():
        raise Unknown(f"there is no file {file}")
    level = standing.city.levels[-1].key
    layers = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
    layer = level if len(layers) > 1 and level in layers else None
    there = set(pyogrio.read_info(file, layer=layer)["fields"].tolist())
    columns = {name: name for name in ("code", "name", "kind", "parent") if name in there}
    return sources_of(file, {"level": level, "layer": layer, "datum": datum, **columns}, (None, None, ""))


def _goes_beyond(sources: Sources, standing: Standing, within: str) -> bool:
    """Whether a file holds grids outside an area, as its column of parents tells."""
    (layer,) = sources.layers
    if layer.parent is None:
        return False
    rows = pyogrio.read_dataframe(layer.file, layer=layer.layer, columns=[layer.parent], read_geometry=False)
    inside = standing.division.area_codes[standing.division.areas_within(within)]
    return bool((~rows[layer.parent].astype(str).isin(inside.tolist())).any())


def asked_by(prepared: Prepared, standing: Standing) -> list[Change]:
    """The changes a file makes of the edition in force. Raises as :func:`begin`."""
    if has_errors(prepared.findings):
        first = next(one for one in prepared.findings if one.severity == "error")
        raise Refused(
            f"{first.zh} · {first.en}; ./gridatlas import boundaries tells all that is wrong with the file",
            where=first.where,
        )
    part, base = prepared.judgement.division, standing.division
    whole = part if prepared.within is None else replace_scope(base, part, prepared.within)
    scheme = Scheme.of(standing.city.code_lengths, len(standing.city.levels))
    return changes_between(base, whole, scheme, standing.given)
