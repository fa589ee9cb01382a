"""What the house holds as JSON has it: days and instants as texts, dataclasses by their fields."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any

_AS_THEY_ARE = (str, int, float, bool, type(None))


def plain_of(value: Any) -> Any:
    """``value`` in lists, texts, numbers and objects."""
    kind: Any = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if (names := _names(kind)) is not None:
        return {name: plain_of(getattr(value, name)) for name in names}
    if isinstance(value, date):  # an instant is a date too
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain_of(one) for one in value]
    if isinstance(value, dict):
        return {name: plain_of(one) for name, one in value.items()}
    return value


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """Names of the fields of a dataclass; None for another type."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


def cell_of(value: Any) -> Any:
    """A cell of a table that no table program takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
