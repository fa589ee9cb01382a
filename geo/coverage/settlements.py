"""How units were settled into joint branches, as the last run left it: what a run after a change goes on from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo import copying, parameters
from geo.arrays import Ints
from geo.coverage.joint import JointRules, Settled
from geo.coverage.joint.parts import STEPS, tile_numbers
from geo.coverage.joint.renewing import Wanted
from geo.coverage.tables import joint_candidates
from geo.entities.lists import lists
from geo.fetching import Made, fetch_known, figure, whole, word

_ASKED = {"ids": "unit_id", "wholes": "whole", "buildings": "building_id", "parks": "district_id", "tiles": "tile"}


class Settlement:
    """The rows of units that may join, as they are stored.

    Attributes
    ----------
    read
        Rows that were given away, each as often as it was.
    """

    def __init__(self, connection: sa.Connection, rules: JointRules) -> None:
        self.connection, self.rules, self.read = connection, rules, 0

    def rows(self, wanted: Wanted) -> Settled:
        """All units that are wanted, in ascending order of id."""
        # two statements only, so that both are soon prepared
        names = ("ids",) if wanted == Wanted(ids=wanted.ids) else (*_ASKED, "larger")
        given = {f"asked_{name}": parameters.ids(sorted(getattr(wanted, name))) for name in names}
        told = fetch_known(self.connection, f"joint candidates by {', '.join(names)}", lambda: _asked(names), given)
        steps = {name: [told.pop(f"{name} {step}") for step in range(STEPS)] for name in ("head", "size")}
        xy_m, home_m = (np.column_stack([told.pop(f"{of}x"), told.pop(f"{of}y")]) for of in ("", "home_"))
        head, size = (np.column_stack(one) for one in steps.values())
        self.read += len(told["id"])
        return Settled(xy_m=xy_m, home_m=home_m, head=head, size=size, **told)

    def counts(self, tiles: frozenset[int]) -> dict[int, int]:
        """Tiles of the first lattice, and how many are looked for there that hang together with many; none for 0."""
        rows = self.connection.execute(_COUNTED, {"tiles": parameters.ids(sorted(tiles))})
        return {row.tile: row.number for row in rows}

    def write(self, settled: Settled, among: Ints | None) -> None:
        """Nothing; afterwards these are the rows of those ``among`` whom they are; of all where that is None."""
        one = joint_candidates
        if among is None:
            self.connection.execute(sa.delete(one))
        else:
            self.connection.execute(_GONE, {"among": parameters.ids(among)})
        if len(settled):
            copying.copy(self.connection, one.name, _columns(settled, self.rules))


_COUNTED = sa.text(
    "SELECT tile, count(*) AS number FROM joint_candidates "
    "WHERE whole IS NULL AND tile = ANY(CAST(:tiles AS bigint[])) GROUP BY tile"
)
_GONE = sa.text("DELETE FROM joint_candidates WHERE unit_id = ANY(CAST(:among AS bigint[]))")


def _asked(names: tuple[str, ...]) -> Made:
    row = joint_candidates.c
    columns = {
        "id": whole(row.unit_id),
        "members": whole(row.members),
        "building": whole(row.building_id),
        "park": whole(row.district_id),
        "x": figure(row.x_m),
        "y": figure(row.y_m),
        "industry": word(row.industry, list(lists()["industries"])),
        "home_x": figure(row.home_x_m),
        "home_y": figure(row.home_y_m),
        "whole": whole(row.whole),
        **{f"head {step}": whole(row.heads[step + 1]) for step in range(STEPS)},
        **{f"size {step}": whole(row.sizes[step + 1]) for step in range(STEPS)},
    }
    columns_of = {**{name: row[column] for name, column in _ASKED.items()}, "larger": row.tile}
    those = [columns_of[name] == sa.any_(parameters.listed(f"asked_{name}")) for name in names]
    if "larger" in names:
        those[-1] = sa.and_(those[-1], row.whole.is_(None))
    return columns, sa.select(joint_candidates).where(sa.or_(*those)).order_by(row.unit_id)


def _columns(settled: Settled, rules: JointRules) -> dict[str, copying.Column]:
    n = len(settled)
    first = np.arange(0, STEPS * n + 1, STEPS)
    ids = {
        "building_id": settled.building,
        "district_id": settled.park,
        "tile": tile_numbers(settled.home_m, rules),
        "whole": settled.whole,
    }
    metres = {"": settled.xy_m, "home_": settled.home_m}
    return {
        "unit_id": copying.numbers(settled.id, "i8"),
        "members": copying.numbers(settled.members, "i4"),
        **{name: copying.numbers(values, "i8", values == 0) for name, values in ids.items()},
        **{f"{of}{axis}_m": copying.figures(xy[:, at]) for of, xy in metres.items() for at, axis in enumerate("xy")},
        "industry": copying.texts(pa.array([key or None for key in settled.industry.tolist()], type=pa.string())),
        "heads": copying.id_lists(settled.head.reshape(-1), first),
        "sizes": copying.id_lists(settled.size.reshape(-1), first),
    }
