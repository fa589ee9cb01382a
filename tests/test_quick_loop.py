"""Laws are drawn as told, and the quick loop stays quick: it shortens every law, and loads nothing it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from api.commands.testing import arguments
from tests import quick

ROOT = Path(__file__).parent.parent
UNITS = str(ROOT / "tests/unit")
MANY = len(os.sched_getaffinity(0)) > 1
TWO = ["-n", str(min(len(os.sched_getaffinity(0)), 4)), "--dist", "loadfile"] if MANY else []
BRIEF = ["-m", "not slow", "--hypothesis-profile", quick.QUICK]
# Servers, clients and browsers belong to the other parts of the suite
HEAVY = ("fastapi", "starlette", "uvicorn", "httpx", "playwright")


def test_units_alone_are_the_quick_loop() -> None:
    assert arguments(["unit"]) == [UNITS, *TWO, *BRIEF]
    assert arguments(["unit", "-x", "-q"]) == [UNITS, *BRIEF, "-x", "-q"]


@pytest.mark.parametrize(
    "given_words",
    [[], ["unit", "db"], ["db"], ["unit", "-k", "code"], ["unit", "-m", "slow"], ["tests/unit/test_codes.py"]],
)
def test_everything_else_runs_in_full(given_words: list[str]) -> None:
    assert not {"not slow", quick.QUICK} & set(arguments(given_words))


def test_the_whole_suite_has_workers_and_what_is_narrowed_has_none() -> None:
    assert arguments(["-q"]) == [*TWO, "-q"]
    assert arguments(["unit", "-k", "code"]) == [UNITS, "-k", "code"]
    assert arguments(["db"]) == [str(ROOT / "tests/db")]


@pytest.mark.parametrize(("many", "fewer"), [(100, 10), (41, 5), (6, 1), (1, 1)])
def test_a_law_tries_a_tenth_of_its_examples(many: int, fewer: int) -> None:
    tried: list[int] = []

    @settings(max_examples=many, database=None)
    @given(st.integers())
    def law(number: int) -> None:
        tried.append(number)

    law()
    whole = len(tried)
    quick.shorten(law)
    law()
    assert (whole, len(tried) - whole) == (many, fewer)


def tries(profile: str) -> list[float]:
    tried: list[float] = []

    @settings(settings.get_profile(profile), database=None)
    @given(st.floats())
    def law(number: float) -> None:
        tried.append(number)

    law()
    return tried


def test_the_gate_draws_the_same_every_time_and_everyone_else_anew() -> None:
    assert repr(tries(quick.SETTLED)) == repr(tries(quick.SETTLED))
    assert repr(tries(quick.WHOLE)) != repr(tries(quick.WHOLE))
    assert f"./gridatlas test --hypothesis-profile {quick.SETTLED} " in (ROOT / ".ci/run").read_text()


def test_profiles_are_the_same_wherever_they_run() -> None:
    code = "from hypothesis import settings; from tests import quick; quick.register_profiles(); " + "".join(
        f"print(settings.get_profile({name!r})); " for name in (quick.WHOLE, quick.SETTLED, quick.QUICK)
    )
    alone = {name: value for name, value in os.environ.items() if name != "CI"}
    told = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        for env in (alone, alone | {"CI": "true"})
    ]
    alone_profiles, gate_profiles = (done.stdout.splitlines() for done in told)
    assert alone_profiles == gate_profiles
    assert len(alone_profiles) == 3


def test_laws_and_machines_of_rules_are_marked_and_nothing_else_is() -> None:
    told = ["tests/unit/test_redraw.py", "-m", "law", "--collect-only", "-q", "--no-header", "-p", "no:cacheprovider"]
    done = subprocess.run([sys.executable, "-m", "pytest", *told], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "::TestManyChanges::runTest" in done.stdout
    assert "::test_split_then_merge_restores_the_ground_to_a_millimetre" in done.stdout
    assert "::test_a_double_click_is_one_point" not in done.stdout


def test_the_laws_of_a_machine_are_shortened_as_well() -> None:
    class Machine(RuleBasedStateMachine):
        @rule()
        def step(self) -> None:
            pass

    case = Machine.TestCase
    case.settings = settings(max_examples=41, deadline=None)
    quick.shorten_machine(case)
    assert case.settings.max_examples == 5


def test_a_test_that_takes_long_is_told_to_leave_the_quick_loop() -> None:
    quick.check_seconds("quick one", quick.LONGEST_S)
    with pytest.raises(AssertionError, match=r"long one took .* mark it slow"):
        quick.check_seconds("long one", quick.LONGEST_S + 0.1)


def test_the_quick_loop_leaves_few_tests_out_and_loads_no_server_and_no_browser() -> None:
    told = arguments(["unit", "-n0", "--collect-only", "-q", "--no-header", "-p", "no:cacheprovider"])
    code = (
        "import sys, pytest\n"
        f"assert pytest.main({told!r}) == 0\n"
        f"print('loaded', *(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    *_, counted, loaded = done.stdout.splitlines()
    assert loaded == "loaded"
    chosen, all_units = (int(number) for number in counted.split()[0].split("/"))
    assert 0.85 * all_units < chosen < all_units, counted
