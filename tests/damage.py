"""Files damaged as files are: torn, flipped, spliced, lying about themselves; bytes in and out, by a seeded chance."""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from functools import cache
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

Damage = Callable[[bytes, Random], bytes]

BOMB_BYTES = 120_000_000
_COUNTS = [0, 1, 0x7F, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFF0]
_NUMBERS = [
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "1e308",
        "-1e-320",
        "9" * 40,
        "null",
        "[]",
        "{}",
        "true",
        '""',
        "0",
        "-",
    ),
    *('""', "0x10", "1.2.3", "91", "181", "4000000", "[[[1,2]]]", '"120.1"', "2024-13-45", "0001-01-01", "99999-01-01"),
]
_TEXTS = [
    *("", "null", "\x00", "\ufffd" * 3, "a" * 1_000_000, "\\ud800", "../../etc", "=1+1", "'; DROP TABLE grids; --"),
    *("\u202e", "[bold]", "{code}", "379901001001001", " ", "\n", "%s%n", "鿿" * 5000, "𠮷", "\u0301" * 200),
]
_SHAPES = ["Polygon", "Point", "LineString", "MultiPolygon", "GeometryCollection", "Curve", "", "Feature"]
_WORD = re.compile(rb'"[^"\n]{0,80}"|>[^<>\n]{1,80}<')
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_SIGN = re.compile(rb'[\[\]{},:"<>/\n]')


def damaged(data: bytes, kind: str, others: Sequence[bytes], random: Random) -> bytes:
    """The bytes of a file with one to three damages fit for its kind, of which the first is always one.

    Parameters
    ----------
    kind
        Its ending without the dot: ``geojson``, ``csv.gz`` …
    others
        Bytes of other files, to splice from.
    """
    own = _OWN.get(kind.rsplit(".", 1)[-1], _of_bytes)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        chance = random.random()
        if chance < 0.1:
            data = _spliced(data, random.choice(others), random)
        elif chance < 0.4:
            data = _of_bytes(data, random)
        else:
            with suppress(Exception):  # a file that is torn already may bear no damage of its own kind
                data = own(data, random)
    return data


# -- bytes -----------------------------------------------------------------------------------------------------------
def _of_bytes(data: bytes, random: Random) -> bytes:
    return random.choice([_flipped, _flipped, _cut, _miscounted, _miscounted, _lost, _repeated, _filled, _longer])(
        data, random
    )


def _at(data: bytes, random: Random) -> int:
    """A place; in half of the cases near the beginning or the end, where files say what they are."""
    size = len(data)
    places = [random.randrange(size + 1), min(random.randrange(256), size), max(size - random.randrange(512), 0)]
    return random.choice([places[0], *places])


def _flipped(data: bytes, random: Random) -> bytes:
    made = bytearray(data)
    for _ in range(random.choice([1, 1, 4, 32, 256])):
        at = _at(data, random)
        if at < len(made):
            made[at] ^= 1 << random.randrange(8)
    return bytes(made)


def _cut(data: bytes, random: Random) -> bytes:
    return data[: _at(data, random)]


def _lost(data: bytes, random: Random) -> bytes:
    at = _at(data, random)
    return data[:at] + data[at + random.choice([1, 3, 64, 4096]) :]


def _repeated(data: bytes, random: Random) -> bytes:
    at = _at(data, random)
    return data[:at] + data[at : at + random.choice([8, 512, 8192])] * random.choice([2, 50]) + data[at:]


def _filled(data: bytes, random: Random) -> bytes:
    at, size = _at(data, random), random.choice([4, 16, 100, 1000])
    fill = random.choice([b"\0" * size, b"\xff" * size, random.randbytes(size)])
    return data[:at] + fill + data[at + size :]


def _longer(data: bytes, random: Random) -> bytes:
    return data + random.choice([b"\0" * 70_000, random.randbytes(70_000), data, b"\n\n\n", b"\x1a"])


def _miscounted(data: bytes, random: Random) -> bytes:
    """A count or an offset that lies: four or eight bytes of a great number."""
    at = _at(data, random) & ~3
    value = struct.pack(random.choice("<>") + "I", random.choice(_COUNTS)) * random.choice([1, 1, 2])
    return data[:at] + value + data[at + len(value) :]


