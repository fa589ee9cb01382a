"""Files handed in at a door: kept, looked at, judged, taken in. What the command line does with a file, in steps."""

from geo.imports.boundaries import Boundaries
from geo.imports.entities import IMPORTS
from geo.imports.kinds import Kind
from geo.imports.nouns import BUILDINGS, INCIDENTS, LINES

NOUNS = {slug: {"zh": one.entity.zh, "en": one.entity.en} for slug, one in IMPORTS.items() if one.entity}
"""What entities are called where a kind of import is chosen."""

_ALL: tuple[Kind, ...] = (Boundaries(), INCIDENTS, BUILDINGS, LINES, *IMPORTS.values())
KINDS = {one.key: one for one in _ALL}
"""Every kind of import by its key."""
