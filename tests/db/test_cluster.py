"""The private PostGIS stands whatever is done to it."""

from __future__ import annotations

import sqlalchemy as sa

from geo.cluster import NAME, Cluster


def test_trigrams_of_chinese_are_not_empty(cluster: Cluster) -> None:
    assert len(cluster.sql("SELECT show_trgm('社区')", NAME)) > len("{}")


def test_every_module_gets_a_database_of_its_own(new_database, server: sa.Engine) -> None:  # type: ignore[no-untyped-def]
    assert new_database() != new_database()
