"""Files over HTTP: the same as by the command, named, and gone from the disk once sent."""

from __future__ import annotations

import io
import tempfile
import time
import zipfile
from pathlib import Path
from urllib.parse import unquote

import geopandas
import httpx
import pyogrio
import pytest

from api.exports import TYPES
from geo.writing import WRITERS


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("gridatlas-export-*"))


def is_left_as(before: set[Path]) -> bool:
    """Whether no folder is left that was not there; the last one goes just after its file has arrived."""
    for _ in range(100):
        if folders() <= before:
            return True
        time.sleep(0.05)
    return False


def test_an_edition_is_sent_as_a_file_with_a_name_of_its_own(http: httpx.Client, tmp_path: Path) -> None:
    answer = http.get("/v1/export/edition.gpkg", params={"edition": 1, "crs": "EPSG:4490"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geopackage+sqlite3"
    assert "试验市-第1版.gpkg" in unquote(answer.headers["content-disposition"])
    (file := tmp_path / "a.gpkg").write_bytes(answer.content)
    layers = [name for name, _ in pyogrio.list_layers(file)]
    assert layers == ["city", "district", "subdistrict", "community", "grid"]
    assert geopandas.read_file(file, layer="grid").crs.to_epsg() == 4490


@pytest.mark.parametrize("ending", TYPES)
def test_every_format_is_sent_and_nothing_is_left_behind(http: httpx.Client, ending: str) -> None:
    before = folders()
    answer = http.get(
        f"/v1/export/edition.{ending}", params={"level": "community"}, headers={"Accept-Encoding": "identity"}
    )
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == int(answer.headers["content-length"])
    assert is_left_as(before)
    if ending == "zip":
        assert "community.cpg" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()


def test_what_can_be_written_can_be_sent() -> None:
    assert {f".{ending}" for ending in TYPES} == WRITERS.keys()


def test_incidents_are_sent_without_addresses(http: httpx.Client) -> None:
    text = http.get("/v1/export/incidents.csv").content.decode("utf-8-sig")
    head = text.splitlines()[0].split(",")
    assert "grid_then" in head
    assert "address" not in head


def test_buildings_are_sent_also_when_there_are_none(http: httpx.Client) -> None:
    answer = http.get("/v1/export/buildings.csv")
    assert answer.content.decode("utf-8-sig").startswith("source,reference,name,address,use")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("edition.dwg", 400, "must be one of gpkg"),
        ("edition.gpkg?edition=1&at=2025-01-01", 400, "give one of them"),
        ("edition.gpkg?edition=99", 404, "no edition 99"),
        ("edition.csv?level=ward", 404, "no level 'ward'"),
        ("edition.gpkg?crs=EPSG:2263", 422, "is made for"),
        ("edition.gpkg?crs=gcj02", 422, "no file can say"),
        ("incidents.csv?since=soon", 400, "since=soon"),
        ("edition.gpkg?colour=red", 400, "colour"),
    ],
)
def test_what_cannot_be_sent_is_told_and_nothing_is_left_behind(
    http: httpx.Client, path: str, status: int, said: str
) -> None:
    before = folders()
    answer = http.get(f"/v1/export/{path}")
    assert answer.status_code == status, answer.text
    assert said in answer.json()["detail"]
    assert is_left_as(before)
