"""Files handed in at a door: kept, looked at, judged, taken in. What the command line does with a file, in steps."""

from geo.imports.boundaries import Boundaries
from geo.imports.kinds import Kind
from geo.imports.nouns import BUILDINGS, INCIDENTS, LINES

KINDS: dict[str, Kind] = {one.key: one for one in (Boundaries(), INCIDENTS, BUILDINGS, LINES)}
"""Every kind of import by its key."""
