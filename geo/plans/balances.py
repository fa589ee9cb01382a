"""How evenly load is spread over grids, and how compact they are; pure: figures and shapes in, one line out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Floats, Shapes


@dataclass(frozen=True)
class Balance:
    """How some grids stand together; None where it cannot be said.

    Attributes
    ----------
    grids
        How many there are.
    unknown
        Of how many the load is not known; the others make up what follows.
    in_band
        How many have a load within the band, both ends included.
    mean
        Of the loads.
    cv
        Coefficient of variation: the standard deviation over the mean, 0 for loads that are all the same.
    max_min
        The largest load over the smallest; None where that is 0.
    compactness
        Mean of 4π area over perimeter squared: 1 for a circle, 0.785 for a square.
    """

    grids: int
    unknown: int
    in_band: int
    mean: float | None
    cv: float | None
    max_min: float | None
    compactness: float | None


def balance(load: Floats, shapes_m: Shapes, band: tuple[int, int]) -> Balance:
    """How grids with loads (n,), NaN unknown, and grounds (n,) in metres stand within a band.

    References
    ----------
    Polsby, Popper: The third criterion: compactness as a procedural safeguard, Yale Law & Policy Review 9 (1991).
    """
    known = load[np.isfinite(load)]
    mean = float(known.mean()) if known.size else None
    return Balance(
        grids=len(load),
        unknown=len(load) - known.size,
        in_band=int(((known >= band[0]) & (known <= band[1])).sum()),
        mean=mean,
        cv=float(known.std() / mean) if mean else None,
        max_min=float(known.max() / known.min()) if known.size and known.min() > 0 else None,
        compactness=float(compactness(shapes_m).mean()) if len(shapes_m) else None,
    )


def compactness(shapes_m: Shapes) -> Floats:
    """4π area over perimeter squared (n,) of shapes in metres; 0 for empty ones."""
    around = shapely.length(shapes_m)
    found: Floats = np.divide(
        4 * np.pi * shapely.area(shapes_m), around**2, out=np.zeros(len(around)), where=around > 0
    )
    return found


@dataclass(frozen=True)
class Stability:
    """Shares, 0 to 1, of what the touched grids held that stays under its code; None where they held nothing known."""

    households_share: float | None
    area_share: float | None


def staying(moved: float | None, held: float | None) -> float | None:
    """The share of what was held that did not move; None where nothing was held, or it is not known."""
    return None if moved is None or not held else max(0.0, 1 - moved / held)
