"""The rule book is data a city may replace; what does not fit is refused by file and key."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from geo.coverage import rulebooks
from geo.errors import Refused
from geo.settings import read_settings

BOOK = rulebooks.read()


def own(folder: Path, text: str) -> Path:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_book_that_comes_along_says_what_the_domain_says() -> None:
    assert {code: BOOK.weight(code) for code in ("P1", "P3", "P2", "P4", "P5")} == {
        "P1": 1.0, "P3": 0.6, "P2": 0.4, "P4": 0.3, "P5": 0.15,
    }  # fmt: skip
    limits = BOOK.thresholds
    assert (limits.must_form_members, limits.joint_min_members, limits.joint_max_units) == (3, 3, 5)
    assert limits.branch_most_members == 50


def test_every_code_and_reason_has_words_in_both_languages() -> None:
    assert BOOK.codes.keys() == {*rulebooks.STATES, *rulebooks.GROUND}
    assert BOOK.reasons.keys() == rulebooks.REASONS.keys()


def test_a_city_says_only_what_differs(tmp_path: Path) -> None:
    book = rulebooks.read(own(tmp_path, 'version = "x"\n[thresholds]\nreach_m = 300\n[codes.P4]\nzh = "升级"\n'))
    assert (book.version, book.thresholds.reach_m, book.thresholds.joint_max_units) == ("x", 300.0, 5)
    assert (book.codes["P4"].zh, book.codes["P4"].en) == ("升级", BOOK.codes["P4"].en)


def test_the_fingerprint_follows_the_rules_and_not_the_words(tmp_path: Path) -> None:
    words = rulebooks.read(own(tmp_path, 'version = "x"\n[codes.P4]\nzh = "升级"\n'))
    rules = rulebooks.read(own(tmp_path, 'version = "x"\n[codes.P4]\nweight = 0.31\n'))
    assert words.fingerprint == BOOK.fingerprint != rules.fingerprint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[months]\nsurvey = 6\n", r"own.toml: version is missing"),
        ('version = "x"\n[threshold]\n', r"own.toml: threshold is no key of a rule book; did you mean 'thresholds'"),
        ('version = "x"\n[codes.P6]\nweight = 1.0\n', r"own.toml: codes.P6 is no key of a rule book"),
        ('version = "x"\n[thresholds]\nreach_m = -5\n', r"own.toml: thresholds.reach_m = -5: .*greater than 0"),
        ('version = "x"\n[months]\nsurvey = "12"\n', r"own.toml: months.survey = '12': .*valid integer"),
        ('version = "x"\n[codes.P1]\nweight = true\n', r"own.toml: codes.P1.weight = True: .*valid number"),
        ('version = "x"\n[codes.P1]\nweight = nan\n', r"own.toml: codes.P1.weight = nan: .*finite"),
        ('version = "x"\ncodes = 3\n', r"own.toml: codes = 3"),
        (
            'version = "x"\nworst = ["P1", "P1"]\n',
            r"own.toml: worst = .*each of P1, P2, P3, P4, P5, covered, work once",
        ),
        ('version = "x"\n[thresholds]\nmust_form_members = 4\n', r"joint_min_members = 3: .*must_form_members = 4"),
        ('version = "x"\n[thresholds]\njoint_max_units = 2\n', r"joint_max_units = 2: .*joint_min_members = 3"),
        ('version = "x"\n[codes.work]\nweight = 0.1\n', r"codes.work.weight = 0.1: who is covered weighs 0"),
        ('version = "x"\n[help]\nmethods = ["own"]\n', r"help.methods: 'own' is no way to help; there are instructor"),
        ('version = "x"\n[reasons.must_form]\nzh = "{name}"\n', r"reasons.must_form.zh: \{name\} .*may use: members"),
        ('version = "x"\n[codes.P1]\nmany_en = "{units"\n', r"codes.P1.many_en = '\{units': .*written twice"),
        ("version = ", r"own.toml: not TOML"),
    ],
)
def test_what_does_not_fit_is_refused_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        rulebooks.read(own(tmp_path, text))


def test_the_documented_rules_are_those_in_force_and_the_documented_example_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent.parent / "docs/blind-spots.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\w+) \| (\S+) \|.*\| ([\d.]*)[^|]*\|$", page, re.M)
    assert {code: (zh, float(weight or 0)) for code, zh, weight in told if zh not in ("未知", "中文")} == {
        code: (book.zh, book.weight) for code, book in BOOK.codes.items() if code != "U"
    }
    example = rulebooks.read(own(tmp_path, page.split("```toml\n")[1].split("```")[0]))
    assert (example.thresholds.reach_m, example.weight("P4")) == (300.0, 0.5)


def test_a_book_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"none.toml: the rule book cannot be read: .*GRIDATLAS_RULES"):
        rulebooks.read(tmp_path / "none.toml")


def test_the_setting_names_the_book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = own(tmp_path, 'version = "of the city"\n')
    monkeypatch.setenv("GRIDATLAS_RULES", str(file))
    assert rulebooks.read(read_settings().rules).version == "of the city"


def test_a_reason_is_written_out() -> None:
    assert rulebooks.sentence(BOOK, "must_form", "zh", members=4) == "4 名正式党员，无组织，也无人联系"


def test_a_book_kept_by_an_older_program_is_read_with_what_it_did_not_say_yet() -> None:
    book = rulebooks.read()
    kept = json.loads(json.dumps(asdict(replace(book, version="2025.9"))))
    kept["thresholds"].pop("anchor_share")
    kept["help"]["most"] = 2
    kept["gone"] = {"since": "then"}
    found = rulebooks.restored(kept)
    assert (found.version, found.help.most, found.fingerprint) == ("2025.9", 2, book.fingerprint)
    assert found.thresholds == book.thresholds
