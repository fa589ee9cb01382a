"""A made city as a whole: everything but its buildings and incidents, which are made as they are written."""

from __future__ import annotations

from dataclasses import dataclass

from geo.demo import basemaps, blocks, districts, ground, occupants, streets, terrain
from geo.demo.basemaps import BaseMap
from geo.demo.districts import Town
from geo.demo.ground import Ground
from geo.demo.occupants import Blocks
from geo.demo.plans import Order
from geo.demo.terrain import Terrain


@dataclass(frozen=True)
class City:
    """Terrain, ground, division, base map and the names of blocks of one made city."""

    order: Order
    terrain: Terrain
    ground: Ground
    town: Town
    base: BaseMap
    blocks: Blocks


def make(order: Order) -> City:
    """The city that was ordered."""
    lie = terrain.lay(order)
    cells = streets.cells(lie)
    faces = ground.arrange(lie, cells, blocks.split(lie, cells))
    names = basemaps.road_names(faces, lie)
    return City(
        order=order,
        terrain=lie,
        ground=faces,
        town=districts.divide(faces, order),
        base=basemaps.draw(faces, lie, names),
        blocks=occupants.blocks_of(faces, names, order),
    )
