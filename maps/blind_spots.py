"""The map of blind spots: which buildings and grids lack an organisation or people, why, and what can be done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from geo.coverage.rulebooks import RuleBook
from geo.coverage.spots import Ranking
from maps.page import View, of_city

MODULE = "/static/js/blind-spots.js"


def rules(book: RuleBook) -> dict[str, Any]:
    """What the sheet of weights shows of a rule book: version, thresholds, ages, and of each code weight and words."""
    shown = ("weight", "zh", "en", "meaning_zh", "meaning_en")
    return {
        "version": book.version,
        "thresholds": asdict(book.thresholds),
        "months": asdict(book.months),
        "codes": {code: {name: getattr(one, name) for name in shown} for code, one in book.codes.items()},
    }


def scored(ranking: Ranking) -> dict[str, list[Any]]:
    """All that is wanted of a ranking as columns, in its order: the id that tiles carry, the code, the score.

    A score that is not known is None.
    """
    at = ranking.wanted
    score = [None if np.isnan(one) else round(one, 2) for one in ranking.score[at].tolist()]
    return {"id": ranking.ids[at].tolist(), "code": ranking.code[at].tolist(), "score": score}


def page(view: View) -> str:
    """The page as HTML: a map with its module, or the shell alone when there is no city yet.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    return of_city(MODULE, view)
