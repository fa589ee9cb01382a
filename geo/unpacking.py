"""A vector file made ready to be read: its kind told by its first bytes, unpacked into a folder, within limits."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import re
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from geo.errors import Refused, TooMuch, Unknown
from geo.settings import settings

FORMATS = (
    "GeoJSON, GeoPackage, Shapefile or MapInfo (best zipped), FlatGeobuf, KML, KMZ, DXF, OpenStreetMap (.osm or "
    ".osm.pbf) or GeoParquet, each also as .gz"
)
MEMBERS_MAX = 1_000
_CHUNK = 1 << 20
_READABLE = (
    *(".geojson", ".json", ".gpkg", ".shp", ".parquet", ".fgb"),
    *(".tab", ".mif", ".kml", ".dxf", ".osm", ".pbf"),
)
_KMZ = "doc.kml"
_NAME_MAX = 200
_PACKED = {b"\x1f\x8b": ".gz", b"BZh": ".bz2"}
_ENDINGS = {"osm": (".osm", ".pbf"), "kml": (".kml", ".kmz"), "dxf": (".dxf",), "mapinfo": (".tab", ".mif")}
"""By what GDAL knows a file; the others it tells by their first bytes."""


@dataclass(frozen=True)
class Opened:
    """A file as it can be read now.

    ``kind`` is geojson, gpkg, shp, parquet, fgb, mapinfo, kml, dxf or osm.
    """

    path: Path
    kind: str


@contextmanager
def opened(path: Path, *, sha256: str | None = None, member: str | None = None) -> Iterator[Opened]:
    """The file, unpacked where it is packed; what was unpacked is gone afterwards.

    Parameters
    ----------
    sha256
        The checksum the file must have; not checked when None.
    member
        Name of the dataset inside a zip that holds several, with or without its ending.

    Raises
    ------
    Unknown
        When there is no such file.
    Refused
        When it is empty, not what was declared, damaged, or of no known format.
    TooMuch
        When it unpacks to more than ``max_import_mb``.
    """
    if not path.is_file():
        raise Unknown(f"there is no file {path}")
    if not path.stat().st_size:
        raise Refused(f"{path.name} is empty (0 bytes); it must be {FORMATS}")
    if sha256:
        _check_sha256(path, sha256)
    with TemporaryDirectory(prefix="gridatlas-import-") as folder:
        plain = _unpacked(path, Path(folder))
        if _magic(plain).startswith(b"PK\x03\x04"):
            plain = _unzipped(plain, path.name, Path(folder), member)
        kind = _kind(plain, path.name)
        yield Opened(_named(plain, kind, Path(folder)), kind)


def _check_sha256(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise Refused(f"{path.name} is not the file that was declared: sha256 {found}; sources say {sha256}")


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1024)


def _limit() -> int:
    return settings().max_import_mb * 1_000_000


def _copy(source: IO[bytes], target: Path, name: str, spent: int) -> int:
    """Copy a stream; answers the bytes spent so far. Counts what comes out, not what a header claims."""
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            spent += len(chunk)
            if spent > _limit():
                mb = settings().max_import_mb
                raise TooMuch(f"{name} unpacks to more than {mb} MB; the limit is GRIDATLAS_MAX_IMPORT_MB={mb}")
            file.write(chunk)
    return spent


def _unpacked(path: Path, folder: Path) -> Path:
    """The file itself, or what is packed in a .gz or .bz2."""
    ending = next((ending for magic, ending in _PACKED.items() if _magic(path).startswith(magic)), None)
    if ending is None:
        return path
    opening = gzip.open if ending == ".gz" else bz2.open
    target = folder / (path.name.removesuffix(ending) or "unpacked")
    try:
        with opening(path) as source:
            if not _copy(source, target, path.name, 0):  # type: ignore[arg-type]
                raise Refused(f"{path.name} unpacks to nothing; it must hold {FORMATS}")
    except (EOFError, OSError, zlib.error) as error:
        raise Refused(f"{path.name} is cut off or damaged: {error}; fetch it again") from error
    return target


def _named(path: Path, kind: str, folder: Path) -> Path:
    """The file under a name by which GDAL knows what it is."""
    if path.name.lower().endswith(_ENDINGS.get(kind, ("",))):
        return path
    link = folder / f"{path.stem}{_ending(path, kind)}"
    link.symlink_to(path.absolute())
    return link


def _ending(path: Path, kind: str) -> str:
    if kind == "osm":
        return ".osm" if _text(path).startswith("<") else ".osm.pbf"
    if kind == "mapinfo":
        return ".mif" if _text(path).lower().startswith("version") else ".tab"
    return _ENDINGS[kind][0]


_DAMAGED = (
    *(zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, struct.error),
    *(NotImplementedError, OSError, IndexError, ValueError),
)
"""What zipfile lets through when a zip is damaged; an IndexError for a member without name."""


def _unzipped(path: Path, name: str, folder: Path, member: str | None) -> Path:
    """The one dataset of a zip; members are written by bare name into one folder, so no path can leave it."""
    inside = folder / "zip"
    inside.mkdir()
    spent = 0
    try:
        with zipfile.ZipFile(path) as packed:
            infos = [info for info in packed.infolist() if not info.is_dir()]
            if len(infos) > MEMBERS_MAX:
                raise TooMuch(f"{name} holds {len(infos):,} files; at most {MEMBERS_MAX:,} are unpacked")
            for info in infos:
                with packed.open(info) as source:
                    spent = _copy(source, inside / _bare(_spelt(info), name), name, spent)
    except _DAMAGED as error:
        raise Refused(f"{name} is cut off or damaged: {error}; fetch it again") from error
    except RuntimeError as error:  # zipfile's word for an encrypted member
        raise Refused(f"{name} is encrypted; pack it without a password") from error
    if not (inside / _KMZ).is_file():
        return _dataset(inside, name, member)
    whole = folder / f"{PurePosixPath(name).stem}.kmz"  # its other files are parts of doc.kml, as GDAL knows
    if not whole.exists():
        whole.symlink_to(path.absolute())
    return whole


def _spelt(info: zipfile.ZipInfo) -> str:
    """Name of a member as its packer wrote it: Windows in China writes GBK, which zipfile takes for cp437."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def _bare(filename: str, name: str) -> str:
    parts = PurePosixPath(filename.replace("\\", "/")).parts
    if not parts or ".." in parts or filename.startswith(("/", "\\")) or ":" in parts[0]:
        raise Refused(f"{name} holds a file that would be written outside its folder: {filename!r}; pack bare files")
    if len(os.fsencode(parts[-1])) > _NAME_MAX:
        raise Refused(f"{name} holds a file with a name of over {_NAME_MAX} bytes: {filename[:40]!r} …; shorten it")
    return parts[-1]


