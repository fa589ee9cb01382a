"""Imports of rows: incidents, buildings. Each noun has its loader; what they find is told in the same documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from geo import areas, columns, db, intakes
from geo.actors import Actor
from geo.areas import City
from geo.arrays import Floats, Shapes
from geo.crs import datum_of, shapes_to_wgs84, to_wgs84
from geo.errors import Refused, Unknown
from geo.findings import Finding, Findings
from geo.frames import Frame, Sheet, opened
from geo.imports import looking, overlays
from geo.imports.holdings import Holdings
from geo.imports.kinds import (
    CHOICE,
    COLUMN,
    DATUM,
    ENCODINGS,
    FLAG,
    Field,
    Found,
    Guess,
    Mapped,
    Work,
    guessed,
    still,
)
from geo.intakes import Answered
from geo.mapping import Fields

_ONLY_TOLD = ("naive_time", "encoding", "no_building", "repeat", "joined")
"""Kinds that want nothing done."""

_DRAWN = 2_000
_OSM = "multipolygons"
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Taken:
    """What a noun's loader answers.

    Parameters
    ----------
    counts
        Of rows.
    is_kept
        Whether they are in the database.
    held_back
        Why the whole file stays out although its rows are good; blank when it does not.
    """

    columns: Mapping[str, str]
    findings: Findings
    counts: Mapping[str, int]
    is_kept: bool
    held_back: str = ""


TakeIn = Callable[[sa.Connection, Actor, Work, bool, Progress], Taken]
"""Takes a file in, or (False) finds all that would happen; everything in the caller's transaction."""


@dataclass(frozen=True)
class Rows:
    """One noun whose files are rows.

    Parameters
    ----------
    names
        What of a row can be read.
    more
        Further lines of the form.
    renamed
        Field → how the form calls it, where its name says another thing there.
    usual
        Layer of an OpenStreetMap file.
    """

    key: str
    names: Fields
    take_in: TakeIn
    more: Sequence[Field] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    usual: Sequence[str] = ()

    def fields(self, city: City | None) -> list[Field]:
        """The form: one datum for all rows, a column for each field, what to do with bad rows."""
        columns = [Field(self.called(name), COLUMN, name in self.names.needed) for name in self.names.names]
        rest = [Field("encoding", CHOICE, choices=ENCODINGS), Field("layer", CHOICE), Field("skip_bad", FLAG)]
        return [Field("datum", DATUM, True), *columns, *self.more, *rest]

    def called(self, name: str) -> str:
        """How the form calls a field of a row."""
        return self.renamed.get(name, name)

    def columns(self, told: Mapped) -> dict[str, str]:
        """Field → column as declared; what the person left out stays out, whatever the columns are called."""
        if not any(self.called(name) in told for name in self.names.names):  # the loader knows the tags of a map
            return {}
        return {name: told.get(self.called(name), "") for name in self.names.names}

    def look(self, path: Path, asked: Mapped, city: City | None) -> tuple[Holdings, Guess]:
        """Columns and a few rows; guesses by the names people give columns."""
        held = looking.look(path, asked, self.usual)
        told = replace(self.names, needed=()).mapped(held.columns, {}, path.name)
        guess = {
            self.called(name): guessed(column, f"列名 {column}", f"called {column}") for name, column in told.items()
        }
        return held, guess

    def judge(self, work: Work) -> Found:
        """What the dry run of the command line finds."""
        with db.write(work.engine) as connection:  # its stage is a table; what it holds is gone with the transaction
            try:
                edition = areas.current(connection).number
            except Unknown as error:
                raise Refused(f"there is no city yet; import its boundaries first ({error.detail})") from error
            loaded = self.take_in(connection, work.actor, work, False, _telling(work))
            connection.rollback()
        work.step("绘制发现", "drawing the findings", None, None)
        skips = bool(work.record.mapping.get("skip_bad"))
        listed = sorted(loaded.findings.listed, key=lambda one: (_rank(one, skips), one.kind.key, one.row))
        documents = [_document(one, work.record.filename, skips) for one in listed]
        kinds = _kinds(loaded.findings, skips)
        counts = {name: sum(one["count"] for one in kinds if one["severity"] == name) for name in _SEVERITIES}
        places = [None if one["lon"] is None else shapely.Point(one["lon"], one["lat"]) for one in documents]
        ground, rows = _sample(work)
        return Found(
            edition=edition,
            counts=counts,
            kinds=kinds,
            summary={**loaded.counts, "columns": dict(loaded.columns)},
            refusal=loaded.held_back,
            findings=documents,
            places={"type": "FeatureCollection", "features": list(map(_feature, documents))},
            overlay=overlays.drawn(places, ground, rows),
        )

    def commit(self, work: Work, actor: Actor, edition: int) -> dict[str, Any]:
        """What was stored, computed anew; carried out once, whatever happens to the answer."""
        asked = {"import": work.record.id, "mapping": dict(work.record.mapping)}

        def carry_out() -> Answered:
            still(connection, edition)
            loaded = self.take_in(connection, actor, work, True, _telling(work))
            if not loaded.is_kept:
                refused = f"{loaded.findings.refused:,} rows are refused; nothing is stored until they are mended"
                raise Refused(loaded.held_back or refused)
            return Answered({"edition": edition, **loaded.counts}, is_repeat=False)

        with db.write(work.engine) as connection:
            return dict(intakes.once(connection, f"import {work.record.id}", asked, carry_out).answer)


