"""The values of an indicator as they travel to a page: columns, the classes of the legend, dates and sources."""

from __future__ import annotations

from typing import Any

import numpy as np

from geo.areas import Place
from geo.arrays import Floats
from geo.coverage.indicators import KNOWN_LEAST, Indicator, named
from geo.coverage.matrix import Matrix
from geo.coverage.runs import Run
from geo.coverage.values import Parts, Values, value_of
from geo.entities.lists import lists
from maps import palette

_DEGREE = 100_000  # places travel as whole hundred-thousandths of a degree: a metre, half the bytes
_LEFT = ("of", "among")
_DIGITS = {"share": 4, "per": 2, "count": 0}


def document(found: Values) -> dict[str, Any]:
    """``found`` as it travels: columns of one length, square metres as whole numbers, places as whole 1e-5 degrees.

    A column that the indicator does not have is left out.
    """
    city, indicator = found.city, found.indicator
    drawn = palette.classes(indicator, found.value)
    rows = _columns(found.places, with_bounds=found.level < city.grid_level) | _sized(found.sizes)
    if found.level == city.grid_level:
        rows["kind"] = [place.kind for place in found.places]
    above = _columns(found.above, with_bounds=True) | _sized(found.sizes_above)
    before = found.before
    left = int(bool(indicator.among) and "among" not in indicator.km2)
    return {
        "indicator": indicator.key,
        "about": about(indicator) | {"lowest": city.grid_level - indicator.depth},
        "edition": found.edition.number,
        "level": found.level,
        "level_key": city.levels[found.level].key,
        "classes": [{"colour": one.colour, "lower": one.lower, "upper": one.upper} for one in drawn],
        "known_least": KNOWN_LEAST,
        "dated": found.dated,
        "since": found.since or None,
        "until": found.until or None,
        "sources": found.sources,
        "left_over": _LEFT[left],
        "unplaced": round(found.elsewhere[left]),
        "held": round(found.held[left]),
        "run": _run(found.run) if found.run else None,
        "before": _run(before.run) if before else None,
        "rows": rows | parts(indicator, found.rows, before.rows if before else None) | _smoothed(found),
        "above": above | parts(indicator, found.upper, before.above if before else None),
        "beside": {
            key: {
                "about": about(named(key)),
                "since": found.days[key][0] or None,
                "until": found.days[key][1] or None,
                "rows": _two(key, of),
                "above": _two(key, upper),
            }
            for key, (of, upper) in found.beside.items()
        },
    }


def packed(told: dict[str, Any]) -> dict[str, Any]:
    """``told`` with what a row shares with the one before it or with its parent left out of ``rows``.

    ``step`` in place of ``id``: each id less the one before it. A ``code`` or ``name`` that begins with the parent's is
    what follows, and 1 in ``code_after`` or ``name_after`` (one number where all are the same).
    """
    rows, above = dict(told["rows"]), told["above"]
    parents = {number: at for at, number in enumerate(above["id"])}
    rows["step"] = np.diff(np.asarray(rows.pop("id"), dtype=np.int64), prepend=0).tolist()
    for name in ("code", "name"):
        heads = [above[name][parents[number]] if number in parents else "" for number in rows["parent"]]
        after = [int(bool(head) and text.startswith(head)) for text, head in zip(rows[name], heads, strict=True)]
        rows[name] = [text[len(head) * cut :] for text, head, cut in zip(rows[name], heads, after, strict=True)]
        rows[f"{name}_after"] = after[0] if len(set(after)) == 1 else after
    return told | {"rows": rows}


def about(indicator: Indicator) -> dict[str, Any]:
    """What a page has to know of an indicator to say a value of it."""
    return {
        "key": indicator.key,
        "zh": indicator.zh,
        "en": indicator.en,
        "short": indicator.short or [indicator.zh, indicator.en],
        "group": indicator.group,
        "kind": indicator.kind,
        "scale": indicator.scale,
        "words": {name: list(both) for name, both in indicator.words.items()},
        "dark": indicator.dark,
        "fixed": bool(indicator.breaks),
        "least": indicator.least,
        "smoothed": indicator.smoothed,
        "km2": indicator.km2,
    }


def parts(indicator: Indicator, told: Parts, before: Parts | None = None) -> dict[str, list[Any]]:
    """What an indicator adds up and its value, in columns; those of an earlier run as ``before_…``."""
    columns: dict[str, list[Any]] = {"value": _known(value_of(indicator, told), _DIGITS[indicator.kind])}
    columns["of"] = _whole(told.of)
    if indicator.among:
        columns["among"] = _whole(told.among)
    if indicator.unknown:
        columns |= {"unknown": _whole(told.unknown), "whole": _whole(told.whole)}
    if before is not None:
        columns |= {"before_of": _whole(before.of), "before_among": _whole(before.among)}
    return columns


def matrix_told(found: Matrix) -> dict[str, Any]:
    """A staffing matrix as it travels: each line with its name, and [filled, posts] full and part time."""
    words = lists()["staff_lines"]
    return {
        "lines": [
            {
                "zh": words[line].zh,
                "en": words[line].en,
                **{time: [one.filled, one.slots] for time, one in posts.items()},
            }
            for line, posts in found.lines.items()
        ],
        "grids": found.grids,
        "unrecorded": found.unrecorded,
        "until": found.until or None,
    }


def _two(key: str, told: Parts) -> dict[str, list[int | None]]:
    """The two parts of an indicator told beside another: its value follows from them."""
    both = {"of": _whole(told.of), "among": _whole(told.among)}
    return both if named(key).among else {"of": both["of"]}


def _smoothed(found: Values) -> dict[str, list[float | None]]:
    """Estimates and their intervals, to a thousandth: finer than any interval."""
    told = found.smoothed
    if told is None:
        return {}
    return {"smoothed": _known(told.share, 4), "low": _known(told.low, 3), "high": _known(told.high, 3)}


def _run(run: Run) -> dict[str, Any]:
    """What a page says of a run; one to come has no number."""
    return {"number": run.number or None, "day": run.day.isoformat(), "rules": run.version}


def _columns(places: list[Place], *, with_bounds: bool) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        "id": [place.id for place in places],
        "code": [place.code for place in places],
        "name": [place.name for place in places],
        "level": [place.level for place in places],
        "parent": [place.parent_id or 0 for place in places],
        "x": [round(place.label[0] * _DEGREE) for place in places],
        "y": [round(place.label[1] * _DEGREE) for place in places],
    }
    if with_bounds:
        columns["bounds"] = [[round(side * _DEGREE) for side in place.bounds] for place in places]
    return columns


def _sized(sizes: dict[str, Floats]) -> dict[str, list[int | None]]:
    return {name: _whole(size) for name, size in sizes.items()}


def _known(value: Floats, digits: int) -> list[float | int | None]:
    return [None if np.isnan(one) else _short(round(one, digits)) for one in value.tolist()]


def _short(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _whole(value: Floats) -> list[int | None]:
    return [None if np.isnan(one) else round(one) for one in value.tolist()]
