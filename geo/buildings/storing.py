"""A first load: buildings stored as they are read, but for those whose id comes again; nothing else is stored yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import functions as gis

from geo import marks
from geo.areas import Edition
from geo.arrays import Ints, Shapes
from geo.assignments import EditionGround, open_index
from geo.buildings import following, staging
from geo.buildings.findings import Told
from geo.buildings.footprints import NOUN, Footprints
from geo.buildings.placing import placed
from geo.buildings.seen import Seen
from geo.copying import Packed, copy_packed, numbers, packed
from geo.findings import LISTED
from geo.polygons import firsts
from geo.statements import statement
from geo.tables import buildings
from geo.turns import Turn, wait_for

_CONDITIONS = {"outside": buildings.c.grid_id.is_(None), "straddles": buildings.c.straddles}


def first_load(connection: sa.Connection, edition: Edition) -> FirstLoad | None:
    """The first load of a city, which no other file can disturb; None where buildings are stored."""
    if _are_stored(connection):
        return None
    wait_for(connection, Turn.BUILDING_FILES)
    return None if _are_stored(connection) else FirstLoad(connection, edition)


def _are_stored(connection: sa.Connection) -> bool:
    return bool(connection.scalar(sa.select(sa.exists().select_from(buildings))))


@dataclass(frozen=True, eq=False)
class Parcel:
    """Buildings on their way in: ``straight`` those that are stored at once, ``waiting`` those for the stage."""

    straight: Packed | None
    rows: Ints
    waiting: Footprints


class FirstLoad:
    """What a file stores at once; the id of each building is its row number and ``before`` on top of it."""

    def __init__(self, connection: sa.Connection, edition: Edition) -> None:
        self.connection, self.edition = connection, edition
        self.ground: EditionGround = open_index(connection, edition)
        self.before: int = connection.scalar(sa.text("SELECT nextval('buildings_id_seq') - 1")) or 0
        self.seen = Seen()
        self.number = 0

    def pack(self, footprints: Footprints) -> Parcel:
        """Those among ``footprints`` whose ids were not seen yet, placed and ready; the others are to wait."""
        repeated = self.seen.add(footprints.source, footprints.reference)
        waiting, straight = (footprints.taken(np.flatnonzero(which)) for which in (repeated, ~repeated))
        if not len(straight):
            return Parcel(None, straight.row, waiting)
        columns = {
            **staging.told(straight),
            **staging.belonging(placed(self.ground, straight.ground)),
            "edition": numbers(np.full(len(straight), self.edition.number), "i4"),
        }
        return Parcel(packed("id", columns), straight.row, waiting)

    def put(self, parcel: Parcel) -> None:
        """Store what is ready, and put the rest on the stage."""
        if parcel.straight:
            copy_packed(self.connection, NOUN, parcel.straight, parcel.rows + self.before)
        staging.stage(self.connection, parcel.waiting)

    def take_back(self, last: int) -> None:
        """Put on the stage what is stored of ids that wait there; no id up to row ``last`` is given again."""
        number = sa.text("SELECT setval('buildings_id_seq', :last)")
        self.connection.execute(number, {"last": self.before + max(last, 1)})
        self.connection.execute(statement("buildings_unstore"), {"before": self.before})

    def place(self, edition: Edition) -> tuple[int, Mapping[str, Told]]:
        """Number of buildings stored, with their grids of ``edition``; and which lie outside, and which straddle."""
        if edition.number != self.edition.number:
            ground = open_index(self.connection, edition)
            following.place_anew(self.connection, edition, lambda _: ground, buildings.c.id > self.before)
            self.edition = edition
        each = (sa.func.count().filter(where).label(key) for key, where in _CONDITIONS.items())
        counts = self.connection.execute(sa.select(sa.func.count().label("number"), *each).select_from(buildings)).one()
        self.number = int(counts.number)
        return self.number, {key: Told(getattr(counts, key), self._listed(key)) for key in _CONDITIONS}

    def _listed(self, key: str) -> list[tuple[int, str, tuple[float, float]]]:
        asked = sa.select(buildings.c.id, buildings.c.reference, gis.ST_AsBinary(buildings.c.geom).label("shape"))
        rows = self.connection.execute(asked.where(_CONDITIONS[key]).order_by(buildings.c.id).limit(LISTED)).all()
        shapes: Shapes = np.asarray(shapely.from_wkb([bytes(row.shape) for row in rows]), dtype=object)
        places = [(x, y) for x, y in firsts(shapes).tolist()]
        return [(row.id - self.before, row.reference, place) for row, place in zip(rows, places, strict=True)]

    def mark(self) -> None:
        """Note that these buildings were written: they are all there are."""
        if self.number:
            marks.mark_all(self.connection, NOUN)
