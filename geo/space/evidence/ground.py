"""Areas that stated points are held against: who covers a point, exactly and within a tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geo.arrays import Bools, Floats, Ints, Shapes
from geo.crs import metric_epsg, shapes_to_metres, to_metres


@dataclass(frozen=True, eq=False)
class Ground:
    """Areas with labels; shapes with one label are one area, and shapes may overlap.

    ``shapes`` (n,) degrees WGS 84, ``metric`` the same in metres, vertex by vertex: an edge of 2 km may pass 4 cm
    beside the stored one. ``labels`` (n,), -1 for none.
    """

    shapes: Shapes
    metric: Shapes
    labels: Ints
    tree: shapely.STRtree
    epsg: int

    @classmethod
    def build(cls, shapes: Shapes, labels: Ints) -> Ground:
        """Ground that can be asked; missing and empty shapes cover nothing, the others must be valid polygons.

        Raises
        ------
        Refused
            When the middle of the ground lies beyond 84° N or 80° S, where no metric CRS is defined.
        """
        west, south, east, north = shapely.total_bounds(shapes).tolist()
        epsg = metric_epsg((west + east) / 2, (south + north) / 2)
        metric = shapes_to_metres(shapes, epsg)
        shapely.prepare(shapes)
        shapely.prepare(metric)
        return cls(shapes, metric, labels, shapely.STRtree(shapes), epsg)

    def covers(self, lonlat: Floats, label: Ints) -> Bools:
        """Whether each point (n, 2) lies in, or on the border of, the area of its label; exact over the doubles."""
        point, shape = self._pairs(lonlat, label, 0.0)
        xy, found = lonlat[point], np.zeros(len(lonlat), dtype=np.bool_)
        found[point[shapely.intersects_xy(self.shapes[shape], xy[:, 0], xy[:, 1])]] = True
        return found

    def covers_within(self, lonlat: Floats, label: Ints, metres: float) -> Bools:
        """Whether each point (n, 2) lies in the area of its label or within so many metres of it."""
        xy = to_metres(lonlat, self.epsg)
        point, shape = self._pairs(lonlat, label, metres)
        found = np.zeros(len(lonlat), dtype=np.bool_)
        found[point[shapely.dwithin(self.metric[shape], shapely.points(xy[point]), metres)]] = True
        return found

    def label_at(self, lonlat: Floats) -> Ints:
        """Label of the lowest shape that covers each point (n, 2); -1 for none."""
        return np.append(self.labels, -1)[self._lowest(lonlat)]

    def is_covered(self, lonlat: Floats) -> Bools:
        """Whether any shape, labelled or not, covers each point (n, 2)."""
        return self._lowest(lonlat) < len(self.labels)

    def _lowest(self, lonlat: Floats) -> Ints:
        """The lowest shape that covers each point; as many as there are shapes for none."""
        point, shape = self.tree.query(shapely.points(lonlat))
        inside = shapely.intersects_xy(self.shapes[shape], lonlat[point, 0], lonlat[point, 1])
        lowest = np.full(len(lonlat), len(self.labels), dtype=np.int64)
        np.minimum.at(lowest, point[inside], shape[inside])
        return lowest

    def _pairs(self, lonlat: Floats, label: Ints, metres: float) -> tuple[Ints, Ints]:
        """Point and shape wherever a point lies in the bounds of a shape of its label, widened by so many metres."""
        x, y = lonlat.T
        high = metres / 100_000  # a degree of latitude has 110 to 112 km; wider than need be
        wide = high / np.maximum(np.cos(np.radians(y)), 0.01)
        point, shape = self.tree.query(shapely.box(x - wide, y - high, x + wide, y + high))
        same = self.labels[shape] == label[point]
        return point[same], shape[same]
