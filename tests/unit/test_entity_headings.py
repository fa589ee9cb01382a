"""How files head their columns: what others call a thing when they refer to it, its own file may call it too."""

from __future__ import annotations

from collections import Counter

import pytest

from geo.entities import ENTITIES
from geo.entities.entity import Entity
from geo.entities.fields import Kind

REFERRED = [
    (of.to, heading)
    for entity in ENTITIES.values()
    for of in entity.of_kind(Kind.REFERENCE)
    if of.to in ENTITIES
    for heading in of.also
    if heading.endswith("编号")
]


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=str)
def test_no_heading_is_understood_as_two_things(entity: Entity) -> None:
    names = entity.mapping.names
    counted = Counter(heading for headings in names.values() for heading in dict.fromkeys(headings))
    assert [heading for heading, times in counted.items() if times > 1] == []


@pytest.mark.parametrize(("key", "heading"), sorted(set(REFERRED)))
def test_what_others_call_it_its_own_file_may_call_it(key: str, heading: str) -> None:
    entity = ENTITIES[key]
    headings = [heading, *(field.zh for field in entity.fields if field.needed)]
    assert entity.mapping.mapped(headings, {}, "a.csv")["reference"] == heading
