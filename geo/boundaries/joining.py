"""Rows that are one: a row given twice is folded, parts of an area are joined, and totals repeated on them are told."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.arrays import Shapes, Texts
from geo.boundaries.findings import Finding
from geo.boundaries.members import Members, Rows
from geo.boundaries.reading import Boundaries
from geo.boundaries.shapes import stand_ins
from geo.boundaries.texts import used_columns
from geo.crs import area_m2

_CALLED = (("names", "名称", "names"), ("parents", "上级", "parents"), ("parent_names", "上级", "parents"))
_COUNT = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_NUMBERING = re.compile(
    r"(^|_|\b)(code|id|fid|gid|oid|objectid|no|nr|num|number|numb|year|date|order|sort|index|zip|fips)\d*($|_|\b)"
    "|id$|code$|编码|代码|编号|序号|排序|年份|年度|日期|邮编|电话",
    re.IGNORECASE,
)
_CODE_DIGITS, _CODE_BEGINNING = (
    5,
    2,
)  # whole numbers of one length, this long, that begin with the same digits, are codes


# -- rows of one code --------------------------------------------------------------------------------------------------
def folded_rows(members: Members) -> tuple[Members, list[Finding]]:
    """Members with each row that repeats another left out: same code, name and parent, and the same ground.

    Two rows without ground are the same too. The first row stays and carries the numbers of all.
    """
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    bounds = np.nan_to_num(shapely.bounds(members.shapes)).round(8)  # what is the same ground has the same bounds
    for at in range(len(members)):
        called = (members.codes[at], *(getattr(members, field)[at] for field, _, _ in _CALLED))
        groups[(*called, *bounds[at].tolist())].append(at)
    rows, drop, findings = list(members.rows), set(), []
    for group in groups.values():
        for same in _same_ground(members, group) if len(group) > 1 else []:
            first, rest = same[0], same[1:]
            rows[first] = tuple(row for at in same for row in members.rows[at])
            drop |= set(rest)
            findings.append(_repeated(members, first, rows[first]))
    if not drop:
        return members, findings
    whole = replace(members, rows=tuple(rows))
    return whole.taken([at for at in range(len(members)) if at not in drop]), findings


def _same_ground(members: Members, group: list[int]) -> list[list[int]]:
    """Positions that hold the same ground, each with its twins, where there are any."""
    shapes = stand_ins(members.shapes[group])
    sets: list[list[int]] = []
    for at in range(len(group)):
        twins = next((one for one in sets if _equal(shapes[one[0]], shapes[at])), None)
        if twins is None:
            sets.append([at])
        else:
            twins.append(at)
    return [[group[at] for at in one] for one in sets if len(one) > 1]


def _equal(one: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(one.is_empty and other.is_empty) or bool(shapely.equals(one, other))


def _repeated(members: Members, at: int, rows: Rows) -> Finding:
    listed, called = ", ".join(map(str, rows)), members.called(at)
    return members.found(
        "rows_repeated",
        at,
        (
            f"{called} 的第 {listed} 行编码、名称、上级与范围完全相同；只取第 {rows[0]} 行，应删去其余",
            f"rows {listed} of {called} have the same code, name, parent and ground; row {rows[0]} is taken once; "
            "drop the others",
        ),
        rows=rows,
        where=members.shapes[at],
    )


def joined_parts(members: Members) -> tuple[Members, list[Finding]]:
    """Members with rows of the same code joined where they are one area in several parts.

    One area: same code, name and parent, and no common ground. Any other repeat is an error, and the rows stay.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for at, code in enumerate(members.codes):
        if code:
            places[str(code)].append(at)
    repeats = [group for group in places.values() if len(group) > 1]
    findings, drop, shapes, rows = [], set(), members.shapes.copy(), list(members.rows)
    for group in repeats:
        if why := _apart(members, group):
            findings += [_duplicate(members, group[0], at, why) for at in group[1:]]
            continue
        first, all_rows = group[0], tuple(row for at in group for row in members.rows[at])
        findings.append(_parts(members, first, all_rows))
        shapes[first] = _together(members.shapes[group])
        rows[first] = all_rows
        drop |= set(group[1:])
    if not drop:
        return members, findings
    whole = replace(members, shapes=shapes, rows=tuple(rows))
    return whole.taken([at for at in range(len(members)) if at not in drop]), findings


def _together(shapes: Shapes) -> BaseGeometry:
    """Parts as one multipolygon, united where they touch along a line."""
    united: BaseGeometry = shapely.union_all(shapes)
    return united if united.is_valid else shapely.MultiPolygon(list(shapely.get_parts(shapes)))


