"""The map of blind spots: which buildings and grids lack an organisation or people, why, and what can be done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from geo.coverage.rulebooks import RuleBook
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


def page(view: View) -> str:
    """The page as HTML: a map with its module, or the shell alone when there is no city yet.

    Raises
    ------
    Unavailable
        When the front-end files have not been copied yet.
    """
    return of_city(MODULE, view)
