"""Why a unit, grid or building is what it is, in sentences of the rule book."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict

from geo.coverage.rulebooks import RuleBook, sentence
from geo.entities.lists import lists


class Said(TypedDict):
    """The same in both languages."""

    zh: str
    en: str


_BETWEEN = {"zh": "；", "en": "; "}


def reason(book: RuleBook, told: Mapping[str, Any], organisations: Mapping[int, str], day: date) -> Said:
    """The sentences of a stored reason, one after the other.

    Parameters
    ----------
    told
        ``keys`` and what their sentences need, as a run has written them.
    organisations
        Names by id; one that is gone is told by its number.
    day
        Of the run.
    """
    said = {}
    for tongue in ("zh", "en"):
        values = _values(book, told, organisations, tongue) | {"on": day.isoformat()}
        said[tongue] = _BETWEEN[tongue].join(
            sentence(book, key, tongue, **values, **_limits(book, key)) for key in told["keys"]
        )
    return Said(zh=said["zh"], en=said["en"])


def _values(
    book: RuleBook, told: Mapping[str, Any], organisations: Mapping[int, str], tongue: str
) -> dict[str, object]:
    values: dict[str, object] = {key: value for key, value in told.items() if key != "keys"}
    values["reach_m"] = f"{book.thresholds.reach_m:g}"
    if "area_m2" in values:
        values["area_m2"] = f"{values['area_m2']:,}"
    if "organisation" in values:
        number = told["organisation"]
        unnamed = "某组织" if tongue == "zh" else "an organisation"
        values["organisation"] = organisations.get(number, f"#{number}") if number else unnamed
    if word := lists()["coverage_methods"].get(told.get("method", "")):
        values["method"] = word.zh if tongue == "zh" else word.en
    return values


def _limits(book: RuleBook, key: str) -> dict[str, object]:
    if key == "survey_old":
        return {"months": book.months.survey}
    if key == "evidence_old":
        return {"months": book.months.evidence}
    limits = book.thresholds
    return {"most": limits.joint_max_units if key == "joint_too_large" else limits.branch_most_members}


def many(book: RuleBook, code: str, units: int, workers: float) -> Said:
    """What is said of a place that holds so many units of a state."""
    told = book.codes[code]
    values = {"units": units, "workers": round(workers), "must_form_members": book.thresholds.must_form_members}
    return Said(zh=told.many_zh.format_map(values), en=told.many_en.format_map(values))
