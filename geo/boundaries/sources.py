"""What a ``sources.toml`` or the flags of one file declare: the city, its levels, its outline and its layers."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from geo.crs import datum_in
from geo.errors import Refused, Unknown, near, shown

LEVELS_MIN, LEVELS_MAX = 2, 6
CITY_LEVEL = 0
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Row = TypeVar("Row")


@dataclass(frozen=True)
class LevelSource:
    """One level of the division.

    Parameters
    ----------
    key
        How layers and flags call it: ``city``, ``district``, ``grid`` …
    zh, en
        How pages call it.
    digits
        Length of a code of this level when it begins with the code of the level above; None when codes do not nest.
    """

    key: str
    zh: str
    en: str
    digits: int | None = None


@dataclass(frozen=True)
class CitySource:
    """The city: levels from the city itself down to its grids."""

    name: str
    code: str
    time_zone: str
    levels: tuple[LevelSource, ...]
    name_en: str = ""

    def level(self, key: str) -> int:
        """Position of a level, 0 = the city.

        Raises
        ------
        Refused
            When there is no such level; the message names those that are.
        """
        keys = [level.key for level in self.levels]
        if key in keys:
            return keys.index(key)
        raise Refused(f"level {shown(key)} is not one of the city's: {', '.join(keys)}{near(key, keys)}")

    @property
    def grid_level(self) -> int:
        """Position of the last level, the grids."""
        return len(self.levels) - 1


@dataclass(frozen=True)
class OutlineSource:
    """The file that holds the city's ground."""

    file: Path
    datum: str
    layer: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    sha256: str | None = None
    origin: str = ""
    licence: str = ""

    @property
    def label(self) -> str:
        """File name, and the layer inside it where one is named."""
        return f"{self.file.name}:{self.layer}" if self.layer else self.file.name


@dataclass(frozen=True)
class LayerSource:
    """One layer of boundaries and where its columns are.

    Parameters
    ----------
    file
        Any format of ``docs/formats.md``.
    level
        Key of the level its rows belong to.
    datum
        What its coordinates really are; never guessed.
    code, name, name_en, parent, parent_name, kind
        Columns; ``name`` may be a text with columns in braces: ``"Beat {beat_num}"``. Without ``code`` (grids only)
        rows are matched to the edition in force. ``parent`` holds codes of the level above, ``parent_name`` names:
        alone it finds the parent, beside ``parent`` it is compared. Without both the parent is the city when that is
        the level above, else the code's beginning.
    ancestors, ancestor_names
        Level key → column, where parents of several levels are columns of this layer and have no layer of their own.
    where
        Column → the text its rows must have, as ``boundary = "administrative"``; the others are no rows of the layer.
    code_width
        Codes shorter than this are padded with zeros on the left.
    layer, encoding, origin, licence, sha256
        Layer inside the file; text encoding of a Shapefile; where it comes from; the file's checksum.
    """

    file: Path
    level: str
    datum: str
    layer: str | None = None
    code: str | None = None
    name: str | None = None
    name_en: str | None = None
    parent: str | None = None
    parent_name: str | None = None
    kind: str | None = None
    ancestors: Mapping[str, str] = field(default_factory=dict)
    ancestor_names: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    code_width: int = 0
    encoding: str | None = None
    origin: str = ""
    licence: str = ""
    sha256: str | None = None

    @property
    def label(self) -> str:
        """File name, and the layer inside it where one is named."""
        return f"{self.file.name}:{self.layer}" if self.layer else self.file.name


@dataclass(frozen=True)
class EvidenceSource:
    """The file of points that state in which area they lie.

    Parameters
    ----------
    file
        CSV, Parquet, GeoParquet, XLSX, GeoPackage or GeoJSON.
    area
        Column of the area each states: its code or its name.
    datum
        Of their positions; blank: what the file says of its geometry, else wgs84, as receivers give it.
    lon, lat
        Columns; without them the usual names, else the geometry.
    level
        Key of the level they speak of; without it the one whose codes or names fit best.
    encoding
        Of its texts; without it recognised.
    layer
        Layer or sheet, where the file has several.
    """

    file: Path
    area: str
    datum: str = ""
    lon: str | None = None
    lat: str | None = None
    level: str | None = None
    encoding: str | None = None
    layer: str | None = None


