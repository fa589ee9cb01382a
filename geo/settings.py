"""One frozen object of settings, read from ``GRIDATLAS_*``; a name that is not known is refused."""

from __future__ import annotations

import difflib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from geo.errors import Refused

PREFIX = "GRIDATLAS_"
CheckKind = Literal[
    "inside_one_community",
    "no_gap_or_overlap",
    "closed_and_valid",
    "building_cut",
    "estate_cut",
    "in_one_piece",
    "load_outside_band",
    "border_off_lines",
    "dedicated_place",
    "changed_again",
    "blind_spots_appear",
    "people_not_recorded",
    "blind_spots_close",
]
Severity = Literal["error", "warn", "info"]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def default_home() -> Path:
    """Folder that holds all state when ``GRIDATLAS_HOME`` is not set.

    As root it is under ``/var/lib``: PostgreSQL runs as another user, and ``/root`` is closed to it.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/gridatlas")
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/gridatlas"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "gridatlas"


class Settings(BaseSettings):
    """Every setting, its default and its unit; ``docs/settings.md`` explains each."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    home: Path = Field(default_factory=default_home, description="folder of all state")
    database_url: str | None = Field(default=None, description="PostGIS to use; unset: the private cluster under home")
    test_database_url: str | None = Field(
        default=None, description="PostGIS server for the tests; unset: a throw-away cluster"
    )
    pg_bindir: Path | None = Field(default=None, description="folder of PostgreSQL's programs; unset: searched for")
    pg_user: str | None = Field(default=None, description="account that runs PostgreSQL when started by root")
    indexes: Path | None = Field(default=None, description="folder of the index files; unset: indexes under home")
    chromium: Path | None = Field(default=None, description="Chromium for browser tests; unset: searched for")
    host: str = Field(default="127.0.0.1", description="address to listen on; only loopback until sign-in exists")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    workers: int = Field(default=1, ge=1, le=64, description="processes that answer requests")
    pool_size: int = Field(default=8, ge=1, le=100, description="database connections and request threads per worker")
    border_tolerance_m: float = Field(
        default=1.0, ge=0, le=50, description="nearer to a border than this, assign may overrule"
    )
    doubtful_below: float = Field(
        default=0.9, gt=0, le=1, description="an assignment less probable than this is doubtful"
    )
    max_points: int = Field(default=100_000, ge=1, description="points one POST /v1/locate may carry")
    max_import_mb: int = Field(default=2_000, ge=1, description="megabytes a file may have, and unpack to")
    import_days: float = Field(default=30, gt=0, description="days a file that was handed in is kept")
    reserved_m2_per_100_households: float = Field(
        default=30.0, gt=0, description="square metres of service floor an estate keeps for every 100 households"
    )
    rules: Path | None = Field(default=None, description="rule book of blind spots; unset: the one that comes along")
    approvals: int = Field(
        default=0, ge=0, le=20, description="approvals by others that a plan takes before it is published"
    )
    band_least: int = Field(default=300, ge=0, description="households below which a grid's load is outside the band")
    band_most: int = Field(default=500, ge=1, description="households above which a grid's load is outside the band")
    line_width_m: float = Field(default=15.0, gt=0, le=200, description="nearer to a line a border runs along it")
    line_share: float = Field(default=0.8, ge=0, le=1, description="share of a drawn border to run along lines")
    changed_again_months: int = Field(default=12, ge=0, description="months within which a grid is changed again")
    severities: dict[CheckKind, Severity] = Field(
        default={}, description="severities of the checks of a plan that differ from the usual ones, as JSON"
    )
    actor: str = Field(default="local", description="name written beside changes when --as is not given")
    review_number: str = Field(default="", description="map review number (审图号) printed on every map")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least severe line logged"
    )

    @field_validator("home", "indexes")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        return folder and folder.expanduser().absolute()


def read_settings() -> Settings:
    """Settings as the environment gives them now.

    Raises
    ------
    Refused
        When a ``GRIDATLAS_*`` name is not a setting, or a value does not fit; the message names it.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(sorted(known))}"
            raise Refused(f"{name} is not a setting{hint}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise Refused(f"{name}={first['input']!r} does not fit: {first['msg']}") from error


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return read_settings()
