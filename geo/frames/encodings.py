"""Which encoding a text is in: as declared, else recognised by its bytes; a wrong one is refused by the right one."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from geo.errors import Refused

_UTF8 = "utf-8-sig"
_CHINESE = {"gbk", "gb2312", "cp936", "gb18030"}
_SAMPLE = 1 << 18
_STRANGE = re.compile(rb"[\x00\x80-\xff]")
_SEPARATOR, _WIDE_SEPARATOR = re.compile(rb"[,;\t\n]"), re.compile(rb"[,;\t\n](?=\0)|(?<=\0)[,;\t\n]")
_CERTAIN = 8
"""Characters beyond ASCII that make UTF-8 certain: only a short text of another encoding passes for it."""


@dataclass(frozen=True)
class Encoding:
    """How a text is read: Python's codec, and the encoding to be told when nobody declared it and it is not UTF-8."""

    codec: str
    recognised: str | None = None


def settled(name: str, declared: str | None, blocks: Iterable[bytes]) -> Encoding:
    """The encoding of the text whose bytes come in ``blocks``; only as many are taken as are needed.

    Parameters
    ----------
    name
        What the text is called in messages.
    declared
        Name of the encoding; None = recognised.

    Raises
    ------
    Refused
        When the declared one is not known or not the one it is in, or when none is declared and none recognised.
    """
    sample = _sample(blocks)
    found = recognised(sample)
    if declared is None:
        if found is None:
            raise Refused(
                f"the text of {name} is neither UTF-8, GBK, Big5 nor UTF-16; declare what it is with --encoding, "
                "as cp1252, or save it as UTF-8"
            )
        return Encoding(_codec(found), None if found == _UTF8 else found)
    codec = _codec(declared)
    if found is not None and _contradicts(codec, found, sample):
        word = "utf-8" if found == _UTF8 else found
        raise Refused(f"the text of {name} is {word}, not {declared}; declare --encoding {word}")
    if found is not None and found.startswith("utf-16"):
        return Encoding(_codec(found))
    return Encoding(_UTF8 if codec == "utf-8" else codec)


def recognised(sample: bytes) -> str | None:
    """``utf-8-sig``, ``utf-16``, ``utf-16-le``, ``utf-16-be``, ``gbk`` or ``big5``; None when it is none of them.

    ASCII is UTF-8. ``sample`` ends where a line ends, or holds the whole text.
    """
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = sample[:4096]
    if (zeros := head.count(0)) and not (_zeros_are_stray(head) and _decodes(sample, _UTF8)):
        odd = head[1::2].count(0)
        return "utf-16-le" if 2 * odd > zeros else "utf-16-be"
    if _decodes(sample, _UTF8):
        return _UTF8
    return _chinese(sample) or (_UTF8 if _is_damaged_utf8(sample) else None)


def _zeros_are_stray(head: bytes) -> bool:
    """Whether most separators stand without a zero beside them; in UTF-16 each of them has one."""
    separators = len(_SEPARATOR.findall(head))
    return separators > 0 and 2 * len(_WIDE_SEPARATOR.findall(head)) < separators


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether nearly all beyond ASCII is UTF-8: where it is not will be said by row."""
    read = [one for one in sample.decode(_UTF8, "replace") if one >= "\x80"]
    return len(read) >= _CERTAIN and read.count("\ufffd") * 100 <= len(read)


def _chinese(sample: bytes) -> str | None:
    """GBK or Big5, by where its two-byte characters lie: the 3,755 usual ones of GB 2312 begin with 0xB0 to 0xD7."""
    for name, least in (("gb18030", 0.5), ("big5", 0.7)):
        if not _decodes(sample, name):
            continue
        lead, trail = _pairs(sample)
        if name == "gb18030":
            usual = (lead >= 0xB0) & (lead <= 0xD7) & (trail >= 0xA1)
            plain = float(np.mean(trail >= 0xA1)) >= 0.9
        else:
            usual, plain = (lead >= 0xA4) & (lead <= 0xC6), True
        if plain and float(np.mean(usual)) >= least:
            return "gbk" if name == "gb18030" else name
    return None


def _pairs(sample: bytes) -> tuple[np.ndarray, np.ndarray]:
    """First and second byte of every two-byte character."""
    found = np.frombuffer(sample, dtype=np.uint8)
    high = found >= 0x81
    starts = np.zeros(len(found), dtype=np.bool_)
    at = 0
    for first in np.flatnonzero(high).tolist():
        if first >= at and first + 1 < len(found):
            starts[first] = True
            at = first + 2
    places = np.flatnonzero(starts)
    return found[places], found[places + 1]


def _sample(blocks: Iterable[bytes]) -> bytes:
    """The first bytes, or as many from where the text leaves ASCII; cut after a line unless it is all there is."""
    head, tail = b"", b""
    for block in blocks:
        head = head or block[:_SAMPLE]
        if tail:
            tail += block
        elif strange := _STRANGE.search(block):
            tail = block[block.rfind(b"\n", 0, strange.start()) + 1 :]
        if len(tail) >= _SAMPLE:
            return tail[: tail.rfind(b"\n") + 1] or tail
    return tail or head


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        sample.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _codec(name: str) -> str:
    """Python's name of an encoding; every Chinese one is read as its superset. Raises Refused."""
    if name.lower() in _CHINESE:
        return "gb18030"
    if name.lower().startswith("utf-16") or name == _UTF8:
        return name.lower()
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise Refused(f"encoding {name!r} is not known; try utf-8 or gbk") from error


def _contradicts(codec: str, found: str, sample: bytes) -> bool:
    """Whether the bytes cannot be what was declared, or are surely something else."""
    if not _STRANGE.search(sample):
        return False
    if found.startswith("utf-16"):
        return not codec.startswith("utf-16")
    if codec in {"utf-8", _UTF8}:
        return found != _UTF8
    if codec.startswith("utf-16"):
        return True
    if found != _UTF8:
        return False
    return sample.startswith(codecs.BOM_UTF8) or sum(one >= "\x80" for one in sample.decode(_UTF8)) >= _CERTAIN
