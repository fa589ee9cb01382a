"""The house is held to its word: floors, sizes, errors, settings, words and the commands its docs promise."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from geo.errors import GeoError
from geo.settings import PREFIX, Settings
from tests.examples import documented_commands

ROOT = Path(__file__).parent.parent
HOUSES = ("geo", "maps", "api")
MAX_LINES = 400


def tracked(*patterns: str) -> list[Path]:
    """Files of the project, those not yet committed included, that fit the patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def subclasses(root: type) -> set[type]:
    """Every class below ``root``."""
    return {below for child in root.__subclasses__() for below in {child, *subclasses(child)}}


@pytest.fixture(scope="module")
def commands() -> object:
    """The command line as it is called."""
    from api.cli import build

    return typer.main.get_command(build())


def test_imports_fall_from_api_to_maps_to_geo() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_no_room_is_larger_than_one_can_read() -> None:
    files = tracked("*.py", "maps/static/*.js", "maps/static/*.css", "geo/sql/*.sql", "gridatlas", ".ci/run")
    sizes = {file.relative_to(ROOT): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: lines for name, lines in sizes.items() if lines > MAX_LINES} == {}


def test_every_error_has_a_status() -> None:
    from api.errors import KINDS

    assert subclasses(GeoError) - KINDS.keys() == set()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in (ROOT / "docs/settings.md").read_text(encoding="utf-8")


def test_every_documented_setting_exists() -> None:
    documented = set(re.findall(rf"`({PREFIX}[A-Z0-9_]+)`", (ROOT / "docs/settings.md").read_text(encoding="utf-8")))
    assert documented == {PREFIX + name.upper() for name in Settings.model_fields}


def test_every_statement_file_has_one_caller() -> None:
    sources = {file: file.read_text(encoding="utf-8") for house in HOUSES for file in tracked(f"{house}/*.py")}
    callers = {
        file.name: [str(source.relative_to(ROOT)) for source, text in sources.items() if f'"{file.stem}"' in text]
        for file in tracked("geo/sql/*.sql")
    }
    assert {name: found for name, found in callers.items() if len(found) != 1} == {}


def test_the_docs_name_commands() -> None:
    assert len(documented_commands()) >= 10


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
    link_of = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
    links = [(page, link) for page in pages for link in link_of.findall(page.read_text("utf-8"))]
    assert len(links) > 50
    assert not [(page.name, link) for page, link in links if not (page.parent / link).exists()]


def test_every_law_is_held_by_a_test_and_a_proof_that_are_there() -> None:
    rows = re.findall(
        r"^\|(.+)\|(.+)\|(.*)\|$", (ROOT / "docs/proofs.md").read_text("utf-8").split("## partitions")[0], re.M
    )
    code = "\n".join(file.read_text(encoding="utf-8") for file in tracked("tests/*.py"))
    named = {name for _, tests, _ in rows for name in re.findall("`(.+?)`", tests)}
    assert len(named) > len(rows) > 10
    assert {name for name in named if not re.search(rf"^(def )?{name}\b", code, re.M)} == set()
    proofs = {name for *_, proofs in rows[2:] for name in re.findall(r"\w+", proofs)}
    assert {name for name in proofs if not (ROOT / f"tests/proofs/{name}.py").is_file()} == set()


def test_commands_are_not_added_again_each_time_they_are_asked_for() -> None:
    from api.cli import build

    assert build() is build()


@pytest.mark.parametrize("line", documented_commands())
def test_a_documented_command_and_its_options_exist(line: str, commands: object) -> None:
    command, words = commands, shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    assert not hasattr(command, "commands") or not words, f"{line}: no command {words[:1]}"
    options = {name for parameter in command.params for name in parameter.opts}  # type: ignore[attr-defined]
    wanted = {word.split("=")[0] for word in words if word.startswith("--")} - {"--help"}
    assert wanted <= options, f"{line}: unknown {wanted - options}"


def test_every_word_of_the_glossary_is_explained_in_both_languages() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", (ROOT / "docs/glossary.md").read_text("utf-8"), re.M)[2:]
    assert len(rows) >= 30
    assert all(re.search(r"[一-鿿]", zh) and re.search(r"[a-z]", en) and said for zh, en, said in rows)


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_both_languages_say_the_same_things(locale: str) -> None:
    import json

    said = {
        name: json.loads((ROOT / f"maps/static/locales/{name}.json").read_text("utf-8")) for name in ("zh-CN", "en")
    }
    assert said[locale].keys() == said["zh-CN"].keys()
    assert all(str(text).strip() for text in said[locale].values())


def test_no_address_of_a_registry_and_no_path_of_a_machine_is_kept() -> None:
    hosts = "|".join(
        ["files.python" + "hosted", r"(?<![\w.])pypi" + r"\.org", "registry.npm" + "js", "deb.deb" + "ian"]
    )
    found = []
    for file in tracked():
        text = file.read_bytes().decode("utf-8", "ignore")
        if re.search(hosts, text) or re.search(r"/(?:work|farm)/(?:main|steering|shared)", text):
            found.append(str(file.relative_to(ROOT)))
    assert found == []
