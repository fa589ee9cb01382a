"""Compiles every kernel for this processor and forgets those of other sources: a step of the set-up."""

from __future__ import annotations

import shutil

import numpy as np
import shapely

from geo.crs import metric_epsg
from geo.space.cells.compiling import folder
from geo.space.cells.index import FEW
from geo.space.cells.layout import Redraw
from geo.space.cells.pairs import read_pairs
from geo.space.cells.simple_rings import simple_rings
from geo.space.locate import GridIndex
from geo.space.nearness import Borders
from geo.space.overlaps import overlaps


def compile_all() -> None:
    """Each kernel is called once, as the program calls it; compiled ones are kept for the next process."""
    squares = np.array([shapely.box(at, 0, at + 1, 1) for at in range(2)], dtype=object)
    grids = GridIndex.build(np.array(["0", "1"]), squares, metric_epsg(1, 0.5))
    index = grids.cells
    index.positions(np.zeros((FEW + 1, 2)))
    east = Redraw(
        np.array([1.0, 0.0, 2.0, 1.0]), np.array([2], dtype=np.int32), squares[1:], np.array([2], dtype=np.int32)
    )
    borders = Borders.of(index, metric_epsg(1, 0.5))
    borders.distance_m(np.full((FEW + 1, 2), 0.5), np.zeros(FEW + 1, dtype=np.int32))
    borders.nearest(np.full((FEW + 1, 2), 3.0))
    borders.shares(np.full((FEW + 1, 2), 0.5), np.full(FEW + 1, 9.0), "gaussian")
    across = shapely.box(0.9, 0.4, 1.1, 0.6)
    overlaps(grids, np.array([across, across - shapely.box(0.95, 0.45, 1.05, 0.55)]))
    simple_rings(np.array([[0, 0], [0, 0.01], [0.01, 0], [0, 0]]), np.array([0, 4]))
    index.redrawn(east, np.array([1, 2], dtype=np.int32))
    read_pairs(np.frombuffer(b"[[1,2]]", dtype=np.uint8), np.empty((1, 2)), np.empty((2, 3), dtype=np.int64))


if __name__ == "__main__":
    for other in folder().parent.glob("*"):
        if other != folder():
            shutil.rmtree(other)
    compile_all()
