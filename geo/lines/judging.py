"""Rows of a file as lines of the base map: what they are, where they lie, and what is left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo import columns
from geo.arrays import Bools, Shapes
from geo.crs import Datum, shapes_to_wgs84
from geo.errors import Refused
from geo.frames import Frame, Sheet
from geo.judging import Judging
from geo.lines.findings import Findings
from geo.lines.kinds import DECIDING, GREEN, KINDS, TAGS, UNDERGROUND, WATER, class_of, kind_of, of_tags
from geo.mapping import Fields

Texts = NDArray[np.object_]
_LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING, shapely.GeometryType.MULTILINESTRING)
_GROUND = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)

FIELDS = Fields(
    noun="a line",
    names={
        "kind": ("kind", "类型", "类别", "种类"),
        "class": ("class", "fclass", "等级", "道路等级", "级别", "road_class"),
        "name": ("name", "名称", "路名", "道路名称", "name:zh", "name_zh"),
        "name_en": ("name_en", "name:en", "英文名", "英文名称"),
        "reference": ("reference", "osm_id", "id", "编号", "代码", "code", "fid"),
    },
)


@dataclass(frozen=True)
class Reading:
    """How the rows of one sheet are read.

    Parameters
    ----------
    columns
        Field → column.
    kind
        Of every row, when no column tells; None = a column or the tags tell.
    is_tagged
        Whether kind and class come from OpenStreetMap's tags.
    geometry
        Column of WKB.
    datum
        Of the coordinates.
    ground
        Of the city, degrees WGS 84, a little more; prepared.
    is_extract
        Whether rows without geometry were cut off by the file's edge, which is no fault.
    """

    columns: Mapping[str, str]
    kind: str | None
    is_tagged: bool
    geometry: str
    datum: Datum
    ground: BaseGeometry
    is_extract: bool


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines (n,) ready to be stored; names blank where there is none."""

    kinds: Texts
    classes: Texts
    names: Texts
    names_en: Texts
    references: Texts
    shapes: Shapes

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.shapes)


def reading_of(
    sheet: Sheet, declared: Mapping[str, str], kind: str | None, datum: Datum, ground: BaseGeometry
) -> Reading:
    """How to read a sheet: by its kind column, by ``kind`` for all, else by OpenStreetMap's tags.

    Raises
    ------
    Refused
        When it has no geometry, nothing tells the kind, or a field or column is not known.
    """
    if sheet.geometry is None:
        raise Refused(f"{sheet.path.name} has no geometry; lines come as a vector file, such as GeoPackage")
    if kind is not None and kind not in KINDS:
        raise Refused(f"kind {kind!r} of line is not known; known are {', '.join(KINDS)}")
    names = [name for name in sheet.schema.names if name != sheet.geometry]
    known = FIELDS.mapped(names, declared, sheet.path.name)
    is_osm = sheet.kind == "osm"
    is_tagged = is_osm or (kind is None and "kind" not in known and any(tag in names for tag in DECIDING))
    if not is_tagged and kind is None and "kind" not in known:
        raise Refused(
            f"nothing tells what the rows of {sheet.path.name} are; say --kind road (or rail, water, green), "
            f"or the column: --map kind=COLUMN; there are: {', '.join(names)}"
        )
    shapely.prepare(ground)
    return Reading(known, kind, is_tagged, sheet.geometry, datum, ground, is_osm)


def judge(frame: Frame, reading: Reading, findings: Findings) -> Lines:
    """The rows that can be drawn; of the others findings tell row and reason."""
    rows = Judging(frame, reading.columns, findings)
    shapes = _shapes(rows, reading)
    kinds, classes = _tagged(rows, shapes) if reading.is_tagged else _told(rows, reading)
    shown = rows.good & (kinds != "")
    _leave(rows, "underground", shown & (kinds == UNDERGROUND))
    shown &= kinds != UNDERGROUND
    missing = shown & shapely.is_missing(shapes)
    (_leave if reading.is_extract else _refuse)(rows, "incomplete" if reading.is_extract else "no_geometry", missing)
    shapes, shown = _placed(rows, shapes, shown & ~missing, kinds, reading)
    at = np.flatnonzero(shown)
    names, names_en = (_plain(_texts(rows, field).take(pa.array(at))) for field in ("name", "name_en"))
    return Lines(kinds[at], classes[at], names, names_en, _references(rows)[at], shapes[at])


def _shapes(rows: Judging, reading: Reading) -> Shapes:
    wkb = rows.frame.table.column(reading.geometry).to_numpy()
    with np.errstate(invalid="ignore"):
        shapes: Shapes = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    return np.asarray(shapely.force_2d(shapes), dtype=object)


def _tagged(rows: Judging, shapes: Shapes) -> tuple[Texts, Texts]:
    """Kind and class by tags; blank for what is not shown."""
    table = rows.frame.table
    told = {tag: columns.texts(table.column(tag)).to_pylist() for tag in TAGS if tag in table.column_names}
    tags = [dict(zip(told, one, strict=True)) for one in zip(*told.values(), strict=True)]
    is_ground = np.isin(shapely.get_type_id(shapes), _GROUND)
    # a cut-off relation or closed way has no shape to tell it by, but its column of ids does
    if "osm_way_id" in table.column_names:
        is_ground = np.ones(len(shapes), dtype=np.bool_)
    found = [of_tags(one, is_ground=bool(flag)) or ("", "") for one, flag in zip(tags, is_ground, strict=True)]
    kinds, classes = np.empty(len(found), dtype=object), np.empty(len(found), dtype=object)
    kinds[:], classes[:] = [kind for kind, _ in found], [rank for _, rank in found]
    return kinds, classes


