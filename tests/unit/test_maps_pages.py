"""The shell: one language each, a nonce on every script, and no name read as HTML."""

from __future__ import annotations

import json
import re

import pytest

from maps import coverage
from maps.assets import STATIC
from maps.page import FOLDER, LANGUAGES, View, policy, words

HOSTILE = "</script><img src=x onerror=alert(1)>${alert(2)}{{ 7*7 }}"

HTML_WRITERS = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|bindPopup|bindTooltip|eval\(")


def page(lang: str = "zh-CN", name: str = "试验市") -> str:
    boot = {"city": {"name": name}, "roles": ["planner"]}
    return coverage.page(View(page="coverage", lang=lang, place=name, nonce="n0nce", boot=boot))


def test_every_script_and_style_of_a_page_carries_its_nonce() -> None:
    html = page()
    inline = re.findall(r"<(script|style)([^>]*)>", html)
    ours = [rest for tag, rest in inline if "src=" not in rest and "application/json" not in rest]
    assert ours
    assert all('nonce="n0nce"' in rest for rest in ours)
    assert not re.findall(r"<[^>]*\son\w+=", re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL))


def test_a_page_names_no_other_host() -> None:
    html = re.sub(r'xmlns="[^"]*"', "", page())
    assert re.findall(r"https?://[\w.-]+", html) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_says_its_language_and_lets_people_zoom(lang: str) -> None:
    html = page(lang)
    assert f'<html lang="{lang}">' in html
    assert html.count('name="viewport"') == 1
    assert "user-scalable" not in html
    assert "maximum-scale" not in html


def test_a_hostile_name_stays_text() -> None:
    html = page(name=HOSTILE)
    assert "<img" not in html
    boot = re.search(r'<script type="application/json" id="boot">(.*?)</script>', html, re.DOTALL)
    assert boot is not None
    assert json.loads(boot[1])["city"]["name"] == HOSTILE


def test_the_policy_allows_nothing_foreign() -> None:
    said = policy("n0nce")
    assert "default-src 'none'" in said
    assert "unsafe" not in said
    assert "http" not in said


def test_both_languages_say_the_same_things() -> None:
    chinese, english = (words(lang) for lang in LANGUAGES)
    assert chinese.keys() == english.keys()
    holes = re.compile(r"\{(\w+)\}")
    for key, text in chinese.items():
        assert set(holes.findall(english[key])) <= set(holes.findall(text)), key
        assert text or key.endswith(".sub")


def test_every_word_a_page_asks_for_is_there() -> None:
    asked = set(re.findall(r't\["([\w.-]+)"\]', (FOLDER / "templates" / "shell.html").read_text()))
    for module in (STATIC / "js").glob("*.js"):
        asked |= set(re.findall(r'\bt\("([\w.-]+)"', module.read_text()))
    assert len(asked) > 60
    assert asked - words("zh-CN").keys() == set()


def test_no_module_writes_html() -> None:
    for module in (STATIC / "js").glob("*.js"):
        text = module.read_text()
        assert not re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|bindPopup|bindTooltip|eval\(", text
        )


@pytest.mark.parametrize(
    ("asked", "accepted", "answer"),
    [
        (None, "", "zh-CN"),
        (None, "en-GB,en;q=0.8", "en"),
        ("en", "zh-CN", "en"),
        ("zh", "en", "zh-CN"),
        ("fr", "fr,en;q=0.5", "en"),
        (None, "fr", "zh-CN"),
    ],
)
def test_the_language_asked_for_goes_before_the_browsers(asked: str | None, accepted: str, answer: str) -> None:
    assert coverage.language(asked, accepted) == answer


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_is_said_twice_over(lang: str) -> None:
    """Of two texts under one key a reader of JSON keeps the last: the first would never be seen."""
    text = (FOLDER / "static" / "locales" / f"{lang}.json").read_text(encoding="utf-8")
    keys = [key for key, _ in json.loads(text, object_pairs_hook=list)]
    assert len(keys) == len(set(keys))
