"""The page of a business district as one file, opened from disk with the network off, beside the live one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from geo.errors import Refused, Unknown
from maps import kept_districts, kept_place
from maps.kept_place import Shown
from tests.browser.conftest import Opener, Watched
from tests.browser.districts import PATH, furnished, houses, open_house, ready
from tests.spotted_city import CODES


@pytest.fixture(scope="module")
def city(engine: sa.Engine) -> Iterator[str]:
    yield from furnished(engine)


def html(engine: sa.Engine, number: int = 1) -> str:
    with engine.connect() as connection:
        contents = kept_districts.gathered(connection, number)
    return kept_districts.page(contents, Shown(datetime.now(UTC), "zh-CN"))


@pytest.fixture(scope="module")
def file(engine: sa.Engine, city: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("kept") / "商圈 图.html"
    found.write_text(html(engine), encoding="utf-8")
    return found


def shown(visit: Opener, file: Path, **given: object) -> Page:
    page = visit("", file=file, **given)
    expect(houses(page)).to_have_count(len(CODES))
    return page


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_nothing_but_the_file_is_asked_for(visit: Opener, watched: Watched, file: Path, size: tuple[int, int]) -> None:
    page = shown(visit, file, size=size)
    open_house(page, "东塔")
    page.get_by_text("各项比率").click()
    assert [url for url in watched.requests if not url.startswith(("data:", "blob:"))] == [file.as_uri()]


def test_it_shows_what_the_live_page_shows_but_for_the_ways_out(visit: Opener, file: Path) -> None:
    live, page = ready(visit(PATH)), shown(visit, file)
    told = []
    for one in (live, page):
        open_house(one, "东塔").locator(".stack .unit").first.click()
        told.append(re.sub(r"\s+", "", one.locator(".panel .scroll").inner_text()))
    assert told[0] == told[1]
    assert live.locator(".map .legend").inner_text() == page.locator(".map .legend").inner_text()
    expect(page.get_by_role("complementary").get_by_role("link")).to_have_count(1)


def test_its_units_are_written_from_the_file(visit: Opener, file: Path) -> None:
    page = shown(visit, file)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="下载单位").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    assert len(rows) == 11
    assert {row["building"]: row["code"] for row in rows if row["building"] != "东塔"} == {
        name: code for name, code in CODES.items() if name != "东塔"
    }


def test_the_other_language_is_in_the_file_too(visit: Opener, file: Path) -> None:
    page = shown(visit, file)
    page.get_by_title("Switch to English").click()
    expect(page.get_by_role("heading", name="Liulin")).to_be_visible()


def test_a_file_too_large_is_refused(engine: sa.Engine, city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_place, "LIMIT_MB", 0.1)
    with pytest.raises(Refused, match=r"the file would have 0\.\d MB"):
        html(engine)


def test_one_there_is_none_of_is_refused(engine: sa.Engine, city: str) -> None:
    with pytest.raises(Unknown, match="no row 999"):
        html(engine, 999)
