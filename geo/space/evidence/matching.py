"""Which area a point means by the words it states: codes before names, each folded as offices vary them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from geo.arrays import Codes, Ints, Texts
from geo.names import folded


@dataclass(frozen=True, eq=False)
class Column:
    """What the areas of one level are called.

    Parameters
    ----------
    level
        Key of the level.
    is_code
        True for codes, False for names.
    texts
        (n,) one for each shape; shapes with one text are one area; blank = in none.
    """

    level: str
    is_code: bool
    texts: Texts

    def folded(self, text: str) -> str:
        """A text as it is compared: codes without leading zeros, names as ``geo.names.folded`` has them."""
        if not self.is_code:
            return folded(text)
        text = text.strip().casefold()
        return text.lstrip("0") or text


@dataclass(frozen=True)
class Fit:
    """How well stated areas fit the texts of one level; greater is better.

    Parameters
    ----------
    share
        Of the points that state an area, those whose area is known here.
    common
        Of the areas stated or known here, the share that is both: it tells wards 1 to 50 from communities 1 to 77.
    """

    share: float
    common: float
    is_code: bool

    @property
    def rank(self) -> tuple[float, float, bool]:
        """What fits are ordered by."""
        return self.share, self.common, self.is_code


def fits(stated: Texts, counts: Ints, columns: Iterable[Column]) -> Fit | None:
    """How the areas stated (different texts, and the points that state each) fit columns of one level and one kind.

    None when there is no column or nothing is stated.
    """
    columns = list(columns)
    known = {column.folded(str(text)) for column in columns for text in np.unique(column.texts.astype(np.str_))} - {""}
    if not known or not counts.sum():
        return None
    told = [columns[0].folded(str(text)) for text in stated]
    here = np.asarray([text in known for text in told], dtype=np.bool_)
    share = float(counts[here].sum() / counts.sum())
    return Fit(share, len(known & set(told)) / len(known | set(told)), columns[0].is_code)


def labelled(stated: Texts, column: Column) -> tuple[Ints, Ints, Sequence[str]]:
    """Label of each text stated, label of each shape, and what each label is called; -1 for none.

    Texts that fold to one are one area: two areas of one name count as either.
    """
    labels: dict[str, int] = {}
    called: list[str] = []
    of_shape = np.full(len(column.texts), -1, dtype=np.int64)
    for at, text in enumerate(column.texts.tolist()):
        if folded := column.folded(str(text)):
            if folded not in labels:
                labels[folded] = len(called)
                called.append(str(text))
            of_shape[at] = labels[folded]
    of_text = np.asarray([labels.get(column.folded(str(text)), -1) for text in stated], dtype=np.int64)
    return of_text, of_shape, called


def columns_of(keys: Sequence[str], codes: Sequence[Codes], names: Sequence[Codes]) -> list[Column]:
    """Columns of codes and of names for each level of a division, the highest level first.

    ``codes`` and ``names`` are, for each level, those (n,) of the area over every leaf.
    """
    levels = zip(keys, codes, names, strict=True)
    return [
        Column(key, is_code, texts.astype(object))
        for key, *both in levels
        for texts, is_code in zip(both, (True, False), strict=True)
    ]
