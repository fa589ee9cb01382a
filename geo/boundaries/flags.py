"""What the flags of one file declare: a layer of the city published, or a new city of two levels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from geo.boundaries.sources import (
    DATUMS,
    CitySource,
    EvidenceSource,
    LayerSource,
    LevelSource,
    Sources,
    check_city,
    check_levels,
)
from geo.crs import datum_of
from geo.errors import Refused, Unknown

_WORDS = {"grid": ("网格", "Grid"), "community": ("社区", "Community"), "district": ("区", "District")}


def sources_of(file: Path, flags: Mapping[str, Any], city: tuple[str | None, str | None, str]) -> Sources:
    """Sources of one file.

    Parameters
    ----------
    flags
        ``level``, ``datum`` and the columns, as in a ``[[layer]]``; None for what is not given.
    city
        Name, code and time zone of a new city with this one level; name and code None = the city published.

    Raises
    ------
    Unknown
        When there is no such file.
    Refused
        When level or datum is not declared; the message says what the file itself claims to be.
    """
    if not file.is_file():
        raise Unknown(f"there is no file {file}")
    if not flags["datum"]:
        raise Refused(f"{file.name}: no datum is declared{_claim(file, flags['layer'])}; {DATUMS}: --datum …")
    if not flags["level"]:
        raise Refused(f"{file.name}: no level is declared; say what its rows are, such as --level grid")
    datum_of(flags["datum"])
    layer = LayerSource(file=file.resolve(), **{key: value for key, value in flags.items() if value})
    made = _city(layer, city)
    if made is not None:
        check_levels(made, (layer,))
    return Sources(city=made, layers=(layer,))


def _claim(file: Path, layer: str | None) -> str:
    """What the file says of its CRS, in words; nothing when it cannot be read."""
    from geo.boundaries.reading import read_raw

    # Read as if it were WGS 84: only its own words are wanted. What cannot be read is refused here, as later.
    raw = read_raw(LayerSource(file=file, level="", datum="wgs84", layer=layer))
    if raw.crs is None:
        return ", and the file itself names no CRS"
    name = raw.crs if raw.crs.startswith("EPSG") else "a CRS of its own"
    return f" (the file itself says {name}, which may or may not be true)"


def _city(layer: LayerSource, city: tuple[str | None, str | None, str]) -> CitySource | None:
    name, code, time_zone = city
    if not name and not code:
        return None
    if not name or not code:
        raise Refused("a new city needs both --city-name and --city-code")
    zh, en = _WORDS.get(layer.level, (layer.level, layer.level))
    made = CitySource(
        name=name,
        code=code,
        time_zone=time_zone,
        levels=(LevelSource("city", "市", "City"), LevelSource(layer.level, zh, en)),
    )
    check_city(made, "--city")
    return made


def evidence_of(
    file: Path | None,
    area: str | None,
    datum: str,
    lonlat: tuple[str | None, str | None],
    more: tuple[str | None, str | None, str | None],
) -> EvidenceSource:
    """The evidence that flags name; ``more`` are its level, its encoding and its layer.

    Raises
    ------
    Refused
        When file or column is missing, or the datum is not known.
    """
    if file is None or area is None:
        raise Refused("--evidence and --evidence-area go together: --evidence points.csv --evidence-area district")
    if datum:
        datum_of(datum)
    return EvidenceSource(file, area, datum, *lonlat, *more)
