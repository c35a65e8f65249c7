"""Weibo's pages: m.weibo.cn answers, s.weibo.com results, what stands in the way, and crawls with consent."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.items import PlaceHint, Post
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.sample.forum import SitePage
from crawler.spiders.weibo.pages import ResultPage, blocked, read_cards, read_long_text, read_search
from crawler.spiders.weibo_api.pages import StatusPage, read_page
from crawler.spiders.weibo_status import mid_of, posts_of, read_status
from tests.site.crawl import Crawled
from tests.site.replica import Asked, Replica, as_json, crawl_table, serve_replica, table
from tests.support.paths import PAGES

HERE = PAGES / "weibo"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECRET = b"a secret of this test only"


def saved(name: str) -> str:
    return decode((HERE / name).read_bytes(), "")


def cards() -> ResultPage:
    page = read_cards(saved("cards.json"), now=NOW)
    assert isinstance(page, ResultPage)
    return page


def results() -> ResultPage:
    page = read_search(saved("search.html"), now=NOW)
    assert isinstance(page, ResultPage)
    return page


def posts(page: ResultPage) -> dict[str, Post]:
    found, _, odd = posts_of(page.statuses, now=NOW, secret=SECRET)
    assert odd == ()
    return {post.post_id[-1]: post for post in found}


# ── m.weibo.cn ────────────────────────────────────────────────────────────────────────────────────────────


def test_cards_of_both_kinds_are_walked() -> None:
    assert [status.mid[-1] for status in cards().statuses] == ["1", "2", "3", "4", "6", "8"]
    assert cards().more


def test_a_post_of_a_group() -> None:
    post = posts(cards())["2"]
    assert post == Post(
        source="weibo",
        post_id="5000000000000002",
        url="https://m.weibo.cn/detail/5000000000000002",
        text="右边大牙疼了两天[泪]\n武侯区哪家牙科靠谱",
        author_key=post.author_key,
        author_kind="person",
        published_at=datetime(2026, 11, 22, 9, 55, tzinfo=UTC),
        fetched_at=NOW,
        place_hints=(PlaceHint(kind="ip", text="四川"),),
        likes=1_000_000,
        replies=3,
        reposts=0,
    )
    assert len(post.author_key) == 22


def test_pinned_posts_are_known_as_such() -> None:
    assert [status.mid[-1] for status in cards().statuses if status.pinned] == ["1"]
    assert posts(cards())["1"].author_kind == "organisation"


def test_reposts_bring_their_original_unless_it_is_gone() -> None:
    found = posts(cards())
    assert list(found) == ["1", "2", "3", "4", "5", "6", "8"]
    assert found["4"].repost_of == found["5"].id == "weibo/5000000000000005"
    assert found["5"].place_hints == (PlaceHint(kind="checkin", text="成都·春熙路"),)
    assert found["6"].repost_of == "weibo/5000000000000007"


@pytest.mark.parametrize(
    ("number", "day"),
    [
        ("1", "2026-11-19T00:00:00"),
        ("2", "2026-11-22T09:55:00"),
        ("3", "2026-11-21T04:03:00"),
        ("4", "2026-11-19T16:00:00"),
        ("5", "2026-11-17T16:00:00"),
        ("8", "2026-06-26T16:00:00"),
    ],
)
def test_forms_of_time(number: str, day: str) -> None:
    assert posts(cards())[number].published_at == datetime.fromisoformat(f"{day}+00:00")


def test_a_point_is_latitude_first() -> None:
    assert posts(cards())["8"].place_hints == (
        PlaceHint(kind="geo", text="成都·磨子桥", lat=30.65, lon=104.08),
    )


def test_a_cut_text_and_its_whole() -> None:
    assert [status.mid[-1] for status in cards().statuses if status.cut] == ["3"]
    whole = read_long_text(saved("extend.json"))
    assert whole == "智齿发炎，脸肿了一圈，昨天去医院排了一上午的队\n还没看上，求推荐"


def test_no_name_gets_through() -> None:
    assert "虚构昵称" not in repr([*posts(cards()).values(), *posts(results()).values()])


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ({"ok": -100, "url": "https://passport.weibo.com/x"}, Blocked(reason="微博：要求登录（ok:-100）")),
        ({"ok": 0, "msg": "访问频繁，请验证"}, Blocked(reason="微博：访问频繁，请验证")),
        ({"ok": 0, "msg": "该微博不存在"}, Refusal(reason="该微博不存在", gone=True)),
        ({"ok": 0, "msg": "这里还没有内容"}, ResultPage(statuses=())),
        ({"ok": 1, "data": {"cards": []}}, ResultPage(statuses=())),
    ],
)
def test_answers_without_posts_are_told_apart(answer: dict[str, object], wanted: object) -> None:
    assert read_cards(json.dumps(answer), now=NOW) == wanted


@pytest.mark.parametrize("text", ["<html><p>新版</p></html>", "[]", '{"ok": 1, "data": {}}', '{"ok": 1}'])
def test_an_unknown_answer_is_loud(text: str) -> None:
    with pytest.raises(PageError):
        read_cards(text, now=NOW)


def test_one_broken_post_is_set_aside_all_broken_is_loud() -> None:
    good = {"card_type": 9, "mblog": {"id": "5", "created_at": "刚刚", "text": "x", "user": None}}
    bad = {"card_type": 9, "mblog": {"id": "6", "created_at": "?", "text": "x"}}
    page = read_cards(json.dumps({"ok": 1, "data": {"cards": [good, bad]}}), now=NOW)
    assert isinstance(page, ResultPage)
    assert (len(page.statuses), len(page.odd)) == (1, 1)
    with pytest.raises(PageError, match="微博 6 的时间"):
        read_cards(json.dumps({"ok": 1, "data": {"cards": [bad]}}), now=NOW)


# ── s.weibo.com ───────────────────────────────────────────────────────────────────────────────────────────


def test_results_with_place_and_number_of_pages() -> None:
    assert (len(results().statuses), results().pages, results().more) == (4, 3, True)
    post = posts(results())["2"]
    assert post.text.startswith("右边大牙疼了两天， 武侯区哪家牙科靠谱")
    assert post.place_hints == (PlaceHint(kind="checkin", text="成都·武侯祠"),)
    assert (post.reposts, post.replies, post.likes) == (None, 12, 12_000)


def test_the_full_text_stands_in_the_hidden_sibling() -> None:
    assert posts(results())["3"].text == "智齿发炎，脸肿了一圈，排了一上午的队\n求推荐"
    assert not results().statuses[1].cut


@pytest.mark.parametrize(
    ("number", "day"),
    [
        ("3", "2026-11-22T09:25:00"),
        ("4", "2026-11-20T02:14:00"),
        ("5", "2026-11-18T15:57:00"),
        ("6", "2025-09-18T15:57:00"),
    ],
)
def test_forms_of_time_in_results(number: str, day: str) -> None:
    assert posts(results())[number].published_at == datetime.fromisoformat(f"{day}+00:00")


def test_a_reposted_block_is_a_post_of_its_own() -> None:
    found = posts(results())
    assert found["4"].text == "转发微博"
    assert found["4"].repost_of == found["5"].id
    assert found["5"].text == "洗牙之后牙龈出血正常吗"
    assert found["6"].repost_of == ""


def test_no_result_is_empty_not_blocked() -> None:
    assert read_search(saved("search_none.html"), now=NOW) == ResultPage(statuses=(), pages=0)


# ── what stands in the way ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("busy_gbk.html", "微博：网络繁忙页"),
        ("passport_gbk.html", "微博：登录页"),
        ("captcha.html", "微博：访问受限，要求验证"),
    ],
)
@pytest.mark.parametrize("read", [read_search, read_cards], ids=["search", "cards"])
def test_pages_that_block(read: Callable[..., object], name: str, reason: str) -> None:
    assert read(saved(name), now=NOW) == Blocked(reason=reason)
    assert blocked(saved("search.html")) is None


# ── one post, one id ──────────────────────────────────────────────────────────────────────────────────────


def test_api_page_and_results_name_the_same_post_alike() -> None:
    status = {
        "id": 5000000000000002,
        "created_at": "Sun Nov 22 17:55:00 +0800 2026",
        "text": "右边大牙疼了两天",
        "user": {"id": 90001002},
    }
    page = read_page(json.dumps({"statuses": [status]}), now=NOW, system="wgs84")
    assert isinstance(page, StatusPage)
    (by_api,), _, _ = posts_of(page.statuses, now=NOW, secret=SECRET)
    by_page, by_search = posts(cards())["2"], posts(results())["2"]
    assert {post.id for post in (by_api, by_page, by_search)} == {"weibo/5000000000000002"}
    assert {post.url for post in (by_api, by_page, by_search)} == {by_api.url}
    assert {post.author_key for post in (by_api, by_page, by_search)} == {by_api.author_key}


@pytest.mark.parametrize(
    "fields",
    [
        {"id": 3501756485200075},
        {"idstr": "3501756485200075", "id": 3.5e15},
        {"mid": "3501756485200075"},
        {"bid": "z0JH2lOMb"},
        {"id": "z0JH2lOMb", "mblogid": "z0JH2lOMb"},
    ],
)
def test_numbers_and_bids_are_one(fields: dict[str, object]) -> None:
    assert mid_of(fields) == "3501756485200075"


def test_without_a_number_it_is_no_post() -> None:
    with pytest.raises(PageError):
        read_status({"id": 3.5e15, "created_at": "刚刚", "text": "x"}, now=NOW)


# ── crawls ────────────────────────────────────────────────────────────────────────────────────────────────


class Mobile(Replica):
    """m.weibo.cn with two pages of results and one long text; `special` stands before everything."""

    def __init__(self, special: SitePage | None = None, robots: str = "") -> None:
        super().__init__()
        self.special, self.robots = special, robots

    def answer(self, asked: Asked) -> SitePage:
        parts = urlsplit(asked.path)
        if parts.path == "/robots.txt":
            return SitePage(body=self.robots.encode())
        if self.special is not None:
            return self.special
        if parts.path == "/statuses/extend":
            return SitePage(body=(HERE / "extend.json").read_bytes())
        page = parse_qs(parts.query)["page"][-1]
        if parts.path == "/weibo":
            name = "search.html" if page == "1" else "search_none.html"
            return SitePage(body=(HERE / name).read_bytes(), headers={"Content-Type": "text/html"})
        if page == "1":
            return SitePage(body=(HERE / "cards.json").read_bytes())
        return as_json({"ok": 0, "msg": "这里还没有内容"})


CONSENT = '{ ground = "consent", who = "站方", when = 2020-01-01, until = 2999-01-01, note = "书面" }'


def crawl(folder: Path, site: Mobile, permission: str = CONSENT, **lines: str) -> Crawled:
    site.requests.clear()
    base = {"words": '["牙疼 成都"]', "days": "3650", "permission": permission}
    return crawl_table(folder, "weibo", table("weibo-pages", "weibo", site, **(base | lines)))


def test_with_consent_and_robots_it_reads_results_and_long_texts(tmp_path: Path) -> None:
    with serve_replica(Mobile()) as site:
        assert isinstance(site, Mobile)
        found = crawl(tmp_path, site)
    assert found.run.outcome == "ok"
    assert {post.post_id[-1] for post in found.posts} == set("1234568")
    whole = [post.text for post in found.posts if post.post_id.endswith("3")]
    assert whole[-1].endswith("还没看上，求推荐")
    assert {post.query for post in found.posts} == {"牙疼 成都"}
    assert "q%3D%25E7%2589%2599" in site.paths[1]  # words quoted twice


def test_result_pages_are_read_too(tmp_path: Path) -> None:
    with serve_replica(Mobile()) as site:
        assert isinstance(site, Mobile)
        found = crawl(tmp_path, site, pages='"search"')
    # "今天17:25" of the saved page has not come yet when the test runs in the morning.
    assert {post.post_id[-1] for post in found.posts} >= set("2456")


@pytest.mark.parametrize("ground", ["robots", "official_api", "import"])
def test_no_other_ground_will_do(tmp_path: Path, ground: str) -> None:
    with serve_replica(Mobile()) as site:
        assert isinstance(site, Mobile)
        found = crawl(tmp_path, site, f'{{ ground = "{ground}" }}')
    assert site.requests == []
    assert found.run.outcome == "refused"
    assert "只在站方书面同意后抓取" in found.run.reason


def test_consent_does_not_stand_above_robots(tmp_path: Path) -> None:
    with serve_replica(Mobile(robots="User-agent: *\nDisallow: /\n")) as site:
        assert isinstance(site, Mobile)
        found = crawl(tmp_path, site)
    assert site.paths == ["/robots.txt"]
    assert (found.run.outcome, found.run.reason) == ("refused", "robots.txt 不允许")


@pytest.mark.parametrize(
    ("special", "reason"),
    [
        (SitePage(status=418), "HTTP 418"),
        (SitePage(status=432), "HTTP 432"),
        (as_json({"ok": -100, "url": "https://passport.weibo.com/"}), "ok:-100"),
        (
            SitePage(status=302, headers={"Location": "https://passport.weibo.com/visitor/visitor?entry=x"}),
            "转到登录或验证页面",
        ),
        (SitePage(body=(HERE / "captcha.html").read_bytes()), "要求验证"),
        (SitePage(body=(HERE / "busy_gbk.html").read_bytes()), "网络繁忙"),
        (SitePage(body=(HERE / "passport_gbk.html").read_bytes()), "登录页"),
    ],
    ids=["418", "432", "ok -100", "passport", "captcha", "busy", "passport page"],
)
def test_whatever_stands_in_the_way_stops_the_crawl(tmp_path: Path, special: SitePage, reason: str) -> None:
    with serve_replica(Mobile(special)) as site:
        assert isinstance(site, Mobile)
        found = crawl(tmp_path, site, words='["牙疼", "智齿", "发烧"]', delay="0.2")
    assert len(site.requests) == 2  # robots.txt, and one page
    assert found.run.outcome == "blocked"
    assert reason in found.run.reason
