"""The rule book of blind spots: thresholds, ages, weights and words, in data a city can replace."""

from __future__ import annotations

import hashlib
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from geo.coverage.units import WORK
from geo.errors import Refused, near
from geo.settings import settings

_FILE = Path(__file__).with_name("rules.toml")
_CONFIG = ConfigDict(extra="forbid")

STATES = ("U", "covered", "P5", "P1", "P4", "P2", "work", "P3")
"""What a unit in business can be, in the order in which they are tried; it is the first that holds."""

GROUND = ("G1", "G2", "G3")
"""Blind spots of ground, grids and buildings."""

REASONS: Mapping[str, frozenset[str]] = {
    "never_surveyed": frozenset(),
    "survey_old": frozenset({"surveyed", "months", "on"}),
    "survey_later": frozenset({"surveyed", "on"}),
    "members_unknown": frozenset({"surveyed"}),
    "organised": frozenset({"organisation", "method", "evidence"}),
    "no_evidence": frozenset({"organisation", "method"}),
    "evidence_old": frozenset({"organisation", "method", "evidence", "months", "on"}),
    "evidence_later": frozenset({"organisation", "method", "evidence", "on"}),
    "branch_too_large": frozenset({"organisation", "branch_members", "most"}),
    "joint_too_large": frozenset({"organisation", "branch_units", "most"}),
    "must_form": frozenset({"members"}),
    "work_only": frozenset({"members", "method", "organisation"}),
    "joint_in_building": frozenset({"members"}),
    "joint_in_park": frozenset({"members"}),
    "joint_within_reach": frozenset({"members", "reach_m"}),
    "worked": frozenset({"method", "organisation"}),
    "no_members": frozenset(),
    "no_joint_group": frozenset({"members"}),
    "no_grid": frozenset({"area_m2"}),
    "no_branch": frozenset(),
    "no_full_time": frozenset(),
    "branch_unknown": frozenset(),
    "staff_unknown": frozenset(),
    "straddles": frozenset({"share"}),
}
"""Every reason, and the ``{names}`` its sentences may use. The position of a reason is its bit."""

_MANY = frozenset({"units", "workers", "must_form_members"})

_Count = Annotated[int, Field(ge=1, le=10_000, strict=True)]
_Metres = Annotated[float, Field(gt=0, le=100_000, strict=True)]
_MetresOrNone = Annotated[float, Field(ge=0, le=100_000, strict=True)]
_Weight = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False, strict=True)]
_Text = Annotated[str, Field(min_length=1, strict=True)]


@dataclass(frozen=True)
class Thresholds:
    """Numbers a state turns on; members are full members, ``_m`` are metres."""

    __pydantic_config__ = _CONFIG

    must_form_members: Annotated[int, Field(ge=2, le=10_000, strict=True)]
    joint_min_members: _Count
    joint_max_units: Annotated[int, Field(ge=2, le=20, strict=True)]
    reach_m: _Metres
    unlike_m: _MetresOrNone
    anchor_share: Annotated[float, Field(ge=0.5, lt=1, strict=True)]
    branch_most_members: _Count


@dataclass(frozen=True)
class Months:
    """How many months a survey, and the evidence of a covering, are good for."""

    __pydantic_config__ = _CONFIG

    survey: _Count
    evidence: _Count


@dataclass(frozen=True)
class Help:
    """Who may help, in which ways, within how many metres, and how many are named.

    One of the same industry counts as ``like_m`` nearer.
    """

    __pydantic_config__ = _CONFIG

    kinds: tuple[_Text, ...]
    methods: tuple[_Text, ...]
    reach_m: _Metres
    like_m: _MetresOrNone
    most: _Count


@dataclass(frozen=True)
class Code:
    """One state or blind spot in both languages; ``weight`` is its severity in a score."""

    __pydantic_config__ = _CONFIG

    weight: _Weight
    zh: _Text
    en: _Text
    meaning_zh: _Text
    meaning_en: _Text
    todo_zh: _Text
    todo_en: _Text
    many_zh: _Text
    many_en: _Text


@dataclass(frozen=True)
class Reason:
    """One sentence in both languages, with ``{names}`` to be filled in."""

    __pydantic_config__ = _CONFIG

    zh: _Text
    en: _Text


@dataclass(frozen=True)
class RuleBook:
    """The rules in force.

    Attributes
    ----------
    version
        As the file names itself.
    worst
        States by severity, worst first, U aside.
    codes
        By :data:`STATES` and :data:`GROUND`.
    reasons
        By :data:`REASONS`.
    fingerprint
        Of all that is no words, 12 hex digits: two books with one fingerprint decide the same.
    """

    __pydantic_config__ = _CONFIG

    version: _Text
    worst: tuple[_Text, ...]
    thresholds: Thresholds
    months: Months
    help: Help
    codes: dict[str, Code]
    reasons: dict[str, Reason]
    fingerprint: str

    def weight(self, code: str) -> float:
        """Severity of a state or blind spot."""
        return self.codes[code].weight


_ADAPTER = TypeAdapter(RuleBook)


