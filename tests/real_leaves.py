"""The real cities that boundary files are at hand of, mended where they do not divide."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import sqlalchemy as sa

from geo import editions
from geo.actors import Actor
from geo.arrays import Codes, Shapes
from geo.boundaries import importing
from geo.boundaries.importing import Prepared
from geo.boundaries.repairs import Repair
from geo.boundaries.sources import read_sources
from geo.editions import Request

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared/data"


def real_city(name: str) -> Prepared:
    """The city of ``tests/sources/NAME.toml``, and what its files come to."""
    with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as folder:
        path = Path(folder) / f"{name}.toml"
        text = (ROOT / f"tests/sources/{name}.toml").read_text(encoding="utf-8")
        path.write_text(text.replace("{data}", str(REAL)), encoding="utf-8")
        return importing.prepare(read_sources(path), None, repair=Repair())


def real_leaves(name: str) -> tuple[Codes, Shapes]:
    """Codes, ascending, and shapes of the leaves of ``tests/sources/NAME.toml``."""
    division = real_city(name).judgement.division
    order = np.argsort(division.leaf_codes)
    return division.leaf_codes[order], division.leaf_shapes[order]


def publish_real(connection: sa.Connection, name: str) -> None:
    """Publish the city of ``tests/sources/NAME.toml``."""
    made = real_city(name)
    editions.found(connection, made.judgement.division, made.city, Request(Actor("proof"), name, {}))
