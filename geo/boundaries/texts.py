"""Judgement of the words in a file: damaged text, colliding columns, blank names, kinds nobody knows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from geo.arrays import Texts
from geo.boundaries.findings import Finding
from geo.boundaries.reading import Boundaries

_DAMAGED = re.compile("\ufffd|[\ue000-\uf8ff]|\\?{2,}|(?<=[\u3400-\u9fff])\\?|\\?(?=[\u3400-\u9fff])|[\x80-\x9f]")
_CJK = re.compile("[\u3400-\u9fff]")
_FOREIGN = re.compile("[^\x00-\x7f]")
_MOJIBAKE_SHARE = 0.8  # of a column's foreign words that would read as Chinese under another encoding

_TRIES: list[tuple[str, Callable[[str], str]]] = [
    ("UTF-8", lambda text: text.encode("latin-1").decode("utf-8")),
    ("UTF-8", lambda text: text.encode("cp1252").decode("utf-8")),
    ("UTF-8", lambda text: text.encode("gb18030").decode("utf-8")),
    ("GBK", lambda text: text.encode("latin-1").decode("gb18030")),
]
"""The encoding that would have been right, and how a text that was read under another is read under it."""

KINDS = {
    "": "comprehensive",
    "comprehensive": "comprehensive",
    "综合": "comprehensive",
    "综合网格": "comprehensive",
    "dedicated": "dedicated",
    "专属": "dedicated",
    "专属网格": "dedicated",
    "fallback": "fallback",
    "兜底": "fallback",
    "兜底网格": "fallback",
}
"""What files call the kinds of grids, and what they are."""


def judge_texts(found: Boundaries) -> list[Finding]:
    """Everything wrong with the words of one layer."""
    return [*_collisions(found), *_damage(found), *_blank_names(found), *_kinds(found)]


def _collisions(found: Boundaries) -> Iterable[Finding]:
    same: dict[str, list[str]] = defaultdict(list)
    for name in found.columns:
        same[name.casefold()].append(name)
    used = used_columns(found)
    for names in same.values():
        if len(names) > 1:
            read = next((name for name in names if name in used), None)
            yield Finding(
                "columns_collide",
                f"列 {'、'.join(names)} 只有大小写不同，在 GeoPackage、PostGIS、Shapefile 中会互相覆盖；应改名"
                + (f"（此处按原样读取 {read}）" if read else ""),
                f"columns {', '.join(names)} differ in case only and collide in GeoPackage, PostGIS and Shapefile; "
                "rename one" + (f" ({read} is read, exactly as written)" if read else ""),
                file=found.label,
                level=found.key,
            )


def used_columns(found: Boundaries) -> set[str]:
    """The columns that the sources name, for whatever purpose."""
    source = found.source
    named = [source.code, source.name, source.name_en, source.parent, source.parent_name, source.kind]
    wholes = [one for one in (*named, *source.ancestors.values(), *source.ancestor_names.values()) if one]
    return {part for one in wholes for part in (re.findall(r"\{([^{}]+)\}", one) or [one])}


def _damage(found: Boundaries) -> Iterable[Finding]:
    used = used_columns(found)
    for column, values in found.texts.items():
        severity = "error" if column in used else "warning"
        if right := mojibake(values):
            first = next(at for at, value in enumerate(values) if _FOREIGN.search(value))
            yield _damaged(found, first, column, f"encoding = {right}", severity)
            continue
        for at, value in enumerate(values):
            if is_damaged(value):
                yield _damaged(found, at, column, "", severity)


def _damaged(found: Boundaries, at: int, column: str, right: str, severity: str) -> Finding:
    value = found.texts[column][at]
    zh = f"列 {column} 的文字 “{value}” 已被错误编码损坏；" + (f"应声明 {right}" if right else "应在源数据中改正")
    en = f"column {column} holds {value!r}, text damaged by a wrong encoding; " + (
        f"declare {right}" if right else "correct it in the source"
    )
    return Finding(
        "text_damaged",
        zh,
        en,
        severity=severity,
        file=found.label,
        level=found.key,
        rows=(int(found.rows[at]),),
        codes=(str(found.codes[at]),),
    )


def mojibake(values: Texts) -> str | None:
    """The encoding under which a column's words would be Chinese; None when they are as they should be.

    A column is judged as a whole: one word may look like anything.
    """
    foreign = [value for value in {str(one) for one in values} if _FOREIGN.search(value)]
    if not foreign:
        return None
    for right, read in _TRIES:
        if np.mean([_reads(text, read) for text in foreign]) >= _MOJIBAKE_SHARE:
            return right
    return None


def restored(values: Texts) -> Texts | None:
    """A column of mojibake as it was meant; None when it is none, or when not every word can be undone for sure."""
    foreign = {value for value in map(str, values) if _FOREIGN.search(value)}
    right = mojibake(values)
    for name, read in _TRIES:
        if name == right and all(_reads(text, read) for text in foreign):
            words = {text: read(text) for text in foreign}
            if not any(map(is_damaged, words.values())):
                return np.asarray([words.get(str(value), str(value)) for value in values], dtype=object)
    return None


def is_damaged(text: str) -> bool:
    """Whether a text holds signs that only a wrong encoding leaves."""
    return bool(_DAMAGED.search(text))


def _reads(text: str, read: Callable[[str], str]) -> bool:
    try:
        again = read(text)
    except (UnicodeEncodeError, UnicodeDecodeError):
        return False
    return bool(_CJK.search(again)) and again != text


def _blank_names(found: Boundaries) -> Iterable[Finding]:
    if found.source.name is None:
        return
    for at in np.flatnonzero(found.names == ""):
        yield Finding(
            "name_blank",
            f"第 {found.rows[at]} 行没有名称（列 {found.source.name}）；应填写，发布时暂用其编码",
            f"row {found.rows[at]} has no name (column {found.source.name}); give it one; its code stands in",
            file=found.label,
            level=found.key,
            rows=(int(found.rows[at]),),
            codes=(str(found.codes[at]),),
        )


def _kinds(found: Boundaries) -> Iterable[Finding]:
    for at, kind in enumerate(found.kinds):
        if str(kind).lower() not in KINDS:
            yield Finding(
                "kind_unknown",
                f"网格类型 “{kind}” 未知；应为 综合、专属 或 兜底",
                f"kind {kind!r} is not known; right are comprehensive, dedicated or fallback",
                file=found.label,
                level=found.key,
                rows=(int(found.rows[at]),),
                codes=(str(found.codes[at]),),
            )
