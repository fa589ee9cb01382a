"""``gridatlas db``: the private PostGIS brought up and down, looked at and emptied."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console

from geo.errors import Refused, Unavailable
from geo.settings import settings

db_app = typer.Typer(help="自带数据库 · The private PostGIS: up, down, status, url, psql, reset.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add ``db`` to the command line."""
    app.add_typer(db_app, name="db")


def _say(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def _out(text: str) -> None:
    Console().print(text, highlight=False, markup=False, soft_wrap=True)


def _is_foreign() -> bool:
    return settings().database_url is not None


@db_app.command()
def up() -> None:
    """启动 · Start the private PostGIS and bring the schema up to date."""
    from geo import db
    from geo.cluster import Cluster

    if not _is_foreign():
        _say(Cluster(progress=_say).up(_say))
    with db.opened(db.database_url()) as engine:
        if db.migrate(engine):
            _say("the schema is up to date")


@db_app.command()
def down() -> None:
    """停止 · Stop the private PostGIS; the data stay."""
    from geo.cluster import Cluster

    if _is_foreign():
        raise Refused("GRIDATLAS_DATABASE_URL names a server that GridAtlas did not start; stop it where it runs")
    _say(Cluster().down())


@db_app.command()
def status() -> None:
    """状态 · Say whether the database runs, where its data lie and how big they are; exit code 1 when it is down."""
    import sqlalchemy as sa

    from geo import db

    if _is_foreign():
        try:
            with db.opened(db.database_url()) as engine, engine.connect() as connection:
                _out(f"up (GRIDATLAS_DATABASE_URL)  {connection.scalar(sa.text('SELECT version()'))}")
        except sa.exc.OperationalError as error:
            raise Unavailable(f"the server of GRIDATLAS_DATABASE_URL does not answer: {error.orig}") from error
        return
    from geo.cluster import Cluster

    now = Cluster().status()
    _out(f"{'up, pid ' + str(now.pid) if now.pid else 'down'}  {now.version}")
    _out(f"programs  {now.bindir}\ndata      {now.data} ({now.size_mb} MB)")
    _out(f"socket    {now.socket}\nlog       {now.log}")
    if not now.pid:
        raise typer.Exit(1)


@db_app.command()
def url() -> None:
    """连接地址 · Print the database's URL for psql, QGIS and other programs on libpq."""
    _out(_libpq_url())


@db_app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def psql(context: typer.Context) -> None:
    """命令行客户端 · Open psql on the city's database; what follows is handed to it (for example -c 'SELECT 1')."""
    from geo.installs import find_install

    install = find_install(_say)
    if not _is_foreign():
        from geo.cluster import Cluster

        Cluster().up(_say)
    program = str(install.bindir / "psql")
    os.execve(program, [program, "-X", "-d", _libpq_url(), *context.args], _terminal(install.environment))


@db_app.command()
def reset(
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """清空 · Drop everything in the private database and begin empty. It cannot be undone."""
    from geo import db
    from geo.cluster import NAME, Cluster

    if _is_foreign():
        raise Refused("reset empties the private database only; yours is named by GRIDATLAS_DATABASE_URL")
    cluster = Cluster(progress=_say)
    if not sure and not typer.confirm(f"Drop the database {NAME} in {cluster.data} with everything in it?"):
        raise typer.Exit(1)
    cluster.reset()
    with db.opened(cluster.url()) as engine:
        db.migrate(engine)
    _say("the database is empty")


def _libpq_url() -> str:
    from geo.cluster import Cluster

    named = settings().database_url
    return named.replace("postgresql+psycopg://", "postgresql://", 1) if named else Cluster().libpq_url()


def _terminal(environment: dict[str, str]) -> dict[str, str]:
    """Environment of a program a person types into: Chinese is UTF-8 whatever the terminal's locale says."""
    return environment | {"PGCLIENTENCODING": "UTF8"}
