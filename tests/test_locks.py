"""What is installed: pyproject.toml says what fits, requirements/*.lock what is taken, and both agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.paths import ROOT

LOCKS = ROOT / "requirements"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PRODUCT: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
GROUPS: dict[str, list[str]] = PROJECT["dependency-groups"]
# What each lock is for: `make lock` says the same.
SERVERS = ("elastic", "postgres", "oidc", "traces")
ASKED = {
    "run": PRODUCT,
    "server": [*PRODUCT, *(each for extra in SERVERS for each in EXTRAS[extra])],
    "browser": [*PRODUCT, *(each for extra in (*SERVERS, "browser") for each in EXTRAS[extra])],
    "dev": [*PRODUCT, *(each for extra in EXTRAS.values() for each in extra), *GROUPS["dev"]],
    "build": GROUPS["build"],
    "bench": GROUPS["bench"],
}
ALL = [
    *PROJECT["build-system"]["requires"],
    *ASKED["dev"],
    *(each for group in GROUPS.values() for each in group),
]


def entries(lock: str) -> list[str]:
    """Each pin with its hashes and the comment that says who asked for it."""
    text = (LOCKS / f"{lock}.lock").read_text(encoding="utf-8")
    return re.split(r"^(?=\w)", text, flags=re.M)[1:]


def pins(lock: str) -> dict[str, Version]:
    found = [re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", entry) for entry in entries(lock)]
    return {canonicalize_name(pin[1]): Version(pin[2]) for pin in found if pin}


def test_every_lock_is_one_of_these() -> None:
    assert {file.stem for file in LOCKS.iterdir()} == set(ASKED)


@pytest.mark.parametrize("lock", ASKED)
def test_what_the_project_asks_for_is_pinned_to_a_version_that_fits(lock: str) -> None:
    pinned = pins(lock)
    wanted = [Requirement(each) for each in ASKED[lock]]
    misfits = [str(each) for each in wanted if pinned[canonicalize_name(each.name)] not in each.specifier]
    assert misfits == []


@pytest.mark.parametrize("lock", ASKED)
def test_a_lock_holds_nothing_that_the_project_does_not_ask_for_any_more(lock: str) -> None:
    direct = {
        canonicalize_name(entry.partition("==")[0].partition("[")[0])
        for entry in entries(lock)
        if "tingzhen (pyproject.toml" in entry
    }
    assert direct == {canonicalize_name(Requirement(each).name) for each in ASKED[lock]}


@pytest.mark.parametrize("lock", ASKED)
def test_every_pin_has_the_hashes_of_its_files(lock: str) -> None:
    assert [entry for entry in entries(lock) if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)] == []
    assert len(pins(lock)) == len(entries(lock)), "one version for every Python and system"


@pytest.mark.parametrize("lock", ASKED)
def test_a_lock_names_no_index(lock: str) -> None:
    text = (LOCKS / f"{lock}.lock").read_text(encoding="utf-8")
    assert re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text) is None


@pytest.mark.parametrize("lock", sorted(ASKED.keys() - {"dev"}))
def test_what_several_locks_hold_is_one_version(lock: str) -> None:
    tested = pins("dev")
    assert {name: pin for name, pin in pins(lock).items() if pin != tested.get(name, pin)} == {}


@pytest.mark.parametrize("lock", ["run", "server", "browser"])
def test_what_runs_is_what_was_tested(lock: str) -> None:
    assert pins(lock).items() <= pins("dev").items()


def test_every_dependency_has_an_upper_bound_at_its_next_major_version_or_before() -> None:
    locked = {name: pin for lock in ("bench", "build", "dev") for name, pin in pins(lock).items()}
    for text in ALL:
        asked = Requirement(text)
        bounds = [Version(each.version) for each in asked.specifier if each.operator == "<"]
        assert len(bounds) == 1, f"{text}: one upper bound"
        pin = locked.get(canonicalize_name(asked.name), bounds[0])  # uv only makes the locks
        assert bounds[0] <= Version(str(pin.major + 1)), f"{text}: {pin} is locked"


def test_uv_lock_holds_the_same_versions_with_their_hashes() -> None:
    locked: dict[str, set[Version]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        if package["name"] != "tingzhen":
            locked.setdefault(package["name"], set()).add(Version(package["version"]))
            files = [*package.get("wheels", ()), *filter(None, [package.get("sdist")])]
            assert files
            assert all(each["hash"].startswith("sha256:") for each in files), package["name"]
    held = {(name, pin) for lock in ASKED for name, pin in pins(lock).items()}
    assert held == {(name, pin) for name, several in locked.items() for pin in several}


def test_uv_lock_fits_pyproject() -> None:
    uv = Path(sys.executable).with_name("uv")
    ran = subprocess.run([uv, "lock", "--check", "--offline"], cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - our own tool
    assert ran.returncode == 0, ran.stderr


def shell(path: str) -> str:
    return re.sub(r"\\\n\s*", " ", (ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ["Makefile", "Dockerfile"])
def test_nothing_is_installed_past_the_locks(path: str) -> None:
    """But the project itself, without what it needs, and tools that are not part of it."""
    text = shell(path).replace("$(INSTALL)", re.search(r"INSTALL := (.*)|$", shell(path))[1] or "")  # type: ignore[index]
    installs = re.findall(r"pip install ([^&\n]*)", text)
    assert installs
    loose = [
        line
        for line in installs
        if not {"--require-hashes", "--no-deps"} & set(line.split()) and "--group" not in line
    ]
    assert loose == []