def _dataset(inside: Path, name: str, member: str | None) -> Path:
    found = sorted(one for one in inside.iterdir() if one.suffix.lower() in _READABLE and one.name[0] != ".")
    if member and len(found) > 1:
        found = [one for one in found if member in (one.name, one.stem)] or found
    if len(found) == 1:
        return found[0]
    there = ", ".join(one.name for one in (found or sorted(inside.iterdir()))[:8]) or "nothing"
    if found:
        raise Refused(f"{name} holds {len(found)} datasets: {there}; name one with layer = …")
    raise Refused(f"{name} holds no file of shapes, only {there}; it must hold {FORMATS}")


def _kind(path: Path, name: str) -> str:
    """Format by the first bytes, whatever the name says."""
    magic = _magic(path)
    if magic.startswith(b"SQLite format 3\x00"):
        _check_sqlite(path, name)
        return "gpkg"
    for begins, kind in _MAGIC.items():
        if magic.startswith(begins):
            return kind
    if magic[4:].startswith(b"\x0a\x09OSMHeader"):
        return "osm"
    text = _text(path)
    for pattern, kind in _BEGINS:
        if pattern.match(text):
            return kind
    raise Refused(f"{name} holds no shapes that can be read: it begins with {text[:24]!r}; it must be {FORMATS}")


_MAGIC = {
    b"PAR1": "parquet",
    b"\x00\x00\x27\x0a": "shp",
    b"fgb\x03": "fgb",
    b"AutoCAD Binary DXF": "dxf",
    b"PK\x03\x04": "kml",
}
_BEGINS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), kind)
    for pattern, kind in (
        (r"\{", "geojson"),
        (r"(<\?xml.*?\?>|<!--.*?-->|\s)*<osm[\s>]", "osm"),
        (r"(<\?xml.*?\?>|<!--.*?-->|\s)*<(\w+:)?kml[\s>]", "kml"),
        (r"!table\s", "mapinfo"),
        (r"version\s+\d+\s+charset\s", "mapinfo"),
        (r"(999\s*\n[^\n]*\n\s*)*0\s*\n\s*SECTION\b", "dxf"),
    )
)


def _text(path: Path) -> str:
    """The beginning of a text file, without byte order mark and blanks."""
    return _magic(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip()


def _check_sqlite(path: Path, name: str) -> None:
    """Refuse a GeoPackage that is shorter than its header says, or whose pages do not hang together."""
    with path.open("rb") as file:
        header = file.read(100)
    size = path.stat().st_size
    if len(header) == 100:
        page, pages = struct.unpack(">H", header[16:18])[0], struct.unpack(">I", header[28:32])[0]
        claimed = (65_536 if page == 1 else page) * pages
        if size < claimed:
            raise Refused(f"{name} is cut off: {size:,} bytes of {claimed:,} its header names; fetch it again")
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        connection.text_factory = lambda text: text.decode("utf-8", "replace")  # it may name a name that is damaged
        try:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter when its words hold a name that is no text
        raise Refused(f"{name} is a damaged GeoPackage: {error}; fetch it again") from error
    if answer != "ok":
        raise Refused(f"{name} is a damaged GeoPackage: {answer}; fetch it again")


def datasets(path: Path) -> list[str]:
    """Names of the datasets in a zip, as ``member`` of :func:`opened` takes them; none for a file that is no zip.

    Raises
    ------
    Refused
        When the zip is damaged.
    """
    if not zipfile.is_zipfile(path):
        return []
    try:
        with zipfile.ZipFile(path) as packed:
            names = [PurePosixPath(_spelt(info).replace("\\", "/")).name for info in packed.infolist()[:MEMBERS_MAX]]
    except _DAMAGED as error:
        raise Refused(f"{path.name} is cut off or damaged: {error}; fetch it again") from error
    if _KMZ in names:
        return []
    return sorted(name for name in names if PurePosixPath(name).suffix.lower() in _READABLE and name[0] != ".")
