"""What an import or a check says: findings with severity, place, both parties, and what would be right."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from rich.table import Table
from shapely.geometry.base import BaseGeometry

_PARTIES = 8
SEVERITIES = ("error", "warning", "info")
TITLES = {"error": "错误 error", "warning": "警告 warning", "info": "提示 info"}
STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}

KINDS: dict[str, str] = {
    "datum_contradicted": "error",
    "datum_contradicted_by_evidence": "warning",
    "datum_unlabelled": "info",
    "datum_unverifiable": "info",
    "datum_agreement": "info",
    "vintage_differs": "warning",
    "stated_elsewhere": "warning",
    "stated_area_unknown": "info",
    "latitude_first": "error",
    "coordinates_not_finite": "error",
    "coordinates_out_of_range": "error",
    "geometry_empty": "error",
    "geometry_unreadable": "error",
    "geometry_not_polygon": "error",
    "ring_invalid": "error",
    "reader_warning": "warning",
    "columns_collide": "warning",
    "text_damaged": "error",
    "name_blank": "warning",
    "kind_unknown": "error",
    "code_blank": "error",
    "code_duplicate": "error",
    "code_on_two_levels": "error",
    "code_length": "error",
    "code_not_nested": "error",
    "code_reserved": "error",
    "level_mixed": "error",
    "rows_repeated": "warning",
    "parts_joined": "warning",
    "totals_repeated": "warning",
    "exclave": "warning",
    "grids_do_not_tile": "info",
    "parent_blank": "error",
    "parent_unknown": "error",
    "parent_doubtful": "warning",
    "parents_disagree": "warning",
    "parents_differ": "error",
    "parent_name": "warning",
    "overlap": "error",
    "gap": "error",
    "unmatched": "error",
    "hairline": "warning",
    "outside_parent": "error",
    "outside_outline": "error",
    "outlines_differ": "warning",
    "ground_without_area": "warning",
    "ground_unassigned": "info",
    "code_matched": "info",
    "code_new": "info",
    "area_without_ground": "error",
    "area_made": "warning",
    "area_left_out": "warning",
    "grid_without_ground": "error",
    "mending_unsettled": "info",
    "not_contiguous": "warning",
    "too_small": "warning",
    "union_differs": "error",
}
"""Every kind of finding and how severe it is unless it says otherwise; ``docs/boundaries.md`` explains each."""


@dataclass(frozen=True)
class Finding:
    """One thing an import or a check says.

    Parameters
    ----------
    kind
        Stable key, one of ``KINDS``.
    zh, en
        What is wrong, the value, and what would be right.
    severity
        ``error`` refuses the commit; ``warning`` and ``info`` do not.
    file, level
        File (and layer) and key of the level; blank where several are concerned or none.
    rows
        Numbers of the rows, counted from 1 in the order of the file, one for each party it names.
    codes
        Codes of the parties; blank where a party has none.
    where
        Degrees WGS 84: a point, lines or the ground itself; None where there is no place.
    area_m2
        Of the ground concerned; None where there is none.
    """

    kind: str
    zh: str
    en: str
    severity: str = ""
    file: str = ""
    level: str = ""
    rows: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    where: BaseGeometry | None = None
    area_m2: float | None = None

    def __post_init__(self) -> None:
        if not self.severity:
            object.__setattr__(self, "severity", KINDS[self.kind])

    @property
    def place(self) -> tuple[float, float] | None:
        """Longitude and latitude to look at, degrees."""
        if self.where is None or self.where.is_empty:
            return None
        try:
            point = self.where.representative_point()
        except shapely.GEOSException:  # ground that crosses itself
            point = self.where.centroid
        return round(point.x, 8), round(point.y, 8)

    def document(self) -> dict[str, Any]:
        """The finding as plain JSON values; the geometry is told by ``place`` only."""
        place = self.place
        return {
            "kind": self.kind,
            "severity": self.severity,
            "file": self.file,
            "level": self.level,
            "rows": list(self.rows),
            "codes": list(self.codes),
            "lon": place[0] if place else None,
            "lat": place[1] if place else None,
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 4),
            "message": {"zh": self.zh, "en": self.en},
        }


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by severity, then kind, then file, larger ground first, then row."""
    kinds = list(KINDS)
    return sorted(
        findings,
        key=lambda one: (
            SEVERITIES.index(one.severity),
            kinds.index(one.kind),
            one.file,
            -(one.area_m2 or 0.0),
            one.rows,
            one.codes,
        ),
    )


