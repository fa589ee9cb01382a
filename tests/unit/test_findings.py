"""Findings of a file of rows: one thread finds them while another asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from geo import findings
from geo.findings import Kind


def test_refused_rows_are_counted_while_others_are_found() -> None:
    class Kinds(dict[str, Kind]):
        """As another thread, finds something of a kind of its own whenever it is asked."""

        def __getitem__(self, key: str) -> Kind:
            found.totals[f"another {len(found.totals)}"] += 1
            return super().__getitem__(key)

    class Findings(findings.Findings):
        kinds: ClassVar[Mapping[str, Kind]] = Kinds(one=Kind("one", True, "", ""), two=Kind("two", False, "", ""))

    found = Findings()
    found.totals.update(one=3, two=4)
    assert found.refused == 3
