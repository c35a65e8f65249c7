"""A whole saved forum, as a real Discuz! X3.5 answered a guest, crawled on both routes and compared with what
its database holds. It stands beside the project and is no part of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.site import forks
from tests.site.crawl import environment
from tests.support.paths import SHARED

FORUM = SHARED / "forum"
BOARDS = ("36", "37", "38", "39", "40", "41", "42", "43")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FORUM.exists(), reason="the saved forum is not beside the project"),
]


@contextmanager
def served() -> Iterator[str]:
    command = [sys.executable, str(FORUM / "serve.py"), str(FORUM / "forum.jsonl.gz")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603  # our own command
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def crawled(folder: Path, route: str) -> Path:
    out = folder / "posts.jsonl"
    with served() as url:
        (folder / "sources.toml").write_text(
            f'[saved]\nengine = "discuz"\nurl = "{url}"\nboards = {list(BOARDS)}\nroute = "{route}"\n'
            'links = "rewritten"\ndelay = 0.0\nallow_private = true\nmax_pages = 50\nmax_thread_pages = 50\n'
            'days = 3650\npermission = { ground = "robots" }\n',
            encoding="utf-8",
        )
        settings = {
            "ITEM_PIPELINES": "{}",
            "TINGZHEN_SOURCES": str(folder / "sources.toml"),
            "TINGZHEN_DATA_DIR": str(folder),
            "TINGZHEN_KEEP_DAYS": "3650",
        }
        options = [word for key, value in settings.items() for word in ("-s", f"{key}={value}")]
        words = ["scrapy", "crawl", "discuz", "-O", str(out), *options]
        assert forks.run(words, cwd=folder, env=environment()).returncode == 0
    return out


def compared(posts: Path) -> tuple[float, float, str]:
    """Recall, exactness, and all that the scorer says."""
    command = [sys.executable, str(FORUM / "compare.py"), str(FORUM / "truth.json.gz"), str(posts)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603  # ours
    found = re.search(r"recall ([\d.]+) .*exact ([\d.]+)", said)
    assert found, said
    return float(found[1]), float(found[2]), said


# What the archiver cannot tell: paragraphs and cells run together, headless quotations.
@pytest.mark.parametrize(("route", "exact"), [("desktop", 0.995), ("archiver", 0.91)])
def test_what_the_database_holds_is_what_was_read(tmp_path: Path, route: str, exact: float) -> None:
    recall, found, said = compared(crawled(tmp_path, route))
    assert recall >= 0.995, said
    assert found >= exact, said
    if route == "desktop":
        assert "doubled 0" in said, said