@dataclass(frozen=True)
class Sources:
    """Everything one import reads; ``city`` is None when the layers belong to the city already published."""

    city: CitySource | None
    layers: tuple[LayerSource, ...]
    outline: OutlineSource | None = None
    path: Path | None = None
    evidence: EvidenceSource | None = None


def read_sources(path: Path) -> Sources:
    """Sources of a TOML file; paths in it are relative to its folder.

    Raises
    ------
    Unknown
        When there is no such file.
    Refused
        When it is not TOML, or a key is unknown, missing or does not fit; the message names table and key.
    """
    if not path.is_file():
        raise Unknown(f"there is no file {path}")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # of its own, of letters, of endless digits; of endless brackets
        raise Refused(f"{path.name} is not TOML: {error}") from error
    return _sources(document, path)


def _sources(document: dict[str, Any], path: Path) -> Sources:
    known = ["city", "outline", "layer", "evidence"]
    for key in document:
        if key not in known:
            raise Refused(f"{path.name}: there is no table [{key[:80]}]; known: {', '.join(known)}{near(key, known)}")
    rows = document.get("layer")
    if not isinstance(rows, list) or not rows:
        raise Refused(f"{path.name} names no layer; it needs at least one [[layer]] with file, level and datum")
    city = _city(document["city"], f"{path.name} [city]") if "city" in document else None
    layers = tuple(_layer(row, f"{path.name} [[layer]] {number}", path) for number, row in enumerate(rows, 1))
    outline = _outline(document["outline"], path) if "outline" in document else None
    evidence = _evidence(document["evidence"], path) if "evidence" in document else None
    if city:
        check_levels(city, layers)
    return Sources(city=city, layers=layers, outline=outline, path=path, evidence=evidence)


def check_levels(city: CitySource, layers: tuple[LayerSource, ...]) -> None:
    """Nothing, when every level a layer names is one of the city's.

    Raises
    ------
    Refused
        For a level the city does not have, or an ancestor that is not above its layer.
    """
    for layer in layers:
        level = _level(city, layer, layer.level)
        for key in (*layer.ancestors, *layer.ancestor_names):
            if not 0 < _level(city, layer, key) < level:
                raise Refused(f"{layer.label}: ancestor {key!r} is not between the city and level {layer.level!r}")
        if layer.code is None and level != city.grid_level:
            raise Refused(f"{layer.label}: level {layer.level!r} needs code = its column of codes")


def _level(city: CitySource, layer: LayerSource, key: str) -> int:
    try:
        return city.level(key)
    except Refused as error:
        raise Refused(f"{layer.label}: {error.detail}") from error


def _city(table: dict[str, Any], where: str) -> CitySource:
    rows = table.get("levels")
    if not isinstance(rows, list) or not LEVELS_MIN <= len(rows) <= LEVELS_MAX:
        raise Refused(f"{where} levels must list {LEVELS_MIN} to {LEVELS_MAX} levels, the city first, the grids last")
    levels = tuple(_record(LevelSource, row, f"{where} levels {number}") for number, row in enumerate(rows, 1))
    city = _record(CitySource, {**table, "levels": levels}, where)
    check_city(city, where)
    return city


