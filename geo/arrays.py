"""The arrays that travel between modules: what each holds and what a missing value is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Coordinates (n, 2), longitude or east first, or figures (n,); NaN where there is none."""

Ints = NDArray[np.int64]
Positions = NDArray[np.int32]
"""Positions in an array of leaves; -1 where there is none."""

Bools = NDArray[np.bool_]
Codes = NDArray[np.str_]
Shapes = NDArray[np.object_]
"""Shapely geometries; None and empty ones are the caller's to refuse unless the function says otherwise."""

Texts = NDArray[np.object_]
"""Texts as a file has them; blank where there is none."""
