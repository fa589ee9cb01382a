"""The made small city as an office would hand it in: a gap, an overlap, ground that reaches out or too far."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from geo.boundaries import importing
from geo.boundaries.importing import Prepared
from geo.boundaries.repairs import Repair
from geo.boundaries.sources import read_sources
from maps import mends
from tests.made_files import Feature, moved, write_city

METRE = 1 / 111_319.49
DRY = {"zh": "试运行：将发布第 1 版；加 --commit 入库", "en": "dry run: would become edition 1"}
REFUSED = {"zh": "有错误，未入库", "en": "refused: errors; nothing is stored"}


def narrow(rows: list[Feature]) -> None:
    """The first grid is 0.6 m too narrow, the third reaches 0.6 m into the fourth, the last 30 m into free ground."""
    for at, east, by in ((0, 117.01, -0.6), (2, 117.03, 0.6), (7, 117.03, 30.0)):

        def change(ring, east=east, by=by):  # type: ignore[no-untyped-def]
            ring[abs(ring[:, 0] - east) < 1e-6, 0] += by * METRE
            return ring

        moved(rows[at], change)


def overlapping(rows: list[Feature]) -> None:
    """As :func:`narrow`, and the fifth grid reaches 40 m into the sixth: more than a mend may move: refused."""
    narrow(rows)

    def change(ring):  # type: ignore[no-untyped-def]
        ring[abs(ring[:, 0] - 117.01) < 1e-6, 0] += 40 * METRE
        return ring

    moved(rows[4], change)


def prepared(folder: Path, spoil=narrow, repair: Repair | None = Repair()) -> Prepared:  # type: ignore[no-untyped-def]  # noqa: B008 — frozen
    return importing.prepare(read_sources(write_city(folder, spoil)), None, repair=repair)


def told(found: Prepared, lang: str = "zh-CN") -> mends.Told:
    outcome, state = (REFUSED, "refused") if found.is_refused else (DRY, "dry")
    command = "./gridatlas import boundaries sources.toml --repair --commit"
    return mends.Told(datetime(2026, 11, 25, 14, 30, tzinfo=UTC), "sources.toml", outcome, state, command, lang)


def write_page(folder: Path, found: Prepared, lang: str = "zh-CN") -> Path:
    file = folder / "修补 台账.html"
    file.write_text(mends.page(found, told(found, lang)), encoding="utf-8")
    return file
