"""Proposed joint branches as runs keep them: found for all units that are P2, or anew where such units changed."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from geo import copying
from geo.arrays import Bools, Ints
from geo.coverage import spans
from geo.coverage.joint import JointRules, Settled, settle, told
from geo.coverage.joint.candidates import Members, candidates
from geo.coverage.joint.renewing import renewed
from geo.coverage.joint.settling import unsettled
from geo.coverage.particulars import Joint
from geo.coverage.rulebooks import RuleBook
from geo.coverage.settlements import Settlement
from geo.coverage.spans import Written
from geo.coverage.states import States
from geo.coverage.tables import joint_groups
from geo.coverage.units import Units
from geo.rows import one_of


def write_all(
    connection: sa.Connection, run: tuple[int, str], units: Units, decided: States, book: RuleBook
) -> Written:
    """What is written when joint branches are looked for among all units."""
    rules = JointRules.of(book.thresholds)
    given = candidates(units, decided.state == "P2", rules)
    settled = settle(given, units.industry[given.position], rules)
    Settlement(connection, rules).write(settled, None)
    return _write(connection, run, settled, settled.groups(rules), (rules, None))


def foretold(connection: sa.Connection, units: Units, decided: States, book: RuleBook) -> list[Joint]:
    """The joint branches that :func:`write_all` would write; first those that stand already, by their ids."""
    rules = JointRules.of(book.thresholds)
    given = candidates(units, decided.state == "P2", rules)
    settled = settle(given, units.industry[given.position], rules)
    groups = settled.groups(rules)
    found = told(settled.candidates(), settled.industry, groups, rules)
    keys = _keys(settled, groups)
    standing = sa.select(joint_groups.c.key, joint_groups.c.id)
    rows = connection.execute(standing.where(joint_groups.c.last_run.is_(None), one_of(joint_groups.c.key, keys)))
    known = {row.key: row.id for row in rows}
    columns = (keys, found.basis.tolist(), found.size.tolist(), found.members.tolist(), found.diameter_m.tolist())
    each = [
        Joint(
            id=known.get(key),
            key=key,
            basis=basis,
            units=units_of,
            members=members,
            diameter_m=None if np.isnan(diameter_m) else round(diameter_m, 1),
            industries=industries,
        )
        for key, basis, units_of, members, diameter_m, industries in zip(
            *columns, found.industries.tolist(), strict=True
        )
    ]
    return sorted(each, key=lambda one: (one.id is None, one.id or 0))


def write_part(
    connection: sa.Connection, run: tuple[int, str], among: tuple[Units, Bools, Ints], book: RuleBook
) -> Written | None:
    """What is written when joint branches are looked for again around units that changed; None where none did.

    Parameters
    ----------
    among
        Units, which of them are P2 and of those whose state was decided anew, and the ids of all these, ascending.
    """
    units, chosen, ids = among
    rules = JointRules.of(book.thresholds)
    given = candidates(units, chosen, rules)
    settlement = Settlement(connection, rules)
    found = renewed(settlement, ids, unsettled(given, units.industry[given.position]), rules)
    if found is None:
        return None
    settlement.write(found.after.taken(np.isin(found.after.id, found.written)), found.written)
    before, after = (one.groups(rules, np.isin(one.id, found.regrouped)) for one in (found.before, found.after))
    return _write(connection, run, found.after, after, (rules, _keys(found.before, before)))


def _keys(settled: Settled, groups: Members) -> list[str]:
    """Ids of the units of each group, which is what it is known by."""
    return [",".join(str(settled.id[at]) for at in row if at >= 0) for row in groups.tolist()]


def _write(
    connection: sa.Connection,
    run: tuple[int, str],
    settled: Settled,
    groups: Members,
    by: tuple[JointRules, list[str] | None],
) -> Written:
    """What is written of these groups; of those known by keys, the second of ``by``, that are none of them, too."""
    rules, among = by
    keys, proposed = _keys(settled, groups), told(settled.candidates(), settled.industry, groups, rules)
    about = [
        json.dumps({"place": place, "industries": industries, "spread_m": round(spread, 1)})
        for place, industries, spread in zip(
            proposed.place.tolist(), proposed.industries.tolist(), proposed.spread_m.tolist(), strict=True
        )
    ]
    columns = {
        "key": copying.texts(pa.array(keys, type=pa.string())),
        "basis": copying.texts(pa.array(proposed.basis, type=pa.string())),
        "members": copying.numbers(proposed.members, "i4"),
        "units": copying.numbers(proposed.size, "i4"),
        "diameter_m": copying.figures(np.round(proposed.diameter_m, 1)),
        "about": copying.documents(pa.array(about, type=pa.string())),
    }
    among_those = None if among is None else [*among, *keys]
    written = spans.write(connection, joint_groups, run, columns, among_those)
    connection.execute(
        sa.text(
            "INSERT INTO joint_members (group_id, unit_id) SELECT g.id, unnest(CAST(string_to_array(g.key, ',') AS "
            "bigint[])) FROM joint_groups AS g WHERE g.first_run = :number AND g.key = ANY(CAST(:keys AS text[]))"
        ),
        {"number": run[0], "keys": keys},
    )
    return written
