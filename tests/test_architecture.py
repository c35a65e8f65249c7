"""The shape of the code: who may import whom, and how large a file may grow."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGES = ("crawler", "nlp", "leads")
MAX_LINES = 500


def test_imports_look_upstream_only() -> None:
    """The contracts stand in pyproject.toml; `make check` runs the same."""
    ran = subprocess.run(  # noqa: S603 - our own tool
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout
    assert "0 broken" in ran.stdout


@pytest.mark.parametrize("package", [*PACKAGES, "tests", "benchmarks"])
def test_no_file_outgrows_its_reader(package: str) -> None:
    sizes = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in (ROOT / package).rglob("*.py")
        if "migrations" not in file.parts  # Alembic writes these, and nobody changes them again
    }
    assert {name: size for name, size in sizes.items() if size >= MAX_LINES} == {}


def test_the_spiders_folder_holds_spiders_and_nothing_else() -> None:
    for file in (ROOT / "crawler" / "spiders").glob("*.py"):
        if file.name != "__init__.py":
            assert f'name = "{file.stem}"' in file.read_text(encoding="utf-8"), file.name


def test_every_silenced_check_has_its_reason_beside_it() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# (type: ignore|noqa)(\[[a-z, -]+\]|: [A-Z0-9, ]+)?\s*$", line)
    ]
    assert bare == []
