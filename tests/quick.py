"""The quick loop of ``./gridatlas test unit``: a tenth of every law's examples, and nothing that takes long.

What takes long is marked ``slow``. The whole suite, and a part that is narrowed down, run everything in full.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings

WHOLE, QUICK = "gridatlas", "quick"
"""Profiles of hypothesis; they differ by what :func:`shorten` does in the quick one."""
MADE_CITY = "made_city_files"
SHARE = 10
LONGEST_S = 3.0
"""Seconds of the processor, several times what any test of the quick loop takes, so that a busy machine fails none."""


def register_profiles() -> None:
    """Make both profiles known and take the whole one, which ``--hypothesis-profile quick`` overrules."""
    settings.register_profile(WHOLE, deadline=None, print_blob=True)
    settings.register_profile(QUICK, settings.get_profile(WHOLE))
    settings.load_profile(WHOLE)


def is_quick(config: pytest.Config) -> bool:
    """Whether this run is the quick loop."""
    return bool(config.getoption("--hypothesis-profile") == QUICK)


def shorten(law: Callable[..., Any]) -> None:
    """Have a law try one in :data:`SHARE` of its examples, at least one; hypothesis has no public way to say it."""
    law._hypothesis_internal_use_settings = _shorter(law._hypothesis_internal_use_settings)  # type: ignore[attr-defined]


def shorten_machine(machine: Any) -> None:
    """As :func:`shorten`, of the test case of a machine of rules."""
    machine.settings = _shorter(machine.settings)


def _shorter(told: settings) -> settings:
    return settings(told, max_examples=-(-told.max_examples // SHARE))


def shorten_all(items: list[pytest.Item]) -> None:
    """Have every law among the tests try fewer examples, one with several parameters once."""
    functions = [item for item in items if isinstance(item, pytest.Function)]
    machines = {item.cls for item in functions if isinstance(getattr(item.cls, "settings", None), settings)}
    for machine in machines:
        shorten_machine(machine)
    for law in {item.obj for item in functions if item.cls not in machines}:
        if is_hypothesis_test(law):
            shorten(law)


def mark_slow(items: list[pytest.Item]) -> None:
    """Mark what reads the files of the made city, which take over two seconds of the processor to be written."""
    for item in items:
        if MADE_CITY in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


def check_seconds(name: str, seconds: float) -> None:
    """Nothing, when a test may stay in the quick loop.

    Raises
    ------
    AssertionError
        When it took the processor for longer than :data:`LONGEST_S`.
    """
    assert seconds <= LONGEST_S, (
        f"{name} took {seconds:.1f} s of the processor: mark it slow, which leaves it out of the quick loop, or make "
        "it quicker"
    )