def _apart(members: Members, group: list[int]) -> tuple[str, str] | None:
    """Why rows of one code are not one area: Chinese and English; None when they are."""
    for name, zh, en in _CALLED:
        values = list(dict.fromkeys(str(getattr(members, name)[at]) for at in group))
        if len(values) > 1:
            return f"{zh}不同（{'、'.join(values)}）", f"their {en} differ ({', '.join(values)})"
    shapes = stand_ins(members.shapes[group])
    if shapely.is_empty(shapes).any():
        return "其中有行没有几何", "one of them has no ground"
    total, united = float(area_m2(shapes).sum()), shapely.union_all(shapes)
    common = total - float(area_m2(np.asarray([united], dtype=object))[0])
    if common > 1e-6 * total:
        return f"范围重叠 {common:,.2f} m²", f"they overlap by {common:,.2f} m²"
    return None


def _duplicate(members: Members, first: int, at: int, why: tuple[str, str]) -> Finding:
    code, one, other = members.codes[at], members.rows[first], members.rows[at]
    return members.found(
        "code_duplicate",
        at,
        (
            f"编码 {code} 在第 {one[0]} 行与第 {other[0]} 行重复，且{why[0]}；每个编码只能属于一个区域",
            f"code {code} is given to rows {one[0]} and {other[0]}, and {why[1]}; a code belongs to one area",
        ),
        rows=one + other,
        codes=(str(code), str(code)),
        where=members.shapes[at],
    )


def _parts(members: Members, at: int, rows: Rows) -> Finding:
    code, listed = members.codes[at], ", ".join(map(str, rows))
    return members.found(
        "parts_joined",
        at,
        (
            f"编码 {code} 出现 {len(rows)} 次（第 {listed} 行），名称、上级相同且互不重叠；合为一个区域的多个部分",
            f"code {code} occurs {len(rows)} times (rows {listed}) with the same name and parent and no common ground; "
            "the rows are joined as parts of one area",
        ),
        rows=rows,
        where=members.shapes[at],
    )


# -- totals ------------------------------------------------------------------------------------------------------------
def totals_repeated(layer: Boundaries, joined: Collection[str]) -> Iterable[Finding]:
    """A finding for each column of counts that says the same on every row of each area that comes in several rows.

    Such a column holds the total of the area, and a sum over the rows counts it once too often for each further row.
    Columns of codes, numbers and years are no counts; nor are those that differ between the rows of any one area.

    Parameters
    ----------
    joined
        Codes of the areas that several rows were joined to.
    """
    places = {code: np.flatnonzero(layer.codes == code).tolist() for code in joined}
    groups = [at for at in places.values() if len(at) > 1]
    if not groups:
        return
    used = used_columns(layer)
    for column, values in layer.texts.items():
        if column in used or _NUMBERING.search(column):
            continue
        counts = _counts(values)
        if counts is None or not _are_totals(counts, groups):
            continue
        wrong = sum(counts, Decimal())
        right = wrong - sum((counts[group[0]] * (len(group) - 1) for group in groups), Decimal())
        yield _totals(layer, column, groups, (right, wrong))


def _counts(values: Texts) -> list[Decimal] | None:
    """A column as numbers, 0 where it is blank; None when it holds words, codes or nothing but one value."""
    said = [str(value) for value in values if value != ""]
    if not said or not all(_COUNT.fullmatch(one) for one in said) or len(set(said)) == 1 < len(said) - 1:
        return None
    alike = len({len(one) for one in said}) == 1 and len({one[:_CODE_BEGINNING] for one in said}) == 1
    if alike and len(said[0]) >= _CODE_DIGITS and "." not in said[0]:
        return None
    return [Decimal(str(value) or "0") for value in values]


def _are_totals(counts: Sequence[Decimal], groups: Sequence[Sequence[int]]) -> bool:
    """Whether every area says one thing on all its rows, and any of them more than nothing."""
    same = all(counts[a] == counts[b] for group in groups for a, b in pairwise(group))
    return same and any(counts[group[0]] for group in groups)


def _totals(
    layer: Boundaries, column: str, groups: Sequence[Sequence[int]], sums_of: tuple[Decimal, Decimal]
) -> Finding:
    rows = tuple(int(layer.rows[at]) for group in groups for at in group)
    codes = tuple(str(layer.codes[group[0]]) for group in groups)
    n, sums = len(groups), [_written(one) for one in sums_of]
    return Finding(
        "totals_repeated",
        f"列 {column} 在分成多行的 {n} 个区域（{len(rows)} 行）上重复写了整个区域的数；合计应为 {sums[0]}，"
        f"逐行相加则为 {sums[1]}；每个区域只应计一次",
        f"column {column} repeats the figure of the whole area on every row of {n} areas in several rows "
        f"({len(rows)} rows); the sum is {sums[0]}, and {sums[1]} when every row is added; count each area once",
        file=layer.label,
        level=layer.key,
        rows=rows,
        codes=codes,
    )


def _written(figure: Decimal) -> str:
    """A figure with commas and without idle zeros behind the point."""
    said = f"{figure:,f}"
    return said.rstrip("0").rstrip(".") if "." in said else said
