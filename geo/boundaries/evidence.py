"""What points with a stated area say of boundary files, as findings: agreement under each datum, other vintages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa

from geo.areas import current
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
    TOLERANCE_M,
    Agreement,
    Column,
    Elsewhere,
    Heard,
    Reading,
    Stated,
    Verdict,
    hear,
    level_of,
)

_NAMED = 5  # areas or texts named in one message


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


def in_force(index: CityIndex) -> Witnessed:
    """The leaves of an edition as evidence is held against them: WGS 84, called by the codes and names over them."""
    keys = [level.key for level in index.city.levels]
    names = {number: name for number, (_, name) in index.names.items()}
    columns: list[Column] = []
    for at, codes in enumerate(index.level_codes):
        called = [names.get(number, "") for number in index.lineage[:, at].tolist()]
        columns += [Column(keys[at], True, codes.astype(object)), Column(keys[at], False, np.asarray(called, object))]
    label = f"edition {index.edition.number}"
    return Witnessed(label, keys[-1], NAMES[0], index.leaves.shapes, columns)


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
    index = open_index(connection, current(connection))
    return judge_datums([in_force(index)], read_stated(evidence), evidence.level)


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
    zh, en = (_listed([str(text) for text in stated.texts], one) for one in ("、", ", "))
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
    if not verdict.is_decided:
        findings.append(_undecided(layer, stated, verdict))
    else:
        findings.append(_agreement(layer, stated, told, verdict))
    if verdict.best:
        findings.append(_contradicted(layer, stated, verdict))
    if verdict.is_another_vintage:
        findings += _vintage(layer, stated, told, verdict)
    return findings


def _agreement(layer: Witnessed, stated: Stated, told: Heard, verdict: Verdict) -> Finding:
    of, useless = verdict.declared.points, len(stated) - len(stated.useful)
    zh, en = (_shares(layer, stated, verdict.agreements, at) for at in (0, 1))
    left_out = (f"；另有 {useless:,} 个点无坐标或未写区域", f"; {useless:,} more have no position or state nothing")
    return _of(
        layer,
        "datum_agreement",
        f"{stated.source} 的 {of:,} 个点（{verdict.places:,} 处）按 {told.column.level} 落在所称区域内的比例：{zh}"
        + (left_out[0] if useless else ""),
        f"share of {of:,} points of {stated.source} ({verdict.places:,} places) in the {told.column.level} they "
        f"state: {en}" + (left_out[1] if useless else ""),
    )


def _undecided(layer: Witnessed, stated: Stated, verdict: Verdict) -> Finding:
    zh, en = (_shares(layer, stated, verdict.agreements, at) for at in (0, 1))
    deciding = max((one.declared_only + one.this_only for one in verdict.agreements[1:]), default=0)
    return _of(
        layer,
        "datum_unverifiable",
        f"坐标基准无法核验：{stated.source} 中只有 {deciding:,} 处能分辨坐标基准，太少或互相矛盾：{zh}",
        f"datum not verifiable: {deciding:,} places of {stated.source} can tell the datums apart, too few or not of "
        f"one mind: {en}",
    )


def _shares(layer: Witnessed, stated: Stated, agreements: Sequence[Agreement], language: int) -> str:
    """Each reading with its share, the declared one first and with the share within the tolerance too."""
    declared = agreements[0]
    near = declared.near / declared.points
    within = (f"（{TOLERANCE_M:g} m 误差内 {near:.4f}）", f" (within {TOLERANCE_M:g} m {near:.4f})")[language]
    said = [f"{_reading(declared.reading, None, layer, stated)[language]} {declared.share:.4f}{within}"]
    for one in agreements[1:]:
        said.append(f"{_reading(one.reading, declared.reading, layer, stated)[language]} {one.share:.4f}")
    return ("，", ", ")[language].join(said)


def _reading(reading: Reading, declared: Reading | None, layer: Witnessed, stated: Stated) -> tuple[str, str]:
    """What is read as what, in words; ``declared`` None = this is the declared reading."""
    if declared is None:
        datum, points = datum_of(layer.datum).name, datum_of(stated.datum).name
        return f"声明的边界 {datum} 与点 {points}", f"boundaries {datum} and points {points} as declared"
    if reading.boundaries != declared.boundaries:
        return f"边界按 {reading.boundaries}", f"boundaries read as {reading.boundaries}"
    return f"点按 {reading.points}", f"points read as {reading.points}"


def _contradicted(layer: Witnessed, stated: Stated, verdict: Verdict) -> Finding:
    best, declared = verdict.best[0], verdict.declared
    words = [_reading(one.reading, declared.reading, layer, stated) for one in verdict.best]
    datum = datum_of(layer.datum).name
    return _of(
        layer,
        "datum_contradicted_by_evidence",
        f"声明为 {datum}，但佐证不符：{'，或'.join(zh for zh, _ in words)} 时 {best.share:.4f} 的点落在所称区域内，"
        f"按声明只有 {declared.share:.4f}；能分辨的地方中 {best.this_only:,} 处支持前者、"
        f"{best.declared_only:,} 处支持声明；请向来源核实坐标基准后改正声明",
        f"declared {datum}, but the evidence fits better with {', or with '.join(en for _, en in words)}: "
        f"{best.share:.4f} of the points then lie in the area they state, as declared {declared.share:.4f}; of the "
        f"places that tell the two apart {best.this_only:,} speak for it and {best.declared_only:,} for the declared "
        "one; ask the source which datum it is and declare that",
        where=_points(verdict.deciding),
    )


def _vintage(layer: Witnessed, stated: Stated, told: Heard, verdict: Verdict) -> Iterable[Finding]:
    total = sum(one.elsewhere for one in verdict.elsewhere)
    worst = verdict.elsewhere[:_NAMED]
    zh = "、".join(
        f"{told.called[one.label]} {one.elsewhere:,}/{one.places:,} 处，多在 {_found(told, one, '界外')}"
        for one in worst
    )
    en = ", ".join(
        f"{told.called[one.label]} ({one.elsewhere:,} of {one.places:,} places, mostly in "
        f"{_found(told, one, 'no area')})"
        for one in worst
    )
    yield _of(
        layer,
        "vintage_differs",
        f"边界与 {stated.source} 不是同一时期的划分：在任何坐标基准下都有 {total:,}/{verdict.places:,} 处"
        f"（{total / verdict.places:.1%}）不在所称区域内，超出界线误差；最多的是 {zh}；请核对边界的日期，此处不作改动",
        f"the boundaries and {stated.source} are of different vintages: under every datum {total:,} of "
        f"{verdict.places:,} places ({total / verdict.places:.1%}) lie in another area than stated, beyond the border; "
        f"most: {en}; check the date of the boundaries; nothing is changed here",
        where=_points(shapely.get_coordinates([_points(one.lonlat) for one in verdict.elsewhere])),
    )
    for one in verdict.elsewhere:
        if one.is_redrawn:
            yield _elsewhere(layer, told, one)


def _elsewhere(layer: Witnessed, told: Heard, one: Elsewhere) -> Finding:
    stated, found = told.called[one.label], _found(told, one, "")
    return _of(
        layer,
        "stated_elsewhere",
        f"写着 {stated} 的 {one.places:,} 处中有 {one.elsewhere:,} 处不在其中，多在 {found or '界外'}；似已重新划过",
        f"{one.elsewhere:,} of {one.places:,} places that state {stated} lie elsewhere, mostly in "
        f"{found or 'no area'}: it seems redrawn",
        codes=(stated, found),
        where=_points(one.lonlat),
    )


def _found(told: Heard, one: Elsewhere, nowhere: str) -> str:
    return told.called[one.found] if one.found >= 0 else nowhere


def _unknown(layer: Witnessed, stated: Stated, told: Heard) -> Finding:
    total = sum(count for _, count in told.unknown)
    listed = [f"{text} {count:,}" for text, count in told.unknown]
    return _of(
        layer,
        "stated_area_unknown",
        f"{stated.source} 有 {total:,} 个点在此范围内，写着本文件没有的区域：{_listed(listed, '、')}；"
        "若是已撤并的区域，边界或点不是同一时期",
        f"{total:,} points of {stated.source} lie on this ground and state areas it does not have: "
        f"{_listed(listed, ', ')}; if those were merged or renamed, points and boundaries are of different dates",
    )


def _listed(texts: Sequence[str], separator: str) -> str:
    rest = len(texts) - _NAMED
    return separator.join(texts[:_NAMED]) + (f" … +{rest}" if rest > 0 else "")


def _points(lonlat: Floats) -> shapely.MultiPoint | None:
    return shapely.MultiPoint(lonlat) if len(lonlat) else None


def _of(layer: Witnessed, kind: str, zh: str, en: str, **more: object) -> Finding:
    return Finding(kind, zh, en, file=layer.label, level=layer.key, **more)  # type: ignore[arg-type]
