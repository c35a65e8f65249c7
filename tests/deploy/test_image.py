"""The image without Docker: its recipe is read and linted, its steps are carried out in a folder, and what
they leave serves as a user who may write nothing but its data."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.elastic_server import free_port, scratch
from tests.support.paths import ROOT

TOOLS = Path(sys.executable).parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
USER = 10001


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """From one FROM to the next."""

    name: str
    base: str
    steps: Sequence[tuple[str, str]]  # (word, rest)

    def rest(self, word: str) -> list[str]:
        return [rest for found, rest in self.steps if found == word]


def stages() -> dict[str, Stage]:
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    found: dict[str, Stage] = {}
    for part in re.split(r"^(?=FROM )", text, flags=re.M)[1:]:
        lines = [line for line in part.splitlines() if line and not line.startswith("#")]
        _, base, _, name = lines[0].split()
        steps = tuple((word, rest) for word, _, rest in (line.partition(" ") for line in lines[1:]))
        found[name] = Stage(name=name, base=base, steps=steps)
    return found


STAGES = stages()


def whole(name: str) -> list[tuple[str, str]]:
    """The steps of a stage after those it stands on."""
    stage = STAGES[name]
    return [*(whole(stage.base) if stage.base in STAGES else ()), *stage.steps]


class TestRecipe:
    def test_has_nothing_that_its_linter_knows_better(self) -> None:
        ran = subprocess.run([TOOLS / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)  # noqa: S603 - our own tool
        assert ran.returncode == 0, ran.stdout

    def test_builds_the_server_unless_the_browser_is_asked_for(self) -> None:
        assert list(STAGES)[-1] == "server"
        assert STAGES["server"].base == STAGES["browser"].base == "runtime"

    @pytest.mark.parametrize("name", ["server", "browser"])
    def test_is_run_by_a_user_who_is_not_root_and_says_when_it_is_ready(self, name: str) -> None:
        steps = whole(name)
        assert [rest for word, rest in steps if word == "USER"][-1] == f"{USER}:{USER}"
        assert "/readyz" in dict(steps)["HEALTHCHECK"]
        assert "pip" not in {part for word, rest in steps if word == "RUN" for part in re.split(r"\W", rest)}

    def test_chromium_is_in_the_browser_only(self) -> None:
        with_chromium = [
            name for name in STAGES if any("chromium" in rest for rest in STAGES[name].rest("RUN"))
        ]
        assert with_chromium == ["browser"]

    def test_keeps_data_in_a_folder_of_its_owner_only(self) -> None:
        steps = whole("server")
        assert ("VOLUME", "/data") in steps
        assert any("TINGZHEN_DATA_DIR=/data" in rest for word, rest in steps if word == "ENV")
        making = next(rest for word, rest in steps if word == "RUN")
        assert "install --directory --mode 0700 --owner tingzhen --group tingzhen /data" in making

    def test_copies_what_is_there_and_the_context_holds_nothing_else(self) -> None:
        copied = {
            Path(part).parts[0]
            for stage in STAGES.values()
            for rest in stage.rest("COPY")
            if not rest.startswith("--from")
            for part in rest.split()[:-1]
        }
        lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        assert "*" in lines
        assert {line[1:] for line in lines if line.startswith("!")} == copied
        assert {name for name in copied if not (ROOT / name).exists()} == set()

    def test_holds_every_package_that_the_wheel_is_made_of(self) -> None:
        packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
        assert {f"{name} {name}" for name in packages} <= set(STAGES["build"].rest("COPY"))

    def test_compose_builds_it_and_installs_nothing_at_its_start(self) -> None:
        web = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["web"]
        assert web["build"] == "."
        assert not {"command", "entrypoint", "user"} & web.keys()
        assert "data:/data" in web["volumes"]


def reachable_python() -> str:
    """A Python of the system that other users may run: the tests' own may lie in somebody's home."""
    for path in (str(Path(sys.base_prefix, "bin", "python3").resolve()), "/usr/bin/python3"):
        looks = "import sys, venv; sys.exit(sys.version_info < (3, 11))"
        try:
            ran = subprocess.run([path, "-c", looks], **as_other())  # noqa: S603 - a Python
        except OSError:
            continue
        if ran.returncode == 0:
            return path
    return pytest.skip("no Python 3.11 that another user may run")


def as_other() -> dict[str, int]:
    """How a process is started as the image's user: by root, who may."""
    return {"user": USER, "group": USER} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """A folder in which the build stage was carried out; opt/tingzhen is what the image gets."""
    with scratch() as folder:
        (folder / "src").mkdir()
        program = folder / "opt" / "tingzhen"
        for word, rest in STAGES["build"].steps:
            if word == "COPY":
                *sources, target = rest.split()
                copy(sources, folder / "src" / target)
            if word == "RUN":
                carry_out(rest, program, folder / "src")
        yield folder


def copy(sources: Sequence[str], target: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")  # as .dockerignore says
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=ignored)
        else:
            target.mkdir(exist_ok=True)
            shutil.copy(ROOT / source, target)


