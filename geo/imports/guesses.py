"""What the columns of a file seem to be, each guess with its reason. The datum is never among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from geo.areas import City
from geo.boundaries.texts import KINDS
from geo.imports.kinds import Guess, guessed

_SAME = 0.95  # of a column's values that must have the form

NAMES: dict[str, tuple[str, ...]] = {
    "code": (
        *(
            "code",
            "编码",
            "代码",
            "网格编码",
            "网格代码",
            "网格编号",
            "社区编码",
            "社区代码",
            "行政区划代码",
            "区划代码",
        ),
        *("gridcode", "gridid", "areacode", "xzqdm", "xzqhbm", "dm", "bm", "编号", "id", "objectcode"),
    ),
    "name": (
        *("name", "名称", "网格名称", "网格名", "社区名称", "社区名", "街道名称", "区划名称", "xzqmc", "mc"),
        *("gridname", "areaname", "title", "label"),
    ),
    "parent": (
        *("parent", "parentcode", "上级编码", "上级代码", "所属社区编码", "所属社区代码", "社区编码", "社区代码"),
        *("communitycode", "community", "sssq", "上级"),
    ),
    "parent_name": ("parentname", "所属社区", "社区名称", "所属街道", "上级名称", "社区", "街道"),
    "kind": ("kind", "类型", "网格类型", "类别", "gridtype", "type"),
}
"""Fields of boundaries and what files call them, the most telling first."""


def of_boundaries(columns: Mapping[str, Sequence[str]], city: City | None) -> Guess:
    """Level, code, name, parent and kind, as far as the columns tell; each column serves one field."""
    made = _by_codes(columns, city) if city is not None else {}
    for field, names in NAMES.items():
        taken = {one["value"] for one in made.values()}
        free = {name: values for name, values in columns.items() if name not in taken}
        column = None if field in made else _called(names, free)
        if column is not None and (field != "kind" or _are_kinds(free[column])):
            made[field] = guessed(column, f"列名 {column}", f"called {column}")
    if "parent" in made:
        made.pop("parent_name", None)
    return made


def _by_codes(columns: Mapping[str, Sequence[str]], city: City) -> Guess:
    """Code, level and parent, told by values that have the length of the city's codes; nothing where none do."""
    found = _by_length(columns, city)
    if found is None:
        return {}
    column, level = found
    digits, words = city.code_lengths[level], city.levels[level]
    made = {
        "code": guessed(column, f"{digits} 位：{words.zh}编码的长度", f"{digits} digits: a code of a {words.en}"),
        "level": guessed(words.key, f"编码 {digits} 位", f"its codes have {digits} digits"),
    }
    if above := _parent_by_length(columns, column, city, level):
        made["parent"] = guessed(above, "值是编码的开头", "its values begin the codes")
    return made


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " _-.")


def _called(names: Sequence[str], columns: Mapping[str, Sequence[str]]) -> str | None:
    plain = {_plain(column): column for column in reversed(list(columns))}
    return next((plain[name] for name in names if name in plain), None)


def _share(values: Sequence[str], fits: Callable[[str], bool]) -> float:
    told = [value for value in values if value]
    return sum(map(fits, told)) / len(told) if told else 0.0


def _by_length(columns: Mapping[str, Sequence[str]], city: City) -> tuple[str, int] | None:
    """The column whose values have the length of a level's codes and differ, and that level: the deepest there is."""
    for level in range(city.grid_level, 0, -1):
        digits = city.code_lengths[level] if city.code_lengths else 0
        for column, values in columns.items():
            told = [value for value in values if value]
            if digits and _share(values, _has_digits(digits)) >= _SAME and len(set(told)) >= _SAME * len(told):
                return column, level
    return None


def _has_digits(number: int) -> Callable[[str], bool]:
    return lambda value: len(value) == number and value.isdigit()


def _parent_by_length(columns: Mapping[str, Sequence[str]], code: str, city: City, level: int) -> str | None:
    digits = city.code_lengths[level - 1]
    if level < 2 or not digits:
        return None
    for column, values in columns.items():
        pairs = [(value, child) for value, child in zip(values, columns[code], strict=True) if value]
        begins = [len(value) == digits and child.startswith(value) for value, child in pairs]
        if column != code and begins and sum(begins) >= _SAME * len(begins):
            return column
    return None


def _are_kinds(values: Sequence[str]) -> bool:
    return _share(values, lambda value: value.lower() in KINDS) >= _SAME
