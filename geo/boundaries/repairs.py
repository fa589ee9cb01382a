"""What ``--repair`` may do: the limits of a mend, and which level's borders win over which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from geo.boundaries.sources import CitySource
from geo.errors import Refused, near
from geo.space.mending import Limits


@dataclass(frozen=True)
class Repair:
    """Leave to mend.

    Parameters
    ----------
    limits
        Width and area that one mend may move.
    authority
        Keys of levels, the highest authority first; levels not named come last, lower levels first: grids win over
        communities over subdistricts.
    """

    limits: Limits = field(default_factory=Limits)
    authority: tuple[str, ...] = ()

    def ranked(self, city: CitySource) -> list[int]:
        """Numbers of the named levels. Raises Refused when one is no level of the city, or is named twice."""
        keys = [level.key for level in city.levels]
        for key in self.authority:
            if key not in keys:
                hint = near(key, keys)
                raise Refused(f"authority {key!r} is no level of this city; its levels are {', '.join(keys)}{hint}")
            if self.authority.count(key) > 1:
                raise Refused(f"authority names {key!r} twice; each level has one place in the order")
        return [city.level(key) for key in self.authority]


def repair_of(width_m: float, area_m2: float, authority: Sequence[str]) -> Repair:
    """Leave to mend within these limits. Raises Refused for limits that are not positive, finite numbers."""
    for what, value in (("--mend-width", width_m), ("--mend-area", area_m2)):
        if not 0 < value < float("inf"):
            raise Refused(f"{what} {value} is no limit; it must be greater than 0")
    return Repair(Limits(width_m, area_m2), tuple(authority))