def carry_out(step: str, program: Path, folder: Path) -> None:
    """A RUN, with the venv elsewhere and uv in the place of pip: the same files, by the same hashes."""
    install = f"{TOOLS / 'uv'} pip install --quiet --python {program}/bin/python"
    step = step.replace("python -m venv", f"{TOOLS / 'uv'} venv --quiet --python {reachable_python()}")
    parts = re.split(r"/opt/tingzhen/bin/(?:python -m )?pip install", step)
    step = install.join(part.replace("/opt/tingzhen", str(program)) for part in parts)
    ran = subprocess.run(["sh", "-c", step], cwd=folder, capture_output=True, text=True)  # noqa: S603, S607 - our own recipe
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def room(installed: Path) -> Iterator[dict[str, str]]:
    """The environment of the image, with /data and /tmp that its user may write, and nothing else."""
    with scratch() as folder:
        for name in ("data", "tmp"):
            (folder / name).mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(folder / name, USER, USER)
        (folder / "srv").mkdir(mode=0o555)
        yield {
            "PATH": f"{installed}/opt/tingzhen/bin:/usr/bin:/bin",
            "HOME": str(folder / "tmp"), "TMPDIR": str(folder / "tmp"),
            "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1", "TINGZHEN_DATA_DIR": f"{folder}/data",
            "SRV": f"{folder}/srv", "LC_ALL": "C.UTF-8",
        }  # fmt: skip


def contents(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def ready(port: int, process: subprocess.Popen[bytes]) -> bytes:
    """What /readyz says once it says 200."""
    end = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                return bytes(answer.read())
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < end, "it did not become ready"
            time.sleep(0.2)


@pytest.mark.slow
class TestWhatItHolds:
    def test_serves_as_another_user_who_can_write_nothing_but_the_data(
        self, installed: Path, room: dict[str, str]
    ) -> None:
        program = installed / "opt" / "tingzhen"
        before, port = contents(program), free_port()
        process = subprocess.Popen(  # noqa: S603 - what the image starts, on another port
            [program / "bin" / "tingzhen", "serve", "--port", str(port)], cwd=room["SRV"], env=room,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **as_other(),
        )  # fmt: skip
        try:
            assert json.loads(ready(port, process))["failing"] == []
        finally:
            process.terminate()
            _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said.decode()
        assert contents(program) == before
        assert Path(room["TINGZHEN_DATA_DIR"], "records.sqlite").exists()

    def test_crawls_tags_and_stores_there(self, installed: Path, room: dict[str, str]) -> None:
        demo = ["tingzhen", "demo", "--no-stay", "--json", "--folder", f"{room['TINGZHEN_DATA_DIR']}/demo"]
        del room["TINGZHEN_DATA_DIR"]  # the demo has its own
        ran = subprocess.run(  # noqa: S603 - our own command
            [installed / "opt" / "tingzhen" / "bin" / demo[0], *demo[1:]], cwd=room["SRV"], env=room,
            capture_output=True, text=True, **as_other(),
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert '"leads":' in ran.stdout

    def test_a_list_of_what_is_in_it_can_be_made_for_those_who_look_for_weak_parts(
        self, installed: Path, tmp_path: Path
    ) -> None:
        """`make sbom`, of this folder: CycloneDX 1.6 with versions, licences and what needs what."""
        recipe = re.search(r"cyclonedx-py environment (?P<words>.*?)\n\n", MAKEFILE, re.S)
        assert recipe
        words = recipe["words"].replace("\\\n", " ").split()
        program, out = installed / "opt" / "tingzhen" / "bin" / "python", tmp_path / "sbom.json"
        given = [
            {"build/image/bin/python": program, "dist/tingzhen.cdx.json": out}.get(word, word)
            for word in words
        ]
        command = [TOOLS / "cyclonedx-py", "environment", "--validate", *given]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - our own tool
        assert ran.returncode == 0, ran.stderr
        told = json.loads(out.read_text(encoding="utf-8"))
        assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
        listed = {each["name"].lower().replace("_", "-"): each["version"] for each in told["components"]}
        lock = (ROOT / "requirements" / "server.lock").read_text(encoding="utf-8")
        pinned = dict(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", lock, re.M))
        assert {
            name: version for name, version in listed.items() if pinned.get(name, version) != version
        } == {}
        assert {"scrapy", "fastapi", "sqlalchemy", "elasticsearch", "psycopg"} <= listed.keys()
        assert told["metadata"]["component"]["version"] == PROJECT["project"]["version"]

    def test_speaks_to_all_servers_that_settings_can_name(
        self, installed: Path, room: dict[str, str]
    ) -> None:
        python = installed / "opt" / "tingzhen" / "bin" / "python"
        clients = "import elasticsearch, psycopg, procrastinate, authlib, opentelemetry.sdk"
        ran = subprocess.run([python, "-c", clients], env=room, capture_output=True, text=True)  # noqa: S603 - our own
        assert ran.returncode == 0, ran.stderr
