"""Proposals in words, Chinese and English: what moves, what it brings, and why there is nothing better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geo.plans.lands import Ground
from geo.space.balance.drawing import Move
from geo.space.balance.fronts import Front, Proposal
from geo.space.balance.problems import Measures, Problem

Said = dict[str, str]
"""The same under ``zh-CN`` and ``en``."""

_SHOWN = 6
_HEAVIEST = 3
_UNITS = {"households": ("户", "households"), "workers": ("名从业人员", "workers"), "incidents": ("件", "incidents")}
_KINDS = {
    "few": ("少动", "few moves"),
    "middle": ("适中", "middle"),
    "even": ("最均衡", "best balanced"),
    "divided": ("划分", "divided"),
}


@dataclass(frozen=True)
class Unit:
    """What load is counted in."""

    zh: str
    en: str

    @classmethod
    def of(cls, weights: Mapping[str, float]) -> Unit:
        """The unit of one figure counted once; else load as such."""
        used = [(name, weight) for name, weight in weights.items() if weight]
        if len(used) == 1 and used[0][1] == 1:
            return cls(*_UNITS[used[0][0]])
        return cls("单位负荷", "units of load")


def said(zh: str, en: str) -> Said:
    """Both tongues."""
    return {"zh-CN": zh, "en": en}


def name_of(kind: str) -> Said:
    """What a proposal is called."""
    return said(*_KINDS[kind])


def explained(ground: Ground, front: Front, one: Proposal, moves: list[Move], unit: Unit) -> Said:
    """What a proposal moves and what it brings."""
    was, now = front.before, one.measures
    total = max(was.mean * was.grids, 1e-9)
    zh = [
        f"{_KINDS[one.kind][0]}：动 {now.moved:,.0f} {unit.zh}（{now.moved / total:.1%}），{len(moves)} 处",
        f"区间内网格 {was.in_band} → {now.in_band}（共 {now.grids} 个）",
        f"区间外 {was.beyond:,.0f} → {now.beyond:,.0f} {unit.zh}",
        f"变异系数 {was.cv:.3f} → {now.cv:.3f}",
        f"任何画法要做到这样至少动 {one.at_least:,.0f} {unit.zh}",
        *(_moved(ground, move, unit)[0] for move in moves[:_SHOWN]),
    ]
    en = [
        f"{_KINDS[one.kind][1]}: {now.moved:,.0f} {unit.en} move ({now.moved / total:.1%}), in {len(moves)} pieces",
        f"grids in the band {was.in_band} → {now.in_band} of {now.grids}",
        f"outside the band {was.beyond:,.0f} → {now.beyond:,.0f} {unit.en}",
        f"CV {was.cv:.3f} → {now.cv:.3f}",
        f"whatever is drawn, at least {one.at_least:,.0f} {unit.en} must move for as much",
        *(_moved(ground, move, unit)[1] for move in moves[:_SHOWN]),
    ]
    if len(moves) > _SHOWN:
        zh.append(f"另有 {len(moves) - _SHOWN} 处")
        en.append(f"and {len(moves) - _SHOWN} more")
    return said("；".join(zh), "; ".join(en))


def _moved(ground: Ground, move: Move, unit: Unit) -> tuple[str, str]:
    was, now = (_called(ground, at) for at in (move.was, move.now))
    return (
        f"{was} → {now}：{move.load:,.0f} {unit.zh}、{move.buildings} 栋",
        f"{was} → {now}: {move.load:,.0f} {unit.en}, {move.buildings} buildings",
    )


def _called(ground: Ground, at: int) -> str:
    return f"{ground.names[at]} {ground.codes[at]}".strip()


def divided(ground: Ground, after: Measures, moves: list[Move], unit: Unit) -> Said:
    """What ground becomes that is divided into grids."""
    each = [
        f"{ground.names[one.now]} {one.load:,.0f} {unit.zh}、{one.buildings} 栋、{one.area_m2:,.0f} m²" for one in moves
    ]
    each_en = [f"{one.load:,.0f} {unit.en}, {one.buildings} buildings, {one.area_m2:,.0f} m²" for one in moves]
    zh = f"{_called(ground, 0)} 划为 {len(moves)} 个综合网格；区间内 {after.in_band} 个；变异系数 {after.cv:.3f}；"
    en = f"{_called(ground, 0)} into {len(moves)} comprehensive grids; {after.in_band} in the band; CV {after.cv:.3f}; "
    return said(zh + "；".join(each), en + "; ".join(each_en))


def unknowns(ground: Ground) -> list[Said]:
    """That figures of buildings are not known."""
    if not ground.unknown:
        return []
    zh = f"{ground.unknown} 栋建筑数目不详，按 0 计"
    return [said(zh, f"{ground.unknown} buildings with unknown figures count as 0")]


def remarks(ground: Ground, problem: Problem, front: Front, unit: Unit) -> list[Said]:
    """What is to be said of all proposals together: why there are none, and why not everything comes into the band."""
    before = front.before
    found = unknowns(ground)
    if not before.grids:
        return [*found, said("范围内没有可调的综合网格", "there is no comprehensive grid to balance here")]
    if before.beyond <= 0:
        band = _band(problem)
        return [
            *found,
            said(f"全部网格已在 {band} 区间内，不必调整", f"all grids are in the band {band}: nothing to move"),
        ]
    best = min((one.measures.beyond for one in front.proposals), default=before.beyond)
    if best > 0:
        found += _why_not(ground, problem, front, best, unit)
    if not front.proposals:
        found.append(said("没有找到比现状更好的调整", "no moves were found that are better than today's division"))
    return found


def _band(problem: Problem) -> str:
    return "–".join(f"{side:g}" for side in problem.band)


def _why_not(ground: Ground, problem: Problem, front: Front, best: float, unit: Unit) -> list[Said]:
    """Reasons why some load stays outside the band."""
    found = [*_wrong_mean(problem, front, unit), *_too_heavy(ground, problem, unit)]
    closed = problem.is_counted & ~problem.is_open & (problem.beyond(problem.loads(problem.home)) > 0)
    if closed.any():
        named = "、".join(str(code) for code in ground.codes[closed][:_SHOWN])
        found.append(said(f"锁定的网格不在区间内：{named}", f"locked grids lie outside the band: {named}"))
    zh = f"在连片、小区与楼栋不切、锁定的条件下，找到的最好结果仍有 {best:,.0f} {unit.zh}在区间外"
    en = (
        "with grids in one piece and locks, estates and buildings kept, "
        f"the best that was found leaves {best:,.0f} {unit.en} outside the band"
    )
    return [*found, said(zh, en)]


def _wrong_mean(problem: Problem, front: Front, unit: Unit) -> list[Said]:
    """That there are too few or too many grids for the band, and how many would do."""
    (low, high), band, mean, grids = problem.band, _band(problem), front.before.mean, front.before.grids
    if low <= mean <= high:
        return []
    needed = int(np.ceil(mean * grids / high)) if mean > high else int(mean * grids // low)
    zh, en = f"{grids} 个网格平均 {mean:,.0f} {unit.zh}", f"{grids} grids have {mean:,.0f} {unit.en} on average"
    if mean > high:
        zh += f"，高于 {band}：至少要 {needed} 个网格才放得下，请先拆分"
        en += f", above {band}: at least {needed} grids are needed; split some first"
    else:
        zh += f"，低于 {band}：最多够 {needed} 个网格，请先合并"
        en += f", below {band}: enough for {needed} grids at most; merge some first"
    return [said(zh, en)]


def _too_heavy(ground: Ground, problem: Problem, unit: Unit) -> list[Said]:
    """Ground that is above the band by itself and is not to be cut."""
    heavy = np.flatnonzero((problem.load > problem.band[1]) & problem.is_counted[problem.home])
    found = []
    for at in heavy[:_HEAVIEST].tolist():
        where, load = _called(ground, int(problem.home[at])), f"{problem.load[at]:,.0f}"
        zh = f"{where} 有一片不可分的地块（小区或连片楼栋），{load} {unit.zh}，本身已超出区间"
        en = (
            f"{where} holds ground that is not to be cut, an estate or buildings that touch, with {load} {unit.en}: "
            "above the band by itself"
        )
        found.append(said(zh, en))
    return found
