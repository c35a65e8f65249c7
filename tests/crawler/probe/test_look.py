"""Looking at a site: what is found, and how politely."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.probe.look import Found, look, table
from crawler.probe.visitor import MAX_BYTES, FetchError, Visitor
from crawler.sample.forum import Forum, SitePage, serve, serve_forum
from crawler.sample.topics import Style, load_topics
from crawler.sources.load import load_sources
from tests.site.traps import TrapForum, html, trap_forum

AGENT = "tingzhen/0 (+test)"


def visitor(**values: object) -> Visitor:
    return Visitor(agent=AGENT, allow_private=True, delay=0.0, **values)  # type: ignore[arg-type]  # by name


def look_at(forum: Forum, path: str = "forum.php") -> tuple[Found, list[str]]:
    with serve(forum) as served:
        found = look(served.url + path, visitor())
        return found, [asked for _, asked in served.forum.requests]


def sample(**style: object) -> Forum:
    boards, topics = load_topics(datetime.now(UTC))
    return Forum(boards=boards, topics=topics, style=Style(**style))  # type: ignore[arg-type]  # by name


def test_a_discuz_forum() -> None:
    found, asked = look_at(sample())
    assert (found.engine, found.version, found.charset) == ("discuz", "X3.5", "utf-8")
    assert (found.links, found.archiver, found.allowed) == ("plain", True, True)
    assert ("36", "健康求助") in found.boards
    assert asked[0] == "/robots.txt"
    assert len(asked) <= 5 + len(found.boards)


@pytest.mark.parametrize(
    ("style", "links", "charset"),
    [
        ({"rewritten": True}, "rewritten", "utf-8"),
        ({"version": "7.2", "encoding": "gb18030", "declared": "gbk"}, "discuz7", "gb18030"),
        ({"encoding": "gb18030", "declared": "utf-8"}, "plain", "gb18030（声明是 utf-8）"),
    ],
)
def test_forms_of_links_and_charsets(style: dict[str, object], links: str, charset: str) -> None:
    found, _ = look_at(sample(**style))
    assert found.links == links
    assert found.charset.startswith(charset)
    assert ("36", "健康求助") in found.boards


def test_what_robots_forbids_is_not_asked_for() -> None:
    found, asked = look_at(sample(robots="User-agent: *\nDisallow: /archiver/\nDisallow: /*mod=rss*\n"))
    assert not [path for path in asked if "archiver" in path or "rss" in path]
    assert (found.archiver, found.feeds) == (False, [])
    shut, asked = look_at(sample(robots="User-agent: *\nDisallow: /\n"))
    assert asked == ["/robots.txt"]
    assert (shut.allowed, shut.robots) == (False, "robots.txt 不允许")


def test_robots_that_cannot_be_read_forbid_everything() -> None:
    found, asked = look_at(trap_forum({"/robots.txt": SitePage(status=503)}))
    assert asked == ["/robots.txt"]
    assert not found.allowed


@pytest.mark.parametrize(
    ("page", "engine", "version"),
    [
        ('<meta name="generator" content="Discourse 3.2.1 - https://x">', "discourse", "3.2.1"),
        ('<div id="flarum-app"></div>', "flarum", ""),
        ('<script src="/assets/nodebb.min.js"></script>', "nodebb", ""),
        ('<meta name="generator" content="phpBB">', "phpbb", ""),
        ("<p>我的主页</p>", "", ""),
    ],
)
def test_other_engines(page: str, engine: str, version: str) -> None:
    found, _ = look_at(trap_forum({"/forum.php": html(page)}))
    assert (found.engine, found.version) == (engine, version)


BOARDS = {
    "phpbb": """<div id="phpbb"><ul class="topiclist"><li><a href="./viewforum.php?f=3">本地</a></li></ul>
        <ul class="topiclist forums">{}</ul></div>""",
    "mybb": '<script>var MyBB.settings</script><a href="forumdisplay.php?fid=3">本地</a><table>{}</table>',
    "phpwind": '<meta name="generator" content="phpwind 8.7"><a href="thread.php?fid=3">本地</a>{}',
}
ROWS = {
    "phpbb": '<li><dl class="{}"><a href="./viewforum.php?f={}" class="forumtitle">{}</a></dl></li>',
    "mybb": """<tr><td><span class="forum_status {}"></span></td>
        <td><strong><a href="forumdisplay.php?fid={}">{}</a></strong></td></tr>""",
    "phpwind": '<h2 class="{0}"><a href="thread.php?fid={1}" id="fn_{1}">{2}</a></h2>',
}
LISTS = {
    "phpbb": "/viewforum.php?f={}",
    "mybb": "/forumdisplay.php?fid={}",
    "phpwind": "/thread.php?fid={}",
}
LINKS = {"phpbb": "forum_link", "mybb": "forum_offlink"}


@pytest.mark.parametrize("engine", ["phpbb", "mybb", "phpwind"])
def test_boards_of_other_forums_are_found_with_those_below_and_written(tmp_path: Path, engine: str) -> None:
    row, frame = ROWS[engine], BOARDS[engine]
    elsewhere = row.format(LINKS[engine], "12", "外站") if engine in LINKS else ""
    pages = {"/index.php": html(frame.format(row.format("x", "4", "求助") + elsewhere))}
    for upper, number, name in (("4", "5", "口腔"), ("5", "6", "牙套")):
        pages[LISTS[engine].format(upper)] = html(frame.format(row.format("x", number, name)))
    found, _ = look_at(trap_forum(pages), "index.php")
    boards = [("4", "求助"), ("5", "求助 / 口腔"), ("6", "求助 / 口腔 / 牙套")]
    assert (found.engine, found.boards) == (engine, boards)
    (tmp_path / "sources.toml").write_text(
        table(found, "site", enabled=False, private=True), encoding="utf-8"
    )
    assert [board.id for board in load_sources(tmp_path / "sources.toml")[0].boards] == ["4", "5", "6"]


def test_the_address_of_a_feed_has_no_visitors_number() -> None:
    link = f'<link rel="alternate" type="application/atom+xml" href="/app.php/feed?sid={"0a" * 16}">'
    found, _ = look_at(trap_forum({"/forum.php": html(link)}))
    assert [address.partition("/app")[2] for address in found.feeds] == [".php/feed"]


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0"?><rss version="2.0"><channel/></rss>',
        '<feed xmlns="http://www.w3.org/2005/Atom"/>',
    ],
)
def test_a_feed(tmp_path: Path, body: str) -> None:
    found, _ = look_at(trap_forum({"/feed.xml": SitePage(body=body.encode())}), "feed.xml")
    assert found.engine == "feed"
    written = table(found, "news", enabled=False, private=True)
    assert 'feeds = ["feed.xml"]' in written
    (tmp_path / "sources.toml").write_text(written, encoding="utf-8")
    assert load_sources(tmp_path / "sources.toml")[0].engine == "feed"


def test_feeds_a_page_names() -> None:
    link = '<link rel="alternate" type="application/rss+xml" href="/x/feed">'
    found, _ = look_at(trap_forum({"/forum.php": html(link)}))
    assert [address.partition("/x")[2] for address in found.feeds] == ["/feed"]


def test_names_cannot_break_the_table(tmp_path: Path) -> None:
    found = Found(url="https://a.example/", engine="discuz", links="plain", title='x"]\n[evil]\x00')
    found.boards = [("1", 'a" }, { id = "2'), ("3", "多\\行\x7f")]
    (tmp_path / "sources.toml").write_text(table(found, "a", enabled=False, private=False), encoding="utf-8")
    (source,) = load_sources(tmp_path / "sources.toml")
    assert [board.name for board in source.boards] == ['a" }, { id = "2', "多\\行\x7f"]


# ── the visitor ───────────────────────────────────────────────────────────────────────────────────────────


def test_pages_are_a_second_apart_and_we_say_who_we_are() -> None:
    with serve_forum() as served:
        guest = Visitor(agent=AGENT, allow_private=True)
        for _ in range(3):
            guest.get(served.url)
        times = [moment for moment, _ in served.forum.requests]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.98
    assert guest.delay == 1.0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/", "内网"),
        ("http://localhost:1/", "内网"),
        ("http://169.254.169.254/latest/", "内网"),
        ("http://0x7f000001/", "内网"),
        ("file:///etc/passwd", "只读 http"),
        ("ftp://a.example/", "只读 http"),
        ("http://user:word@a.example/", "只读 http"),
        ("http://no-such-site.invalid/", "域名解析不了"),
    ],
)
def test_addresses_that_are_not_read(url: str, words: str) -> None:
    with pytest.raises(FetchError, match=words):
        Visitor(agent=AGENT, delay=0.0).get(url)


class SlowForum(TrapForum):
    def special(self, path: str, query: object) -> SitePage | None:
        if path == "/huge":
            return SitePage(chunks=lambda: (b"x" * 1_000_000 for _ in range(100)))
        if path == "/drip":
            return SitePage(chunks=drip)
        target = {
            "/away": "http://10.0.0.1/",
            "/port": "http://127.0.0.1:9/",
            "/odd": "http://[::1/",
            "/loop": "/loop",
            "/in": "/forum.php",
        }.get(path)
        return SitePage(status=302, headers={"Location": target}) if target else None


def drip():  # type: ignore[no-untyped-def]  # an endless answer
    while True:
        time.sleep(0.1)
        yield b" "


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("huge", "MB"),
        ("drip", "太久"),
        ("away", "别的主机 10.0.0.1$"),
        ("port", "别的主机 127.0.0.1:9$"),
        ("odd", "不是网址"),
        ("loop", "没有尽头"),
    ],
)
def test_answers_that_are_cut_off(path: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.probe.visitor.SECONDS", 0.5)
    boards, topics = load_topics(datetime.now(UTC))
    with serve(SlowForum(boards=boards, topics=topics)) as served, pytest.raises(FetchError, match=words):
        visitor().get(served.url + path)
    assert MAX_BYTES <= 8_000_000


def test_a_redirect_within_the_site_is_followed() -> None:
    boards, topics = load_topics(datetime.now(UTC))
    with serve(SlowForum(boards=boards, topics=topics)) as served:
        assert visitor().get(served.url + "in").url == served.url + "forum.php"


@pytest.mark.parametrize("address", ["http://[::1/", "http://a.example:99999/", "http://[bbs]/forum.php"])
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(FetchError, match="不是网址"):
        look(address, visitor())
