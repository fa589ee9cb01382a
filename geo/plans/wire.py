"""A change as JSON has it: its kind, and its members by name, geometries as GeoJSON in degrees WGS 84."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, asdict, fields, replace
from sys import float_info
from typing import Any, cast, get_args, get_type_hints

import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from geo.errors import Refused, near, shown
from geo.space.redraw import changes
from geo.space.redraw.changes import Change
from geo.space.redraw.members import COMPREHENSIVE
from geo.space.redraw.redividing import GivenArea, GivenLeaves, Redivide
from geo.space.redraw.scopes import GivenLeaf, ReplaceScope

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
    "replace_scope": ReplaceScope,
    "redivide": Redivide,
}
LONGEST_NAME = 200
"""Characters of a name that is given to a grid or an area."""
OF_FILES = frozenset({"redivide"})
"""Kinds that only files of boundaries make: what they ask for was judged with all that lies beside it."""
_NAMES = {kind: name for name, kind in KINDS.items()}
assert set(KINDS.values()) == set(get_args(Change))


def written(change: Change) -> dict[str, Any]:
    """A change as JSON; :func:`read` gives the same change back."""
    types = get_type_hints(type(change))
    members = {field.name: _plain(getattr(change, field.name), types[field.name]) for field in fields(change)}
    return {"kind": _NAMES[type(change)], **members}


def told(change: Change) -> dict[str, Any]:
    """A change as others are told it: as it is written, and of leaves of files, and their outline, the codes alone."""
    if not isinstance(change, Redivide):
        return written(change)
    given = {name: [one.code for one in getattr(change, name)] for name in ("leaves", "nodes", "areas")}
    gone = {"gone": list(change.gone), "gone_areas": list(change.gone_areas)}
    told = {"within": change.within, **given, **gone, "has_outline": change.outline is not None}
    return {"kind": _NAMES[Redivide], **{name: value for name, value in told.items() if value}}


def asked(told: object) -> Change:
    """The change that somebody asks for in JSON, names without blanks around and line breaks in them.

    Raises Refused as :func:`read`, for a kind that files make, text that cannot be stored, and a name that is too long.
    """
    if not isinstance(told, Mapping):
        raise Refused(
            f"a change is a JSON object with its kind and members; this is {shown(told)}",
            zh=f"变更要是有 kind 和各成员的 JSON 对象；这是 {shown(told)}",
        )
    if (kind := told.get("kind")) in [*OF_FILES]:
        raise Refused(
            f"{kind} is what files of boundaries ask for; import them", zh=f"{kind} 只由边界文件产生；请导入文件"
        )
    change = _tidied(read(told))
    for text in _texts(change):
        if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise Refused(
                f"{shown(text)} cannot be stored; text has no U+0000 and no half of a surrogate pair",
                zh=f"{shown(text)} 存不了：文字里不能有 U+0000 和半个代理对",
            )
    return change


def _tidied(change: Change) -> Change:
    """Names that are given, fit to be read on a map; those of leaves stay as their file has them."""
    if isinstance(change, changes.Split):
        return replace(change, names=tuple(map(_tidy, change.names)))
    if isinstance(change, changes.CutDedicated | changes.Rename):
        return replace(change, name=_tidy(change.name))
    return change


def _tidy(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise Refused(
            f"the name {shown(name)} has {len(name)} characters; a grid or an area has {LONGEST_NAME} at most",
            zh=f"名称 {shown(name)} 有 {len(name)} 个字；网格和区域的名称至多 {LONGEST_NAME} 个字",
        )
    return " ".join(name.split())


def _texts(change: Change) -> Iterator[str]:
    """Every text of a change and its leaves."""
    for one in (change, *(change.leaves if isinstance(change, ReplaceScope) else ())):
        for value in vars(one).values():
            yield from (each for each in (value if isinstance(value, tuple) else [value]) if isinstance(each, str))


def read(told: Mapping[str, Any]) -> Change:
    """The change that JSON tells.

    Raises
    ------
    Refused
        For a kind there is none of, a member that is missing, unknown or of another type, and a geometry that is none.
    """
    kind = told.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(
            f"no change is a {shown(kind)}{near(str(kind), KINDS)}; there are {', '.join(KINDS)}",
            zh=f"没有 {shown(kind)} 这种变更；有 {', '.join(KINDS)}",
        )
    known = {field.name: field for field in fields(KINDS[kind])}
    for name in told.keys() - {"kind"} - known.keys():
        raise Refused(
            f"{kind} has no {shown(name)}{near(name, known)}; it has {', '.join(known)}",
            zh=f"{kind} 没有成员 {shown(name)}；有 {', '.join(known)}",
        )
    types = get_type_hints(KINDS[kind])
    members = {name: _member(kind, field, types[name], told) for name, field in known.items()}
    return KINDS[kind](**members)


def _plain(value: Any, type_: Any) -> Any:
    if isinstance(value, BaseGeometry):
        return shapely.geometry.mapping(value)
    if isinstance(value, GivenLeaves):
        return _columns(value)
    if type_ == tuple[GivenArea, ...]:
        return [asdict(one) for one in value]
    if type_ == tuple[GivenLeaf, ...]:
        return {"type": "FeatureCollection", "features": [_feature(one) for one in value]}
    return list(value) if isinstance(value, tuple) else value


def _member(kind: str, field: Field[Any], wanted: Any, told: Mapping[str, Any]) -> Any:
    name = field.name
    if name not in told:
        if field.default is MISSING:
            raise Refused(f"{kind} needs {name}", zh=f"{kind} 缺少 {name}")
        return field.default
    for fits, make, _ in _FORMS[wanted]:
        if fits(told[name]):
            return make(told[name])
    words = " or ".join(word for _, _, word in _FORMS[wanted])
    raise Refused(
        f"{name} of {kind} is {shown(told[name])}; {words} is wanted",
        zh=f"{kind} 的 {name} 是 {shown(told[name])}，类型不对；要 {words}",
    )


def geometry(told: object) -> BaseGeometry:
    """The shape that GeoJSON tells, without heights. Raises Refused when it is none, or is not on Earth."""
    try:
        with np.errstate(invalid="ignore"):  # what is not finite is refused below
            shape = shapely.force_2d(shapely.geometry.shape(cast("dict[str, Any]", told)))
    except (ShapelyError, ArithmeticError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise Refused(
            f"a geometry that is no GeoJSON: {shown(told)}; {str(error).strip()}",
            zh=f"不是 GeoJSON 几何：{shown(told)}；要有 type 和 coordinates",
        ) from error
    xy = shapely.get_coordinates(shape)
    off = xy[~(np.abs(xy) <= [180.0, 90.0]).all(axis=1)]
    if len(off):
        x, y = off[0].tolist()
        turned = abs(x) <= 90 and 90 < abs(y) <= 180
        hint = "; these are latitude first" if turned else ""
        raise Refused(
            f"a drawing in degrees WGS 84 is wanted, longitude first; {x:g}, {y:g} is not on Earth{hint}",
            zh=f"坐标 {x:g}, {y:g} 不在地球上；要 WGS 84 的度，经度在前{'，这里像是纬度在前' if turned else ''}",
        )
    return shape


def _feature(leaf: GivenLeaf) -> dict[str, Any]:
    words = {name: getattr(leaf, name) for name in _WORDS}
    return {"type": "Feature", "properties": words, "geometry": shapely.geometry.mapping(leaf.ground)}


def _leaves(told: Mapping[str, Any]) -> tuple[GivenLeaf, ...]:
    """The leaves that features tell; what else a feature has, as an exported one does, is passed over."""
    return tuple(_leaf(number, one) for number, one in enumerate(told["features"], 1))


def _leaf(number: int, told: Any) -> GivenLeaf:
    words = told.get("properties") if isinstance(told, dict) else None
    if not isinstance(words, dict):
        raise Refused(
            f"feature {number} of leaves is {shown(told)}; a GeoJSON feature with properties is wanted",
            zh=f"leaves 的第 {number} 个要素是 {shown(told)}；要带 properties 的 GeoJSON 要素",
        )
    given = {"name": "", "kind": COMPREHENSIVE} | {name: words[name] for name in _WORDS if words.get(name) is not None}
    for name in _WORDS:
        if not isinstance(given.get(name), str):
            raise Refused(
                f"{name} of feature {number} of leaves is {shown(given.get(name))}; text is wanted",
                zh=f"leaves 第 {number} 个要素的 {name} 是 {shown(given.get(name))}；要文字",
            )
    return GivenLeaf(**given, ground=geometry(told.get("geometry")))


def _columns(leaves: GivenLeaves) -> dict[str, Any]:
    """Leaves as columns, their grounds as one collection in WKB: a city's are too many to be spelt out."""
    words = {f"{name}s": [getattr(one, name) for one in leaves] for name in _WORDS}
    ground = shapely.GeometryCollection([one.ground for one in leaves])
    return {**words, "ground": b64encode(shapely.to_wkb(ground)).decode("ascii")}


