"""Leaves of the real cities that boundary files are at hand of, mended where they do not divide."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from geo.arrays import Codes, Shapes
from geo.boundaries import importing
from geo.boundaries.repairs import Repair
from geo.boundaries.sources import read_sources

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared/data"


def real_leaves(name: str) -> tuple[Codes, Shapes]:
    """Codes, ascending, and shapes of the leaves of ``tests/sources/NAME.toml``."""
    with tempfile.TemporaryDirectory(prefix="gridatlas-proof-") as folder:
        path = Path(folder) / f"{name}.toml"
        text = (ROOT / f"tests/sources/{name}.toml").read_text(encoding="utf-8")
        path.write_text(text.replace("{data}", str(REAL)), encoding="utf-8")
        division = importing.prepare(read_sources(path), None, repair=Repair()).judgement.division
    order = np.argsort(division.leaf_codes)
    return division.leaf_codes[order], division.leaf_shapes[order]
