"""Dirty layers mended within stated limits on one noded arrangement, with a ledger of every piece of ground that moved.

All borders become one arrangement; each face is told by the grids and areas that claim it. Ground that two grids hold,
or none, or that lies beyond the outline, is a *place*. A place within the limits is mended: it goes to a neighbour. A
larger one never does: it is decided by authority (the level whose borders win over another's), becomes fallback ground,
or stays the fault it is and refuses the import.
"""

from geo.space.mending.ledger import KINDS, Limits, Mend
from geo.space.mending.mends import Layers
from geo.space.mending.rounds import Mended, mended

__all__ = ["KINDS", "Layers", "Limits", "Mend", "Mended", "mended"]
