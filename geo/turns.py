"""Work that one transaction at a time may do, in whatever process: each kind has a lock of its own in the database.

References
----------
PostgreSQL 15, Advisory Locks: https://www.postgresql.org/docs/15/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

from enum import IntEnum, unique

import sqlalchemy as sa


@unique
class Turn(IntEnum):
    """What is waited for; the numbers mean nothing, but no two may be the same: one kind of work would hold up another.

    Attributes
    ----------
    MIGRATION
        Processes that start together migrate one after the other.
    DRAWINGS
        Processes that want the same drawings wait for the first.
    MONTHS
        Transactions that need the same month of incidents make it one after the other.
    INCIDENT_FILES, BUILDING_FILES
        Files are stored one after the other, so that none waits for a key of another.
    FOLLOWING
        One process at a time has closed incidents follow the ground.
    RUN
        Looks for blind spots go one after the other.
    NUMBERS
        Plans that take the next codes of an area take them one after the other, so that no two take the same.
    """

    MIGRATION = 7_149_320
    DRAWINGS = 7_149_321
    INCIDENT_FILES = 7_149_322
    BUILDING_FILES = 7_149_323
    MONTHS = 7_149_324
    FOLLOWING = 7_149_325
    RUN = 7_149_326
    NUMBERS = 7_149_327


def wait_for(connection: sa.Connection, turn: Turn) -> None:
    """Wait until no other transaction has the turn; until this one ends others wait."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(int(turn))))


def try_for(connection: sa.Connection, turn: Turn) -> bool:
    """Take the turn until this transaction ends, and True; False, without waiting, where another one has it."""
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(int(turn)))))