def _told(rows: Judging, reading: Reading) -> tuple[Texts, Texts]:
    """Kind and class by the file's own words."""
    words = rows.texts("kind").to_pylist() if reading.kind is None else [reading.kind] * len(rows.good)
    kinds = np.array([kind_of(word) or "" for word in words], dtype=object)
    rows.refuse("unknown_kind", "kind", kinds == "")
    ranks = rows.texts("class").to_pylist()
    told = [class_of(kind, rank) if kind else "" for kind, rank in zip(kinds, ranks, strict=True)]
    return kinds, np.array(told, dtype=object)


def _placed(rows: Judging, shapes: Shapes, shown: Bools, kinds: Texts, reading: Reading) -> tuple[Shapes, Bools]:
    """Shapes on the lattice of degrees, and which of them are drawn."""
    placed = np.full(len(shapes), None, dtype=object)
    placed[shown] = shapes_to_wgs84(shapes[shown], reading.datum)
    bounds = shapely.bounds(placed)
    wild = shown & ~(np.isfinite(bounds).all(axis=1) & (np.abs(bounds) <= (180, 90, 180, 90)).all(axis=1))
    _refuse(rows, "not_finite", wild)
    kind_of_shape = shapely.get_type_id(placed)
    fits = (np.isin(kind_of_shape, _LINES) & (kinds != GREEN)) | (
        np.isin(kind_of_shape, _GROUND) & np.isin(kinds, (WATER, GREEN))
    )
    unfit = shown & ~wild & ~fits
    _refuse(rows, "not_drawn", unfit, placed)
    shown = shown & ~wild & ~unfit
    crossing = shown & ~shapely.is_valid(placed)
    placed[crossing] = _ground_of(shapely.make_valid(placed[crossing], method="structure"))
    _leave(rows, "mended", crossing & ~shapely.is_empty(placed), placed)
    away = shown & ~shapely.intersects(placed, reading.ground)
    _leave(rows, "outside", away, placed)
    return placed, shown & ~away & ~shapely.is_empty(placed)


def _ground_of(shapes: Shapes) -> Shapes:
    """Of mixed shapes only the polygons."""
    return np.array(
        [one if one.geom_type in ("Polygon", "MultiPolygon") else shapely.union_all(_polygons(one)) for one in shapes],
        dtype=object,
    )


def _polygons(shape: BaseGeometry) -> list[BaseGeometry]:
    return [one for one in shapely.get_parts(shape) if one.geom_type in ("Polygon", "MultiPolygon")]


def _leave(rows: Judging, key: str, where: Bools, shapes: Shapes | None = None) -> None:
    rows.findings.add(key, _about(rows), _named(rows, where), None if shapes is None else _places(rows, where, shapes))


def _refuse(rows: Judging, key: str, where: Bools, shapes: Shapes | None = None) -> None:
    _leave(rows, key, where & rows.good, shapes)


def _places(rows: Judging, where: Bools, shapes: Shapes) -> dict[int, tuple[float, float]]:
    """Row → a place to look at, degrees."""
    at = np.flatnonzero(where)
    spots = shapely.get_coordinates(shapely.point_on_surface(shapes[at])).round(8).tolist()
    return {row: (x, y) for row, (x, y) in zip(rows.frame.rows[at].tolist(), spots, strict=True)}


def _about(rows: Judging) -> str:
    return rows.columns.get("name", rows.columns.get("reference", "*"))


def _named(rows: Judging, where: Bools) -> Iterable[tuple[int, str]]:
    """Rows with what they are called."""
    at = np.flatnonzero(where)
    if not len(at):
        return []
    names, references = _plain(_texts(rows, "name").take(pa.array(at))), _references(rows)[at]
    told = [str(name or reference) for name, reference in zip(names, references, strict=True)]
    return list(zip(rows.frame.rows[at].tolist(), told, strict=True))


def _texts(rows: Judging, field: str) -> pa.Array:
    """A field; the name in Chinese where OpenStreetMap has one beside the local name."""
    told = rows.texts(field)
    names = rows.frame.table.column_names
    if field == "name" and "name:zh" in names and rows.columns.get("name") == "name":
        chinese = pc.fill_null(columns.texts(rows.frame.table.column("name:zh")), "")
        return pc.if_else(pc.equal(chinese, ""), told, chinese)
    return told


def _references(rows: Judging) -> Texts:
    """What the source calls its rows; their numbers where it calls them nothing."""
    told, table = _plain(rows.texts("reference")), rows.frame.table
    if "osm_way_id" in table.column_names:
        ways = columns.texts(table.column("osm_way_id")).to_pylist()
        names = [f"way/{way}" if way else f"relation/{one}" for way, one in zip(ways, told, strict=True)]
    elif rows.columns.get("reference") == "osm_id":
        names = [f"way/{one}" for one in told]
    else:
        names = [one or str(row) for one, row in zip(told, rows.frame.rows.tolist(), strict=True)]
    return np.array(names, dtype=object)


def _plain(texts: pa.Array) -> Texts:
    found = np.empty(len(texts), dtype=object)
    found[:] = texts.to_pylist()
    return found