def _from_columns(told: Mapping[str, Any]) -> GivenLeaves:
    """As :func:`_columns` wrote them."""
    grounds = shapely.get_parts(shapely.from_wkb(b64decode(told["ground"])))
    columns = [told[f"{name}s"] for name in _WORDS]
    return GivenLeaves(GivenLeaf(*words) for words in zip(*columns, grounds, strict=True))


def _areas(told: Iterable[Mapping[str, Any]]) -> tuple[GivenArea, ...]:
    return tuple(GivenArea(**one) for one in told)


def _is_collection(told: Any) -> bool:
    return isinstance(told, dict) and isinstance(told.get("features"), list)


def _is_texts(told: Any) -> bool:
    return isinstance(told, list) and all(isinstance(one, str) for one in told)


def _is_number(told: Any) -> bool:
    """Whether a float holds it: an integer of 400 digits is none."""
    return isinstance(told, int | float) and not isinstance(told, bool) and abs(told) <= float_info.max


_Form = tuple[Callable[[Any], bool], Callable[[Any], Any], str]
_WORDS = ("code", "name", "kind", "parent")
"""Properties of a feature that is a leaf."""
_NULL: _Form = (lambda told: told is None, lambda _: None, "null")
_TEXT: _Form = (lambda told: isinstance(told, str), str, "text")
_FORMS: dict[Any, tuple[_Form, ...]] = {
    str: (_TEXT,),
    str | None: (_TEXT, _NULL),
    float: ((_is_number, float, "a number"),),
    tuple[str, ...]: ((_is_texts, tuple, "a list of texts"),),
    tuple[str, ...] | None: ((_is_texts, tuple, "a list of texts"), _NULL),
    tuple[GivenLeaf, ...]: ((_is_collection, _leaves, "a GeoJSON FeatureCollection"),),
    GivenLeaves: ((lambda told: isinstance(told, dict), _from_columns, "columns of leaves"),),
    tuple[GivenArea, ...]: ((lambda told: isinstance(told, list), _areas, "a list of areas"),),
    BaseGeometry | None: ((lambda told: isinstance(told, dict), geometry, "a GeoJSON geometry"), _NULL),
    BaseGeometry: ((lambda told: isinstance(told, dict), geometry, "a GeoJSON geometry"),),
}
"""For each type of member what fits it, how it is read, and what is said where nothing fits."""
