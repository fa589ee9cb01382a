"""The engine that locates: a partition's edges in two levels of cells, exact, and fast for one point or ten million.

Every edge of the partition is kept once with the leaves on its two sides. A cell keeps the leaf at its centre and the
edges that cross it; the leaf at a point is the one at the centre, changed at each edge that is crossed on the way
from there. The order of crossings is irrelevant, since what is added up telescopes. A filter in single precision
decides nearly all; what it doubts is decided by the exact sign of an orientation.

:mod:`~geo.space.cells.edges` finds the edges, :mod:`~geo.space.cells.building` the cells,
:mod:`~geo.space.cells.asking` answers, :mod:`~geo.space.cells.few` answers a handful without compiled code, and
:mod:`~geo.space.cells.index` is what others see. :mod:`~geo.space.cells.metres` is the plane that
:mod:`~geo.space.cells.distances` measures on, and :mod:`~geo.space.cells.spreads` what doubt is.
:mod:`~geo.space.cells.boxes` finds the leaf that holds a whole box, :mod:`~geo.space.cells.cutting` what of a
footprint lies in each.
"""
