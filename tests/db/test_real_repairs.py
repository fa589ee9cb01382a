"""Real files that do not divide, mended and published: Hangzhou's three layers, New York's tracts and buildings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from geo import areas
from geo.actors import Actor
from geo.arrays import Shapes
from geo.boundaries import importing, ledgers
from geo.boundaries.checking import check
from geo.boundaries.importing import Prepared
from geo.boundaries.ledgers import Entry
from geo.boundaries.repairs import Repair
from geo.boundaries.sources import read_sources
from geo.boundaries.standing import standing_of
from geo.crs import area_m2, metric_epsg
from geo.editions import Request
from geo.plans import imported
from geo.space.mending import Limits, mended
from tests.damages import read_again
from tests.made_files import kinds

pytestmark = pytest.mark.real
SOURCES = Path(__file__).parents[1] / "sources"
REQUEST = Request(Actor("tester"), "real", {})


def repaired(connection: sa.Connection, real: Path, name: str, folder: Path) -> Prepared:
    path = folder / f"{name}.toml"
    text = (SOURCES / f"{name}.toml").read_text(encoding="utf-8")
    path.write_text(text.replace("{data}", str(real)), encoding="utf-8")
    return importing.prepare(read_sources(path), standing_of(connection), repair=Repair())


def m2(shapes: Shapes) -> float:
    return float(area_m2(np.asarray(shapes, dtype=object)).sum())


def of_kind(prepared: Prepared, kind: str, level: str = "") -> list[Entry]:
    return [one for one in prepared.ledger if one.kind == kind and level in ("", one.lost.level)]


def within_limits(prepared: Prepared) -> bool:
    limits = Limits()
    small = [one for one in prepared.ledger if one.kind in {"gap", "overlap", "beyond", "sliver"}]
    return all(one.area_m2 <= limits.area_m2 and one.width_m <= limits.width_m for one in small)


def stands(prepared: Prepared) -> bool:
    """Whether what it divides into, mended once more, keeps its ground; of a ledger only what may not move is told."""
    division = prepared.judgement.division
    layers, scheme = read_again(division), prepared.judgement.tree.scheme
    west, south, east, north = layers.outline.bounds
    epsg = metric_epsg((west + east) / 2, (south + north) / 2)
    again = mended(layers, Limits(), authority=(), scheme=scheme, epsg=epsg)
    same = shapely.equals(again.layers.named.shapes, layers.named.shapes)
    return bool(same.all()) and {one.kind for one in again.mends} <= {"left"}


def test_hangzhou_is_mended_and_published_without_a_fault(
    connection: sa.Connection, real: Path, tmp_path: Path
) -> None:
    prepared = repaired(connection, real, "hangzhou", tmp_path)
    assert kinds(prepared.findings) == set()
    assert within_limits(prepared)
    assert stands(prepared)
    import geopandas as gpd

    layers = {
        name: shapely.make_valid(
            np.asarray(gpd.read_file(f"/vsigzip/{real}/hangzhou_xihu/{name}.geojson.gz").geometry.array, dtype=object)
        )
        for name in ("town", "community", "grid")
    }
    grids = np.delete(layers["grid"], 53)  # row 54 lies in no town and no community: set aside, and told
    city = shapely.union_all([*layers["town"], *grids])
    outside = m2([shapely.difference(shapely.union_all(layers["community"]), city)])
    told = sum(one.area_m2 for one in of_kind(prepared, "outside", "community"))
    assert told == pytest.approx(outside, rel=2e-3)
    assert told == pytest.approx(2.91e6, rel=0.01), "the layers disagree about the outline by 2.9 km²"
    assert [one.level for one in prepared.findings if one.kind == "outlines_differ"] == ["community"]
    division = prepared.judgement.division
    assert m2(division.leaf_shapes) == pytest.approx(m2([city]), rel=1e-6), "what is outside is no fallback ground"
    done = imported.publish(connection, prepared, REQUEST).published
    assert done is not None
    assert kinds(check(connection, areas.current(connection))) == set()
    again = repaired(connection, real, "hangzhou", tmp_path)
    assert imported.preview(connection, again, REQUEST).is_same
    print("hangzhou", done.edition.leaves, prepared.ground(), ledgers.totals(prepared.ledger))


def test_the_float_noise_of_new_yorks_tracts_is_mended_small(
    connection: sa.Connection, real: Path, tmp_path: Path
) -> None:
    prepared = repaired(connection, real, "nyc", tmp_path)
    assert kinds(prepared.findings) == set()
    assert prepared.ledger, "it is said"
    assert sum(one.area_m2 for one in prepared.ledger) < 1
    assert max(one.width_m for one in prepared.ledger) < 0.1
    assert stands(prepared)
    assert {one.kind for one in prepared.findings if one.severity == "warning"} <= {"hairline", "outlines_differ"}
    done = imported.publish(connection, prepared, REQUEST).published
    assert done is not None
    assert done.edition.leaves == 2_166
    assert kinds(check(connection, areas.current(connection))) == set()
