"""Layers of boundaries as they stand in their files: every format by one door, rows numbered as people see them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geo.arrays import Bools, Ints, Shapes, Texts
from geo.boundaries.findings import Finding
from geo.boundaries.sources import LayerSource, OutlineSource
from geo.columns import word
from geo.errors import Refused, near
from geo.frames import osm, vectors
from geo.unpacking import FORMATS, Opened, opened

_TEMPLATE = re.compile(r"\{([^{}]+)\}")
_NOTHING = ("", "nan", "none", "null", "<na>")


@dataclass(frozen=True)
class Raw:
    """One layer as its file has it: all columns, shapes in the file's own coordinates.

    Parameters
    ----------
    columns
        Name → values, in the file's order and spelling.
    shapes
        Two-dimensional; None where there is no geometry or it cannot be read (``is_unreadable``).
    crs
        What the file itself says, as an EPSG code or WKT; None when it says nothing.
    rows
        Number of each row in its file, from 1.
    warnings
        What the reading library said that may or may not matter.
    """

    columns: dict[str, Texts]
    shapes: Shapes
    is_unreadable: Bools
    crs: str | None
    kind: str
    rows: Ints
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Boundaries:
    """Rows of one layer on one level: what they are called, whom they belong to, and their ground.

    Parameters
    ----------
    level
        Number of the level, 0 = the city.
    rows
        Number of each row, from 1 in the order of the file.
    codes, names, names_en, kinds, parents, parent_names
        Texts, blank where the file has none.
    shapes
        Degrees WGS 84 on the lattice once placed (``coordinates.placed``); before that in the file's coordinates.
    ancestors, ancestor_names
        Level → texts, for levels that are columns of this layer.
    texts
        Every text column of the file, for the judgement of damaged text.
    columns
        Names of all columns of the file.
    """

    source: LayerSource
    level: int
    rows: Ints
    codes: Texts
    names: Texts
    names_en: Texts
    kinds: Texts
    parents: Texts
    parent_names: Texts
    shapes: Shapes
    ancestors: dict[int, Texts] = field(default_factory=dict)
    ancestor_names: dict[int, Texts] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.rows)

    @property
    def label(self) -> str:
        """File name, and the layer inside it where one is named."""
        return self.source.label

    @property
    def key(self) -> str:
        """Key of the level."""
        return self.source.level

    def called(self, at: int) -> str:
        """How a person knows a row: its code, its name, else its number."""
        return str(self.codes[at] or self.names[at] or f"#{self.rows[at]}")


def read_raw(source: LayerSource | OutlineSource) -> Raw:
    """One layer of one file, whatever its format.

    Raises
    ------
    Unknown
        When there is no such file.
    Refused
        When it cannot be read as boundaries; the message names the file and what would be right.
    TooMuch
        When it unpacks to more than the setting allows.
    """
    with opened(source.file, sha256=source.sha256, member=source.layer) as file:
        reading = {"parquet": _read_parquet, "osm": _read_osm}.get(file.kind, _read_gdal)
        return _chosen(reading(file, source), source)


def _chosen(raw: Raw, source: LayerSource | OutlineSource) -> Raw:
    """The rows that have what ``where`` asks of their columns."""
    if not source.where:
        return raw
    kept = np.ones(len(raw.rows), dtype=np.bool_)
    for name, value in source.where.items():
        kept &= _column(raw, name, source.label) == value
    columns = {name: values[kept] for name, values in raw.columns.items()}
    return replace(
        raw, columns=columns, shapes=raw.shapes[kept], is_unreadable=raw.is_unreadable[kept], rows=raw.rows[kept]
    )


def _read_osm(file: Opened, source: LayerSource | OutlineSource) -> Raw:
    """Ground of an OpenStreetMap file; what its extract left incomplete is left out, and said."""
    name = source.file.name
    layer = osm.layer_of(name, source.layer, osm.GROUND)
    parts: list[pa.Table] = []
    with osm.sheet(file.path, name, None, layer) as sheet:
        for frame in sheet.frames:
            kept = np.ones(len(frame.rows), dtype=np.bool_)
            for key, value in source.where.items():
                if key in sheet.schema.names:
                    kept &= np.asarray([told or "" for told in frame.table[key].to_pylist()], dtype=object) == value
            parts.append(frame.table.append_column("row", pa.array(frame.rows)).filter(pa.array(kept)))
    if not parts:
        raise Refused(f"{name} holds no {layer}; it must hold ground, such as relations boundary=administrative")
    whole = pa.concat_tables(parts)
    wkb = whole[osm.GEOMETRY].to_numpy()
    there = np.asarray([one is not None for one in wkb], dtype=np.bool_)
    cut = [one or "?" for one in whole.filter(pa.array(~there))["name"].to_pylist()]
    said = (
        f"{len(cut)} not complete in this extract and left out: {', '.join(cut[:_NAMED])}"
        f"{' …' if len(cut) > _NAMED else ''}; take a larger extract if they belong to the city"
    )
    whole = whole.filter(pa.array(there))
    columns = {key: _texts(whole[key].to_numpy()) for key in whole.column_names if key not in {osm.GEOMETRY, "row"}}
    shapes = _shapes(whole[osm.GEOMETRY].to_numpy())
    rows = whole["row"].to_numpy()
    return Raw(columns, shapes, shapely.is_missing(shapes), "EPSG:4326", file.kind, rows, (said,) if cut else ())


_NAMED = 8


def _read_gdal(file: Opened, source: LayerSource | OutlineSource) -> Raw:
    import pyogrio

    name = source.file.name
    layer = vectors.layer_of(file, name, source.layer)
    vectors.ready(file, name)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            meta, _, wkb, data = pyogrio.raw.read(file.path, layer=layer, encoding=source.encoding, force_2d=True)
        except (UnicodeDecodeError, LookupError) as error:
            raise Refused(
                f"the text of {name} is not {source.encoding or 'UTF-8'}: {error}; "
                "declare encoding = GBK or the one it was written in"
            ) from error
        except Exception as error:  # pyogrio raises a dozen kinds of its own, all of them "this cannot be read"
            raise Refused(
                f"{name} cannot be read as {file.kind}: {vectors.said(str(error), file.path)}; it must be {FORMATS}"
            ) from error
    if wkb is None:
        raise Refused(f"{name} has no geometry column; it must be {FORMATS} with polygons")
    words = tuple(vectors.said(str(one.message), file.path) for one in said if not _is_of_row(str(one.message)))
    if grave := [one for one in words if vectors.is_grave(one)]:
        raise Refused(f"{name} is damaged: {grave[0]}; fetch or export it again")
    columns = {str(key): _texts(values) for key, values in zip(meta["fields"], data, strict=True)}
    shapes = _shapes(wkb)
    missing = np.asarray([one is None for one in wkb], dtype=np.bool_)
    unreadable = shapely.is_missing(shapes) & ~missing
    shapes = _rings_filled(shapes) if file.kind == "dxf" else shapes
    return Raw(columns, shapes, unreadable, meta["crs"], file.kind, np.arange(1, len(shapes) + 1), words)


def _rings_filled(shapes: Shapes) -> Shapes:
    """A drawing has outlines, not ground: closed lines become polygons, others stay and are judged."""
    filled = shapes.copy()
    rings = (shapely.get_type_id(shapes) == shapely.GeometryType.LINESTRING) & shapely.is_closed(shapes)
    rings &= shapely.get_num_coordinates(shapes) > 3
    filled[rings] = [shapely.polygons(shapely.get_coordinates(one)) for one in shapes[rings]]
    return filled


_OF_ROWS = ("non closed ring", "unsupported geometry type", "several features with id", "organizepolygons")
"""What GDAL says of single rows: those are judged here, by row and with a place."""


def _is_of_row(message: str) -> bool:
    return any(one in message.lower() for one in _OF_ROWS)


def _read_parquet(file: Opened, source: LayerSource | OutlineSource) -> Raw:
    import geopandas

    name = source.file.name
    try:
        frame = geopandas.read_parquet(file.path)
        wkb_shapes = np.asarray(frame.geometry.array, dtype=object)
    except Exception as error:  # those of Arrow, pandas, shapely and pyproj, all of them "this cannot be read"
        raise Refused(
            f"{name} cannot be read as GeoParquet: {vectors.said(str(error), file.path)}; it must be {FORMATS}"
        ) from error
    shapes = shapely.force_2d(wkb_shapes)
    columns = {
        str(key): _texts(frame[key].to_numpy(dtype=object, na_value=None))
        for key in frame.columns
        if key != frame.geometry.name
    }
    crs = frame.crs.to_wkt() if frame.crs is not None else None
    return Raw(columns, shapes, np.zeros(len(shapes), dtype=np.bool_), crs, file.kind, np.arange(1, len(shapes) + 1))


def _shapes(wkb: NDArray[np.object_]) -> Shapes:
    with np.errstate(invalid="ignore"):
        shapes: Shapes = np.asarray(shapely.from_wkb(wkb, on_invalid="ignore"), dtype=object)
    for at in np.flatnonzero(shapely.is_missing(shapes)):
        if wkb[at] is not None and _holds_nonsense(wkb[at]):
            shapes[at] = shapely.Point(np.inf, np.inf)  # GEOS makes no ring of NaN; judged as not finite all the same
    return shapes


def _holds_nonsense(wkb: bytes) -> bool:
    """Whether the first ring of a polygon holds a coordinate that is no finite number (two-dimensional WKB)."""
    if len(wkb) < 5:
        return False
    order = "<" if wkb[0] else ">"
    kind = int(np.frombuffer(wkb, f"{order}u4", 1, 1)[0])
    skip = {3: 9, 6: 18}.get(kind)
    if skip is None or len(wkb) < skip + 4:
        return False
    points = int(np.frombuffer(wkb, f"{order}u4", 1, skip)[0])
    xy = np.frombuffer(wkb[skip + 4 :][: points * 16], f"{order}f8")
    return not np.isfinite(xy).all()


_EXACT = 2**53
_SEVERAL = (list, tuple, dict, np.ndarray)
"""What lists and structures of GeoParquet become: they say no single thing."""


def _texts(values: Any) -> Texts:
    """Values as a person reads them: blank for nothing, whole numbers without a decimal point."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (np.abs(values) < _EXACT) & (np.rint(np.nan_to_num(values)) == values)
        made = [
            str(int(one)) if flag else "" if np.isnan(one) else repr(float(one))
            for one, flag in zip(values, whole, strict=True)
        ]
    else:
        made = [_text(one) for one in values]
    result = np.empty(len(made), dtype=object)
    result[:] = made
    return result