def _spliced(data: bytes, other: bytes, random: Random) -> bytes:
    if random.random() < 0.5:
        head = random.choice([4, 16, 100, 512])
        return other[:head] + data[head:]
    return data[: _at(data, random)] + other[_at(other, random) :]


# -- texts -----------------------------------------------------------------------------------------------------------
def _of_text(data: bytes, random: Random) -> bytes:
    return random.choice([_number, _number, _number, _word, _word, _sign, _shape, _nested, _recoded, _line])(
        data, random
    )


def _replaced(data: bytes, pattern: re.Pattern[bytes], random: Random, make: Callable[[bytes], bytes]) -> bytes:
    """Some finds replaced: one, several, or in a row of the text."""
    finds = list(pattern.finditer(data))
    if not finds:
        return _of_bytes(data, random)
    for found in sorted(random.sample(finds, min(len(finds), random.choice([1, 1, 5]))), key=lambda one: -one.start()):
        data = data[: found.start()] + make(found[0]) + data[found.end() :]
    return data


def _number(data: bytes, random: Random) -> bytes:
    return _replaced(data, _NUMBER, random, lambda _: random.choice(_NUMBERS).encode())


def _word(data: bytes, random: Random) -> bytes:
    def other(found: bytes) -> bytes:
        text = random.choice(_TEXTS).encode("utf-8", "surrogatepass")
        text = random.choice([text, text, "社区".encode("gbk"), b"\xff\xfe", b"\xe7\xa4"])
        return found[:1] + text + found[-1:]

    return _replaced(data, _WORD, random, other)


def _sign(data: bytes, random: Random) -> bytes:
    return _replaced(data, _SIGN, random, lambda _: random.choice([b"", b",", b"[", b"}", b'"', b"\0"]))


def _shape(data: bytes, random: Random) -> bytes:
    shapes = re.compile("|".join(one for one in _SHAPES if one).encode())
    return _replaced(data, shapes, random, lambda _: random.choice(_SHAPES).encode())


def _nested(data: bytes, random: Random) -> bytes:
    """Brackets or collections so deep that whoever descends by recursion falls."""
    deep = random.choice([50, 1_000, 200_000])
    collection = b'{"type":"GeometryCollection","geometries":['
    if random.random() < 0.5 and b'"geometry":' in data:
        whole = collection * deep + b'{"type":"Point","coordinates":[117,36.6]}' + b"]}" * deep
        return data.replace(b'"geometry":', b'"geometry":' + whole + b',"was":', 1)
    opened, closed = random.choice([(b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b'"', b'"')])
    return _replaced(data, _NUMBER, random, lambda found: opened * deep + found + closed * random.choice([deep, 0]))


def _recoded(data: bytes, random: Random) -> bytes:
    text, at = data.decode("utf-8", "replace"), random.random()
    half = int(len(text) * at)
    codec = random.choice(["gb18030", "utf-16", "utf-16-le", "big5", "latin-1", "utf-32"])
    rest = text[half:].encode(codec, "replace")
    return random.choice([b"", text[:half].encode(), b"\xef\xbb\xbf" + text[:half].encode()]) + rest


