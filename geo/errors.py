"""How GridAtlas says no: one family of errors, each with what was wrong, the value, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def near(wrong: str, known: Iterable[str]) -> str:
    """Hint with the nearest known word, or nothing."""
    found = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""


def shown(value: object, most: int = 80) -> str:
    """A value as a message shows it: in quotes, cut off after ``most`` letters."""
    told = repr(value)
    return told if len(told) <= most else f"{told[:most]} …"


class GeoError(Exception):
    """A refusal in words a person can act on.

    Parameters
    ----------
    detail
        What was wrong, the value, and what would be right.
    where
        The place to look at, lon/lat degrees (EPSG:4326); None when there is none.
    zh
        The same in Chinese; "" where it is told in English alone.
    """

    def __init__(self, detail: str, *, where: BaseGeometry | None = None, zh: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.where = where
        self.zh = zh


class Unknown(GeoError):
    """What was asked for does not exist."""


def no_such_code(code: str, edition: int, *, is_given: bool) -> Unknown:
    """What an edition says that has no area and no grid of a code; whether another edition has is told too."""
    en, zh = ("was retired or came later", "已停用，或后来才有") if is_given else ("was never given", "从未有过")
    return Unknown(
        f"no area or grid {code!r} in edition {edition}: the code {en}",
        zh=f"第 {edition} 版没有编码为 {code!r} 的区域或网格：{zh}",
    )


class Refused(GeoError):
    """The request is understood and cannot be carried out as it stands."""


class Broken(Refused):
    """The leaves would no longer divide the city; ``where`` shows the faults."""


class Misjudged(Refused):
    """A file that was handed in is wrong.

    Parameters
    ----------
    findings
        All that was found in it, the worst first.
    """

    def __init__(self, detail: str, findings: Sequence[Any] = (), *, where: BaseGeometry | None = None) -> None:
        super().__init__(detail, where=where)
        self.findings = findings


class Denied(GeoError):
    """The actor may not do this."""


class Stale(GeoError):
    """The ground has changed since the request was prepared."""


class TooMuch(GeoError):
    """More was asked for than one request may carry."""


class Unavailable(GeoError):
    """Something the answer needs is not there now.

    Parameters
    ----------
    retry_after_s
        Seconds after which asking again makes sense.
    """

    def __init__(self, detail: str, *, where: BaseGeometry | None = None, retry_after_s: int = 5) -> None:
        super().__init__(detail, where=where)
        self.retry_after_s = retry_after_s
