"""Every command the docs show is run as it stands there, on the made city and the files of ``tests/examples.py``."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from geo.installs import find_install
from tests import examples, forked

Run = Callable[[str], forked.Ran]
COMMANDS = [line for line in examples.documented_commands() if examples.reason_not_to_run(line) is None]
MOST_S = 300
BRINGS_UP = "./gridatlas demo --no-serve"


@pytest.fixture(scope="module")
def run(database: str, new_home: Callable[[], Path], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runner of a documented line in a folder with every file the docs name, on the made city."""
    folder, home = tmp_path_factory.mktemp("docs"), new_home()
    examples.write_files(folder)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("GRIDATLAS_", "PG"))}
    environment = bare | {
        "GRIDATLAS_HOME": str(home),
        "GRIDATLAS_PG_BINDIR": str(find_install().bindir),
        "GRIDATLAS_DATABASE_URL": database.replace("postgresql+psycopg://", "postgresql://"),
    }

    def run(line: str) -> forked.Ran:
        return forked.run(examples.arguments(line), folder, environment, forked.Limits(seconds=MOST_S))

    raised = run(BRINGS_UP)
    assert raised.code == 0, raised.stderr
    return run


@pytest.mark.parametrize("line", COMMANDS)
def test_a_documented_command_runs_as_it_stands(run: Run, line: str) -> None:
    done = run(line)
    assert done.code == 0, (
        f"{line}\nends with exit code {done.code} (None: not within {MOST_S} s):\n"
        f"{done.stderr[-2000:]}{done.stdout[-1000:]}\n"
        "What the docs show must run as it stands. Mend the line, add the file it reads to FILES of tests/examples.py, "
        "or say in its NOT_RUN why it cannot run in a test."
    )


def test_no_file_is_made_that_the_docs_do_not_name() -> None:
    assert examples.unused() == []