def _telling(work: Work) -> Progress:
    return lambda done, total: work.step("读取", "reading", done, total)


# -- what was found ----------------------------------------------------------------------------------------------------
_SEVERITIES = ("error", "warning", "info")


def _severity(key: str, refuses: bool, skips: bool) -> str:
    """How grave: refused rows keep the file out, unless they are to be left out."""
    if refuses:
        return "warning" if skips else "error"
    return "info" if key in _ONLY_TOLD else "warning"


def _rank(one: Finding, skips: bool) -> int:
    return _SEVERITIES.index(_severity(one.kind.key, one.kind.refuses, skips))


def _document(one: Finding, filename: str, skips: bool) -> dict[str, Any]:
    lon, lat = _where(one) or (None, None)
    return {
        "kind": one.kind.key,
        "severity": _severity(one.kind.key, one.kind.refuses, skips),
        "file": filename,
        "level": "",
        "rows": [one.row],
        "codes": [],
        "column": one.column,
        "value": one.value,
        "lon": lon,
        "lat": lat,
        "area_m2": None,
        "message": {
            "zh": f"{one.column}：{one.value or '空'}：{one.kind.zh}",
            "en": f"{one.column}: {one.value or 'blank'}: {one.kind.en}",
        },
    }


def _where(one: Finding) -> tuple[float, float] | None:
    """Place of a finding; what lies outside the city says its own degrees WGS 84."""
    if one.where is None and one.kind.key == "outside" and len(told := one.value.split()) == 2:
        return _number(told[0]), _number(told[1])
    return one.where


def _feature(told: Mapping[str, Any]) -> dict[str, Any]:
    place = None if told["lon"] is None else {"type": "Point", "coordinates": [told["lon"], told["lat"]]}
    return {"type": "Feature", "geometry": place, "properties": told}


def _kinds(findings: Findings, skips: bool) -> list[dict[str, Any]]:
    made = [
        {
            "severity": _severity(key, kind.refuses, skips),
            "kind": key,
            "count": findings.totals[key],
            "area_m2": 0.0,
            "title": {"zh": kind.zh, "en": kind.en.split(";")[0]},
        }
        for key, kind in findings.kinds.items()
        if findings.totals[key]
    ]
    return sorted(made, key=lambda one: (_SEVERITIES.index(str(one["severity"])), str(one["kind"])))


# -- what the map draws ------------------------------------------------------------------------------------------------
def _sample(work: Work) -> tuple[Shapes, Any]:
    """Some of the file's own places in degrees and their row numbers as texts, so that a wrong datum can be seen."""
    told = work.record.mapping
    layer = told.get("layer") or (work.record.holds or {}).get("layer")
    with opened(work.path, encoding=told.get("encoding"), layer=layer) as sheet:
        frame = next(sheet.frames, None)
        if frame is None or told.get("datum_column") or not told.get("datum"):
            return np.asarray([], dtype=object), np.asarray([], dtype=object)
        at = np.unique(np.linspace(0, len(frame.rows) - 1, min(_DRAWN, len(frame.rows))).astype(np.int64))
        some = Frame(frame.rows[at], frame.table.take(at))
        shapes = _shapes(sheet, some, told)
    datum = datum_of(told["datum"])
    moved = shapes_to_wgs84(shapes, datum) if sheet.geometry and "lon" not in told else shapes
    return moved, np.asarray([str(row) for row in some.rows], dtype=object)


def _shapes(sheet: Sheet, some: Frame, told: Mapped) -> Shapes:
    if "lon" in told and "lat" in told:
        xy = np.column_stack([columns.numbers(some.table.column(told[name])) for name in ("lon", "lat")])
        lonlat: Floats = to_wgs84(xy, datum_of(told["datum"]))
        points = np.asarray(shapely.points(lonlat), dtype=object)
        points[~np.isfinite(lonlat).all(axis=1)] = None
        return points
    if sheet.geometry is None:
        return np.full(len(some.rows), None, dtype=object)
    wkb = some.table.column(sheet.geometry).to_pylist()
    return np.asarray(shapely.force_2d(shapely.from_wkb(np.asarray(wkb, dtype=object), on_invalid="ignore")))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
