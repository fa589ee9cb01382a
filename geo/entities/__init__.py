"""Entities: units, Party organisations, estates, posts … each declared once; table, import, question and layer follow.

It falls in this order: :mod:`fields` → :mod:`entity` (fields make a table) → :mod:`ground`, :mod:`organisations`,
:mod:`posts`, :mod:`counts`, :mod:`matters` (what there is) → :mod:`judging` → :mod:`loading`, and beside them
:mod:`searching`. Buildings, incidents and lines have houses of their own: their rows are many and of their own kind.
"""

from __future__ import annotations

from geo.entities.counts import COUNTS
from geo.entities.entity import Entity, Lies, make_table
from geo.entities.ground import GROUND
from geo.entities.matters import MATTERS
from geo.entities.organisations import TIES, UNITS_AND_ORGANISATIONS
from geo.entities.posts import POSTS
from geo.errors import Unknown

__all__ = ["ENTITIES", "Entity", "Lies", "named"]

ENTITIES: dict[str, Entity] = {
    one.key: one for one in (*UNITS_AND_ORGANISATIONS, *GROUND, *TIES, *POSTS, *COUNTS, *MATTERS)
}
"""Every entity by its key; each stands after what it refers to."""

TABLES = {key: make_table(entity) for key, entity in ENTITIES.items()}


def named(name: str) -> Entity:
    """The entity called ``name``, with hyphens or underscores.

    Raises
    ------
    Unknown
        When there is none.
    """
    slugs = {one.slug: one for one in ENTITIES.values()}
    found = slugs.get(name) or ENTITIES.get(name.replace("-", "_"))
    if found is None:
        raise Unknown(
            f"there is nothing called {name!r}; there are: {', '.join(one.slug for one in ENTITIES.values())}"
        )
    return found
