"""One point's assignment in words: what decided, how far the border is, which other leaves it may be."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.assignments import RULES, CityIndex, Rule, assign
from geo.crs import snap
from geo.settings import settings
from geo.space.cells.spreads import Kind


def explain(
    city: CityIndex,
    lonlat: tuple[float, float],
    *,
    accuracy_m: float | None = None,
    tolerance_m: float | None = None,
    spread: Kind = "disc",
) -> dict[str, Any]:
    """One point's assignment with its reasons, ready for JSON.

    Parameters
    ----------
    city
        The edition that answers.
    lonlat
        Degrees WGS 84, longitude first.
    accuracy_m
        Metres, when known.
    tolerance_m
        As for :func:`assign`.
    spread
        What ``accuracy_m`` means, as for :meth:`GridIndex.shares`: a disc, or the 68 % of a normal distribution.

    Returns
    -------
    dict
        ``areas`` (city to grid: level, code, name; empty when unassigned), ``grid`` (code, name, kind; or None),
        ``edition``, ``rule``, ``border_m`` (outside: metres to the city), ``is_doubtful``, ``probability``,
        ``candidates`` (code, name, probability; descending), ``nearest`` (code and name of the nearest area, metres;
        only outside) and ``explain`` with ``zh`` and ``en``.
    """
    tolerance_m = settings().border_tolerance_m if tolerance_m is None else tolerance_m
    points = np.array([lonlat], dtype=np.float64)
    made = assign(city, points, tolerance_m=tolerance_m)
    position, nearest = int(made.position[0]), int(made.nearest[0])
    rule = Rule(int(made.rule[0]))
    border_m = None if np.isnan(made.border_m[0]) else round(float(made.border_m[0]), 2)
    chain = city.chain(position) if position >= 0 else []
    likely = city.index.candidates(snap(points), accuracy_m or 0.0, spread)[0] if rule is not Rule.NO_POSITION else []
    probability = _probability_of(position, likely) if accuracy_m and rule is not Rule.NO_POSITION else 1.0
    found: dict[str, Any] = {
        "areas": [{"level": step.level, "code": step.code, "name": step.name} for step in chain],
        "grid": None,
        "edition": city.edition.number,
        "rule": rule.key,
        "border_m": border_m,
        "is_doubtful": probability < settings().doubtful_below,
        "probability": round(probability, 4),
        "candidates": _named(city, likely),
        "nearest": None,
    }
    if chain:
        grid = chain[-1]
        found["grid"] = {"code": grid.code, "name": grid.name, "kind": str(city.leaves.kinds[position])}
    if rule is Rule.OUTSIDE and nearest >= 0:
        code, name = city.names[int(city.leaves.parent_ids[nearest])]
        found["nearest"] = {"code": code, "name": name, "distance_m": border_m}
    found["explain"] = _in_words(rule, found, accuracy_m, tolerance_m)
    return found


def _probability_of(position: int, likely: list[tuple[int, float]]) -> float:
    """That a point lies in the leaf that holds it, or outside where none does."""
    return dict(likely).get(position, 0.0) if position >= 0 else 1.0 - sum(share for _, share in likely)


def _named(city: CityIndex, likely: list[tuple[int, float]]) -> list[dict[str, Any]]:
    """The leaves one point may lie in: code, name, probability, descending."""
    leaves = city.leaves
    return [
        {"code": str(leaves.codes[at]), "name": str(leaves.names[at]), "probability": round(share, 4)}
        for at, share in likely
    ]


def _in_words(rule: Rule, found: dict[str, Any], accuracy_m: float | None, tolerance_m: float) -> dict[str, str]:
    words, border_m = RULES[rule], found["border_m"]
    zh, en = [words.zh], [words.en]
    if found["grid"]:
        grid = found["grid"]
        zh.append(f"{grid['code']} {grid['name']}，距最近边界 {border_m} 米（容差 {tolerance_m:g} 米）")
        en.append(f"{grid['code']} {grid['name']}, {border_m} m from the nearest border (tolerance {tolerance_m:g} m)")
    if found["nearest"]:
        near = found["nearest"]
        zh.append(f"最近的是 {near['code']} {near['name']}，相距 {border_m} 米")
        en.append(f"nearest is {near['code']} {near['name']}, {border_m} m away")
    if found["is_doubtful"]:
        share, limit = found["probability"], settings().doubtful_below
        zh.append(f"定位精度 ±{accuracy_m:g} 米，可能性 {share:.0%}，低于 {limit:.0%}，存疑")
        en.append(f"accuracy ±{accuracy_m:g} m makes this {share:.0%} likely, below {limit:.0%}: doubtful")
    return {"zh": "；".join(zh) + "。", "en": "; ".join(en) + "."}
