"""GitHub's workflow files: what their schema allows, pinned, and the same that .ci/run does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def workflow(name: str) -> dict[str, Any]:
    found = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def steps(name: str, job: str) -> list[dict[str, Any]]:
    return list(workflow(name)["jobs"][job]["steps"])


def test_github_understands_every_workflow() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.github-workflows", *FILES]
    ran = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own tool
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_others_wrote_is_pinned_to_a_commit_and_says_which_version_that_is(file: Path) -> None:
    used = re.findall(r"uses: (.*)", file.read_text(encoding="utf-8"))
    assert used
    assert [each for each in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", each)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_may_be_written_unless_a_job_says_so(file: Path) -> None:
    assert workflow(file.name)["permissions"] == {"contents": "read"}


def test_ci_runs_what_we_run_on_every_python_that_is_promised() -> None:
    assert {"run": ".ci/run"} in steps("ci.yml", "checks-and-tests")
    tested = workflow("ci.yml")["jobs"]["checks-and-tests"]["strategy"]["matrix"]["python"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert tested == re.findall(r"Programming Language :: Python :: (3\.\d+)", project)


def test_a_release_passes_everything_first_and_holds_packages_and_their_contents() -> None:
    runs = [each["run"] for each in steps("release.yml", "packages") if "run" in each]
    assert runs.index(".ci/run") < runs.index("make dist sbom")
    assert any("gh release create" in each for each in runs)


def test_both_images_are_released() -> None:
    targets = workflow("release.yml")["jobs"]["image"]["strategy"]["matrix"]["include"]
    assert [each["target"] for each in targets] == ["server", "browser"]
    stages = re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.M)
    assert {each["target"] for each in targets} <= set(stages)
