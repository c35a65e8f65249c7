"""The dossier tells what was measured, says what is a draft, holds no writer's words, and can be verified."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.coverage.runs import Totals
from leads.actions import dossier
from leads.actions.erase import erase
from leads.actions.schedule import HouseKeeping
from leads.config import Settings
from leads.dossier.chained_file import TamperedError
from leads.dossier.document import TITLES
from leads.errors import InputError
from leads.records import open_records, origins
from leads.storage import coverage, open_index
from tests.support.builders import NOW, lead, mention, symptom
from tests.support.commands import run

SAID = "右边智齿肿得厉害"
SOURCES = """
[bay]
engine = "discuz"
url = "https://bay.example/"
boards = ["2"]

[hill]
engine = "discuz"
url = "https://hill.example/"
boards = ["3"]
[hill.permission]
ground = "consent"
who = "hill 站长"
when = 2026-10-01
until = 2027-09-30
note = "邮件第 7 号"
"""


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Two sources, three runs, two writers, one of whom was erased."""
    settings = Settings(data_dir=tmp_path / "data")
    with open_index(settings) as index, open_records(settings) as records:
        index.upsert(
            [lead(1, SAID, author_key="a", symptoms=(symptom(child=True),)), lead(2, author_key="b")]
        )
        index.upsert_mentions([mention(3, author_key="a")])
        with records.transaction() as session:
            origins.keep(session, index.posts(["forum/1", "forum/2", "forum/3"]))
        erase(records, index, "post", "forum/2", who="lin", now=NOW, reason="本人要求", settings=settings)
    (settings.data_dir / "sources.toml").write_text(SOURCES, "utf-8")
    with coverage(settings) as book:
        for day, verdict in enumerate(("robots.txt 允许", "robots.txt 允许", "robots.txt 不允许")):
            began = NOW + timedelta(days=day)
            number = book.start_run("bay", {}, began)
            totals = Totals(pages=360, size=9_000_000, closest_ms=5200 - day, refused=day)
            book.save_run(number, totals, robots=verdict, first=None, last=None)
            book.finish_run(number, "ok", "", began + timedelta(hours=1))
    return settings


def made(settings: Settings) -> str:
    with open_index(settings) as index, open_records(settings) as records:
        return dossier.make(settings, records, index, who="lin", now=NOW).content.decode()


def figures(html: str, section: str) -> Any:  # JSON
    found = re.search(rf'<script type="application/json" id="data-{section}">(.*?)</script>', html)
    assert found is not None
    return json.loads(found[1])


def test_it_has_every_section_and_no_writers_word(here: Settings) -> None:
    html = made(here)
    assert all(title in html for title in TITLES.values() if title not in ("封面", "结尾"))
    assert SAID not in html
    assert "forum/2" not in html, "the erased post is a receipt's number"
    assert html.count("草稿") >= 4


def test_what_robots_said_is_told_from_when_to_when(here: Settings) -> None:
    bay, hill = figures(made(here), "sources")
    assert [(each["verdict"], each["runs"], each["refused"]) for each in bay["verdicts"]] == [
        ("robots.txt 允许", 2, 1),
        ("robots.txt 不允许", 1, 2),
    ]
    assert (hill["ground"], hill["who"], hill["note"]) == ("consent", "hill 站长", "邮件第 7 号")


def test_the_load_is_what_was_measured(here: Settings) -> None:
    load = figures(made(here), "load")["bay"]
    assert (load["pages"], load["hours"], load["size"], load["closest_ms"]) == (1080, 3.0, 27_000_000, 5198)
    assert (load["busiest_pages"], load["runs"]) == (360, 3)
    assert "平均每小时 360 次请求，平均每 10.0 秒一次" in made(here)


def test_people_are_counted_by_pseudonym(here: Settings) -> None:
    people = figures(made(here), "impact")
    assert people == {
        "writers": 1, "nameless": 0, "leads": 1, "mentions": 1, "with_health": 1, "about_children": 1,
        "by_children": 0,
        "oldest": (NOW - timedelta(hours=1)).isoformat(),
    }  # fmt: skip


def test_erasures_and_deeds_are_told_without_saying_whose(here: Settings) -> None:
    html = made(here)
    (gone,) = figures(html, "erasures")
    assert (gone["kind"], gone["reason"], len(gone["number"])) == ("post", "本人要求", 12)
    deeds = figures(html, "audits")
    assert [each["action"] for each in deeds] == ["erase.post"]
    assert deeds[0]["subject"] == gone["number"]


def test_by_command_it_is_written_and_verified(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("dossier", "--out", "d.html").code == 0
    file = tmp_path / "d.html"
    assert "操作记录里有它" in run("dossier", "verify", "d.html").out
    content = file.read_bytes()
    file.write_bytes(content.replace(b"hill.example", b"hall.example", 1))
    broken = run("dossier", "verify", "d.html")
    assert (broken.code, TITLES["sources"] in broken.said) == (InputError.exit_code, True)
    with pytest.raises(InputError, match="读不了"):
        dossier.verify(here, tmp_path / "none.html")


def test_a_whole_new_chain_is_not_known_here(here: Settings, tmp_path: Path) -> None:
    other = Settings(data_dir=tmp_path / "other")
    (tmp_path / "d.html").write_text(made(here), "utf-8")
    assert dossier.verify(here, tmp_path / "d.html").made_at == NOW
    assert dossier.verify(other, tmp_path / "d.html").made_at is None
    (tmp_path / "d.html").write_text("<html></html>", "utf-8")
    with pytest.raises(TamperedError):
        dossier.verify(here, tmp_path / "d.html")


def test_what_expired_is_written_down(here: Settings) -> None:
    later = NOW + timedelta(days=here.leads.expire_days + 1)
    with open_index(here) as index, open_records(here) as records:
        HouseKeeping(here, records, index, clock=lambda: later).purge()
        HouseKeeping(here, records, index, clock=lambda: later).purge()
    (gone,) = figures(made(here), "retention")
    assert gone["detail"] == {"posts": 2}
