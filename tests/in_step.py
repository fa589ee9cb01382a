"""Whether all that is stored is in step with one edition, counted by PostGIS and proved by edges, in one snapshot."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from geo import areas, editions
from geo.areas import Edition
from geo.space.division import Division
from geo.space.partition import faults, whole_of

OF_EACH_LEAF = """
    SELECT coalesce(leaf.id, 0), count(*) FROM incidents AS one LEFT JOIN LATERAL (
        SELECT grids.id FROM grids JOIN codes USING (id)
        WHERE grids.last_edition IS NULL AND grids.geom && one.geom AND ST_Covers(grids.geom, one.geom)
        ORDER BY codes.code COLLATE "C" LIMIT 1
    ) AS leaf ON true GROUP BY 1"""
"""Statement that counts the incidents in each leaf in force, by its id; 0 for none."""
ASTRAY = {
    "incidents": """
        SELECT count(*) FROM incidents AS one LEFT JOIN LATERAL (
            SELECT grids.id, grids.parent_id FROM grids JOIN codes USING (id)
            WHERE grids.last_edition IS NULL AND grids.geom && one.geom AND ST_Covers(grids.geom, one.geom)
            ORDER BY codes.code COLLATE "C" LIMIT 1
        ) AS leaf ON true
        WHERE (one.grid_now, one.community_id) IS DISTINCT FROM (leaf.id, leaf.parent_id)
          AND NOT EXISTS (SELECT FROM laggards WHERE grid_id = one.grid_now AND edition > one.edition_now)""",
    "buildings": """
        SELECT count(*) FROM buildings AS one LEFT JOIN LATERAL (
            SELECT max(ST_Area(ST_Intersection(grids.geom, one.geom))) AS most,
                   max(ST_Area(ST_Intersection(grids.geom, one.geom))) FILTER (WHERE grids.id = one.grid_id) AS own
            FROM grids WHERE grids.last_edition IS NULL AND grids.geom && one.geom
        ) AS share ON true
        WHERE one.grid_id IS NOT NULL AND coalesce(share.own, 0) < share.most * 0.999999""",
    "rows of editions that never came": """
        SELECT count(*) FROM (
            SELECT first_edition, last_edition FROM grids UNION ALL SELECT first_edition, last_edition FROM areas
        ) AS every WHERE greatest(first_edition, last_edition) > (SELECT max(number) FROM editions)""",
    "plans that disagree with the editions": """
        SELECT count(*) FROM plans FULL JOIN (SELECT * FROM editions WHERE origin->>'kind' = 'plan') AS theirs
            ON theirs.number = plans.edition AND theirs.origin->>'plan' = plans.id::text
        WHERE (plans.state = 'in_force') <> (theirs.number IS NOT NULL) OR plans.id IS NULL""",
    "editions without their audit entry": """
        SELECT count(*) FROM editions WHERE number NOT IN (
            SELECT CAST(detail->>'edition' AS int) FROM audit_events WHERE action = 'publish')""",
}
"""Statements that count what is not as the edition in force says; incidents that are noted to lag are on their way."""


def astray(connection: sa.Connection) -> dict[str, int]:
    """How many rows of each kind are out of step; all 0 where everything is in step."""
    return {what: int(connection.scalar(sa.text(query)) or 0) for what, query in ASTRAY.items()}


def whole(connection: sa.Connection) -> tuple[Edition, Division]:
    """The edition in force and its division; raises AssertionError where that is a mixture or has a fault."""
    edition = areas.current(connection)
    division = editions.stored(connection, edition)
    assert len(division.leaf_codes) == edition.leaves, (edition, len(division.leaf_codes))
    outline = division.area_shapes[division.area_levels == 0][0]
    found = faults(division.leaf_shapes, outline)
    assert not found, (edition, found)
    return edition, division


def united(division: Division) -> None:
    """Raise AssertionError where an area is not the union of its leaves, vertex by vertex."""
    for code, ground in zip(division.area_codes, division.area_shapes, strict=True):
        inside = np.isin(division.leaf_parents, division.area_codes[division.areas_within(str(code))])
        union = whole_of(division.leaf_shapes[inside])
        assert ground.normalize().equals_exact(union.normalize(), 0), code
