"""Errors that were answered: findings turned into warnings that say what was done, and the members they are about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import numpy as np

from geo.boundaries.findings import Finding
from geo.boundaries.members import Members
from geo.boundaries.nesting import Tree

Words = tuple[str, str]
"""What was done, Chinese and English."""

Answer = Callable[[Finding], Words | None]
"""What was done about a finding; None when nothing was."""


def answered(found: Finding, words: Words, *, area_m2: float | None = None) -> Finding:
    """The finding as a warning with what was done behind it; ``area_m2`` where it had none."""
    return replace(
        found,
        severity="warning",
        zh=f"{found.zh}。已恢复：{words[0]}",
        en=f"{found.en}. Recovered: {words[1]}",
        area_m2=found.area_m2 if area_m2 is None else area_m2,
    )


def all_answered(findings: Iterable[Finding], kinds: Collection[str], answer: Answer) -> list[Finding]:
    """All findings, those that are errors of these kinds and have an answer turned into warnings."""
    told = []
    for one in findings:
        words = answer(one) if one.severity == "error" and one.kind in kinds else None
        told.append(one if words is None else answered(one, words))
    return told


def place_of(members: Members) -> Callable[[Finding], int | None]:
    """What gives the position of the member a finding is about, by file and first row; None when it is about none."""
    places = {(str(members.files[at]), row): at for at, rows in enumerate(members.rows) for row in rows}

    def place(found: Finding) -> int | None:
        if found.level != members.key or not found.rows:
            return None
        return places.get((found.file, found.rows[0]))

    return place


def with_members(tree: Tree, members: Members) -> Tree:
    """The tree with the members of one level replaced."""
    return replace(tree, members={**tree.members, members.level: members})


def without(tree: Tree, level: int, drop: Collection[int]) -> Tree:
    """The tree without the members of a level at these positions; itself when there are none."""
    if not drop:
        return tree
    members = tree.members[level]
    keep = np.setdiff1d(np.arange(len(members)), np.asarray(sorted(drop), dtype=np.int64))
    return with_members(tree, members.taken(keep.tolist()))
