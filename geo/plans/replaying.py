"""The changes of a plan carried out on an edition, of which only what they concern is read.

Read are the leaves that the changes name or are drawn over, and all around them. Where a change asks for more, as for a
leaf beyond a border that it bends, that is read too and all is done again. What comes out is what the whole city would
give; where the outline of the city may move the whole city is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import TypeVar

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from geo import divisions, rows
from geo.areas import City, Edition
from geo.codes import Scheme
from geo.plans import numbering
from geo.space.division import Comparison, Division, compare, differing, differing_areas, touched
from geo.space.redraw import clipping
from geo.space.redraw.changes import Annex, Cede, Change, changed
from geo.space.redraw.clipping import Clipped, Polygonal
from geo.space.redraw.leaves import Redrawn
from geo.space.redraw.redividing import Redivide
from geo.space.redraw.scopes import ReplaceScope
from geo.space.sights import Unseen, Wanted
from geo.tables import grids

_Answer = TypeVar("_Answer")
_CODES = ("code", "codes", "keep", "to", "a", "b", "parent", "within", "gone")
"""Members of a change that name leaves and areas."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """What of an edition the changes concern, before and after.

    ``pulled`` are lines, degrees, from where the last change was drawn to where its vertices were pulled.
    """

    base: Division
    made: Division
    pulled: BaseGeometry = shapely.MultiLineString()  # noqa: RUF009 a geometry never changes

    @cached_property
    def difference(self) -> Comparison:
        """How they differ."""
        return compare(self.base, self.made)

    @property
    def touched(self) -> set[str]:
        """Codes of leaves that differ in more than their vertices."""
        return touched(self.base, self.made, self.difference)

    @property
    def areas(self) -> set[str]:
        """Codes of areas that are called otherwise, come under another one, appear or retire."""
        return differing_areas(self.base, self.made)


def replayed(connection: sa.Connection, edition: Edition, city: City, asked: Sequence[Change]) -> Replayed:
    """What the changes, one after the other, make of an edition.

    Raises
    ------
    Refused, Broken, Unknown
        As :func:`geo.space.redraw.changes.changed` does on the whole city.
    """
    scheme = Scheme.of(city.code_lengths, len(city.levels))
    return _seeing(connection, edition, city, asked, lambda base: _carried_out(base, asked, scheme))


def numbered_after(
    connection: sa.Connection, edition: Edition, city: City, asked: Sequence[Change], change: Change
) -> Change:
    """A change with the codes it lacks, after others. Raises as :func:`replayed` and :func:`numbering.numbered`."""
    scheme = Scheme.of(city.code_lengths, len(city.levels))
    return _seeing(
        connection,
        edition,
        city,
        [*asked, change],
        lambda base: numbering.numbered(connection, _made(base, asked, scheme), change),
    )


def clipped_after(
    connection: sa.Connection, edition: Edition, city: City, asked: Sequence[Change], drawing: tuple[Polygonal, str]
) -> Clipped:
    """A change, after others, inside the area of a code. Raises as :func:`replayed` and :func:`clipping.clipped`."""
    scheme, (change, scope) = Scheme.of(city.code_lengths, len(city.levels)), drawing
    return _seeing(
        connection,
        edition,
        city,
        [*asked, change],
        lambda base: clipping.clipped(_made(base, asked, scheme), change, scope),
    )


def _seeing(
    connection: sa.Connection,
    edition: Edition,
    city: City,
    concerned: Sequence[Change],
    answer: Callable[[Division], _Answer],
) -> _Answer:
    """What is answered of an edition, of which as much is read as the answer needs."""
    if any(_may_concern_all(change) for change in concerned):
        return answer(divisions.whole(connection, edition))
    wanted = reduce(lambda so_far, change: so_far | _wanted(change), concerned, Wanted())
    while True:
        try:
            return answer(divisions.around(connection, edition, len(city.levels), wanted))
        except Unseen as unseen:
            wanted = wanted | unseen.wanted


def touched_between(connection: sa.Connection, city: City, since: Edition, until: Edition, among: set[str]) -> set[str]:
    """Which of some codes name a leaf that differs between two editions in more than its vertices.

    Their rows tell which may; only the ground of those is looked at.
    """
    begun = sa.and_(grids.c.first_edition > since.number, grids.c.first_edition <= until.number)
    ended = sa.and_(grids.c.last_edition > since.number, grids.c.last_edition <= until.number)
    these = rows.these_codes(sorted(among)).subquery()
    query = sa.select(these.c.code).join(grids, grids.c.id == these.c.id).where(sa.or_(begun, ended))
    rewritten = frozenset(connection.scalars(query))
    if not rewritten:
        return set()
    old, new = (divisions.around(connection, one, len(city.levels), Wanted(rewritten)) for one in (since, until))
    return differing(old, new) & rewritten


def _carried_out(base: Division, asked: Sequence[Change], scheme: Scheme) -> Replayed:
    made, pulled = base, Redrawn({}).pulled
    for change in asked:
        done = changed(made, change, scheme)
        made, pulled = done.division, done.redrawn.pulled
    return Replayed(base, made, pulled)


def _made(base: Division, asked: Sequence[Change], scheme: Scheme) -> Division:
    return _carried_out(base, asked, scheme).made


def _may_concern_all(change: Change) -> bool:
    """Whether the outline may move, or every leaf of the city go."""
    is_city = isinstance(change, ReplaceScope) and change.within is None and change.gone is None
    return is_city or isinstance(change, Annex | Cede | Redivide)


def _wanted(change: Change) -> Wanted:
    """What a change is sure to ask for."""
    told = [change, *(change.leaves if isinstance(change, ReplaceScope) else ())]
    named = [value for one in told for key, value in vars(one).items() if key in _CODES and value]
    drawn = (getattr(one, name, None) for one in told for name in ("drawn", "ground"))
    grounds = [shape for shape in drawn if shape is not None and np.isfinite(shapely.bounds(shape)).all()]
    codes = frozenset(code for one in named for code in ([one] if isinstance(one, str) else one))
    return Wanted(codes, tuple(shapely.envelope(shape) for shape in grounds))
