"""What evidence says, in Chinese and in English: agreement under each reading, another datum, another vintage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.space.evidence.hearing import Heard, Stated
from geo.space.evidence.judging import TOLERANCE_M, Elsewhere, Verdict
from geo.space.evidence.readings import Reading

Words = tuple[str, str]
NAMED = 5  # areas or texts named in one message


@dataclass(frozen=True, eq=False)
class Speech:
    """The words for what points say of areas declared in ``datum``; each answer is Chinese and English."""

    datum: str
    stated: Stated
    heard: Heard
    verdict: Verdict

    def agreement(self) -> Words:
        """The share of points in the area they state, under each reading, and how many points say nothing."""
        stated, of, places = self.stated, self.verdict.declared.points, self.verdict.places
        level, useless = self.heard.column.level, len(stated) - len(stated.useful)
        zh, en = self._shares()
        left_out = (f"；另有 {useless:,} 个点无坐标或未写区域", f"; {useless:,} more have no position or state nothing")
        return (
            f"{stated.source} 的 {of:,} 个点（{places:,} 处）按 {level} 落在所称区域内的比例：{zh}"
            + (left_out[0] if useless else ""),
            f"share of {of:,} points of {stated.source} ({places:,} places) in the {level} they state: {en}"
            + (left_out[1] if useless else ""),
        )

    def undecided(self) -> Words:
        """That the points cannot tell the datums apart."""
        zh, en = self._shares()
        deciding = max((one.declared_only + one.this_only for one in self.verdict.agreements[1:]), default=0)
        return (
            f"坐标基准无法核验：{self.stated.source} 中只有 {deciding:,} 处能分辨坐标基准，太少或互相矛盾：{zh}",
            f"datum not verifiable: {deciding:,} places of {self.stated.source} can tell the datums apart, too few or "
            f"not of one mind: {en}",
        )

    def contradicted(self) -> Words:
        """That another reading fits, which, and how many places speak for either. Only where ``verdict.best`` is."""
        best, declared = self.verdict.best[0], self.verdict.declared
        words = [self.reading(one.reading) for one in self.verdict.best]
        as_declared = self.reading(declared.reading)
        return (
            f"声明的坐标基准与佐证不符：{as_declared[0]} {declared.share:.4f}，{'，或'.join(zh for zh, _ in words)} "
            f"{best.share:.4f} 的点落在所称区域内；能分辨的地方中 {best.this_only:,} 处支持后者、"
            f"{best.declared_only:,} 处支持声明；请向来源核实坐标基准后改正声明",
            f"the declared datum does not fit the evidence: {as_declared[1]} {declared.share:.4f}, "
            f"{', or '.join(en for _, en in words)} {best.share:.4f} of the points lie in the area they state; of the "
            f"places that tell the two apart {best.this_only:,} speak for the latter and {best.declared_only:,} for "
            "what is declared; ask the source which datum it is and declare that",
        )

    def vintage(self) -> Words:
        """That the areas are of another vintage, with the areas that differ the most."""
        total, places = sum(one.elsewhere for one in self.verdict.elsewhere), self.verdict.places
        worst = self.verdict.elsewhere[:NAMED]
        zh = "、".join(
            f"{self.name(one)}（{one.elsewhere:,}/{one.places:,} 处，多在 {self.found(one) or '界外'}）"
            for one in worst
        )
        en = ", ".join(
            f"{self.name(one)} ({one.elsewhere:,} of {one.places:,} places, mostly in {self.found(one) or 'no area'})"
            for one in worst
        )
        return (
            f"边界与 {self.stated.source} 不是同一时期的划分：在任何坐标基准下都有 {total:,}/{places:,} 处"
            f"（{total / places:.1%}）不在所称区域内，超出界线误差；最多的是 {zh}；请核对边界的日期，此处不作改动",
            f"the boundaries and {self.stated.source} are of different vintages: under every datum {total:,} of "
            f"{places:,} places ({total / places:.1%}) lie in another area than stated, beyond the border; most: {en}; "
            "check the date of the boundaries; nothing is changed here",
        )

    def elsewhere(self, one: Elsewhere) -> Words:
        """That an area seems redrawn, and where its places lie."""
        name, found = self.name(one), self.found(one)
        return (
            f"写着 {name} 的 {one.places:,} 处中有 {one.elsewhere:,} 处不在其中，多在 {found or '界外'}；似已重新划过",
            f"{one.elsewhere:,} of {one.places:,} places that state {name} lie elsewhere, mostly in "
            f"{found or 'no area'}: it seems redrawn",
        )

    def name(self, one: Elsewhere) -> str:
        """What the area is called that the places state."""
        return self.heard.called[one.label]

    def found(self, one: Elsewhere) -> str:
        """What the area is called that they mostly lie in; blank for none."""
        return self.heard.called[one.found] if one.found >= 0 else ""

    def reading(self, reading: Reading) -> Words:
        """What is read as what."""
        declared = self.verdict.declared.reading
        if reading == declared:
            datum, points = self.datum, self.stated.datum
            return f"声明的边界 {datum} 与点 {points}", f"boundaries {datum} and points {points} as declared"
        if reading.boundaries != declared.boundaries:
            return f"边界按 {reading.boundaries}", f"boundaries read as {reading.boundaries}"
        return f"点按 {reading.points}", f"points read as {reading.points}"

    def _shares(self) -> Words:
        """Each reading with its share, the declared one first and with the share within the tolerance too."""
        declared = self.verdict.declared
        near = declared.near / declared.points
        said: list[Words] = []
        for one in self.verdict.agreements:
            zh, en = self.reading(one.reading)
            within = (f"（{TOLERANCE_M:g} m 误差内 {near:.4f}）", f" (within {TOLERANCE_M:g} m {near:.4f})")
            tail = within if one is declared else ("", "")
            said.append((f"{zh} {one.share:.4f}{tail[0]}", f"{en} {one.share:.4f}{tail[1]}"))
        return "，".join(zh for zh, _ in said), ", ".join(en for _, en in said)


def listed(texts: Sequence[str], separator: str) -> str:
    """The first of many texts, and how many more there are."""
    rest = len(texts) - NAMED
    return separator.join(texts[:NAMED]) + (f" … +{rest}" if rest > 0 else "")
