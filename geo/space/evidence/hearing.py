"""What stated points say of one set of areas: the level they speak of, what is unknown to it, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Floats, Ints, Shapes, Texts
from geo.errors import Refused
from geo.space.evidence.ground import Ground
from geo.space.evidence.judging import Verdict, judged
from geo.space.evidence.matching import Column, Fit, fits, labelled
from geo.space.evidence.readings import Reading, reading_of

STATES_NOTHING = ("", "-", "null", "none", "nan", "n/a", "unspecified", "unknown", "无", "未知", "不详")
"""What a column of areas holds where a row states none, in lower case."""


@dataclass(frozen=True, eq=False)
class Stated:
    """Points that state in which area they lie.

    Parameters
    ----------
    source
        What people call them: their file.
    lonlat
        (n, 2) degrees WGS 84 as declared; NaN where there is no position.
    area
        (n,) position in ``texts`` of what each states; -1 where it states nothing.
    texts
        The different texts stated.
    datum
        Of their positions as declared.
    points_too
        Whether that datum may be the wrong one as well; not so for points that were judged when they were stored.
    """

    source: str
    lonlat: Floats
    area: Ints
    texts: Texts
    datum: str
    points_too: bool = True

    def __len__(self) -> int:
        """Count the points, the useless ones included."""
        return len(self.area)

    @property
    def useful(self) -> Ints:
        """Positions of the points that have a position and state an area."""
        return np.flatnonzero(np.isfinite(self.lonlat).all(axis=1) & (self.area >= 0))

    @property
    def counts(self) -> Ints:
        """Useful points that state each text."""
        return np.bincount(self.area[self.useful], minlength=len(self.texts))


@dataclass(frozen=True, eq=False)
class Heard:
    """What stated points say of one set of areas.

    Parameters
    ----------
    fit
        How well what they state fits the texts of this level.
    called
        What each label of the verdict is called.
    unknown
        Texts stated by points on this ground that no area has, with the number of such points, most first.
    verdict
        None when too few speak of these areas: none, or fewer than speak of unknown ones on the same ground.
    """

    column: Column
    fit: Fit
    called: Sequence[str]
    unknown: tuple[tuple[str, int], ...]
    verdict: Verdict | None


def level_of(stated: Stated, columns: Iterable[Column], level: str | None = None) -> Column | None:
    """Any column of the level, and of the kind (codes or names), that fits what is stated best; None when none does.

    Ties go to codes, then to the column given first.

    Parameters
    ----------
    level
        The key of the only level to try; None = any.

    Raises
    ------
    Refused
        When there is no such level; the message names those there are.
    """
    columns = list(columns)
    keys = list(dict.fromkeys(column.level for column in columns))
    if level is not None and level not in keys:
        raise Refused(f"the evidence is said to state areas of level {level!r}; there are: {', '.join(keys)}")
    kinds = dict.fromkeys((one.level, one.is_code) for one in columns if level in (None, one.level))
    best: tuple[Fit, Column] | None = None
    for kind in kinds:
        these = [one for one in columns if (one.level, one.is_code) == kind]
        fit = fits(stated.texts, stated.counts, these)
        if fit is not None and fit.share > 0 and (best is None or fit.rank > best[0].rank):
            best = fit, these[0]
    return None if best is None else best[1]


def hear(stated: Stated, shapes: Shapes, column: Column, datum: str) -> Heard | None:
    """What the points say of shapes (n,), called by ``column`` and declared in ``datum``; None without any ground.

    Parameters
    ----------
    shapes
        Degrees WGS 84 as declared, valid polygons; missing and empty ones cover nothing.

    Raises
    ------
    Refused
        For an unknown datum.
    """
    fit = fits(stated.texts, stated.counts, [column])
    if fit is None or not (~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)).any():
        return None
    of_text, of_shape, called = labelled(stated.texts, column)
    ground = Ground.build(shapes, of_shape)
    use = stated.useful
    lonlat, label = stated.lonlat[use], of_text[stated.area[use]]
    strange = use[label < 0]
    here = strange[ground.is_covered(stated.lonlat[strange])]
    counts = np.bincount(stated.area[here], minlength=len(stated.texts))
    order = [at for at in np.lexsort((stated.texts.astype(np.str_), -counts)).tolist() if counts[at]]
    unknown = tuple((str(stated.texts[at]), int(counts[at])) for at in order)
    verdict = None
    if int((label >= 0).sum()) > len(here):
        declared = Reading(reading_of(datum), reading_of(stated.datum))
        verdict = judged(ground, lonlat, label, declared, points_too=stated.points_too)
    return Heard(column, fit, called, unknown, verdict)