def _text(value: Any) -> str:
    value = word(value) if isinstance(value, bytes) else value
    if value is None or isinstance(value, _SEVERAL):
        return ""
    if isinstance(value, float):
        is_whole = value.is_integer() and abs(value) < _EXACT
        return "" if np.isnan(value) else str(int(value)) if is_whole else repr(value)
    text = str(value).replace("\0", "").strip()  # no text of the database holds it
    return "" if text.lower() in _NOTHING else text


# -- columns ----------------------------------------------------------------------------------------------------------
def boundaries_of(raw: Raw, source: LayerSource, level: int, levels: Callable[[str], int]) -> Boundaries:
    """The columns a source names, as texts; shapes stay in the file's coordinates.

    Parameters
    ----------
    levels
        Number of a level by its key.

    Raises
    ------
    Refused
        When a named column is not in the file; the message names those that are.
    """
    count = len(raw.shapes)

    def column(name: str | None) -> Texts:
        return blank(count) if name is None else _column(raw, name, source.label)

    return Boundaries(
        source=source,
        level=level,
        rows=raw.rows,
        codes=padded(column(source.code), source.code_width),
        names=column(source.name),
        names_en=column(source.name_en),
        kinds=column(source.kind),
        parents=column(source.parent),
        parent_names=column(source.parent_name),
        shapes=raw.shapes,
        ancestors={levels(key): column(name) for key, name in source.ancestors.items()},
        ancestor_names={levels(key): column(name) for key, name in source.ancestor_names.items()},
        texts=raw.columns,
        columns=tuple(raw.columns),
    )


