"""``gridatlas demo``: the made city brought up and served; ``gridatlas city``: a made city of any size as files."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    import sqlalchemy as sa

    from geo.actors import Actor
    from geo.demo.plans import Order

_SHOWN_S = 1.0


def register(app: typer.Typer) -> None:
    """Add ``demo`` and ``city`` to the command line."""
    app.command()(demo)
    app.command()(city)


class Steps:
    """One line for each step that did something or took over a second, with its time."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.begun = self.last = perf_counter()

    def say(self, text: str) -> None:
        """Print a line with the seconds since the command began."""
        self.console.print(
            f"[{perf_counter() - self.begun:6.1f} s] {text}", highlight=False, markup=False, soft_wrap=True
        )

    def done(self, text: str, *, is_new: bool = True) -> None:
        """Tell that a step is done, or found it done before where that took long enough to be noticed."""
        now = perf_counter()
        if is_new:
            self.say(text)
        elif now - self.last > _SHOWN_S:
            self.say(f"{text}: 早已如此 before this run")
        self.last = now


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="不启动服务 · bring the city up only")] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="端口 · port to listen on; 0 takes a free one")
    ] = None,
    actor: Annotated[str | None, typer.Option("--as", help="操作人 · name written beside what is stored")] = None,
) -> None:
    """演示城市 · Bring up the made city of Yunze and serve it: what stands already is left as it is."""
    steps = Steps()
    _bring_up(steps, actor)
    if not no_serve:
        _serve(port)


def _bring_up(steps: Steps, name: str | None) -> None:
    from geo import db
    from geo.actors import Actor
    from geo.demo.plans import Order
    from geo.settings import settings

    with db.opened(db.database_url(steps.say)) as engine:
        db.migrate(engine)
        steps.done("数据库就绪 database ready", is_new=False)
        bring_city_up(engine, Actor(name or settings().actor), (settings().home / "demo", Order()), steps)


def bring_city_up(engine: sa.Engine, acting: Actor, made: tuple[Path, Order], steps: Steps) -> None:
    """Bring up the city of an order, whose files lie in a folder, on a database with the schema.

    Raises
    ------
    Refused
        When the database holds another city.
    """
    from geo.demo import steps as city

    folder, order = made
    city.refuse_another(engine)
    is_new = city.write_files(folder, order, steps.say)
    steps.done(f"城市文件 files of the city in {folder}", is_new=is_new)
    is_new = city.publish_boundaries(engine, acting, steps.say)
    steps.done("网格划分已发布 division published", is_new=is_new)
    is_new = city.draw_base_map(engine, acting, folder / city.FILES[0])
    steps.done("底图就绪 base map stored", is_new=is_new)
    is_new = city.load_buildings(engine, acting, folder / city.FILES[2], steps.say)
    steps.done("建筑已入库 buildings stored", is_new=is_new)
    is_new = city.load_incidents(engine, acting, folder / city.FILES[3], steps.say)
    steps.done("事件已入库 incidents stored", is_new=is_new)
    stored = city.load_entities(engine, acting, folder, steps.say)
    steps.done("名册已入库 registers stored", is_new=bool(stored))
    is_new = city.look_for_blind_spots(engine, acting, steps.say)
    steps.done("盲点已查 blind spots looked for", is_new=is_new)


def _serve(port: int | None) -> None:
    from api.commands.serving import serve
    from geo.settings import settings

    console = Console()

    def ready(url: str) -> None:
        console.print(f"GridAtlas 网格图  [bold]{url}[/]   Ctrl-C 停止 · stops", highlight=False)

    serve(settings().port if port is None else port, ready)


def city(
    folder: Annotated[Path, typer.Argument(help="写入的文件夹 · folder the files are written to")],
    grids: Annotated[int, typer.Option(help="网格数 · named grids")] = 260,
    incidents: Annotated[int, typer.Option(help="事件数 · incidents, without the repeats")] = 20_000,
    buildings: Annotated[int, typer.Option(help="建筑数 · buildings, within a few per cent")] = 20_000,
    seed: Annotated[int, typer.Option(help="随机种子 · the same seed writes the same bytes")] = 2026,
) -> None:
    """生成城市 · Write a made city of any size: boundaries, base map, buildings, registers of units, incidents."""
    from geo.demo.plans import Order
    from geo.demo.steps import write_files

    steps = Steps()
    order = Order(grids=grids, incidents=incidents, buildings=buildings, seed=seed)
    is_new = write_files(folder, order, steps.say, boundaries=True)
    steps.say(f"{'写入 written to' if is_new else '已有 stands already in'} {folder}")
