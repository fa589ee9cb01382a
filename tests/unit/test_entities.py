"""What is declared of entities holds together, and the docs tell all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo.entities import ENTITIES, TABLES, Lies, named
from geo.entities.fields import Kind
from geo.entities.lists import lists, meanings, plain
from geo.errors import Unknown

DOCS = (Path(__file__).parents[2] / "docs/entities.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", list(ENTITIES))
def test_an_entity_refers_to_what_there_is_and_stands_after_it(key: str) -> None:
    entity, keys = ENTITIES[key], list(ENTITIES)
    for field in entity.fields:
        assert not field.words or field.words in lists()
        if field.kind is Kind.REFERENCE:
            assert field.to in {*keys, "buildings", "incidents"}
            assert field.to not in keys or keys.index(field.to) <= keys.index(key)
    assert set(entity.subjects) <= {field.name for field in entity.of_kind(Kind.REFERENCE, Kind.PLACE)}
    assert bool(entity.subjects) == (entity.lies is Lies.SUBJECT)
    assert entity.lies is not Lies.PLACE or entity.field("place").needed
    assert not entity.is_dated or entity.has("as_of")


@pytest.mark.parametrize("key", list(ENTITIES))
def test_a_table_has_a_column_for_every_field_and_no_column_names_two(key: str) -> None:
    entity = ENTITIES[key]
    columns = [field.column for field in entity.fields]
    assert len(set(columns)) == len(columns)
    assert set(columns) <= set(TABLES[key].c.keys())
    assert named(entity.slug) is named(key) is entity


@pytest.mark.parametrize("key", list(ENTITIES))
def test_names_of_columns_are_understood_without_being_told(key: str) -> None:
    entity = ENTITIES[key]
    chinese = {field.zh: field.name for field in entity.fields}
    assert len(chinese) == len(entity.fields)
    found = entity.mapping.mapped(["编号", *chinese], {}, "表.csv")
    assert found == {"reference": "编号"} | {name: zh for zh, name in chinese.items()}


@pytest.mark.parametrize("name", list(lists()))
def test_a_word_stands_under_one_key_of_its_list(name: str) -> None:
    said = [
        (plain(one), word.key) for word in lists()[name].values() for one in (word.key, word.zh, word.en, *word.also)
    ]
    meant = {}
    for one, key in said:
        assert meant.setdefault(one, key) == key, f"{one} means {meant[one]} and {key}"
    assert meanings(name) == meant


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(Unknown, match="units"):
        named("people")


@pytest.mark.parametrize("key", list(ENTITIES))
def test_the_docs_tell_every_entity_and_field(key: str) -> None:
    entity = ENTITIES[key]
    _, _, section = DOCS.partition(f"### {entity.zh} · {entity.en}\n")
    section, _, _ = section.partition("\n### ")
    assert f"`./gridatlas import {entity.slug}`" in section
    assert f"`/v1/{entity.slug}`" in section
    for field in entity.fields:
        assert f"| `{field.name}` | {field.zh} |" in section
        assert (
            "**needed**" in next(line for line in section.splitlines() if f"`{field.name}` |" in line)
        ) is field.needed
