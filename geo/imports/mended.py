"""Mends told beside the findings: what moved, from whom, to whom, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geo.boundaries.ledgers import WORDS, Entry, totals


def kinds(mends: Sequence[Entry]) -> list[dict[str, Any]]:
    """For each kind of mend how many, and the m² moved."""
    return [
        {
            "severity": "info",
            "kind": f"mend_{one['kind']}",
            "count": one["count"],
            "area_m2": one["area_m2"],
            "title": {"zh": f"修补：{WORDS[one['kind']][0]}", "en": f"Mended: {WORDS[one['kind']][1]}"},
        }
        for one in totals(mends)
    ]


def document(one: Entry) -> dict[str, Any]:
    """A mend as a finding: both parties, place, ground."""
    lon, lat = one.place
    zh, en = WORDS[one.kind]
    return {
        "kind": f"mend_{one.kind}",
        "severity": "info",
        "file": one.lost.file or one.got.file,
        "level": one.got.level or one.lost.level,
        "rows": [*one.lost.rows, *one.got.rows],
        "codes": [one.lost.code, one.got.code],
        "lon": lon,
        "lat": lat,
        "area_m2": round(one.area_m2, 4),
        "message": {
            "zh": f"由 {one.lost.called} 归 {one.got.called}：{zh}，宽 {one.width_m:.2f} 米",
            "en": f"from {one.lost.called} to {one.got.called}: {en}, {one.width_m:.2f} m wide",
        },
    }
