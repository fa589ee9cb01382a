"""The members of each level: rows with one code joined, levels that are only columns, and the parent of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from geo.arrays import Shapes, Texts
from geo.boundaries.findings import Finding
from geo.boundaries.reading import Boundaries, blank
from geo.boundaries.sources import CITY_LEVEL, CitySource
from geo.boundaries.texts import KINDS
from geo.errors import Refused
from geo.names import plain_name

Rows = tuple[int, ...]


@dataclass(frozen=True)
class Members:
    """Areas or grids of one level, each once, in the order of the files.

    Parameters
    ----------
    rows
        Row numbers of each in its file, from 1; several where parts were joined, none where there is no row.
    files
        File (and layer) of each.
    shapes
        Degrees WGS 84 on the lattice; None where the level has no ground of its own.
    parents
        Codes of the level above; blank where unknown.
    """

    level: int
    key: str
    codes: Texts
    names: Texts
    kinds: Texts
    parents: Texts
    parent_names: Texts
    files: Texts
    rows: tuple[Rows, ...]
    shapes: Shapes
    ancestors: dict[int, Texts]

    def __len__(self) -> int:
        """Count the members."""
        return len(self.codes)

    @property
    def has_ground(self) -> bool:
        """Whether any member has a shape."""
        return bool((~shapely.is_missing(self.shapes)).any())

    def called(self, at: int) -> str:
        """How a person knows a member: its code, else its name, else its row."""
        return str(self.codes[at] or self.names[at] or f"#{self.rows[at][0] if self.rows[at] else '?'}")

    def found(self, kind: str, at: int, messages: tuple[str, str], **more: object) -> Finding:
        """A finding about one member; ``messages`` are Chinese and English, ``more`` fields of the finding."""
        fields = {
            "file": str(self.files[at]),
            "level": self.key,
            "rows": self.rows[at],
            "codes": (str(self.codes[at]),),
        }
        return Finding(kind, *messages, **{**fields, **more})  # type: ignore[arg-type]

    def taken(self, keep: Sequence[int]) -> Members:
        """Only the members at these positions, in this order."""
        at = np.asarray(keep, dtype=np.int64)
        return replace(
            self,
            codes=self.codes[at],
            names=self.names[at],
            kinds=self.kinds[at],
            parents=self.parents[at],
            parent_names=self.parent_names[at],
            files=self.files[at],
            rows=tuple(self.rows[one] for one in at),
            shapes=self.shapes[at],
            ancestors={level: values[at] for level, values in self.ancestors.items()},
        )


def member_of(layers: Sequence[Boundaries]) -> Members:
    """The rows of all layers of one level as members, not joined; layers must not be empty."""
    first = layers[0]
    above = sorted({level for layer in layers for level in layer.ancestors})
    return Members(
        level=first.level,
        key=first.key,
        codes=np.concatenate([layer.codes for layer in layers]),
        names=np.concatenate([layer.names for layer in layers]),
        kinds=np.asarray(
            [KINDS.get(str(kind).lower(), "comprehensive") for layer in layers for kind in layer.kinds] or [],
            dtype=object,
        ),
        parents=np.concatenate([layer.parents for layer in layers]),
        parent_names=np.concatenate([layer.parent_names for layer in layers]),
        files=np.asarray([layer.label for layer in layers for _ in layer.rows], dtype=object),
        rows=tuple((int(row),) for layer in layers for row in layer.rows),
        shapes=np.concatenate([layer.shapes for layer in layers]),
        ancestors={
            level: np.concatenate([layer.ancestors.get(level, blank(len(layer))) for layer in layers])
            for level in above
        },
    )


# -- levels that are columns -------------------------------------------------------------------------------------------
def ancestors_of(layer: Boundaries, level: int, key: str) -> tuple[Members, list[Finding]]:
    """The members of a level that is a column of ``layer``: no ground of their own, parents from the column above."""
    codes, names = layer.ancestors[level], layer.ancestor_names.get(level, layer.ancestors[level])
    above = max((one for one in layer.ancestors if one < level), default=None)
    parents = layer.ancestors[above] if above is not None else blank(len(layer))
    _, first = np.unique(codes.astype(str), return_index=True)
    keep = np.sort(first[codes[first] != ""])
    findings = list(_parents_differ(layer, codes, parents)) if above is not None else []
    members = Members(
        level=level,
        key=key,
        codes=codes[keep],
        names=names[keep],
        kinds=blank(len(keep)),
        parents=parents[keep],
        parent_names=blank(len(keep)),
        files=np.full(len(keep), layer.label, dtype=object),
        rows=tuple((int(layer.rows[at]),) for at in keep),
        shapes=np.full(len(keep), None, dtype=object),
        ancestors={above: parents[keep]} if above is not None else {},
    )
    return members, findings


def _parents_differ(layer: Boundaries, codes: Texts, parents: Texts) -> Iterable[Finding]:
    first: dict[str, int] = {}
    for at, code in enumerate(codes):
        seen = first.setdefault(str(code), at)
        if code and parents[at] != parents[seen]:
            yield Finding(
                "parents_differ",
                f"{code} 在第 {layer.rows[seen]} 行属于 {parents[seen]}，"
                f"在第 {layer.rows[at]} 行属于 {parents[at]}；上级只能有一个",
                f"{code} belongs to {parents[seen]} in row {layer.rows[seen]} and to {parents[at]} in row "
                f"{layer.rows[at]}; it can have one parent",
                file=layer.label,
                level=layer.key,
                rows=(int(layer.rows[seen]), int(layer.rows[at])),
                codes=(str(code), str(parents[seen]), str(parents[at])),
            )


# -- parents -----------------------------------------------------------------------------------------------------------
def with_parents(members: Members, city: CitySource, above: Members | None, source_parent: bool) -> Members:
    """Members with the code of their parent filled in from wherever the sources say it; blank where only ground can.

    Parameters
    ----------
    above
        Members of the level above; None when that is the city.
    source_parent
        Whether the sources name a column of parent codes: then what is blank there stays blank.

    Raises
    ------
    Refused
        When nothing tells the parents.
    """
    if members.level - 1 == CITY_LEVEL:
        return replace(members, parents=np.full(len(members), city.code, dtype=object))
    if source_parent:
        return members
    if (level := members.level - 1) in members.ancestors:
        return replace(members, parents=members.ancestors[level])
    if above is not None and (members.parent_names != "").any():
        by_name = _codes_by_name(above)
        parents = [by_name.get(plain_name(str(name)), "") for name in members.parent_names]
        return replace(members, parents=np.asarray(parents, dtype=object))
    digits = city.levels[level].digits
    if digits is None:
        if above is not None and above.has_ground and members.has_ground:
            return members
        raise Refused(
            f"{', '.join(dict.fromkeys(map(str, members.files)))}: nothing says which {city.levels[level].key} a row "
            f"of level {members.key!r} belongs to; name parent = its column of codes, parent_name = its column of "
            "names, or ancestors"
        )
    return replace(members, parents=np.asarray([str(code)[:digits] for code in members.codes], dtype=object))


def _codes_by_name(above: Members) -> dict[str, str]:
    """Code by plain name; names that two members share are left out."""
    found: dict[str, set[str]] = defaultdict(set)
    for code, name in zip(above.codes, above.names, strict=True):
        found[plain_name(str(name))].add(str(code))
    return {name: codes.pop() for name, codes in found.items() if len(codes) == 1 and name}
