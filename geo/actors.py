"""Who acts: the one who stands behind every question and every change."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Actor:
    """A person or a job as the doors know them.

    Parameters
    ----------
    name
        What is written beside every change.
    roles
        Any of ``planner``, ``dispatcher``, ``official``, ``operator``.
    scope
        Code of the area the rights are limited to; None for the whole city.
    """

    name: str
    roles: frozenset[str] = field(default_factory=frozenset)
    scope: str | None = None