def blank(count: int) -> Texts:
    """So many blank texts."""
    return np.full(count, "", dtype=object)


def padded(codes: Texts, width: int) -> Texts:
    """Codes with zeros on the left up to ``width``; blank ones stay blank."""
    if not width:
        return codes
    return np.asarray([code and code.zfill(width) for code in codes], dtype=object)


def _column(raw: Raw, name: str, label: str) -> Texts:
    wanted = _TEMPLATE.findall(name) if "{" in name else [name]
    there = list(raw.columns)
    for one in wanted:
        if one not in raw.columns:
            raise Refused(f"{label} has no column {one!r}; it has {', '.join(there) or 'none'}{near(one, there)}")
    if "{" not in name:
        return raw.columns[name]
    made = [_filled(raw, name, at) for at in range(len(raw.shapes))]
    return np.asarray(made, dtype=object) if made else blank(0)


def _filled(raw: Raw, template: str, at: int) -> str:
    """A text with the columns of one row in its braces."""
    return _TEMPLATE.sub(lambda found: str(raw.columns[found[1]][at]), template)


def unreadable(raw: Raw, source: LayerSource) -> list[Finding]:
    """A finding for each geometry whose bytes make no shape."""
    return [
        Finding(
            "geometry_unreadable",
            "几何无法读取（环不足四点、未闭合或为曲线）；应为闭合的多边形",
            "the geometry cannot be read (a ring of fewer than four points, not closed, or curved); "
            "it must be a closed polygon",
            file=source.label,
            level=source.level,
            rows=(int(raw.rows[at]),),
        )
        for at in np.flatnonzero(raw.is_unreadable)
    ]