def has_errors(findings: Iterable[Finding]) -> bool:
    """True when any of them refuses the commit."""
    return any(one.severity == "error" for one in findings)


def tally(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings of each severity; every severity is named."""
    counted = Counter(one.severity for one in findings)
    return {severity: counted[severity] for severity in SEVERITIES}


def kinds_tally(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """For each severity and kind: how many, and the m² they concern together; the order of :func:`ordered`."""
    counted: dict[tuple[str, str], dict[str, Any]] = {}
    for one in ordered(findings):
        row = counted.setdefault(
            (one.severity, one.kind), {"severity": one.severity, "kind": one.kind, "count": 0, "area_m2": 0.0}
        )
        row["count"] += 1
        row["area_m2"] = round(row["area_m2"] + (one.area_m2 or 0.0), 4)
    return list(counted.values())


def documents(findings: Iterable[Finding]) -> dict[str, Any]:
    """All findings and their counts as plain JSON values; nothing is cut."""
    listed = ordered(findings)
    return {
        "counts": tally(listed),
        "kinds": kinds_tally(listed),
        "findings": [one.document() for one in listed],
    }


def feature_collection(findings: Iterable[Finding]) -> dict[str, Any]:
    """Findings as a GeoJSON layer, lon/lat; those without a place have a null geometry."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": None if one.where is None else json.loads(shapely.to_geojson(one.where)),
                "properties": one.document(),
            }
            for one in ordered(findings)
        ],
    }


def write_geojson(findings: Iterable[Finding], path: Path) -> None:
    """Write :func:`feature_collection` to ``path``, UTF-8."""
    path.write_text(json.dumps(feature_collection(findings), ensure_ascii=False), encoding="utf-8")


def table(findings: Sequence[Finding], limit: int = 20) -> Table:
    """Findings as a table for a person; of each kind at most ``limit`` rows, the rest counted in a row of its own."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("发现 finding", "何处 where", "说明 what is wrong, what would be right"):
        made.add_column(title, overflow="fold", ratio=2 if title.startswith("说明") else 1)
    shown: Counter[tuple[str, str]] = Counter()
    listed = ordered(findings)
    totals = Counter((one.severity, one.kind) for one in listed)
    for one in listed:
        group = (one.severity, one.kind)
        shown[group] += 1
        if shown[group] <= limit:
            made.add_row(*_cells(one), style=STYLES[one.severity] if one.severity == "error" else None)
        elif shown[group] == limit + 1:
            rest = totals[group] - limit
            made.add_row(one.kind, "", f"… 另有 {rest} 条 and {rest} more", style="dim")
    return made


def kinds_table(findings: Sequence[Finding]) -> Table:
    """How many findings of each kind and the m² they concern together."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("级别 severity", "类型 kind"):
        made.add_column(title)
    for title in ("数 count", "m²"):
        made.add_column(title, justify="right")
    for row in kinds_tally(findings):
        ground = f"{row['area_m2']:,.2f}" if row["area_m2"] else ""
        made.add_row(TITLES[row["severity"]], row["kind"], f"{row['count']:,}", ground)
    return made


def _cells(one: Finding) -> tuple[str, ...]:
    place = one.place
    where = [
        one.file,
        f"行 row {_cut([str(row) for row in one.rows])}" if one.rows else "",
        _cut([code or "—" for code in one.codes]),
        f"{place[0]:.6f}, {place[1]:.6f}" if place else "",
        "" if one.area_m2 is None else f"{one.area_m2:,.2f} m²",
    ]
    return f"{TITLES[one.severity]}\n{one.kind}", _plain("\n".join(filter(None, where))), _plain(f"{one.zh}\n{one.en}")


def _cut(words: Sequence[str]) -> str:
    """The first parties of a finding, and how many more there are."""
    more = len(words) - _PARTIES
    return " · ".join(words[:_PARTIES]) + (f" … +{more}" if more > 0 else "")


def _plain(text: str) -> str:
    """Text whose square brackets are not taken for markup."""
    return text.replace("[", r"\[")
