"""The command line pins buildings, and says what became of them."""

from __future__ import annotations

import pytest
import shapely
import sqlalchemy as sa
from typer.testing import CliRunner

from api.cli import build
from geo import db
from geo.tables import audit_events, buildings
from tests.small_city import COMMUNITIES, WEST, WIDE, cell_centre, publish_small_city
from tests.standing import stand


@pytest.fixture
def number(fresh_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> int:
    """Id of a building astride the border of the first two columns, more of it in the second."""
    monkeypatch.setattr(db, "engine", lambda: fresh_engine)
    border, y = WEST + WIDE, cell_centre(0, 0)[1]
    with fresh_engine.begin() as connection:
        publish_small_city(connection)
        stand(connection, [shapely.box(border - 5e-4, y, border + 3e-3, y + 1e-4)], name=["甲座"])
        told = connection.scalar(sa.select(buildings.c.id)) or 0
    return told


def test_a_pin_is_set_and_taken_back_and_both_are_written_down(number: int, fresh_engine: sa.Engine) -> None:
    app, runner = build(), CliRunner()
    west, east = COMMUNITIES[0] + "001", COMMUNITIES[1] + "001"
    pinned = runner.invoke(app, ["buildings", "pin", str(number), west, "--as", "王工"], catch_exceptions=False)
    assert f"甲座 → {west}" in pinned.output
    assert "已指定 pinned" in pinned.output
    back = runner.invoke(app, ["buildings", "unpin", str(number), "--as", "王工"], catch_exceptions=False)
    assert f"甲座 → {east}" in back.output
    with fresh_engine.connect() as connection:
        events = connection.execute(sa.select(audit_events.c.action, audit_events.c.actor).order_by(audit_events.c.id))
        assert [tuple(event) for event in events][-2:] == [("buildings.pin", "王工"), ("buildings.unpin", "王工")]
