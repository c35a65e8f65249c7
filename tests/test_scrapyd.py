"""What scrapyd-deploy makes of scrapy.cfg is an egg that scrapyd runs: its spiders, its settings, a crawl."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crawler.sample.forum import serve_forum, sources_toml
from tests.support.paths import ROOT

# The two files of scrapyd that matter, in our own words: the setup.py its client writes where there is none,
# and how its runner starts Scrapy on an egg. (scrapyd itself wants an older setuptools than we build with.)
SETUP = """
from setuptools import find_packages, setup
setup(name="project", version="1.0", packages=find_packages(),
      entry_points={"scrapy": ["settings = crawler.settings"]})
"""
RUNNER = """
import os, sys
from importlib.metadata import distributions
sys.path.insert(0, sys.argv.pop(1))
(egg,) = distributions(path=sys.path[:1])
(entry,) = egg.entry_points.select(group="scrapy", name="settings")
os.environ["SCRAPY_SETTINGS_MODULE"] = entry.value
from scrapy.cmdline import execute
execute()
"""


@pytest.fixture(scope="module")
def egg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The egg of a checkout, built as scrapyd-deploy builds it."""
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "scrapy.cfg", checkout)
    for package in ("crawler", "nlp", "leads"):
        shutil.copytree(ROOT / package, checkout / package, ignore=shutil.ignore_patterns("__pycache__"))
    (checkout / "setup.py").write_text(SETUP, encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "setup.py", "-q", "bdist_egg", "-d", "eggs"]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)  # noqa: S603 - our own command
    (made,) = (checkout / "eggs").glob("*.egg")
    return made


def ran(egg: Path, folder: Path, *words: str) -> str:
    """What Scrapy says, run from the egg alone: the checkout is nowhere on the path."""
    environment = {**os.environ, "PYTHONPATH": str(egg), "TINGZHEN_DATA_DIR": str(folder / "data")}
    environment["TINGZHEN_SOURCES"] = str(folder / "sources.toml")
    command = [sys.executable, "-c", RUNNER, str(egg), *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)  # noqa: S603 - as above
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_all_engines_are_there(egg: Path, tmp_path: Path) -> None:
    engines = {path.parent.name for path in (ROOT / "crawler" / "spiders").glob("*/spider.py")}
    assert engines - {"rendered"} <= set(ran(egg, tmp_path, "list").split())


def test_a_crawl_by_scrapyd_writes_posts_to_its_feed(egg: Path, tmp_path: Path) -> None:
    with serve_forum() as forum:
        (tmp_path / "sources.toml").write_text(sources_toml(forum.url), encoding="utf-8")
        ran(egg, tmp_path, "crawl", "discuz", "-a", "source=sample-forum", "-s", "ITEM_PIPELINES={}",
            "-O", "posts.jsonl")  # fmt: skip
    posts = [json.loads(line) for line in (tmp_path / "posts.jsonl").read_text("utf-8").splitlines()]
    assert len(posts) > 20
    assert all(post["source"] and post["post_id"] and post["url"].startswith(forum.url) for post in posts)
