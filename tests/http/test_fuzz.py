"""No question, however odd, is answered with a fault."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

ODD = ["", "0", "-1", "1e400", "nan", "9" * 40, "2025-06-01", "9999-12-31", "0001-01-01", "0001-01-01T00:00:00+14:00"]
ODD += [
    "9999-12-31T23:59:59-14:00",
    "120,36,121,37",
    "0,0,0,0",
    "%00",
    "\x00",
    "EPSG:4547",
    "EPSG:99999",
    "grid",
    "'",
    "汉字",
]
values = st.sampled_from(ODD) | st.text(max_size=12) | st.floats().map(str) | st.integers().map(str)


@pytest.fixture
def gets(http: httpx.Client) -> dict[str, Any]:
    """What may be asked, by path, as the server itself says."""
    paths = http.get("/openapi.json").json()["paths"]
    return {path: found["get"] for path, found in paths.items() if "get" in found}


@given(data=st.data())
@hypothesis_settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_question_is_answered_with_a_fault(http: httpx.Client, gets: dict[str, Any], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(gets)))
    query, steps = {}, {}
    for parameter in gets[path].get("parameters", ()):
        value = data.draw(values, label=parameter["name"])
        if parameter["in"] == "path":
            # a lone dot names the folder itself, which is another address
            steps[parameter["name"]] = quote(value.encode("utf-8", "replace").decode(), safe="") or "0"
        elif parameter.get("required") or data.draw(st.booleans()):
            query[parameter["name"]] = value.encode("utf-8", "replace").decode()
    answer = http.get(path.format(**steps), params=query)
    assert answer.status_code in (200, 204, 304, 400, 404, 422), (path, steps, query, answer.text)
    if answer.status_code >= 400:
        assert answer.json()["detail"]
