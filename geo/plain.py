"""What the house holds as JSON has it: days and instants as texts, dataclasses by their fields."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any


def plain_of(value: Any) -> Any:
    """``value`` in lists, texts, numbers and objects."""
    if isinstance(value, date):  # an instant is a date too
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain_of(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (list, tuple)):
        return [plain_of(one) for one in value]
    if isinstance(value, dict):
        return {name: plain_of(one) for name, one in value.items()}
    return value


def cell_of(value: Any) -> Any:
    """A cell of a table that no table program takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
