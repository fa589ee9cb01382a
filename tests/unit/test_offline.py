"""A page as one file: nothing in it is fetched, its policy names what it holds, and every module finds the others."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

from geo.errors import Refused
from geo.files import renamed
from maps import coverage
from maps.assets import STATIC
from maps.canvas import Starter, blank_map
from maps.modules import IMPORT
from maps.offline import WITHOUT_SERVER, modules, self_contained
from maps.page import LANGUAGES, View

JS = STATIC / "js"
IMPORTED = re.compile(r'(?:from|import)\s*\(?\s*"([^"]+)"')
ENTRY = coverage.MODULES["coverage"]


def page(name: str = "试验市") -> str:
    drawn = blank_map()
    drawn.add_child(Starter(ENTRY))
    boot = {"city": {"name": name}}
    return self_contained(drawn, [View("coverage", lang, name, boot=boot, is_file=True) for lang in LANGUAGES])


def text_of(address: str) -> str:
    head, _, body = address.partition(",")
    return (base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)).decode()


def exported(name: str) -> set[str]:
    return set(re.findall(r"^export (?:async )?(?:function|class|const|let) (\w+)", (JS / name).read_text(), re.M))


def test_every_module_finds_every_other_in_the_map() -> None:
    found = modules([ENTRY])
    assert len(found) > 10
    asked = {name for address in found.values() for name in IMPORTED.findall(text_of(address))}
    assert asked <= found.keys()


def test_our_modules_import_each_other_in_the_one_form_that_is_renamed() -> None:
    for module in JS.glob("*.js"):
        for line in module.read_text().splitlines():
            if re.match(r"\s*(import|export)\b.*\bfrom\b|\s*import\s*[\"']", line):
                assert IMPORT.search(line), f"{module.name}: {line}"


@pytest.mark.parametrize(("asks", "keeps"), WITHOUT_SERVER.items())
def test_what_stands_in_for_the_server_gives_the_same_names(asks: str, keeps: str) -> None:
    assert exported(asks) == exported(keeps)
    assert exported(asks)


def test_a_file_asks_for_nothing() -> None:
    html = page()
    assert re.findall(r"<(?:script|img|link|iframe)[^>]*\s(?:src|href)=\"(?!data:)[^\"]*\"", html) == []
    linked = "".join(text_of(address) for address in modules([ENTRY]).values())
    assert not re.findall(r"await fetch|new Worker\(|XMLHttpRequest|EventSource|/v1/", linked)
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.S))
    assert re.findall(r"url\((?!data:|#)[^)]*\)", styles) == []


def test_the_policy_names_every_script_and_style_the_file_holds() -> None:
    html = page()
    said = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert said is not None
    policy = said[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    inline = re.findall(r"<(?:script|style)(?![^>]*application/json)[^>]*>(.*?)</(?:script|style)>", html, re.S)
    for text in inline:
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert policy.count("sha256-") == len(inline) >= 6


def test_both_languages_stand_in_it_and_no_way_to_another_page() -> None:
    html = page()
    assert re.findall(r'<template lang="([\w-]+)"', html) == list(LANGUAGES)
    assert 'href="/' not in html
    assert 'id="role"' not in html


def test_a_hostile_name_opens_no_element_of_its_own() -> None:
    html = page("</script></template><img src=x onerror=alert(1)>")
    assert "<img" not in html
    assert html.count("</template>") == len(LANGUAGES)


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(Refused, match=r"nowhere\.js is not among the front-end files"):
        modules(["/static/js/nowhere.js"])


def test_a_file_is_replaced_only_when_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.html"
    target.write_text("old")
    with pytest.raises(FileNotFoundError), renamed(target):
        pass  # nothing was written under the name it gave
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
    with renamed(target) as unfinished:
        unfinished.write_text("new")
    assert target.read_text() == "new"


def test_a_folder_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with (
        pytest.raises(Refused, match=r"nowhere/a\.html cannot be written: No such file"),
        renamed(tmp_path / "nowhere" / "a.html"),
    ):
        pass
    with pytest.raises(Refused, match="is a folder"), renamed(tmp_path):
        pass
