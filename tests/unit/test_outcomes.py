"""What an import says of its findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from api import outcomes
from geo.buildings.findings import Findings
from geo.errors import Refused


def test_a_layer_of_findings_is_refused_where_it_cannot_be_written(tmp_path: Path) -> None:
    found = Findings()
    found.add("no_shape", "geometry", [(7, "")], {7: (120.5, 36.5)})
    outcomes.write_layer(tmp_path / "found.geojson", found)
    assert '"coordinates": [120.5, 36.5]' in (tmp_path / "found.geojson").read_text(encoding="utf-8")
    outcomes.write_layer(None, found)
    with pytest.raises(Refused, match=r"none/found\.geojson cannot be written: No such file or directory"):
        outcomes.write_layer(tmp_path / "none" / "found.geojson", found)
