"""The pages of docs/ as a site: complete, without a broken link, fetching nothing from elsewhere; and the
commands of the tutorial, carried out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import TINGZHEN
from tests.support.paths import ROOT

TOOLS = Path(sys.executable).parent
TUTORIAL = (ROOT / "docs" / "tutorial.zh-CN.md").read_text(encoding="utf-8")
# What a browser fetches by itself on opening a page: not a link that somebody has to click.
FETCHED = (
    r"""<(?:script|img|iframe|source|audio|video|embed)\b[^>]*\bsrc=["']?((?:https?:)?//[^"'\s>]+)""",
    r"""<link\b(?![^>]*rel=["']?canonical)[^>]*\bhref=["']?((?:https?:)?//[^"'\s>]+)""",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(  # noqa: S603 - our own tool
        [TOOLS / "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return folder


def test_every_page_of_the_docs_is_in_it(site: Path) -> None:
    """Strictly built: a page in no menu, a link to nothing and a heading that is not there fail."""
    pages = {f"{page.stem}.html" for page in (ROOT / "docs").glob("*.md")}
    assert pages <= {page.name for page in site.glob("*.html")}


def test_opening_a_page_asks_nobody_else(site: Path) -> None:
    outside = {
        f"{file.relative_to(site)}: {address}"
        for file in site.rglob("*.html")
        for pattern in FETCHED
        for address in re.findall(pattern, file.read_text(encoding="utf-8"))
    }
    styles = {
        f"{file.relative_to(site)}: {address}"
        for file in site.rglob("*.css")
        for address in re.findall(
            r"""(?:url\(|@import )["']?((?:https?:)?//[^"')]+)""", file.read_text("utf-8")
        )
    }
    assert outside | styles == set()


def test_a_search_finds_what_is_written(site: Path) -> None:
    assert "tingzhen" in (site / "search" / "search_index.json").read_text(encoding="utf-8")


def test_the_commands_of_the_tutorial_lead_from_an_empty_folder_to_a_lead(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", TUTORIAL, re.M | re.S)
    assert len(blocks) >= 6
    ran = subprocess.run(  # noqa: S603 - the page's own commands
        ["/bin/sh", "-e", "-c", "".join(blocks)],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{TINGZHEN.parent}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "线索 1，" in ran.stdout
    assert "新提及 1" in ran.stdout
    assert "figurative" in ran.stdout
    assert "智齿" in (tmp_path / "zhensuo" / "xiansuo.csv").read_text(encoding="utf-8-sig")
