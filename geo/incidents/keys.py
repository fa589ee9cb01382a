"""Which rows of a file are new: their keys are stored as they come, repeats of the file and of the store are told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from psycopg.errors import UniqueViolation

from geo.arrays import Bools, Ints
from geo.copying import Column, Packed, copy, copy_packed, numbers, packed, texts, times
from geo.incidents.reports import Reports
from geo.statements import statement

_IDS = """SELECT min(id), max(id), CASE WHEN max(id) - min(id) + 1 > count(*) THEN array_agg(id ORDER BY id) END
            FROM (SELECT nextval('incidents_id_seq') AS id FROM generate_series(1, :rows)) AS given"""
_SEEN = "INSERT INTO seen_keys SELECT source, reference FROM arriving_keys"
_TABLES = "arriving_keys, seen_keys, stated_areas"


@dataclass(frozen=True, eq=False)
class Told:
    """What n rows are: new, under their ``ids``; a repeat of an earlier row; else stored before, same or changed."""

    ids: Ints
    is_new: Bools
    is_duplicate: Bools
    is_changed: Bools

    @property
    def already(self) -> int:
        """Number of rows stored before with the same content."""
        return int((~(self.is_new | self.is_duplicate | self.is_changed)).sum())


class Keys:
    """The keys of one file, chunk after chunk.

    Parameters
    ----------
    stores
        False: nothing is stored, and the same is told.

    Attributes
    ----------
    were_all_new
        Whether those of the last chunk were: then those of the next are tried without asking.
    runs
        (m, 2) first and last of the ids that were given, ascending.
    """

    def __init__(self, connection: sa.Connection, *, stores: bool) -> None:
        self.connection, self.stores = connection, stores
        self.runs: Ints = np.empty((0, 2), dtype=np.int64)
        self.were_all_new = True
        connection.execute(statement("incidents_stage"))

    def close(self) -> None:
        """Forget what was kept to tell repeats by."""
        self.connection.execute(sa.text(f"DROP TABLE {_TABLES}"))

    def take(self, reports: Reports, digests: pa.Array, keys: Packed | None = None) -> Told:
        """What these rows are; keys of new ones are stored. ``keys`` are theirs where :func:`pack` made them before."""
        ids = self._ids(len(reports))
        if keys and self.were_all_new and self._stored_at_once(keys, ids):
            nowhere = np.zeros(len(ids), dtype=np.bool_)
            return Told(ids, ~nowhere, nowhere, nowhere)
        told = self._compared(reports, digests, ids)
        self.were_all_new = bool(told.is_new.all())
        return told

    def _ids(self, rows: int) -> Ints:
        """Ids in the order of the file; those of rows that are not new are left out."""
        if not self.stores:
            return np.arange(-rows, 0)
        first, last, told = self.connection.execute(sa.text(_IDS), {"rows": rows}).one()
        ids = np.arange(first, last + 1) if told is None else np.array(told, dtype=np.int64)
        every = np.concatenate([self.runs, np.repeat(ids[:, None], 2, axis=1)])
        begins = np.flatnonzero(np.append(True, every[1:, 0] != every[:-1, 1] + 1))
        self.runs = np.column_stack([every[begins, 0], every[np.append(begins[1:], len(every)) - 1, 1]])
        return ids

    def _gave(self, ids: Ints) -> Bools:
        """Which of these ids this file gave."""
        after = np.searchsorted(self.runs[:, 0], ids, side="right")
        last = np.append(-1, self.runs[:, 1])[after]  # of the run that begins at the id or before
        return np.asarray((after > 0) & (ids <= last), dtype=np.bool_)

    def _stored_at_once(self, keys: Packed, ids: Ints) -> bool:
        """Whether every key is new, as in most files; then they are stored, else none is."""
        attempt = self.connection.begin_nested()
        try:
            copy_packed(self.connection, "incident_keys", keys, ids)
        except UniqueViolation:
            attempt.rollback()
            return False
        attempt.commit()
        return True

    def _compared(self, reports: Reports, digests: pa.Array, ids: Ints) -> Told:
        self.connection.execute(sa.text("TRUNCATE arriving_keys"))
        rows = {"row_number": numbers(reports.row, "i8"), "id": numbers(ids, "i8")}
        copy(self.connection, "arriving_keys", rows | _columns(reports, digests))
        is_new = np.ones(len(ids), dtype=np.bool_)
        is_duplicate, is_changed = ~is_new, ~is_new
        kept = -1
        while kept != is_new.sum():  # unless another transaction stores one of these keys meanwhile, once
            found = self.connection.execute(statement("incidents_known")).all()
            row, repeated, stored, same = np.array([tuple(one) for one in found], dtype=np.int64).reshape(-1, 4).T
            at = np.searchsorted(reports.row, row)
            is_new[at] = False
            is_duplicate[at] = (repeated == 1) | self._gave(stored)
            is_changed[at] = ~is_duplicate[at] & (same == 0)
            kept = max(kept, 0) + self._kept()
        return Told(ids, is_new, is_duplicate, is_changed)

    def _kept(self) -> int:
        """Number of rows of the chunk whose key is this file's now."""
        done = self.connection.execute(statement("incidents_keys") if self.stores else sa.text(_SEEN))
        return int(done.rowcount)


def pack(reports: Reports, digests: pa.Array) -> Packed:
    """The keys of rows as they are copied, but for their ids."""
    return packed("id", _columns(reports, digests))


def _columns(reports: Reports, digests: pa.Array) -> dict[str, Column]:
    return {
        "source": texts(reports.source),
        "reference": texts(reports.reference),
        "occurred_at": times(reports.occurred_us),
        "digest": texts(digests),
    }
