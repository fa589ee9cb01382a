"""What may not be handed in, and what is said of it."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from geo.imports.shelves import TURN, Shelf
from geo.settings import settings
from tests.uploads import grids_file, hand_in

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def site(quiet_site: httpx.Client) -> httpx.Client:
    return quiet_site


@pytest.fixture(autouse=True)
def shelf(quiet_shelf: Shelf) -> Iterator[Shelf]:
    yield quiet_shelf
    for one in quiet_shelf.all():
        quiet_shelf.remove(one)


def left_over(shelf: Shelf) -> list[str]:
    return sorted({one.name for one in shelf.folder.glob("*")} - {TURN})


@pytest.mark.parametrize(
    "type_", ["multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded"]
)
def test_a_form_is_no_file(site: httpx.Client, shelf: Shelf, type_: str) -> None:
    about = {"kind": "boundaries", "filename": "a.geojson"}
    answer = site.post("/v1/imports", params=about, content=b"{}", headers={"Content-Type": type_})
    assert answer.status_code == 400
    assert "octet-stream" in answer.json()["detail"]
    assert left_over(shelf) == []


def test_a_page_of_another_origin_hands_nothing_in(site: httpx.Client, shelf: Shelf) -> None:
    about = {"kind": "boundaries", "filename": "a.geojson"}
    headers = {"Origin": "http://evil.example"}
    assert site.post("/v1/imports", params=about, content=b"{}", headers=headers).status_code == 403
    assert left_over(shelf) == []


def test_an_upload_that_is_cut_leaves_nothing(site: httpx.Client, shelf: Shelf) -> None:
    at = urlsplit(str(site.base_url))
    with socket.create_connection((str(at.hostname), at.port or 0)) as line:
        head = f"POST /v1/imports?kind=boundaries&filename=a.geojson HTTP/1.1\r\nHost: {at.netloc}\r\n"
        line.sendall(head.encode() + b"Content-Length: 5000000\r\n\r\n" + b"x" * 2_500_000)
        until_true(lambda: bool(left_over(shelf)))
    until_true(lambda: left_over(shelf) == [])
    assert site.get("/v1/imports").json()["imports"] == []


def until_true(holds: object) -> None:
    for _ in range(500):
        if holds():  # type: ignore[operator]
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come about in ten seconds")


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_file_larger_than_allowed_is_a_413_and_leaves_nothing(
    site: httpx.Client, shelf: Shelf, limit_mb: int, is_declared: bool
) -> None:
    content = b"x" * (limit_mb * 1_000_000 + 1)
    chunks = (content[at : at + 65_536] for at in range(0, len(content), 65_536))
    about = {"kind": "boundaries", "filename": "a.geojson"}
    answer = site.post("/v1/imports", params=about, content=content if is_declared else chunks)
    assert answer.status_code == 413
    assert "GRIDATLAS_MAX_IMPORT_MB" in answer.json()["detail"]
    assert left_over(shelf) == []


@pytest.fixture
def limit_mb(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """One megabyte may be handed in, or unpacked to."""
    settings.cache_clear()
    monkeypatch.setenv("GRIDATLAS_MAX_IMPORT_MB", "1")
    yield 1
    monkeypatch.undo()
    settings.cache_clear()


def test_a_bomb_is_refused_when_it_is_looked_at(site: httpx.Client, limit_mb: int) -> None:
    bomb = gzip.compress(b'{"type": "FeatureCollection", "features": [' + b" " * (50 * limit_mb * 1_000_000) + b"]}")
    told = hand_in(site, bomb, "bomb.geojson.gz")
    assert (told["state"], told["problem"]["type"]) == ("failed", "/problems/too-much")
    assert "unpacks" in told["problem"]["detail"]


def test_a_table_of_one_endless_line_is_refused(site: httpx.Client) -> None:
    told = hand_in(site, gzip.compress(b"a" * 40_000_000), "bomb.csv.gz", "incidents")
    assert told["state"] == "failed", told
    assert "10,000,000" in told["problem"]["detail"]


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"\x00\x01\x02 no file at all", "a.gpkg", "holds no shapes"),
        (b"PK\x03\x04 cut", "a.zip", "damaged"),
        (b'{"type": "FeatureCollection", "features": [', "a.geojson", "cannot be read"),
    ],
)
def test_what_cannot_be_read_fails_with_words(site: httpx.Client, content: bytes, name: str, says: str) -> None:
    told = hand_in(site, content, name)
    assert told["state"] == "failed", told
    assert says in told["problem"]["detail"]


def test_nothing_and_unknown_kinds_are_refused(site: httpx.Client, shelf: Shelf) -> None:
    about = {"kind": "boundaries", "filename": "a.geojson"}
    assert site.post("/v1/imports", params=about, content=b"").status_code == 400
    assert site.post("/v1/imports", params={**about, "kind": "people"}, content=b"{}").status_code == 400
    assert left_over(shelf) == []


def test_a_name_with_folders_stays_in_its_folder(site: httpx.Client, shelf: Shelf) -> None:
    told = hand_in(site, grids_file(), "../../etc/网格 2026.geojson")
    assert told["filename"] == "网格 2026.geojson"
    assert (shelf.folder / told["id"] / "file" / "网格 2026.geojson").is_file()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"colour": "red"}, "no field"),
        ({"code": "代码"}, "no column"),
        ({"level": "planet"}, "one of"),
        ({"datum": "mars"}, "mars"),
        ({"over_edits": "yes"}, "true or false"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(site: httpx.Client, fields: dict[str, object], says: str) -> None:
    number = hand_in(site, grids_file())["id"]
    answer = site.put(f"/v1/imports/{number}/mapping", json={"fields": fields})
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["detail"]