def _line(data: bytes, random: Random) -> bytes:
    """Lines swapped, repeated, joined, without end, or with other separators."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    made: list[bytes] = random.choice(
        [
            [*lines[:at], lines[0], *lines[at:]],
            [*lines[:at], *lines[at : at + 1] * 300, *lines[at:]],
            [lines[at], *lines],
            [b'"' + b"x" * 300_000, *lines],
            [b",".join([lines[0]] * 300), *lines[1:]],
            [one.replace(b",", random.choice([b";", b"\t", b",,", b"\r"])) for one in lines],
        ]
    )
    return b"\n".join(made)


# -- packed ----------------------------------------------------------------------------------------------------------
def _of_gzip(data: bytes, random: Random) -> bytes:
    inner = gzip.decompress(data)
    return random.choice(
        [
            lambda: gzip.compress(_of_text(inner, random), mtime=0),
            lambda: gzip.compress(_of_text(inner, random), mtime=0),
            lambda: gzip.compress(data, mtime=0),
            lambda: data + gzip.compress(inner, mtime=0),
            lambda: gzip.compress(b"", mtime=0),
            _bomb,
        ]
    )()


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"type":"FeatureCollection","features":[' + b" " * BOMB_BYTES, compresslevel=1, mtime=0)


def _of_zip(data: bytes, random: Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = {one.filename: packed.read(one) for one in packed.infolist()}
    name = random.choice(list(members))
    trick = random.randrange(9)
    if trick < 5:
        is_text = name.endswith((".xml", ".cpg", ".prj", ".rels", ".kml", ".mif", ".mid"))
        members[name] = (_of_text if is_text else _of_bytes)(members[name], random)
        return _zipped(members)
    if trick == 5:
        held = members.pop(name)
        members[random.choice(["../out.shp", "/abs.shp", "a/b/" + name, name.upper(), "x" * 300, "\x00.shp"])] = held
        return _zipped(members)
    if trick == 6:
        return _zipped(members | {f"{at}.txt": b"" for at in range(random.choice([1, 1500]))})
    if trick == 7:
        return _zipped(members | {name: b" " * BOMB_BYTES})
    made = bytearray(_zipped(members))
    for found in re.finditer(b"PK\x01\x02|PK\x03\x04", bytes(made)):  # encrypted, or packed by no known method
        made[found.start() + random.choice([6, 8, 10])] ^= 1
    return bytes(made)


def _zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, data in members.items():
            packed.writestr(zipfile.ZipInfo(name), data)
    return target.getvalue()


# -- tables ----------------------------------------------------------------------------------------------------------
def _of_parquet(data: bytes, random: Random) -> bytes:
    table = pq.read_table(pa.BufferReader(data))
    change = random.choice(
        [_other_type, _other_type, _bad_cells, _bad_cells, _bad_cells, _other_geo, _other_geo, _fewer]
    )
    target = io.BytesIO()
    pq.write_table(change(table, random), target)
    return target.getvalue()


def _other_type(table: pa.Table, random: Random) -> pa.Table:
    at, rows = random.randrange(table.num_columns), table.num_rows
    other = random.choice(
        [
            lambda: pa.nulls(rows),
            lambda: pa.array([[1.0, 2.0]] * rows),
            lambda: pa.array([{"x": 1.0, "y": None}] * rows),
            lambda: pa.array([b"\xff\x00"] * rows),
            lambda: pa.array([float("nan"), float("inf")] * rows)[:rows],
            lambda: pa.array(["社区"] * rows).dictionary_encode(),
            lambda: pa.array([2**63 - 1] * rows),
            lambda: pa.array([2**62] * rows, type=pa.timestamp("ns")),
            lambda: pa.array([-(2**62)] * rows, type=pa.timestamp("s", tz="Asia/Shanghai")),
            lambda: pa.array([True, None] * rows)[:rows],
            lambda: pa.array(["\x00" + "x" * 10_000] * rows, type=pa.large_string()),
            lambda: pa.array([1] * rows, type=pa.duration("us")),
        ]
    )()
    return table.set_column(at, table.column_names[at], other)


def _bad_cells(table: pa.Table, random: Random) -> pa.Table:
    """Some cells of a column of texts or of geometries damaged in their bytes, kept under the column's type."""
    fit = [at for at, one in enumerate(table.schema) if pa.types.is_binary(one.type) or pa.types.is_string(one.type)]
    if not fit:
        return _other_type(table, random)
    at = random.choice(fit)
    kind = table.schema.field(at).type
    cells = table.column(at).cast(pa.binary()).to_pylist()
    for row in random.sample(range(len(cells)), min(len(cells), random.choice([1, 3, 100]))):
        cells[row] = random.choice([_of_bytes, _miscounted, lambda *_: b"", lambda *_: None])(cells[row] or b"", random)
    made = pa.array(cells, type=pa.binary())
    return table.set_column(at, table.column_names[at], made.view(kind) if pa.types.is_string(kind) else made)


def _other_geo(table: pa.Table, random: Random) -> pa.Table:
    told = (table.schema.metadata or {}).get(b"geo", b'{"primary_column":"geometry","columns":{"geometry":{}}}')
    strange = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"columns":{}}',
        b'{"primary_column":"none","columns":{"none":{}}}',
        b"\xff",
    ]
    told = random.choice([*strange, _of_text(told, random), _of_text(told, random), _crs(told, random)])
    return table.replace_schema_metadata({"geo": told})


