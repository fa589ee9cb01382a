"""Values as the pages read them say what the plain document says."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from maps.values import packed

TEXTS = st.text(alphabet="37街道12 ", max_size=6)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    parents = draw(st.integers(0, 4))
    above = {
        "id": list(range(1, parents + 1)),
        **{key: [draw(TEXTS) for _ in range(parents)] for key in ("code", "name")},
    }
    ids = draw(st.lists(st.integers(1, 2**40), unique=True, max_size=12))
    parent = [draw(st.integers(0, parents)) for _ in ids]
    named = {
        key: [draw(TEXTS) if draw(st.booleans()) or not up else above[key][up - 1] + draw(TEXTS) for up in parent]
        for key in ("code", "name")
    }
    return {"indicator": "x", "rows": {"id": ids, **named, "parent": parent}, "above": above}


def unpacked(told: dict[str, Any]) -> dict[str, Any]:
    """What ``columns.js`` reads: the plain document again."""
    rows, above = dict(told["rows"]), told["above"]
    rows["id"] = np.cumsum(rows.pop("step"), dtype=np.int64).tolist()
    for name in ("code", "name"):
        after = rows.pop(f"{name}_after")
        each = after if isinstance(after, list) else [after] * len(rows[name])
        heads = [above[name][up - 1] if cut else "" for up, cut in zip(rows["parent"], each, strict=True)]
        rows[name] = [head + tail for head, tail in zip(heads, rows[name], strict=True)]
    return told | {"rows": rows}


@given(documents())
def test_nothing_is_lost(told: dict[str, Any]) -> None:
    assert unpacked(packed(told)) == told


@given(documents())
def test_what_the_parent_says_is_not_said_again(told: dict[str, Any]) -> None:
    found = packed(told)
    for name in ("code", "name"):
        for whole, tail, up in zip(told["rows"][name], found["rows"][name], told["rows"]["parent"], strict=True):
            head = told["above"][name][up - 1] if up else ""
            assert len(tail) == len(whole) - len(head) * whole.startswith(head)


def test_numbered_grids_of_named_communities_take_few_bytes_each() -> None:
    above = {"id": [1], "code": ["330106001001"], "name": ["翠苑社区"]}
    rows = {"id": list(range(5, 105)), "code": [f"330106001001{k:03}" for k in range(100)], "parent": [1] * 100}
    rows["name"] = [f"翠苑社区第{k}网格" for k in range(100)]
    found = packed({"rows": rows, "above": above})["rows"]
    assert found["step"] == [5, *[1] * 99]
    assert (found["code"][7], found["name"][7]) == ("007", "第7网格")
    assert (found["code_after"], found["name_after"]) == (1, 1)
