"""Which column of a file holds which field of a noun: as declared, else by the names people give columns."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from geo.errors import Refused


@dataclass(frozen=True)
class Fields:
    """What can be read of a noun's rows.

    Parameters
    ----------
    noun
        With its article, as messages say it.
    names
        Fields and the column names that are understood without being told, the most telling first.
    needed
        Fields without which a file is refused.
    aliases
        Other words for a field, as ``x`` for ``lon``.
    """

    noun: str
    names: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)

    def mapped(self, columns: Iterable[str], declared: Mapping[str, str], file: str) -> dict[str, str]:
        """Field → column, for every field that has one.

        Parameters
        ----------
        columns
            Names of the file's columns.
        declared
            Field → column as the user says, or several as ``street+number``; blank = the file has none. The rest is
            found by ``names``, no column serving two fields.
        file
            Name of the file, as a refusal says it.

        Raises
        ------
        Refused
            For a field or column there is none of, and when a needed field has no column.
        """
        there = list(columns)
        told = {self._field(name, file): _column(column, there, file) for name, column in declared.items() if column}
        absent = {self._field(name, file) for name, column in declared.items() if not column}
        plain = {_plain(column): column for column in reversed(there)}
        for name, known in self.names.items():
            free = (plain[_plain(one)] for one in known if plain.get(_plain(one)) not in {None, *told.values()})
            if name not in told and name not in absent and (column := next(free, None)) is not None:
                told[name] = column
        missing = [name for name in self.needed if name not in told]
        if missing:
            flags = " ".join(f"--map {name}=COLUMN" for name in missing)
            raise Refused(
                f"{file}: no column is known for {', '.join(missing)}; say which: {flags}; there are: {_listed(there)}"
            )
        return {name: told[name] for name in self.names if name in told}

    def _field(self, name: str, file: str) -> str:
        name = self.aliases.get(name, name)
        if name not in self.names:
            near = difflib.get_close_matches(name, self.names, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            others = ", and " + ", ".join(self.aliases) if self.aliases else ""
            there = f"there are: {', '.join(self.names)}{others}"
            raise Refused(f"{file}: {name!r} is no field of {self.noun}{hint}; {there}")
        return name


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in " _-.")


def parts_of(told: str, there: Iterable[str]) -> list[str]:
    """The columns a mapped name stands for: itself when there is such a column, else those it joins by ``+``."""
    return [told] if told in set(there) else told.split("+")


def _column(told: str, there: list[str], file: str) -> str:
    for name in parts_of(told, there):
        if name not in there:
            near = difflib.get_close_matches(name, there, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise Refused(f"{file}: there is no column {name!r}{hint}; there are: {_listed(there)}")
    return told


def _listed(columns: list[str]) -> str:
    return ", ".join(columns) or "none"