def _crs(told: bytes, random: Random) -> bytes:
    meta = json.loads(told)
    for about in meta["columns"].values():
        about["crs"] = random.choice([None, "EPSG:4326", {}, {"id": {}}, {"id": None}, 4326, {"id": {"code": 1}}, [1]])
        about["encoding"] = random.choice(["WKB", "wkb", "point", "", None, 3])
    return json.dumps(meta).encode()


def _fewer(table: pa.Table, random: Random) -> pa.Table:
    twice = pa.Table.from_arrays([*table.columns, table.column(0)], [*table.column_names, table.column_names[0]])
    return random.choice([table.slice(0, 0), table.select([]), table.select([0]), twice])


# -- GeoPackage ------------------------------------------------------------------------------------------------------
_SQL = (
    "UPDATE gpkg_geometry_columns SET srs_id = {number}",
    "UPDATE gpkg_geometry_columns SET column_name = {text}",
    "UPDATE gpkg_geometry_columns SET geometry_type_name = {text}, z = 7",
    "UPDATE gpkg_contents SET table_name = {text}",
    "UPDATE gpkg_contents SET data_type = {text}",
    "UPDATE gpkg_contents SET min_x = {number}, max_y = 'NaN', srs_id = {number}",
    "UPDATE gpkg_spatial_ref_sys SET definition = {text}, organization_coordsys_id = {number}",
    "DELETE FROM gpkg_contents",
    "DELETE FROM gpkg_geometry_columns",
    "DELETE FROM gpkg_spatial_ref_sys",
    "DROP TABLE gpkg_spatial_ref_sys",
    "DROP TABLE gpkg_contents",
    "UPDATE {layer} SET geom = {blob}",
    "UPDATE {layer} SET geom = {blob} WHERE fid % 3 = 1",
    "UPDATE {layer} SET geom = {text} WHERE fid % 3 = 1",
    "UPDATE {layer} SET geom = NULL",
    "UPDATE {layer} SET {column} = {blob} WHERE fid % 2 = 1",
    "UPDATE {layer} SET {column} = {number}",
    "UPDATE {layer} SET {column} = CAST({blob} AS TEXT)",
    "UPDATE {layer} SET fid = fid + 9223372036854775000",
    "DELETE FROM {layer}",
    "ALTER TABLE {layer} RENAME TO other",
    "ALTER TABLE {layer} RENAME COLUMN {column} TO geometry",
    "ALTER TABLE {layer} ADD COLUMN {column}2 {text}",
    "UPDATE rtree_{layer}_geom_node SET data = {blob}",
    "CREATE TABLE another AS SELECT * FROM {layer}",
    "PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = {text} WHERE name = '{layer}'",
    "PRAGMA writable_schema = 1; UPDATE sqlite_master SET rootpage = {number} WHERE name = '{layer}'",
)


def _of_gpkg(data: bytes, random: Random) -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as file:
        file.deserialize(data)
        layer = file.execute("SELECT table_name FROM gpkg_contents").fetchone()[0]
        columns = [one[1] for one in file.execute(f"PRAGMA table_info({layer})") if one[1] not in ("fid", "geom")]
        blob = _of_bytes(file.execute(f"SELECT geom FROM {layer} LIMIT 1").fetchone()[0], random)
        text = random.choice(_TEXTS).replace("'", "''").replace("\x00", "")
        words = {"layer": layer, "column": random.choice(columns), "blob": f"x'{blob.hex()}'", "text": f"'{text}'"}
        number = random.choice(["0", "-1", "999999", "4549", "1e300", "9223372036854775807", "'NaN'"])
        for name, kind in file.execute("SELECT name, type FROM sqlite_master").fetchall():
            if kind == "trigger":
                file.execute(f'DROP TRIGGER "{name}"')
        file.executescript(random.choice(_SQL).format(**words, number=number))
        return file.serialize()


_OWN: dict[str, Damage] = {
    **dict.fromkeys(("geojson", "csv", "toml", "kml", "mif", "osm"), _of_text),
    "gz": _of_gzip,
    **dict.fromkeys(("zip", "xlsx", "kmz"), _of_zip),
    **dict.fromkeys(("parquet", "geoparquet"), _of_parquet),
    "gpkg": _of_gpkg,
}
