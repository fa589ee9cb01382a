"""The ledger of a repair: every piece of ground that moved, from whom to whom, why, how much and where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from rich.table import Table
from shapely.geometry.base import BaseGeometry

from geo.boundaries.findings import Finding
from geo.space.mending import KINDS, Limits

WORDS: dict[str, tuple[str, str]] = {
    "gap": ("缝隙归入边界最长的网格", "gap closed"),
    "overlap": ("重叠归面积较小者", "overlap settled"),
    "beyond": ("范围外细条裁去", "cut at the outline"),
    "nested": ("图上套画的网格从大网格中挖出", "cut out: drawn inside"),
    "dedicated": ("专属网格从综合网格中挖出", "cut out: dedicated"),
    "cut": ("按权威次序归上级所在辖区", "cut by authority"),
    "sliver": ("上级边界随下级微调", "area border follows"),
    "authority": ("上级边界依下级而定", "decided by authority"),
    "disputed": ("两区相争且无网格，归上一级", "disputed: to the level above"),
    "outside": ("在市域之外", "outside the city"),
    "left": ("过大未补，作兜底地块", "left: too large to mend"),
}
"""Why ground moved, in Chinese and English; the explanations are ``geo.space.mending.KINDS``."""


@dataclass(frozen=True)
class Holder:
    """Who lost ground or got it: key of its level, its code, and its row; all blank for no one."""

    level: str = ""
    code: str = ""
    file: str = ""
    rows: tuple[int, ...] = ()

    @property
    def called(self) -> str:
        """Level and code; a dash for no one."""
        return f"{self.level} {self.code}".strip() or "—"


@dataclass(frozen=True)
class Entry:
    """One row of the ledger; measures as in ``geo.space.mending.Mend``."""

    kind: str
    lost: Holder
    got: Holder
    where: BaseGeometry
    area_m2: float
    width_m: float

    @property
    def place(self) -> tuple[float, float]:
        """Longitude and latitude to look at, degrees."""
        point = self.where.representative_point()
        return round(point.x, 8), round(point.y, 8)

    def document(self) -> dict[str, Any]:
        """The entry as plain JSON values; the ground is told by ``place`` only."""
        lon, lat = self.place
        zh, en = WORDS[self.kind]
        return {
            "kind": self.kind,
            "from": {"level": self.lost.level, "code": self.lost.code, "rows": list(self.lost.rows)},
            "to": {"level": self.got.level, "code": self.got.code, "rows": list(self.got.rows)},
            "area_m2": round(self.area_m2, 4),
            "width_m": round(self.width_m, 3),
            "lon": lon,
            "lat": lat,
            "reason": {"zh": zh, "en": en},
        }


def ordered(ledger: Iterable[Entry]) -> list[Entry]:
    """Entries by kind, then larger ground first."""
    kinds = list(KINDS)
    return sorted(ledger, key=lambda one: (kinds.index(one.kind), -one.area_m2, one.lost.code, one.got.code))


def totals(ledger: Iterable[Entry]) -> list[dict[str, Any]]:
    """For each kind: how many places, their ground together and the widest."""
    counted: dict[str, dict[str, Any]] = {}
    for one in ordered(ledger):
        row = counted.setdefault(one.kind, {"kind": one.kind, "count": 0, "area_m2": 0.0, "widest_m": 0.0})
        row["count"] += 1
        row["area_m2"] += one.area_m2
        row["widest_m"] = max(row["widest_m"], one.width_m)
    for row in counted.values():
        row |= {"area_m2": round(row["area_m2"], 4), "widest_m": round(row["widest_m"], 3)}
    return list(counted.values())


def documents(ledger: Sequence[Entry], limits: Limits) -> dict[str, Any]:
    """The whole ledger with its limits and totals as plain JSON values; nothing is cut."""
    return {
        "limits": {"width_m": limits.width_m, "area_m2": limits.area_m2},
        "totals": totals(ledger),
        "mends": [one.document() for one in ordered(ledger)],
    }


def feature_collection(ledger: Iterable[Entry]) -> dict[str, Any]:
    """The ledger as a GeoJSON layer, lon/lat: the ground of every entry."""
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": json.loads(shapely.to_geojson(one.where)), "properties": one.document()}
            for one in ordered(ledger)
        ],
    }


def write_geojson(ledger: Iterable[Entry], path: Path) -> None:
    """Write :func:`feature_collection` to ``path``, UTF-8."""
    path.write_text(json.dumps(feature_collection(ledger), ensure_ascii=False), encoding="utf-8")


def table(ledger: Sequence[Entry], limit: int = 20) -> Table:
    """The ledger for a person, larger ground first; of each kind at most ``limit`` rows, the rest counted."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("修补 mend", "由 from", "归 to"):
        made.add_column(title, overflow="fold")
    for title in ("m²", "宽 width m"):
        made.add_column(title, justify="right", no_wrap=True)
    made.add_column("何处 where", no_wrap=True)
    shown: dict[str, int] = {}
    counts = {row["kind"]: row["count"] for row in totals(ledger)}
    for one in ordered(ledger):
        shown[one.kind] = shown.get(one.kind, 0) + 1
        if shown[one.kind] <= limit:
            lon, lat = one.place
            made.add_row(
                one.kind, one.lost.called, one.got.called, f"{one.area_m2:,.2f}", f"{one.width_m:.2f}",
                f"{lon:.6f}, {lat:.6f}",
            )  # fmt: skip
        elif shown[one.kind] == limit + 1:
            rest = counts[one.kind] - limit
            made.add_row(one.kind, f"… 另有 {rest} 处 and {rest} more", style="dim")
    return made


def totals_table(ledger: Sequence[Entry]) -> Table:
    """Ground moved for each reason."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("修补 mend", "原因 reason"):
        made.add_column(title)
    for title in ("处 places", "m²", "最宽 widest m"):
        made.add_column(title, justify="right")
    for row in totals(ledger):
        zh, en = WORDS[row["kind"]]
        made.add_row(
            row["kind"], f"{zh} · {en}", f"{row['count']:,}", f"{row['area_m2']:,.2f}", f"{row['widest_m']:,.2f}"
        )
    return made


def outside_findings(ledger: Sequence[Entry]) -> list[Finding]:
    """One warning a level whose ground goes beyond the city's: told apart from ground that no grid covers."""
    found = []
    for level in dict.fromkeys(one.lost.level for one in ledger if one.kind == "outside"):
        there = [one for one in ledger if one.kind == "outside" and one.lost.level == level]
        m2 = float(np.sum([one.area_m2 for one in there]))
        found.append(
            Finding(
                "outlines_differ",
                f"{level} 图层有 {m2:,.2f} m²（{len(there)} 处）在市域之外、也不在任何网格内：不属本市，不计为空白；"
                "如应属本市，请以 [outline] 声明市域",
                f"the {level} layer has {m2:,.2f} m² ({len(there)} places) outside the city and in no grid: it is not "
                "of this city and no uncovered ground; if it should be, declare the city's ground with [outline]",
                level=level,
                where=shapely.union_all([one.where for one in there]),
                area_m2=m2,
            )
        )
    return found
