"""Health question pages: selectors from data, question pages only, doctors told from askers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.sample.forum import SitePage
from crawler.sources.load import SourceError, load_sources
from crawler.spiders.forum.pages import ThreadPage
from crawler.spiders.health_qa.pages import QuestionList, read_list, read_question
from crawler.spiders.health_qa.sites import health_site, health_sites
from tests.site.pages import crawl, serve
from tests.site.replica import Asked
from tests.site.store import RECHECK, keeping, kept
from tests.support.paths import PAGES

HERE = PAGES / "health_qa"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
LINES = 'site = "120ask"\nenabled = true\ndays = 3650\nboards = [{ id = "kqk", name = "口腔科" }]'


def saved(name: str) -> str:
    return decode((HERE / name).read_bytes(), "")


def question(name: str) -> ThreadPage:
    page = read_question(saved(f"{name}_question.html"), health_site(name), now=NOW, zone=ZONE)
    assert isinstance(page, ThreadPage)
    return page


def test_first_question_of_120ask() -> None:
    page = question("120ask")
    first = page.floors[0]
    assert (page.title, first.author) == ("智齿发炎怎么办", "小葵花")
    assert first.text == "右下智齿发炎三天，脸肿了，我在成都武侯区上班。\n要不要马上拔？"
    assert first.published_at == datetime(2026, 11, 20, 13, 15, 8, tzinfo=UTC)
    assert [(floor.pid, floor.text) for floor in page.floors[1:]] == [
        ("ans501", "急性期先消炎，一周后再拔。"),
        ("ans502", "注意漱口。"),
    ]
    assert page.floors[2].published_at == first.published_at  # without a time of its own


def test_first_question_of_xywy_in_gbk() -> None:
    page = question("xywy")
    assert (page.title, page.floors[0].author) == ("孩子咳嗽半个月怎么办", "匿名")
    assert page.floors[0].text == "夜里咳得厉害，镕城这边最近降温。\n要不要拍片"
    assert page.floors[1].published_at == datetime(2026, 11, 20, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("name", health_sites())
def test_age_and_sex_are_left_where_they_are(name: str) -> None:
    words = repr(question(name))
    assert "岁" not in words
    assert "女" not in words


@pytest.mark.parametrize(
    ("name", "numbers", "other"),
    [("120ask", ["70000001", "70000002"], 2), ("xywy", ["20261120/190000001", "20261120/190000002"], 1)],
)
def test_lists_give_question_pages_only(name: str, numbers: list[str], other: int) -> None:
    page = read_list(saved(f"{name}_list.html"), health_site(name), url="http://club.xywy.com/x/")
    assert isinstance(page, QuestionList)
    assert ([number for number, _ in page.questions], page.other) == (numbers, other)


@pytest.mark.parametrize(
    ("site", "path", "allowed"),
    [
        ("120ask", "/question/7.htm", True),
        ("120ask", "/question/7.html", True),
        ("120ask", "/question/7.htm/../../zixun/1", False),
        ("120ask", "/zixun/7.htm", False),
        ("120ask", "/ask/zixun/question/7.htm", False),
        ("xywy", "/static/20261120/7.htm", True),
        ("xywy", "/static/consult/7.htm", False),
        ("xywy", "/zixun/20261120/7.htm", False),
    ],
)
def test_the_list_of_paths_that_are_ever_opened(site: str, path: str, allowed: bool) -> None:
    assert bool(health_site(site).number(f"https://any.example{path}")) is allowed


@pytest.mark.parametrize("name", health_sites())
def test_every_site_builds_only_addresses_it_may_open(name: str) -> None:
    site = health_site(name)
    number = "20261120/1" if "/static/" in site.only else "1"
    assert site.number("https://x.example/" + site.question.format(id=number)) == number


@pytest.mark.parametrize(
    ("html", "kind"),
    [("<title>请登录</title>", Refusal), ("<title>安全验证</title>", Blocked), ("<title>首页</title>", None)],
)
def test_other_pages_are_told_apart(html: str, kind: type | None) -> None:
    site = health_site("120ask")
    for read in (
        lambda: read_list(f"<html>{html}</html>", site, url="https://x.example/"),
        lambda: read_question(f"<html>{html}</html>", site, now=NOW, zone=ZONE),
    ):
        if kind is None:
            with pytest.raises(PageError):
                read()
        else:
            assert isinstance(read(), kind)


def test_it_is_off_unless_the_table_says_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    table = '[q]\nengine = "health_qa"\nurl = "https://www.120ask.com/"\nsite = "120ask"\nboards = ["kqk"]\n'
    path.write_text(table, encoding="utf-8")
    assert [source.enabled for source in load_sources(path)] == [False]
    path.write_text(table.replace('["kqk"]', "[]"), encoding="utf-8")
    with pytest.raises(SourceError, match="缺少 boards"):
        load_sources(path)


def clinic(asked: Asked) -> SitePage | None:
    """120ask's shape; the second question redirects to a consultation."""
    headers = {"Content-Type": "text/html; charset=utf-8"}
    if asked.path == "/list/kqk/all/1/":
        return SitePage(body=saved("120ask_list.html").replace("NEXT", "").encode(), headers=headers)
    if asked.path == "/question/70000001.htm":
        return SitePage(body=saved("120ask_question.html").encode(), headers=headers)
    if asked.path == "/question/70000002.htm":
        return SitePage(status=302, headers={"Location": "/case/consult/99.htm"})
    if asked.path == "/case/consult/99.htm":
        return SitePage(body=saved("120ask_question.html").encode(), headers=headers)
    return None


