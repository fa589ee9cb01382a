"""What points with a stated area say of boundary files, as findings: agreement under each datum, other vintages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa

from geo.areas import current, leaf_shapes
from geo.arrays import Floats, Shapes, Texts
from geo.assignments import CityIndex, open_index
from geo.boundaries.coordinates import Around, placed
from geo.boundaries.findings import Finding
from geo.boundaries.reading import Boundaries, boundaries_of, read_raw, unreadable
from geo.boundaries.shapes import stand_ins
from geo.boundaries.sources import CITY_LEVEL, CitySource, EvidenceSource, LayerSource
from geo.boundaries.stated import read_stated
from geo.crs import datum_of
from geo.space.evidence import (
    NAMES,
    Column,
    Elsewhere,
    Heard,
    Speech,
    Stated,
    columns_of,
    hear,
    level_of,
    listed,
)


@dataclass(frozen=True, eq=False)
class Witnessed:
    """Areas that evidence is held against.

    Parameters
    ----------
    label, key
        What findings call them: file (and layer), key of their level.
    datum
        What they were taken off, as declared.
    shapes
        (n,) valid polygons in degrees WGS 84; empty ones cover nothing.
    columns
        What they are called on each level, from the highest to their own.
    """

    label: str
    key: str
    datum: str
    shapes: Shapes
    columns: Sequence[Column]


def heard(
    source: EvidenceSource | None, city: CitySource, layers: Sequence[Boundaries], stored: Stated | None
) -> list[Finding]:
    """What the evidence says of placed layers of a city: the file that ``source`` names, else stored points, else none.

    Raises
    ------
    Refused, TooMuch
        When the file cannot be read, or the city has no such level.
    """
    keys = [level.key for level in city.levels]
    held = [witnessed(layer, keys) for layer in layers]
    if source is not None:
        return judge_datums(held, read_stated(source), source.level)
    return judge_datums(held, stored)


def judge_datums(layers: Sequence[Witnessed], stated: Stated | None, level: str | None = None) -> list[Finding]:
    """What the evidence says of each file of boundaries; without any, that no datum can be verified.

    Parameters
    ----------
    stated
        None: there is no evidence.
    level
        Key of the level the evidence speaks of; None = the one that fits it best.

    Raises
    ------
    Refused
        When there is no such level.
    """
    if stated is None:
        return [_no_evidence(layers)]
    spoken = level_of(stated, [one for layer in layers for one in reversed(layer.columns)], level)
    if spoken is None:
        return [_not_understood(layer, stated) for layer in layers]
    findings: list[Finding] = []
    for layer in layers:
        kind = (spoken.level, spoken.is_code)
        column = next((one for one in layer.columns if (one.level, one.is_code) == kind), None)
        told = column and hear(stated, layer.shapes, column, layer.datum)
        findings += _said(layer, stated, told) if told else [_silent(layer, stated, spoken)]
    return findings


def witnessed(layer: Boundaries, keys: Sequence[str]) -> Witnessed:
    """A placed layer as evidence is held against it; ``keys`` are those of the city's levels, the city first."""
    return Witnessed(layer.label, layer.key, layer.source.datum, stand_ins(layer.shapes), _columns_of(layer, keys))


def in_force(index: CityIndex, shapes: Shapes) -> Witnessed:
    """The leaves of an edition as evidence is held against them: WGS 84, called by the codes and names over them."""
    keys = [level.key for level in index.city.levels]
    columns = columns_of(keys, index.level_codes, index.level_names)
    return Witnessed(f"edition {index.edition.number}", keys[-1], NAMES[0], shapes, columns)


def hold_file(source: LayerSource, evidence: EvidenceSource) -> list[Finding]:
    """What points say of any file of areas, and what is wrong with its coordinates.

    Raises
    ------
    Refused, Unknown, TooMuch
        When either file cannot be read; the message names what is missing.
    """
    raw = read_raw(source)
    found, findings = placed(boundaries_of(raw, source, 1, lambda _: 0), raw, Around(-180, -90, 180, 90))
    held = judge_datums([witnessed(found, ("", source.level))], read_stated(evidence), evidence.level)
    return [*unreadable(raw, source), *findings, *held]


def hold_edition(connection: sa.Connection, evidence: EvidenceSource) -> list[Finding]:
    """What points say of the edition in force.

    Raises
    ------
    Unknown
        When nothing has been published.
    Refused, TooMuch
        When the points cannot be read.
    """
    edition = current(connection)
    leaves = in_force(open_index(connection, edition), leaf_shapes(connection, edition))
    return judge_datums([leaves], read_stated(evidence), evidence.level)


