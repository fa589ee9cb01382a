"""One array in the bytes PostgreSQL receives, as every connection sends it.

A connection knows the types that were registered when it was opened, so :mod:`geo.db`, which opens them, imports this.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format


@dataclass(frozen=True)
class Packed:
    """One array in the bytes it is received in."""

    sent: bytes


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:
        return obj.sent


psycopg.adapters.register_dumper(Packed, _PackedDumper)
