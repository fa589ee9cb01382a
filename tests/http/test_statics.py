"""The files of the pages: packed once, the same bytes for everybody, read anew when they change."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.statics import PageFiles
from tests.serving import served

SCRIPT = b"export const words = '\xe7\xbd\x91\xe6\xa0\xbc';\n" * 100
PICTURE = bytes(range(256)) * 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.js").write_bytes(SCRIPT)
    (tmp_path / "mark.png").write_bytes(PICTURE)
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[httpx.Client]:
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False})
    app.mount("/static", PageFiles(folder))
    with served(app) as address, httpx.Client(base_url=f"{address}/static") as opened:
        yield opened


def raw(client: httpx.Client, path: str, accepted: str) -> tuple[httpx.Headers, bytes]:
    with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        return answer.headers, b"".join(answer.iter_raw())


def test_a_script_comes_packed_to_those_who_can_read_it_and_plain_to_others(client: httpx.Client) -> None:
    headers, body = raw(client, "/one.js", "gzip")
    assert headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in headers["vary"]
    assert int(headers["content-length"]) == len(body) < len(SCRIPT) / 4
    assert gzip.decompress(body) == SCRIPT
    plain, as_it_lies = raw(client, "/one.js", "identity")
    assert "content-encoding" not in plain
    assert as_it_lies == SCRIPT
    assert headers["content-type"] == plain["content-type"]
    assert headers["etag"] == plain["etag"]


def test_a_picture_and_a_part_of_a_file_come_as_they_lie(client: httpx.Client) -> None:
    assert raw(client, "/mark.png", "gzip")[1] == PICTURE
    part = client.get("/one.js", headers={"Range": "bytes=0-5"})
    assert (part.status_code, part.content) == (206, SCRIPT[:6])


def test_a_file_that_changed_is_read_anew(client: httpx.Client, folder: Path) -> None:
    before = client.get("/one.js")
    assert client.get("/one.js", headers={"If-None-Match": before.headers["etag"]}).status_code == 304
    (folder / "one.js").write_bytes(b"export const words = 1;\n")
    os.utime(folder / "one.js", ns=(1, 2_000_000_000_000_000_000))
    after = client.get("/one.js", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.text == "export const words = 1;\n"


@pytest.mark.parametrize("path", ["/two.js", "/../statics.py", "/%2e%2e/one.js"])
def test_a_file_there_is_none_of_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404
