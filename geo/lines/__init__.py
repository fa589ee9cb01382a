"""The base map of our own: roads, railways, water and green ground, loaded source by source and read by kind."""

from __future__ import annotations

from geo.lines.kinds import KINDS
from geo.lines.loading import Counts, Intake, Loaded, load
from geo.lines.storing import Stored, read, revision, stored

__all__ = ["KINDS", "Counts", "Intake", "Loaded", "Stored", "load", "read", "revision", "stored"]
