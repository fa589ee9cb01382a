"""One arrangement of all borders, and which shapes of each layer claim each of its faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from geo.arrays import Bools, Ints, Shapes
from geo.space.arrangement import NEAR, faces_of
from geo.space.partition import OUTSIDE, Edges, edges_of

SEVERAL = -2
"""The claim of a face that two or more shapes of a layer hold."""


@dataclass(frozen=True, eq=False)
class Claims:
    """Pairs of faces and the shapes of one layer that hold them, by ascending face, then shape."""

    faces: int
    face: Ints
    shape: Ints

    @cached_property
    def count(self) -> Ints:
        """How many shapes hold each face."""
        return np.bincount(self.face, minlength=self.faces)

    @cached_property
    def single(self) -> Ints:
        """The shape that alone holds each face; OUTSIDE where none does, SEVERAL where more do."""
        told = np.full(self.faces, OUTSIDE, dtype=np.int64)
        told[self.face] = self.shape
        told[self.count > 1] = SEVERAL
        return told

    def holds(self, face: Ints, shape: Ints) -> Bools:
        """Whether each of the faces is held by the shape beside it."""
        width = int(max(self.shape.max(initial=0), shape.max(initial=0))) + 1
        pairs = self.face * width + self.shape
        return np.isin(face * width + shape, pairs) & (shape >= 0)


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Faces (n,) between all borders, degrees on the lattice, and their edges."""

    faces: Shapes

    @cached_property
    def edges(self) -> Edges:
        """Directed edges of the faces."""
        return edges_of(self.faces)

    @cached_property
    def _inner(self) -> Shapes:
        return np.asarray(shapely.point_on_surface(self.faces), dtype=object)

    @cached_property
    def _hair(self) -> Ints:
        """Faces whose inner point is so near their border that a bent edge of a shape may lie between (rule R3)."""
        return np.flatnonzero(shapely.distance(shapely.boundary(self.faces), self._inner) < NEAR)

    def claims(self, shapes: Shapes) -> Claims:
        """Which shapes hold which faces: by an inner point, hair faces by more than half of their ground."""
        tree = shapely.STRtree(shapes)
        face, shape = tree.query(self._inner, predicate="intersects")
        keep = ~np.isin(face, self._hair)
        hair, held = tree.query(self.faces[self._hair], predicate="intersects")
        common = shapely.area(shapely.intersection(self.faces[self._hair[hair]], shapes[held]))
        most = common * 2 > shapely.area(self.faces[self._hair[hair]])
        face = np.concatenate([face[keep], self._hair[hair[most]]])
        shape = np.concatenate([shape[keep], held[most]])
        order = np.lexsort((shape, face))
        return Claims(len(self.faces), face[order], shape[order])


def arranged(layers: Sequence[Shapes]) -> Arrangement:
    """The arrangement of the borders of all layers; a border that several share is taken once."""
    everything = np.concatenate([layer[~shapely.is_empty(layer)] for layer in layers])
    return Arrangement(faces_of(shapely.boundary(everything)))
