"""Fields of a file's rows as texts and figures, and what is told of them; every noun judges its rows with these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.arrays import Bools, Floats, Ints
from geo.columns import numbers, plain, texts
from geo.findings import Findings, Place
from geo.frames import Frame
from geo.mapping import parts_of

BLANK = ("", "null", "none", "nan", "n/a", "-", "\\n")
"""Words, in small letters, for a figure that is not known."""
KEY_BYTES = 2_000
"""Bytes of source and reference together; an index of PostgreSQL holds 2,704."""


class Judging:
    """The rows of one frame under judgement; ``good`` (n,) are those not refused yet.

    Parameters
    ----------
    columns
        Field → column of the frame.
    findings
        Where what is found is noted; its kinds have a ``ragged``.

    Attributes
    ----------
    places
        (n, 2) degrees WGS 84 where rows lie, NaN for nowhere; empty until they are known.
    """

    def __init__(self, frame: Frame, columns: Mapping[str, str], findings: Findings) -> None:
        self.frame, self.columns, self.findings = frame, columns, findings
        self.places: Floats = np.empty((0, 2))
        self.good = ~np.isin(frame.rows, list(frame.cells))
        findings.add("ragged", "*", [(row, f"{cells} cells") for row, cells in frame.cells.items()])

    def some(self, at: Ints, columns: Sequence[str]) -> Judging:
        """The rows at these positions under judgement by themselves, with some of the file's columns."""
        frame = Frame(self.frame.rows[at], self.frame.table.select(list(columns)).take(pa.array(at)))
        return Judging(frame, self.columns, self.findings)

    def column(self, field: str) -> pa.Array | None:
        """The column of a field as one plain array, several joined by a blank; None for a field without column."""
        told = self.columns.get(field)
        if told is None:
            return None
        columns = [self.one(name) for name in parts_of(told, self.frame.table.column_names)]
        if len(columns) == 1:
            return columns[0]
        joined = pc.binary_join_element_wise(*map(_filled, columns), " ")
        return pc.utf8_trim_whitespace(pc.replace_substring_regex(joined, " +", " "))

    def one(self, name: str) -> pa.Array:
        """A column of the file as one plain array."""
        return plain(self.frame.table.column(name))

    def texts(self, field: str) -> pa.Array:
        """A field as trimmed texts, empty for null and for a field without column."""
        column = self.column(field)
        if column is None:
            return pa.array([""] * len(self.frame.rows), type=pa.string())
        return _filled(column)

    def filled(self, field: str, default: str) -> pa.Array:
        """A field as texts, ``default`` where there is none."""
        texts = self.texts(field)
        return pc.if_else(pc.equal(texts, ""), default, texts)

    def tell(self, key: str, field: str, where: Bools, values: pa.Array | None = None) -> None:
        """Note the rows ``where`` with the value of ``field``; rows refused before are not told again."""
        at = np.flatnonzero(where & self.good)
        if len(at):
            told = (self.texts(field) if values is None else values).take(pa.array(at)).to_pylist()
            column = self.columns.get(field, field)
            rows = self.frame.rows[at].tolist()
            self.findings.add(key, column, zip(rows, told, strict=True), self._where(at))

    def _where(self, at: Ints) -> dict[int, Place]:
        if not len(self.places):
            return {}
        there = at[np.isfinite(self.places[at]).all(axis=1)]
        places = [(x, y) for x, y in self.places[there].tolist()]
        return dict(zip(self.frame.rows[there].tolist(), places, strict=True))

    def refuse(self, key: str, field: str, where: Bools, values: pa.Array | None = None) -> None:
        """Note the rows ``where`` and leave them out."""
        self.tell(key, field, where, values)
        self.good &= ~where

    def key(self, source: str) -> tuple[pa.Array, pa.Array]:
        """Sources, the given one where a row has none, and references; rows without either or too long are refused."""
        sources, reference = self.filled("source", source), self.texts("reference")
        self.refuse("no_reference", "reference", bools(pc.equal(reference, "")))
        self.refuse("no_source", "source", bools(pc.equal(sources, "")))
        length = pc.add(pc.binary_length(sources), pc.binary_length(reference))
        begins = pc.utf8_slice_codeunits(reference, 0, 40)
        self.refuse("long_reference", "reference", bools(pc.greater(length, KEY_BYTES)), begins)
        return sources, reference

    def figures(self, field: str) -> tuple[Floats, Bools, Bools]:
        """Figures (NaN where there is none), where nothing was told, and where what was told is no finite number."""
        column = self.column(field)
        if column is None:
            return (
                np.full(len(self.frame.rows), np.nan),
                np.ones(len(self.frame.rows), np.bool_),
                np.zeros(len(self.frame.rows), np.bool_),
            )
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            told = numbers(column)
            blank = np.isnan(told)
        else:
            import pandas as pd

            texts = np.array(self.texts(field).to_pylist(), dtype=object)
            told = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(dtype=np.float64, copy=True)
            blank = np.isin(np.array([text.lower() for text in texts.tolist()], dtype=np.str_), BLANK)
        wrong = ~blank & ~np.isfinite(told)
        told[blank | wrong] = np.nan
        return told, blank, wrong


def _filled(column: pa.Array) -> pa.Array:
    return pc.fill_null(texts(column), "")


def bools(column: pa.Array) -> Bools:
    """An arrow column of truth values as numpy."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.bool_)
