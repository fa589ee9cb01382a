"""How laws are tried: drawn anew in full, the same in every run of the gate, a tenth of them in the quick loop.

The quick loop (``./gridatlas test unit``) leaves out what is marked ``slow``, too. The whole suite, and a part that is
narrowed down, run everything in full. Tests of hypothesis are marked ``law``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

WHOLE, SETTLED, QUICK = "gridatlas", "settled", "quick"
"""Profiles of hypothesis. Whole draws anew with every run; settled always draws the same, so that the gate blames a
change for what it did; quick is the whole one after :func:`shorten_all`."""
MADE_CITY = "made_city_files"
SHARE = 10
LONGEST_S = 3.0
"""Seconds of the processor, several times what any test of the quick loop takes, so that a busy machine fails none."""


def register_profiles() -> None:
    """Make the profiles known and take the whole one, which ``--hypothesis-profile`` overrules.

    They stand on hypothesis' own default by name: without, they would stand on what it takes for itself where the
    environment says ``CI``, which draws the same examples every time. None judges how long drawing or a law takes.
    """
    default, slow = settings.get_profile("default"), [HealthCheck.too_slow]
    settings.register_profile(WHOLE, default, deadline=None, suppress_health_check=slow, print_blob=True)
    settings.register_profile(SETTLED, settings.get_profile(WHOLE), derandomize=True)
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
    laws = [item for item in items if is_law(item)]
    for machine in {item.cls for item in laws if _is_machine(item)}:
        shorten_machine(machine)
    for law in {item.obj for item in laws if not _is_machine(item)}:
        shorten(law)


def is_law(item: pytest.Item) -> TypeGuard[pytest.Function]:
    """Whether hypothesis draws what the test tries."""
    return isinstance(item, pytest.Function) and (_is_machine(item) or is_hypothesis_test(item.obj))


def _is_machine(item: pytest.Function) -> bool:
    return isinstance(getattr(item.cls, "settings", None), settings)


def mark(items: list[pytest.Item]) -> None:
    """Mark the laws, and as slow what reads the files of the made city: two seconds of the processor to write them."""
    for item in items:
        if is_law(item):
            item.add_marker(pytest.mark.law)
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
