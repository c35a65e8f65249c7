"""What is installed: pyproject.toml says what fits, requirements/*.lock what is taken, and both agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
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


@pytest.mark.parametrize("lock", ["run", "server"])
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


class TestImage:
    """No Docker in the tests: what can be read of the recipe is."""

    def steps(self) -> list[tuple[str, str]]:
        lines = [line for line in shell("Dockerfile").splitlines() if line and not line.startswith("#")]
        return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]

    def test_is_built_in_one_stage_and_run_in_another_by_a_user_who_is_not_root(self) -> None:
        steps = self.steps()
        last = max(index for index, (word, _) in enumerate(steps) if word == "FROM")
        assert last > 0
        final = dict(steps[last:])
        assert final["USER"].partition(":")[0] not in ("", "0", "root")
        assert "HEALTHCHECK" in final
        assert "pip" not in {part for _, rest in steps[last:] for part in re.split(r"\W", rest)}

    def test_keeps_data_in_a_folder_of_its_owner_only(self) -> None:
        assert ("VOLUME", "/data") in self.steps()
        assert "TINGZHEN_DATA_DIR=/data" in shell("Dockerfile")
        assert re.search(
            r"install --directory --mode 0700 --owner tingzhen .* /data$", shell("Dockerfile"), re.M
        )

    def test_copies_what_is_there_and_the_context_holds_nothing_else(self) -> None:
        copied = {
            Path(part).parts[0]
            for word, rest in self.steps()
            if word == "COPY" and not rest.startswith("--from")
            for part in rest.split()[:-1]
        }
        lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        assert "*" in lines
        assert {line[1:] for line in lines if line.startswith("!")} == copied
        assert {name for name in copied if not (ROOT / name).exists()} == set()

    def test_holds_every_package_that_the_wheel_is_made_of(self) -> None:
        packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        copied = {rest for word, rest in self.steps() if word == "COPY"}
        assert {f"{name} {name}" for name in packages} <= copied

    def test_compose_builds_it_and_installs_nothing_at_its_start(self) -> None:
        compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
        web = compose["services"]["web"]
        assert web["build"] == "."
        assert not {"command", "entrypoint", "user"} & web.keys()
        assert {"data:/data", "tingzhen-secrets:/run/secrets:ro"} <= set(web["volumes"])
