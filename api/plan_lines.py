"""What the commands of plans share: whose plan, by whom, and a plan and a change as a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from geo.actors import Actor
    from geo.plans.drafts import Made, Plan

LARGEST = 2**63 - 1
Id = Annotated[int, typer.Argument(help="方案编号 · id of a plan, as `plan list` tells it", min=1, max=LARGEST)]
By = Annotated[str | None, typer.Option("--as", help="name written beside it")]
STATES = {
    "draft": "草稿 draft",
    "checked": "已检查 checked",
    "submitted": "待审 submitted",
    "approved": "已通过 approved",
    "scheduled": "已排期 scheduled",
    "in_force": "已生效 in force",
    "rejected": "已退回 rejected",
    "withdrawn": "已撤回 withdrawn",
}
_LISTED = 8
_KINDS = {
    "split": "拆分",
    "merge": "合并",
    "transfer": "划转",
    "move_border": "移界",
    "cut_dedicated": "划专属网格",
    "dissolve": "撤销网格",
    "reparent": "改隶",
    "rename": "改名",
    "recode": "改码",
    "annex": "划入",
    "cede": "划出",
    "replace_scope": "更换范围",
    "redivide": "重新划分",
}


def actor_of(name: str | None) -> Actor:
    """Who is named, else who the settings name."""
    from geo.actors import Actor
    from geo.settings import settings

    return Actor(name or settings().actor)


def say(line: str) -> None:
    """Write a line as it is."""
    from rich.console import Console

    Console().print(line, highlight=False, soft_wrap=True, markup=False)


def tell(plan: Plan) -> None:
    """A plan as a line."""
    where = f"{plan.scope} 以内 within" if plan.scope else "全市 the whole city"
    became = f" · 第 {plan.edition} 版 edition {plan.edition}" if plan.edition else ""
    if plan.effective_at:
        became = f" · {plan.effective_at.isoformat(timespec='minutes')} 生效 in force from then"
    say(f"{plan.id}  {plan.name} · {STATES[plan.state]} · {where} · 基于第 {plan.base_edition} 版 on edition{became}")


def tell_change(made: Made) -> None:
    """A change as a line."""
    from geo.plans import wire

    told = wire.told(made.change)
    kind = told.pop("kind")
    members = " · ".join(f"{name} {_short(value)}" for name, value in told.items() if name not in ("snap_m", "mend_m"))
    undone = "（已撤销 undone）" if made.is_undone else ""
    if made.pulled is not None and not made.pulled.is_empty:
        import shapely

        undone += f"（吸附 {shapely.get_num_geometries(made.pulled)} 处 pulled to a border）"
    if made.clipped_m2:
        undone += f"（范围外 {made.clipped_m2:,.0f} 平方米未划入 m² beyond the scope left out）"
    say(f"  {made.seq}. {_KINDS[kind]} {kind}: {members}{undone}")


def _short(value: Any) -> str:
    if isinstance(value, dict):
        codes = [one["properties"]["code"] for one in value.get("features", ())]
        return _few(codes) if "features" in value else str(value["type"])
    return _few(value) if isinstance(value, list) else str(value)


def _few(codes: list[str]) -> str:
    """Codes, the first of many."""
    return ", ".join(codes[:_LISTED]) + (f" … {len(codes)}" if len(codes) > _LISTED else "")