def _columns_of(layer: Boundaries, keys: Sequence[str]) -> list[Column]:
    """What the rows of a layer are called on each level, from the highest to its own; blank columns are left out."""
    by_level: dict[int, list[Texts | None]] = {at: [texts, None] for at, texts in layer.ancestors.items()}
    for at, texts in layer.ancestor_names.items():
        by_level.setdefault(at, [None, None])[1] = texts
    if layer.level - 1 > CITY_LEVEL:
        by_level.setdefault(layer.level - 1, [layer.parents, layer.parent_names])
    by_level[layer.level] = [layer.codes, layer.names]
    return [
        Column(keys[at], is_code, texts)
        for at in sorted(by_level)
        for texts, is_code in zip(by_level[at], (True, False), strict=True)
        if texts is not None and (texts != "").any()
    ]


def _no_evidence(layers: Sequence[Witnessed]) -> Finding:
    files = ", ".join(dict.fromkeys(layer.label for layer in layers))
    datums = ", ".join(dict.fromkeys(datum_of(layer.datum).name for layer in layers))
    return Finding(
        "datum_unverifiable",
        f"坐标基准无法核验：{files} 声明为 {datums}，没有佐证点；可用 --evidence 给出写明所在区域的点",
        f"datum not verifiable: {files} declared as {datums}, and no points state in which area they lie; "
        "give some with --evidence FILE --evidence-area COLUMN",
    )


def _not_understood(layer: Witnessed, stated: Stated) -> Finding:
    zh, en = (listed([str(text) for text in stated.texts], one) for one in ("、", ", "))
    return _of(
        layer,
        "datum_unverifiable",
        f"坐标基准无法核验：{stated.source} 所称的区域（{zh or '空白'}）不是任何一级的编码或名称；请核对所用的列",
        f"datum not verifiable: what {stated.source} states ({en or 'nothing'}) is no code or name of any level here; "
        "is it the right column?",
        severity="warning",
    )


def _silent(layer: Witnessed, stated: Stated, spoken: Column) -> Finding:
    return _of(
        layer,
        "datum_unverifiable",
        f"坐标基准无法核验：{stated.source} 说的是 {spoken.level} 一级，本文件没有该级的列或图形",
        f"datum not verifiable: {stated.source} speaks of level {spoken.level}, of which this file has no column "
        "or no ground",
    )


def _said(layer: Witnessed, stated: Stated, told: Heard) -> list[Finding]:
    findings = [_unknown(layer, stated, told)] if told.unknown else []
    verdict = told.verdict
    if verdict is None:
        findings.append(
            _of(
                layer,
                "datum_unverifiable",
                f"坐标基准无法核验：{stated.source} 在此范围内的点大多写着本文件没有的区域；请核对所用的列",
                f"datum not verifiable: on this ground most points of {stated.source} state areas that this file does "
                "not have; is it the right column?",
                severity="warning",
            )
        )
        return findings
    speech = Speech(datum_of(layer.datum).name, stated, told, verdict)
    if verdict.is_decided:
        findings.append(_of(layer, "datum_agreement", *speech.agreement()))
    else:
        findings.append(_of(layer, "datum_unverifiable", *speech.undecided()))
    if verdict.best:
        where = _points(verdict.deciding)
        findings.append(_of(layer, "datum_contradicted_by_evidence", *speech.contradicted(), where=where))
    if verdict.is_another_vintage:
        where = _points(np.concatenate([one.lonlat for one in verdict.elsewhere]))
        findings.append(_of(layer, "vintage_differs", *speech.vintage(), where=where))
        findings += [_redrawn(layer, speech, one) for one in verdict.elsewhere if one.is_redrawn]
    return findings


def _redrawn(layer: Witnessed, speech: Speech, one: Elsewhere) -> Finding:
    codes, where = (speech.name(one), speech.found(one)), _points(one.lonlat)
    return _of(layer, "stated_elsewhere", *speech.elsewhere(one), codes=codes, where=where)


def _unknown(layer: Witnessed, stated: Stated, told: Heard) -> Finding:
    total = sum(count for _, count in told.unknown)
    texts = [f"{text} {count:,}" for text, count in told.unknown]
    return _of(
        layer,
        "stated_area_unknown",
        f"{stated.source} 有 {total:,} 个点在此范围内，写着本文件没有的区域：{listed(texts, '、')}；"
        "若是已撤并的区域，边界或点不是同一时期",
        f"{total:,} points of {stated.source} lie on this ground and state areas it does not have: "
        f"{listed(texts, ', ')}; if those were merged or renamed, points and boundaries are of different dates",
    )


def _points(lonlat: Floats) -> shapely.MultiPoint | None:
    return shapely.MultiPoint(lonlat) if len(lonlat) else None


def _of(layer: Witnessed, kind: str, zh: str, en: str, **more: object) -> Finding:
    return Finding(kind, zh, en, file=layer.label, level=layer.key, **more)  # type: ignore[arg-type]
