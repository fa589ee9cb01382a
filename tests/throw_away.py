"""A PostGIS for as long as a bench runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from geo import db
from geo.cluster import Cluster


@contextmanager
def throw_away_postgis() -> Iterator[tuple[sa.Engine, Path]]:
    """An engine on a migrated database without a city, and a folder beside it; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gridatlas-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        cluster = Cluster(home, throw_away=True)
        cluster.up()
        engine = db.connect(cluster.url())
        try:
            db.migrate(engine)
            yield engine, home
        finally:
            engine.dispose()
            cluster.down()
