"""A change as JSON has it: its kind, and its members by name, geometries as GeoJSON in degrees WGS 84."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, cast, get_args, get_type_hints

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.errors import Refused, near, shown
from geo.space.redraw import changes
from geo.space.redraw.changes import Change

KINDS: dict[str, type[Change]] = {
    "split": changes.Split,
    "merge": changes.Merge,
    "transfer": changes.Transfer,
    "move_border": changes.MoveBorder,
    "cut_dedicated": changes.CutDedicated,
    "dissolve": changes.Dissolve,
    "reparent": changes.Reparent,
    "rename": changes.Rename,
    "recode": changes.Recode,
    "annex": changes.Annex,
    "cede": changes.Cede,
}
_NAMES = {kind: name for name, kind in KINDS.items()}
assert set(KINDS.values()) == set(get_args(Change))


def written(change: Change) -> dict[str, Any]:
    """A change as JSON; :func:`read` gives the same change back."""
    members = {field.name: _plain(getattr(change, field.name)) for field in fields(change)}
    return {"kind": _NAMES[type(change)], **members}


def read(told: Mapping[str, Any]) -> Change:
    """The change that JSON tells.

    Raises
    ------
    Refused
        For a kind there is none of, a member that is missing, unknown or of another type, and a geometry that is none.
    """
    kind = told.get("kind")
    if kind not in KINDS:
        raise Refused(f"no change is a {shown(kind)}{near(str(kind), KINDS)}; there are {', '.join(KINDS)}")
    known = {field.name: field for field in fields(KINDS[kind])}
    for name in told.keys() - {"kind"} - known.keys():
        raise Refused(f"{kind} has no {shown(name)}{near(name, known)}; it has {', '.join(known)}")
    types = get_type_hints(KINDS[kind])
    members = {name: _member(kind, field, types[name], told) for name, field in known.items()}
    return KINDS[kind](**members)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseGeometry):
        return shapely.geometry.mapping(value)
    return list(value) if isinstance(value, tuple) else value


def _member(kind: str, field: Field[Any], wanted: Any, told: Mapping[str, Any]) -> Any:
    name = field.name
    if name not in told:
        if field.default is MISSING:
            raise Refused(f"{kind} needs {name}")
        return field.default
    for fits, make, _ in _FORMS[wanted]:
        if fits(told[name]):
            return make(told[name])
    words = " or ".join(word for _, _, word in _FORMS[wanted])
    raise Refused(f"{name} of {kind} is {shown(told[name])}; {words} is wanted")


def geometry(told: object) -> BaseGeometry:
    """The shape that GeoJSON tells, without heights. Raises Refused when it is none."""
    try:
        shape = shapely.geometry.shape(cast("dict[str, Any]", told))
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise Refused(f"a geometry that is no GeoJSON: {shown(told)}; {error}") from error
    return shapely.force_2d(shape)


def _is_texts(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(one, str) for one in told)


def _is_number(told: Any) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool)


_Form = tuple[Callable[[Any], bool], Callable[[Any], Any], str]
_TEXT: _Form = (lambda told: isinstance(told, str), str, "text")
_FORMS: dict[Any, tuple[_Form, ...]] = {
    str: (_TEXT,),
    str | None: (_TEXT, (lambda told: told is None, lambda _: None, "null")),
    float: ((_is_number, float, "a number"),),
    tuple[str, ...]: ((_is_texts, tuple, "a list of texts"),),
    BaseGeometry: ((lambda told: isinstance(told, dict), geometry, "a GeoJSON geometry"),),
}
"""For each type of member what fits it, how it is read, and what is said where nothing fits."""
