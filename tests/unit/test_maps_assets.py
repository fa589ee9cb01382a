"""Front-end files: our own copies, and a refusal for anything else."""

from __future__ import annotations

import re
from pathlib import Path

import folium
import pytest
from folium.plugins import MiniMap

from geo.errors import Refused, Unavailable
from maps import assets
from maps.canvas import OfflineFigure


def figure_of(drawn: folium.Map) -> OfflineFigure:
    figure = OfflineFigure()
    figure.add_child(drawn)
    return figure


def test_every_link_of_a_map_leads_to_this_server() -> None:
    head = figure_of(folium.Map(tiles=None)).localise().render()
    links = re.findall(r'(?:src|href)="([^"]*)"', head)
    assert len(links) == 2
    assert all(link.startswith("/static/vendor/") for link in links)
    assert "//" not in "".join(links)


def test_an_asset_without_a_local_file_is_refused_by_name() -> None:
    drawn = folium.Map(tiles=None)
    drawn.add_child(MiniMap())
    with pytest.raises(Refused, match=r"MiniMap.*maps/assets\.py"):
        figure_of(drawn).localise()


def test_links_of_folium_itself_stay_as_they_were() -> None:
    before = list(folium.Map.default_js), list(folium.Map.default_css)
    figure_of(folium.Map(tiles=None)).localise()
    assert before == (folium.Map.default_js, folium.Map.default_css)


def test_every_local_address_is_of_a_file_that_is_copied() -> None:
    served = {f"{assets.URL}/{name}" for name in assets.FILES}
    assert {address for address in assets.LOCAL.values() if address} <= served


def test_files_are_copied_once_with_their_folders(tmp_path: Path) -> None:
    modules, vendor = tmp_path / "node_modules", tmp_path / "vendor"
    for name in assets.FILES:
        (modules / name).parent.mkdir(parents=True, exist_ok=True)
        (modules / name).write_text(name)
    assert assets.missing(vendor) == list(assets.FILES)
    copied = assets.copy(modules, vendor)
    assert assets.missing(vendor) == []
    times = [path.stat().st_mtime_ns for path in copied]
    assert [path.stat().st_mtime_ns for path in assets.copy(modules, vendor)] == times


def test_a_package_that_is_not_installed_is_named_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"leaflet.*npm ci"):
        assets.copy(tmp_path, tmp_path / "vendor")