def test_questions_by_persons_and_answers_by_professionals(tmp_path: Path) -> None:
    with serve(clinic) as site:
        crawled = crawl(tmp_path, site, "health_qa", LINES)
        again = crawl(tmp_path, site, "health_qa", LINES)
    assert [(post.post_id, post.author_kind, post.floor) for post in crawled.posts] == [
        ("t70000001", "person", 1),
        ("p70000001-ans501", "professional", None),
        ("p70000001-ans502", "professional", None),
    ]
    post = crawled.posts[0]
    assert (post.title, post.query, post.replies, post.thread_id) == (
        "智齿发炎怎么办",
        "口腔科",
        2,
        "70000001",
    )
    assert "小葵花" not in repr(crawled.posts)
    assert "某某某" not in repr(crawled.posts)
    assert [gap.reason for gap in crawled.gaps if gap.kind == "refused"] == ["转到了问题页以外的地方，不读"]
    assert not [path for path in crawled.paths if "zixun" in path]
    assert "/question/70000001.htm" not in again.paths  # read once


def by_day(asked: Asked) -> SitePage | None:
    found = re.fullmatch(r"/keshi/(\d{4}-\d\d-\d\d)/1\.html", asked.path)
    if found:
        day = found[1].replace("-", "")
        return SitePage(body=(HERE / "xywy_list.html").read_bytes().replace(b"20261120", day.encode()))
    if asked.path.startswith("/static/"):
        return SitePage(body=(HERE / "xywy_question.html").read_bytes())
    return None


def lists(paths: tuple[str, ...]) -> int:
    return sum("/keshi/" in path for path in paths)


def test_a_list_by_day_is_walked_day_by_day_and_old_days_once(tmp_path: Path) -> None:
    lines = 'site = "xywy"\nenabled = true\ndays = 4'
    with serve(by_day) as site:
        first = crawl(tmp_path, site, "health_qa", lines)
        second = crawl(tmp_path, site, "health_qa", lines)
    assert (lists(first.paths), lists(second.paths)) == (4, 2)
    assert len(first.posts) == 4 * 2 * 2
    assert first.run.totals.listed == 8
    today = datetime.now(UTC).astimezone(ZONE).date()
    assert f"/keshi/{today - timedelta(days=3)}/1.html" in first.paths


def test_a_question_gone_at_the_source_is_gone_here_and_edits_follow(tmp_path: Path) -> None:
    gone: list[bool] = []
    edited: list[str] = []

    def site_of(asked: Asked) -> SitePage | None:
        page = None if gone and asked.path == "/question/70000001.htm" else clinic(asked)
        if page is None or not edited or not asked.path.startswith("/question/"):
            return page
        return SitePage(body=page.body.replace("注意漱口。".encode(), b"<p>edited</p>"), headers=page.headers)

    with serve(site_of) as site:
        crawl(tmp_path, site, "health_qa", LINES, *keeping(tmp_path))
        assert sorted(kept(tmp_path)) == ["p70000001-ans501", "p70000001-ans502", "t70000001"]
        edited.append("yes")
        changed = crawl(tmp_path, site, "health_qa", LINES, *keeping(tmp_path), *RECHECK)
        assert kept(tmp_path)["p70000001-ans502"] == "edited"
        gone.append(True)
        checked = crawl(tmp_path, site, "health_qa", LINES, *keeping(tmp_path), *RECHECK)
    assert (changed.run.totals.posts_changed, changed.run.totals.posts_gone) == (1, 0)
    assert (kept(tmp_path), checked.run.totals.posts_gone) == ({}, 3)
