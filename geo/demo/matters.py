"""Which matters the made city admits to which level, and within how many working hours they are due."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from geo.demo.incidents import CATEGORIES

_MATTERS_ZH = {"event": "事件", "component": "部件", "service_order": "服务订单"}


@dataclass(frozen=True)
class Matter:
    """Level in Chinese, working hours, kind of matter, English name of one category."""

    level: str
    hours: int
    matter: str
    en: str


MATTERS = {
    "0101": Matter("网格", 8, "event", "Exposed rubbish"),
    "0102": Matter("社区", 8, "event", "Trading on the pavement"),
    "0103": Matter("网格", 16, "event", "Illegal bills"),
    "0104": Matter("街道", 24, "event", "Kitchen fumes"),
    "0105": Matter("网格", 16, "event", "Piled materials"),
    "0201": Matter("街道", 56, "component", "Broken road surface"),
    "0202": Matter("街道", 4, "component", "Missing manhole cover"),
    "0203": Matter("街道", 24, "component", "Street lamp out"),
    "0204": Matter("街道", 8, "event", "Flooded road"),
    "0205": Matter("社区", 8, "component", "Fallen tree"),
    "0301": Matter("社区", 8, "event", "Blocked fire lane"),
    "0302": Matter("网格", 8, "event", "Unsafe charging"),
    "0303": Matter("社区", 8, "event", "Lift out of order"),
    "0304": Matter("区", 2, "event", "Smell of gas"),
    "0401": Matter("社区", 40, "event", "Quarrel of neighbours"),
    "0402": Matter("社区", 16, "event", "Noise"),
    "0403": Matter("社区", 56, "event", "Dispute with a property company"),
    "0404": Matter("区", 80, "event", "Unpaid wages"),
    "0405": Matter("街道", 24, "event", "Dust of a building site"),
    "0501": Matter("区", 24, "event", "Cold radiators"),
    "0502": Matter("区", 8, "event", "No water or power"),
    "0503": Matter("社区", 40, "service_order", "Care for the old at home"),
    "0601": Matter("街道", 8, "event", "Parking offence"),
    "0602": Matter("网格", 8, "event", "Shared bicycles left about"),
}
"""By code of :data:`geo.demo.incidents.CATEGORIES`; each of them has one."""


def table() -> pa.Table:
    """The list of admission as an office sends it."""
    told = [MATTERS[one.code] for one in CATEGORIES]
    return pa.table(
        {
            "编号": [one.code for one in CATEGORIES],
            "事项名称": [one.zh for one in CATEGORIES],
            "英文名": [one.en for one in told],
            "事项类型": [_MATTERS_ZH[one.matter] for one in told],
            "准入层级": [one.level for one in told],
            "办理时限": pa.array([one.hours for one in told], type=pa.int64()),
        }
    )
