"""What a release consists of: built clean, complete, installed as a user would, with notes for upgrades."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.elastic_server import free_port, scratch
from tests.support.paths import ROOT

TOOLS = Path(sys.executable).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PROJECT["project"]["version"]
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def headings(page: str) -> list[str]:
    return re.findall(r"^## (\S+)$", (ROOT / page).read_text(encoding="utf-8"), re.M)


class TestVersion:
    def test_is_the_newest_of_the_changelog(self) -> None:
        released = [each for each in headings("CHANGELOG.md") if each != "Unreleased"]
        assert released[0] == VERSION

    def test_every_version_of_the_changelog_says_what_it_asks_of_those_who_upgrade(self) -> None:
        assert headings("docs/upgrade.md") == headings("CHANGELOG.md")


def run(*command: object, **variables: str) -> str:
    words = [str(word) for word in command]
    environment = {**os.environ, **variables}
    environment.pop("PYTHONPATH", None)  # what is installed, not what lies here
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, cwd=variables.get("PWD"))  # noqa: S603 - our own tools
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """sdist and wheel, the wheel made from the sdist, as `make dist` does it."""
    folder = tmp_path_factory.mktemp("dist")
    run(
        TOOLS / "uv", "build", "--quiet", "--no-build-isolation", "--python", sys.executable,
        "--out-dir", folder, ROOT, VIRTUAL_ENV=sys.prefix,
    )  # fmt: skip
    return folder


def kept(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield str(path.relative_to(ROOT))


class TestFiles:
    def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(self, dist: Path) -> None:
        wheel = dist / f"tingzhen-{VERSION}-py3-none-any.whl"
        with zipfile.ZipFile(wheel) as packed:
            names = {name for name in packed.namelist() if ".dist-info/" not in name}
        assert names == {name for package in PACKAGES for name in kept(ROOT / package)}

    @pytest.mark.parametrize(
        "pattern",
        [
            r"leads/web/templates/.*\.html",
            r"leads/web/static/.*\.js",
            r"leads/web/extension/.*\.json",
            r"leads/records/migrations/versions/.*\.py",
            r"nlp/data/model/.*\.npz",
            r"nlp/data/corpus/.*\.jsonl",
            r"es_mappings/.*\.json",
        ],
    )
    def test_that_is_pages_styles_migrations_models_data_and_mappings(self, dist: Path, pattern: str) -> None:
        with zipfile.ZipFile(dist / f"tingzhen-{VERSION}-py3-none-any.whl") as packed:
            assert [name for name in packed.namelist() if re.fullmatch(pattern, name)]

    def test_the_sdist_holds_what_tests_and_servers_need_too(self, dist: Path) -> None:
        with tarfile.open(dist / f"tingzhen-{VERSION}.tar.gz") as packed:
            names = {name.partition("/")[2] for name in packed.getnames()}
        needed = {
            "LICENSE",
            "CHANGELOG.md",
            "Makefile",
            "Dockerfile",
            "compose.yaml",
            "uv.lock",
            "scrapy.cfg",
        }
        assert needed | {f"requirements/{each}.lock" for each in ("run", "server")} <= names
        assert {name for name in names if ".venv" in name or name.startswith(("data/", "dist/"))} == set()


@pytest.mark.slow
def test_pipx_installs_a_tingzhen_that_shows_the_demo(dist: Path) -> None:
    with scratch() as folder:
        places = {f"PIPX_{name}": str(folder / name.lower()) for name in ("HOME", "BIN_DIR", "MAN_DIR")}
        run(
            TOOLS / "pipx", "install", "--backend", "uv", "--python", sys.executable,
            "--pip-args", f"--constraint {ROOT / 'requirements' / 'run.lock'}",
            dist / f"tingzhen-{VERSION}-py3-none-any.whl", **places,
        )  # fmt: skip
        tingzhen = folder / "bin_dir" / "tingzhen"
        assert run(tingzhen, "--version", PWD=str(folder)) == f"tingzhen {VERSION}\n"
        assert '"leads":' in run(tingzhen, "demo", "--no-stay", "--json", PWD=str(folder))
        assert first_page(tingzhen, folder).count("安和口腔") > 0


def first_page(tingzhen: Path, folder: Path) -> str:
    """What the link leads to that the demo prints."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(  # noqa: S603 - our own command
        [tingzhen, "demo", "--port", str(free_port())], cwd=folder, env=environment, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        link = next(line for line in process.stderr if line.startswith("http://127.0.0.1"))
        cookies = urllib.request.HTTPCookieProcessor()
        with urllib.request.build_opener(cookies).open(link.strip()) as answer:
            return str(answer.read().decode())
    finally:
        process.terminate()
        process.communicate(timeout=300)
