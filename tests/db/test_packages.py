"""Packages of the distribution are unpacked whole or not at all; apt's source is a folder of packages made here."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geo import debian
from geo.debian import MARK, Apt, Wish, dependencies, unpack
from geo.errors import Unavailable

PACKAGES = {"alpha": "beta-one | beta-two, gamma-virtual, base-files", "beta-one": "", "beta-two": "", "delta": ""}
UNPACK = """
import sys, pathlib
from geo.debian import Wish, unpack
unpack(pathlib.Path(sys.argv[1]), lambda apt: Wish("alpha", ("alpha",), lambda folder: None), print)
"""
SAID = """alpha
 |Depends: beta-one
  Depends: beta-two
  Depends: <gamma-virtual>
    delta
  PreDepends: epsilon:any
beta-one
"""

pytestmark = pytest.mark.skipif(not debian.is_here(), reason="there is no apt here")


def build(source: Path, name: str, depends: str) -> str:
    """One package with one file, and its entry in the list of packages."""
    tree = source / name
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr/share/doc").mkdir(parents=True)
    (tree / "usr/lib").mkdir(parents=True)
    (tree / "usr/lib" / name).write_text(name)
    (tree / "usr/share/doc" / name).write_text("not needed")
    provides = "Provides: gamma-virtual\n" if name == "delta" else ""
    needs = f"Depends: {depends}\n" if depends else ""
    control = (
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\n{provides}{needs}Description: {name}\n"
    )
    (tree / "DEBIAN/control").write_text(control)
    archive = source / f"{name}_1_all.deb"
    subprocess.run(["dpkg-deb", "-b", str(tree), str(archive)], check=True, capture_output=True)
    content = archive.read_bytes()
    return f"{control}Filename: ./{archive.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of packages that apt takes for its only source."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "Packages").write_text("\n".join(build(folder, name, needs) for name, needs in PACKAGES.items()))
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{folder} ./\n")
    configuration = tmp_path / "apt.conf"
    configuration.write_text(
        f'Dir::Etc::sourcelist "{tmp_path / "sources.list"}";\nDir::Etc::sourceparts "/nowhere";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(configuration))
    return folder


def alpha(_: Apt) -> Wish:
    return Wish("alpha", ("alpha",), lambda folder: None)


def test_a_package_is_unpacked_with_what_it_depends_on(source: Path, tmp_path: Path) -> None:
    into, said = tmp_path / "home/prefix", list[str]()
    unpack(into, alpha, said.append)
    assert sorted(path.name for path in (into / "usr/lib").iterdir()) == ["alpha", "beta-one", "delta"]
    assert (into / MARK).exists()
    assert not (into / "usr/share/doc").exists()
    assert "fetching alpha: 3 packages" in said[1]
    assert sorted(path.name for path in into.parent.iterdir()) == [".prefix.lock", "prefix"]


def test_what_is_there_is_not_fetched_again(source: Path, tmp_path: Path) -> None:
    into, said = tmp_path / "home/prefix", list[str]()
    unpack(into, alpha)
    unpack(into, alpha, said.append)
    assert said == []


def test_a_torn_archive_of_a_killed_fetch_is_fetched_again(source: Path, tmp_path: Path) -> None:
    into = tmp_path / "home/prefix"
    archives = into.parent / ".prefix.apt/archives"
    archives.mkdir(parents=True)
    (archives / "alpha_1_all.deb").write_bytes((source / "alpha_1_all.deb").read_bytes()[:100])
    half = into.with_name("prefix.new")
    half.mkdir()
    (half / "half").touch()
    unpack(into, alpha)
    assert (into / "usr/lib/alpha").read_text() == "alpha"
    assert not (into / "half").exists()
    assert not half.exists()


@pytest.mark.parametrize("after", ["reading", "fetching", "unpacking"])
def test_a_fetch_killed_anywhere_is_done_again(source: Path, tmp_path: Path, after: str) -> None:
    into = tmp_path / "home/prefix"
    first = subprocess.Popen([sys.executable, "-uc", UNPACK, str(into)], stdout=subprocess.PIPE, text=True)
    assert first.stdout
    while after not in (line := first.stdout.readline()):
        assert line
    time.sleep(0.01)
    first.kill()
    first.communicate()
    unpack(into, alpha)
    assert (into / "usr/lib/delta").exists()


def test_two_at_once_take_turns(source: Path, tmp_path: Path) -> None:
    into = tmp_path / "home/prefix"
    both = [
        subprocess.Popen([sys.executable, "-c", UNPACK, str(into)], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = sorted(len(one.communicate(timeout=120)[0].splitlines()) for one in both)
    assert said == [0, 3]
    assert [one.returncode for one in both] == [0, 0]


def test_an_unpacked_folder_that_does_not_run_is_not_kept(source: Path, tmp_path: Path) -> None:
    def refuse(_: Path) -> None:
        raise Unavailable("it does not run")

    with pytest.raises(Unavailable, match="does not run"):
        unpack(tmp_path / "home/prefix", lambda _: Wish("alpha", ("alpha",), refuse))
    assert not (tmp_path / "home/prefix").exists()


def test_a_package_the_distribution_lacks_is_named(source: Path, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no-such-package"):
        unpack(tmp_path / "home/prefix", lambda _: Wish("it", ("no-such-package",), lambda folder: None))


def test_a_source_that_does_not_answer_is_told(tmp_path: Path, source: Path) -> None:
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{tmp_path}/absent ./\n")

    def tell(apt: Apt) -> Wish:
        raise Unavailable(f"nothing{apt.said()}")

    with pytest.raises(Unavailable, match=r"nothing; apt said: .*absent"):
        unpack(tmp_path / "home/prefix", tell)


def test_of_alternatives_the_first_and_of_a_virtual_package_the_first_provider_is_taken() -> None:
    assert dependencies(SAID) == {"alpha": ["beta-one", "delta", "epsilon"], "beta-one": []}
