"""A business district made by hand, in which every code occurs, with the answers worked out by hand beside it.

Plain rows, so that the same district can be loaded through the importers. Metres run east and north from ``CORNER``;
the day is ``DAY``. Four squares of 400 m stand side by side: two grids of streets, a mall of its own, and ground in no
grid.

::

    y 400 ┌──────────┬──────────┬──────────┬──────────┐
          │ A        │ B        │ C mall   │ fallback │
          │ 1  2  9  │ 3  4   5─┼─       7 │ 8        │     5 and 6 stand on the border of B and C; 6 is pinned
        0 └──────────┴──────────┴──────────┴──────────┘
          0         400        800       1200       1600 x
          └──────── business district ────┘
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.plain_units import Covering, Unit

DAY = date(2026, 11, 22)
CORNER = (120.3, 36.1)
"""Longitude and latitude of (0, 0)."""


@dataclass(frozen=True)
class Grid:
    """A square of ground; ``branch`` and ``full_time`` as recorded, None where nothing is."""

    id: int
    name: str
    kind: str
    box: tuple[float, float, float, float]
    branch: int | None = None
    full_time: tuple[int, int] | None = None  # slots, filled


@dataclass(frozen=True)
class Building:
    """A footprint; ``grid`` is the one with the largest share, or the pinned one."""

    id: int
    name: str
    use: str
    box: tuple[float, float, float, float]
    grid: int
    share: float = 1.0
    is_pinned: bool = False


@dataclass(frozen=True)
class Organisation:
    """A Party organisation; ``capacity`` is how many units it can help."""

    id: int
    name: str
    kind: str
    formation: str
    members: int
    xy: tuple[float, float]
    parent: int = 0
    industry: str = ""
    capacity: int | None = None


@dataclass(frozen=True)
class Record:
    """Who covers what: ``subject`` is a unit, a building or a grid, by its id."""

    id: int
    subject: tuple[str, int]
    organisation: int
    method: str
    evidence: date | None = date(2026, 6, 30)
    since: date | None = None
    until: date | None = None


GRIDS = (
    Grid(1, "甲网格", "comprehensive", (0, 0, 400, 400), branch=1, full_time=(2, 2)),
    Grid(2, "乙网格", "comprehensive", (400, 0, 800, 400), branch=1, full_time=(1, 0)),  # G2: the post is vacant
    Grid(3, "商场专属网格", "dedicated", (800, 0, 1200, 400)),  # U: nobody recorded anything
    Grid(4, "兜底地块", "fallback", (1200, 0, 1600, 400)),  # G1
)

BUSINESS_DISTRICT = (31, "滨海数字商圈", (0.0, 0.0, 1200.0, 400.0))

BUILDINGS = (
    Building(1, "滨海大厦", "mixed", (40, 40, 90, 90), 1),
    Building(2, "科创楼", "office", (140, 40, 190, 90), 1),
    Building(3, "商务中心", "office", (440, 40, 490, 90), 2),
    Building(4, "商务中心副楼", "office", (540, 40, 590, 90), 2),
    Building(5, "跨界楼", "office", (770, 40, 820, 90), 2, share=0.6),  # G3
    Building(6, "跨界配楼", "office", (770, 240, 820, 290), 3, share=0.4, is_pinned=True),
    Building(7, "滨海广场", "mall", (1000, 140, 1100, 240), 3),
    Building(8, "临港厂房", "industrial", (1300, 140, 1360, 200), 4),
    Building(9, "沿街楼", "commercial", (240, 300, 290, 350), 1),
)

ORGANISATIONS = (
    Organisation(1, "滨海街道综合党委", "committee", "area", 420, (600, 900), capacity=3),
    Organisation(2, "滨海科技党支部", "branch", "standalone", 12, (65, 65), parent=1, capacity=0),
    Organisation(3, "滨海广场联合党支部", "joint_branch", "joint", 3, (1050, 190), parent=1),
    Organisation(
        4, "数字经济行业党委", "industry_committee", "industry", 230, (900, 700), industry="software", capacity=5
    ),
    Organisation(5, "老字号党支部", "branch", "standalone", 5, (1050, 190), parent=1, capacity=0),
)

ALLIANCE = (1, "滨海党建联盟", 1, (2, 14))
"""Id, name, leading organisation and the units in it. Being in an alliance is no covering: both stay blind spots."""

UNITS = (
    # In building 1 of three states: covered, blind and unknown.
    Unit(1, 1, 1, 31, (65, 65), "software", 120, 12, name="滨海科技"),
    Unit(2, 1, 1, 31, (65, 65), "finance", 205, 4, name="海信保理"),
    Unit(3, 1, 1, 31, (65, 65), "trade", 60, None, surveyed=None, name="远洋贸易"),
    Unit(4, 2, 1, 31, (165, 65), "software", 131, 3, name="蓝谷软件"),
    Unit(5, 2, 1, 31, (165, 65), "business", 30, 0, name="诚信会计所"),
    # No two of these three have three members, all together have four.
    Unit(6, 3, 2, 31, (465, 65), "software", 300, 2, name="云图信息"),
    Unit(7, 4, 2, 31, (565, 65), "software", 180, 1, name="数联科技"),
    Unit(8, 4, 2, 31, (565, 65), "culture", 200, 1, name="海岸传媒"),
    Unit(9, 7, 3, 31, (1050, 190), "trade", 75, 5, name="老字号百货"),
    Unit(10, 7, 3, 31, (1050, 190), "hospitality", 40, 1, name="渔家餐饮"),
    Unit(11, 7, 3, 31, (1050, 190), "culture", 45, 2, name="海湾影城"),
    Unit(12, 5, 2, 31, (795, 65), "property", None, 0, name="跨界物业"),
    Unit(13, 8, 4, 0, (1330, 170), "software", 220, 8, name="临港智造"),
    Unit(14, 9, 1, 31, (265, 325), "services", 90, 0, name="洁净家政"),
    Unit(15, 9, 1, 31, (265, 325), "trade", 33, 6, operating=False, name="已注销商行"),
)

RECORDS = (
    # Unit 1 stands in three records and is counted once, by the best of them.
    Record(101, ("unit", 1), 2, "own", since=date(2019, 7, 1)),
    Record(102, ("unit", 1), 4, "industry", evidence=None),
    Record(103, ("unit", 1), 0, "mass_organisation"),
    Record(104, ("unit", 4), 1, "instructor", since=date(2026, 3, 22)),
    Record(105, ("unit", 5), 1, "liaison"),
    Record(106, ("unit", 6), 0, "mass_organisation"),  # P2 comes first; the work is counted beside it
    Record(107, ("unit", 9), 5, "own", evidence=date(2024, 3, 1)),
    Record(108, ("unit", 10), 3, "joint"),
    Record(109, ("unit", 11), 3, "joint"),
    Record(110, ("building", 5), 1, "area"),  # a committee may have more than 50 members
    Record(111, ("unit", 13), 4, "industry"),  # covers the unit; the ground it stands on stays without a grid
    Record(112, ("grid", 2), 1, "area", until=date(2025, 12, 31)),  # has ended: nobody is covered by it
    Record(113, ("unit", 15), 2, "own"),
)

STATES = {
    1: ("covered", "own", 101, ("organised",)),
    2: ("P1", "", 0, ("must_form",)),
    3: ("U", "", 0, ("never_surveyed",)),
    4: ("P4", "instructor", 104, ("work_only",)),
    5: ("work", "liaison", 105, ("worked",)),
    6: ("P2", "mass_organisation", 106, ("joint_in_park",)),
    7: ("P2", "", 0, ("joint_in_park",)),
    8: ("P2", "", 0, ("joint_in_park",)),
    9: ("P5", "own", 107, ("evidence_old",)),
    10: ("covered", "joint", 108, ("organised",)),
    11: ("covered", "joint", 109, ("organised",)),
    12: ("covered", "area", 110, ("organised",)),
    13: ("covered", "industry", 111, ("organised",)),
    14: ("P3", "", 0, ("no_members",)),
    15: ("", "", 0, ()),
}
"""Unit → state, method, record that decides, reasons. P2 occurs as one group of three units, every other code once."""

JOINT_GROUPS = ((6, 7, 8),)
"""Units of each joint branch to propose: 4 members."""

BUILDING_STATES = {
    1: ("P1", 205.0, 1, 60.0),
    2: ("P4", 39.3, 0, 0.0),
    3: ("P2", 120.0, 0, 0.0),
    4: ("P2", 152.0, 0, 0.0),
    5: ("covered", 0.0, 0, 0.0),
    7: ("P5", 11.25, 0, 0.0),
    8: ("covered", 0.0, 0, 0.0),
    9: ("P3", 54.0, 0, 0.0),
}
"""Building → worst state, score, units unknown, workers unknown; building 6 has no unit in business."""

RANKING = (1, 4, 3, 9, 2, 7, 5, 8)
STRADDLING = (5,)
GRID_STATES = {
    1: ("", ()),
    2: ("G2", ("no_full_time",)),
    3: ("U", ("branch_unknown", "staff_unknown")),
    4: ("G1", ("no_grid",)),
}

RATES = {
    "organisational": ((6, 13), (500, 1636)),  # 1, 9, 10, 11, 12, 13
    "work": ((9, 13), (961, 1636)),  # and 4, 5, 6
    "standalone": ((2, 13), (195, 1636)),  # 1 and 9
    "on_paper": ((1, 13), (75, 1636)),  # 9
    "reachable_gap": ((5, 13), (1016, 1636)),  # 2, 4, 6, 7, 8
    "must_form_gap": ((2, 5), (336, 751)),  # 2 and 4 among 1, 2, 4, 9, 13
    "surveyed": ((13, 14), (1636, 1696)),  # all in business but 3
}
"""Rate of all units → (units, of units), (workers, of workers); unit 12 has no number of workers and weighs none."""


def coverings() -> list[Covering]:
    """A row for each unit and record: records of a building or grid cover whoever is in it."""
    of = {one.id: one for one in ORGANISATIONS}
    rows = [(record, unit) for record in RECORDS for unit in UNITS if _lies_in(unit, record.subject)]
    formed = [record.organisation for record, _ in rows if record.method in ("own", "joint") and record.until is None]
    return [
        Covering(
            unit=unit.id,
            record=record.id,
            method=record.method,
            organisation=record.organisation,
            evidence=record.evidence,
            since=record.since,
            until=record.until,
            branch_members=of[record.organisation].members if _is_branch(of.get(record.organisation)) else None,
            branch_units=formed.count(record.organisation),
        )
        for record, unit in rows
    ]


def _lies_in(unit: Unit, subject: tuple[str, int]) -> bool:
    kind, identity = subject
    return identity == {"unit": unit.id, "building": unit.building, "grid": unit.grid}[kind]


def _is_branch(organisation: Organisation | None) -> bool:
    return organisation is not None and organisation.kind in ("branch", "joint_branch", "grid_branch")
