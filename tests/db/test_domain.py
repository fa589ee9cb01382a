"""What the article names works end to end: each row has its table, import, question, layer and demo data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer

from api.app import create_app
from api.cli import build
from geo import drawings
from geo.actors import Actor
from geo.areas import current
from geo.buildings import tiles as building_tiles
from geo.coverage.indicators import registry
from geo.demo import steps
from geo.demo.plans import Order
from geo.entities import ENTITIES
from geo.entities import tiles as entity_tiles

ACTOR = Actor("演示")
ARTICLE: dict[str, tuple[str, ...]] = {
    "市、区、街道、社区四级联动": ("areas", "party_organisations"),
    "社区交办、小区主办、网格承办、楼栋领办、党员包办": ("areas", "estates", "grids", "buildings", "duty_contacts"),
    "优化社区网格设置": ("grids",),
    "网格党支部、党员兼职网格员、整合公安/综治/环保/安监力量": ("grids", "party_organisations", "staff_slots"),
    "巡查、报告、解决、督查、反馈闭环": ("incidents", "incident_stages"),
    "整合各类热线、投诉督办、第一时间响应": ("incidents", "incident_stages"),
    "街呼区应、上下联动": ("incident_stages",),
    "社区工作事项准入清单": ("incident_categories",),
    "商圈写字楼、城市综合体、专业园区 · 派员帮建 · 消除盲点 · 两新组织扩面覆盖": (
        *("business_districts", "buildings", "units", "party_organisations", "coverage_records"),
    ),
    "党建联盟、行业党组织": ("alliances", "alliance_members", "party_organisations"),
    "党建孤岛→党建群峰": ("party_organisations", "alliances"),
    "党群服务中心体系、老旧场所改造、新建小区预留场所": ("service_points", "estates", "grid_figures"),
    "物业企业党组织、业委会、议事调处": ("estates",),
    "双报到、结对共建、社会组织": ("report_ins", "pairings", "service_points", "units"),
    "群众点单、社区派单、部门接单、党员领单": ("incident_stages", "incident_categories"),
    "楼栋听事、小区议事、社区决事": ("deliberations",),
}
"""Row of the article's table → what it stands on."""

NOUNS = sorted({noun for nouns in ARTICLE.values() for noun in nouns})
IMPORTED_BY = {"areas": "boundaries", "grids": "boundaries"}
"""Nouns that come in under another name."""

LAYERS = {"incident_categories": "not-admitted", "incidents": "incidents"}
"""Nouns that are drawn by an indicator."""

EVENTS = {"called", "answered", "ordered", "claimed", "supervised", "inspected", "fed_back", "responded"}
"""Stages that rows of the article are about."""


@pytest.fixture(scope="module")
def made(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    """The made city, small, with everything the demo loads."""
    folder: Path = tmp_path_factory.mktemp("made")
    steps.write_files(folder, Order(buildings=3000, incidents=600), lambda _: None)
    steps.publish_boundaries(engine, ACTOR, lambda _: None)
    steps.load_buildings(engine, ACTOR, folder / "buildings.parquet", lambda _: None)
    steps.load_incidents(engine, ACTOR, folder / "incidents.csv", lambda _: None)
    steps.load_entities(engine, ACTOR, folder, lambda _: None)
    return engine


@pytest.mark.real
def test_every_row_of_the_article_is_here(real: Path) -> None:
    text = (real.parent / "domain.md").read_text(encoding="utf-8")
    table = text.partition("| article |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (?!-)(.+?) \| .+? \| .+? \|$", table, re.M)
    assert set(rows) == set(ARTICLE)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_has_rows_in_the_made_city(made: sa.Engine, noun: str) -> None:
    with made.connect() as connection:
        assert connection.scalar(sa.text(f"SELECT count(*) FROM {noun}")) > 0


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_has_its_import(noun: str) -> None:
    group: Any = typer.main.get_command(build()).commands["import"]  # type: ignore[attr-defined]
    slug = ENTITIES[noun].slug if noun in ENTITIES else IMPORTED_BY.get(noun, noun)
    assert slug in group.commands


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_has_its_question(made: sa.Engine, noun: str) -> None:
    paths = create_app(made).openapi()["paths"]
    slug = ENTITIES[noun].slug if noun in ENTITIES else noun
    assert any(path in paths for path in (f"/v1/{slug}", f"/v1/{slug}/{{code}}"))


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_has_its_layer(made: sa.Engine, noun: str) -> None:
    if noun in LAYERS:
        assert LAYERS[noun] in registry()
        return
    with made.begin() as connection:
        assert len(drawn(connection, noun)) > 20


def drawn(connection: sa.Connection, noun: str) -> bytes:
    """The tile of zoom 0, or for buildings one that holds a building: it has what the noun draws."""
    edition = current(connection)
    if noun in ("areas", "grids"):
        drawings.prepare(connection, edition)
        layer, at = ("areas", (0, 0, 0)) if noun == "areas" else ("grids", over_city(connection, 14))
        return drawings.ground_tile(connection, edition, layer, at)
    if noun == "buildings":
        return building_tiles.tile(connection, over_city(connection, 14))
    return entity_tiles.tile(connection, ENTITIES[noun], (0, 0, 0))


def over_city(connection: sa.Connection, z: int) -> tuple[int, int, int]:
    from tests.db.test_tiles import tile_over

    row = connection.execute(
        sa.text("SELECT ST_X(ST_Centroid(geom)) AS x, ST_Y(ST_Centroid(geom)) AS y FROM buildings LIMIT 1")
    ).one()
    return (z, *tile_over(row.x, row.y, z))


def test_the_stages_the_article_names_happen(made: sa.Engine) -> None:
    with made.connect() as connection:
        seen = set(connection.scalars(sa.text("SELECT DISTINCT stage FROM incident_stages")))
        levels = set(connection.scalars(sa.text("SELECT DISTINCT admitted_level FROM incident_categories")))
    assert seen >= EVENTS
    assert len(levels) >= 3
