"""OpenStreetMap files made ready for GDAL: our own columns, and a file that is cut off or torn is said to be so.

GDAL reads a damaged OSM file through Arrow as one of no rows; so the file is proved whole before.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import IO
from xml.parsers import expat

from geo.errors import Refused

CONFIG = Path(__file__).with_name("osmconf.ini")
_HEADER_MAX, _BLOB_MAX = 64 << 10, 32 << 20
_VARINT, _BYTES = 0, 2
Fields = dict[int, int | bytes]


@cache
def configure() -> None:
    """Tell GDAL, once a process, which tags are columns and which closed ways are ground."""
    import pyogrio

    pyogrio.set_gdal_config_options({"OSM_CONFIG_FILE": str(CONFIG)})


def check_whole(path: Path, name: str) -> None:
    """Nothing, when every block of the file is there and unharmed.

    Raises
    ------
    Refused
        When it is cut off or damaged; the message says where.
    """
    with path.open("rb") as file:
        is_xml = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        file.seek(0)
        if is_xml:
            _check_xml(file, name)
            return
        size = path.stat().st_size
        while file.tell() < size:
            _check_blob(file, size, name)


def _check_xml(file: IO[bytes], name: str) -> None:
    try:
        expat.ParserCreate().ParseFile(file)
    except expat.ExpatError as error:
        raise Refused(f"{name} is cut off or damaged: {error}; fetch it again") from error


def _check_blob(file: IO[bytes], size: int, name: str) -> None:
    """One block: four bytes of length, its header, its data.

    References
    ----------
    wiki.openstreetmap.org/wiki/PBF_Format
    """
    at = file.tell()
    damaged = Refused(f"{name} is cut off or damaged at byte {at:,} of {size:,}; fetch it again")
    length = int.from_bytes(file.read(4), "big")
    if not 0 < length <= _HEADER_MAX:
        raise damaged
    try:
        following = _fields(file.read(length)).get(3)
        if not isinstance(following, int) or following > _BLOB_MAX or file.tell() + following > size:
            raise damaged
        blob = _fields(file.read(following))
        packed = blob.get(3)
        if isinstance(packed, bytes) and len(zlib.decompress(packed, bufsize=_BLOB_MAX)) != blob.get(2):
            raise damaged
    except (IndexError, zlib.error, ValueError) as error:
        raise damaged from error


def _fields(message: bytes) -> Fields:
    """Fields of a protocol buffer that has only numbers and bytes. Raises IndexError or ValueError when it is none."""
    found: Fields = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key & 7 == _BYTES:
            if at + value > len(message):
                raise ValueError("cut off")
            found[key >> 3] = message[at : at + value]
            at += value
        elif key & 7 == _VARINT:
            found[key >> 3] = value
        else:
            raise ValueError("no such field")
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
