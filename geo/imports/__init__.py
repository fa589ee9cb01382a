"""Files handed in at a door: kept, looked at, judged, taken in. What the command line does with a file, in steps."""

from geo.imports.boundaries import Boundaries
from geo.imports.kinds import Kind
from geo.imports.rows import BUILDINGS, INCIDENTS

KINDS: dict[str, Kind] = {one.key: one for one in (Boundaries(), INCIDENTS, BUILDINGS)}
"""Every kind of import by its key."""