def check_city(city: CitySource, where: str) -> None:
    """Nothing, when the levels can be one division.

    Raises
    ------
    Refused
        For a time zone that does not exist, a key that is no word or is given twice, digits that do not grow.
    """
    try:
        ZoneInfo(city.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # the last for a folder, or a name of endless length
        raise Refused(
            f"{where} time_zone {shown(city.time_zone)} is not known; a right one is Asia/Shanghai"
        ) from error
    keys = [level.key for level in city.levels]
    if len(set(keys)) != len(keys) or not all(_KEY.fullmatch(key) for key in keys):
        raise Refused(f"{where} levels: keys {shown(keys)} must be different words of a-z, 0-9 and _")
    digits = [level.digits for level in city.levels if level.digits is not None]
    if any(low >= high for low, high in pairwise((0, *digits))):
        raise Refused(
            f"{where} levels: digits {shown(digits)} must grow from the city to the grids (they count the whole code)"
        )
    if not city.code.strip():
        raise Refused(f"{where} code is blank; it is the code of the whole city, such as 370100")


def _layer(table: dict[str, Any], where: str, path: Path) -> LayerSource:
    layer = _record(LayerSource, _located(table, where, path), where)
    _check_file(layer, where)
    return layer


def _outline(table: dict[str, Any], path: Path) -> OutlineSource:
    where = f"{path.name} [outline]"
    outline = _record(OutlineSource, _located(table, where, path), where)
    _check_file(outline, where)
    return outline


def _evidence(table: dict[str, Any], path: Path) -> EvidenceSource:
    where = f"{path.name} [evidence]"
    evidence = _record(EvidenceSource, {**table, "file": _beside(table, where, path)}, where)
    if evidence.datum:
        datum_in(where, evidence.datum)
    return evidence


def _check_file(source: LayerSource | OutlineSource, where: str) -> None:
    datum_in(where, source.datum)
    if source.sha256 is not None and not _SHA256.fullmatch(source.sha256):
        raise Refused(f"{where} sha256 {shown(source.sha256)} is not 64 hexadecimal digits in lower case")


def _located(table: dict[str, Any], where: str, path: Path) -> dict[str, Any]:
    file = _beside(table, where, path)
    if not table.get("datum"):
        raise Refused(f"{where} declares no datum for {shown(table['file'])}; {DATUMS}")
    return {**table, "file": file}


def _beside(table: dict[str, Any], where: str, path: Path) -> Path:
    """The file a table names, relative to the sources."""
    if not isinstance(table, dict) or not isinstance(table.get("file"), str):
        raise Refused(f"{where} needs file = the path of its file, beside {path.name}")
    try:
        file = path.parent.joinpath(table["file"]).resolve()
        file.is_file()
    except (ValueError, OSError) as error:  # of letters no name can hold, or too many of them
        why = error.strerror if isinstance(error, OSError) else error
        raise Refused(f"{where} file {shown(table['file'])} can be no file: {why}") from error
    return file


DATUMS = "declare one of wgs84, cgcs2000, gcj02, bd09 or EPSG:nnnn; it is never guessed"


def _record(kind: type[Row], table: Any, where: str) -> Row:
    """One frozen dataclass from one table; unknown, missing and misfit keys are refused by name."""
    if not isinstance(table, dict):
        raise Refused(f"{where} is {shown(table)}; it must be a table of keys")
    fields = {one.name: one for one in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key, value in table.items():
        if key not in fields:
            raise Refused(f"{where} has no key {shown(key)}; known: {', '.join(fields)}{near(key, list(fields))}")
        _fits(value, str(fields[key].type), f"{where} {key}")
    nothing = dataclasses.MISSING
    for name, one in fields.items():
        if name not in table and one.default is nothing and one.default_factory is nothing:
            raise Refused(f"{where} lacks {name!r}")
    return kind(**table)


def _fits(value: Any, annotation: str, where: str) -> None:
    wanted: dict[str, tuple[type, str]] = {
        "str": (str, "a text"),
        "int": (int, "a whole number"),
        "Mapping": (dict, 'a table, such as { district = "column" }'),
    }
    told = [value, *(value.values() if isinstance(value, dict) else ())]
    if any("\0" in one for one in told if isinstance(one, str)):
        raise Refused(f"{where} is {shown(value)}; no text may hold the letter of number 0")
    for prefix, (kind, words) in wanted.items():
        if annotation.startswith(prefix) and (not isinstance(value, kind) or isinstance(value, bool)):
            raise Refused(f"{where} is {shown(value)}; it must be {words}")