@cache
def current() -> RuleBook:
    """The rule book of this process, read once: that of ``GRIDATLAS_RULES``, else the one that comes with the program.

    Raises
    ------
    Refused
        As :func:`read`.
    """
    return read(settings().rules)


def read(path: Path | None = None) -> RuleBook:
    """A rule book: what the file says, and for what it does not say the one that comes with the program.

    Parameters
    ----------
    path
        A TOML file with its own ``version``; None for the one that comes with the program.

    Raises
    ------
    Refused
        When the file cannot be read or is no TOML, has no version, or a key or value does not fit; the message names
        the file, the key, the value and what would be right.
    """
    told = _toml(_FILE)
    if path is not None:
        own = _toml(path)
        if "version" not in own:
            raise Refused(
                f"{path}: version is missing; a rule book of one's own names itself, as version = '2026-qingdao'"
            )
        _lay_over(told, own, path, "")
    name = path or _FILE
    try:
        book = _ADAPTER.validate_python(told | {"fingerprint": ""})
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused(f"{name}: {'.'.join(map(str, first['loc']))} = {first['input']!r}: {first['msg']}") from error
    for fault in _faults(book):
        raise Refused(f"{name}: {fault}")
    return replace(book, fingerprint=_fingerprint(book))


def restored(told: Mapping[str, Any]) -> RuleBook:
    """A rule book as a run has kept it; what books did not say yet when it was kept is as the program has it."""
    whole = _kept_over(_toml(_FILE), told)
    return _ADAPTER.validate_python(whole | {"fingerprint": told["fingerprint"]})


def _kept_over(told: dict[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """What was kept over what comes with the program; keys that no book has any more are left out."""
    return {
        key: _kept_over(value, kept[key]) if isinstance(value, dict) and key in kept else kept.get(key, value)
        for key, value in told.items()
    }


def _fingerprint(book: RuleBook) -> str:
    weights = sorted((key, code.weight) for key, code in book.codes.items())
    rules = repr((book.worst, book.thresholds, book.months, book.help, weights))
    return hashlib.sha256(rules.encode()).hexdigest()[:12]


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(
            f"{path}: the rule book cannot be read: {error.strerror}; GRIDATLAS_RULES names a file"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path}: not TOML in UTF-8: {error}") from error


def _lay_over(told: dict[str, Any], own: Mapping[str, Any], path: Path, above: str) -> None:
    """Put what a city says over what comes with the program, key by key."""
    for key, value in own.items():
        if key not in told:
            raise Refused(
                f"{path}: {above}{key} is no key of a rule book{near(key, told) or '; known: ' + ', '.join(told)}"
            )
        if isinstance(told[key], dict) and isinstance(value, dict):
            _lay_over(told[key], value, path, f"{above}{key}.")
        else:
            told[key] = value


def _faults(book: RuleBook) -> Iterator[str]:
    """What is wrong between the keys of a book whose every value fits by itself."""
    states = sorted(set(STATES) - {"U"})
    if sorted(book.worst) != states:
        yield f"worst = {list(book.worst)}: it names each of {', '.join(states)} once"
    limits = book.thresholds
    if limits.joint_min_members < limits.must_form_members:
        yield (
            f"thresholds.joint_min_members = {limits.joint_min_members}: a joint branch has at least as many members "
            f"as that of a single unit, thresholds.must_form_members = {limits.must_form_members}"
        )
    if limits.joint_max_units < limits.joint_min_members:
        yield (
            f"thresholds.joint_max_units = {limits.joint_max_units}: units of one member each can join, so it is "
            f"at least thresholds.joint_min_members = {limits.joint_min_members}"
        )
    for method in book.help.methods:
        if method not in WORK:
            yield f"help.methods: {method!r} is no way to help; there are {', '.join(WORK)}"
    for code in ("covered", "work"):
        if book.weight(code) != 0:
            yield f"codes.{code}.weight = {book.weight(code)}: who is covered weighs 0"
    yield from _unknown_names(book)


def _unknown_names(book: RuleBook) -> Iterator[str]:
    sentences = [
        (f"codes.{key}.many_{tongue}", text, _MANY)
        for key, code in book.codes.items()
        for tongue, text in (("zh", code.many_zh), ("en", code.many_en))
    ]
    sentences += [
        (f"reasons.{key}.{tongue}", text, REASONS[key])
        for key, reason in book.reasons.items()
        for tongue, text in (("zh", reason.zh), ("en", reason.en))
    ]
    for where, text, allowed in sentences:
        try:
            named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        except ValueError as error:
            yield f"{where} = {text!r}: {error}; a brace that is meant is written twice"
            continue
        if strange := sorted(named - allowed):
            yield f"{where}: {{{strange[0]}}} is not known there; it may use: {', '.join(sorted(allowed)) or 'none'}"


def sentence(book: RuleBook, reason: str, tongue: str, **values: object) -> str:
    """The sentence of a reason in ``zh`` or ``en``, its ``{names}`` filled in."""
    told = book.reasons[reason]
    return (told.zh if tongue == "zh" else told.en).format_map(values)
