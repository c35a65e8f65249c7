"""The rendered spider with a real Chromium against local pages whose posts only scripts create."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from crawler.browser import EXECUTABLES, Gate
from crawler.parsing.outcomes import Blocked, PageError, Refusal
from crawler.sample.forum import SitePage
from crawler.spiders.rendered.options import Selectors
from crawler.spiders.rendered.pages import CardPage, read_cards
from tests.site.pages import Site, crawl, header, serve
from tests.site.replica import Asked, as_json, crawl_table
from tests.site.send_times import RECORDING, pauses
from tests.site.store import RECHECK, keeping, kept
from tests.support.coroutines import finish

# In CI a missing browser is a failure, not a skip.
MISSING = not any(map(shutil.which, EXECUTABLES)) and not os.environ.get("CI")
browser = [pytest.mark.browser, pytest.mark.skipif(MISSING, reason="no Chromium on this machine")]

SELECT = """[replica.select]
post = "article.card"
id = "::attr(data-id)"
title = "h3"
text = ".body"
time = "time::attr(datetime)"
link = "a::attr(href)"
author = ".by"
drop = [".sign"]
"""
LINES = 'pages = ["news?page={page}"]\nregion = "四川成都"\nmax_pages = 5\nwait = 5\n'
RENDER = LINES + "render = true\n" + SELECT

NO_POSTS = "fetch = () => new Promise(() => {});"
SCRIPT = """
<script>
const page = new URLSearchParams(location.search).get("page");
fetch(`/api/posts?page=${page}&agent=${encodeURIComponent(navigator.userAgent)}&robot=${navigator.webdriver}`)
  .then(answer => answer.json()).then(posts => {
    for (const post of posts) {
      const card = document.createElement("article");
      card.className = "card"; card.dataset.id = post.id;
      card.innerHTML = `<h3>${post.title}</h3><p class=body>${post.text}<i class=sign>签名</i></p>
        <span class=by>${post.by}</span><time datetime="${post.at}"></time><a href="/p/${post.id}">全文</a>`;
      document.body.append(card);
    }
  });
EXTRA
</script><img src="/cat.png"><video src="/cat.mp4" autoplay></video>
<style>@font-face { font-family: x; src: url(/x.woff2) } body { font-family: x }</style>"""


def posts(page: int) -> list[dict[str, str]]:
    now = datetime.now(UTC)
    return [
        {
            "id": f"{page}-{n}",
            "title": f"第 {page} 页第 {n} 条",
            "text": f"肩颈酸第 {n} 天",
            "by": "豆花",
            "at": (now - timedelta(hours=page, minutes=n)).isoformat(),
        }
        for n in range(1, 4)
    ]


def html(body: str, *, status: int = 200, **headers: str) -> SitePage:
    page = f"<!doctype html><html><head><title>社区</title></head><body>{body}</body></html>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SitePage(
        status=status, body=page.encode(), headers={"Content-Type": "text/html; charset=utf-8", **named}
    )


def app(extra: str = "", pages: int = 2) -> Callable[[Asked], SitePage | None]:
    """A page without posts and a script that fetches them."""

    def answer(asked: Asked) -> SitePage | None:
        parts = urlsplit(asked.path)
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
        if parts.path == "/api/posts":
            return as_json(posts(number) if number <= pages else [])
        if parts.path == "/news":
            return html(SCRIPT.replace("EXTRA", extra), Set_Cookie="visitor=1; Path=/")
        return None

    return answer


def asked_for(site: Site, path: str) -> list[Asked]:
    return [asked for asked in site.requests if urlsplit(asked.path).path == path]


class TestBrowser:
    pytestmark = browser

    def test_posts_that_only_scripts_create(self, tmp_path: Path) -> None:
        with serve(app()) as site:
            crawled = crawl(tmp_path, site, "rendered", RENDER, "-s", "TINGZHEN_CONTACT=ops@clinic.example")
            url = site.url
        assert (crawled.run.outcome, len(crawled.posts)) == ("ok", 6)
        post = crawled.post("1-1")
        assert (post.title, post.text, post.url) == ("第 1 页第 1 条", "肩颈酸第 1 天", f"{url}p/1-1")
        assert [hint.text for hint in post.place_hints] == ["四川成都"]
        assert len(post.author_key) == 22
        assert "豆花" not in repr(crawled.posts)

    def test_says_who_it_is_and_loads_no_more_than_it_needs(self, tmp_path: Path) -> None:
        with serve(app()) as site:
            crawled = crawl(tmp_path, site, "rendered", RENDER)
        query = parse_qs(urlsplit(asked_for(site, "/api/posts")[0].path).query)
        assert query["agent"][0].startswith("tingzhen/")
        assert "(+" in query["agent"][0]  # the contact
        assert query["robot"] == ["true"]  # nothing hides that a program drives the browser
        assert {header(asked, "User-Agent")[:9] for asked in site.requests} == {"tingzhen/"}
        assert {urlsplit(path).path for path in crawled.paths} == {"/robots.txt", "/news", "/api/posts"}
        # What a page sets lives as long as the page, and is forgotten before the next one.
        assert not [asked for asked in asked_for(site, "/news") if header(asked, "Cookie")]

    def test_the_second_run_opens_the_browser_at_once(self, tmp_path: Path) -> None:
        with serve(app(pages=1)) as site:
            first = crawl(tmp_path, site, "rendered", RENDER)
            second = crawl(tmp_path, site, "rendered", RENDER)
        assert first.paths.count("/news?page=1") == 2  # plain, then in the browser
        assert second.paths.count("/news?page=1") == 1
        assert (second.run.totals.posts_known, second.run.outcome) == (3, "ok")

    @pytest.mark.parametrize(
        "extra",
        [
            "fetch('/private/x');",
            "fetch('/api/like', {method: 'POST'});",
            "fetch('http://localhost:PORT/api/posts?page=1');",
            "location.protocol; new Image().src = 'http://169.254.169.254/latest/meta-data';",
        ],
        ids=["robots", "post", "another host", "metadata service"],
    )
    def test_a_script_cannot_go_where_we_may_not(self, tmp_path: Path, extra: str) -> None:
        def pages(asked: Asked) -> SitePage | None:
            return app(extra.replace("PORT", site.url.rsplit(":", 1)[1].rstrip("/")), pages=1)(asked)

        with serve(pages) as site:
            crawled = crawl(tmp_path, site, "rendered", RENDER)
        assert len(crawled.posts) == 3
        assert not asked_for(site, "/private/x")
        assert not asked_for(site, "/api/like")
        assert not [asked for asked in site.requests if header(asked, "Host").startswith("localhost")]

    def test_what_scripts_ask_for_is_spaced_and_counted(self, tmp_path: Path) -> None:
        paths: list[str] = []
        first = "Promise.all([0, 1, 2, 3].map(n => fetch(`/api/more?n=${n}`))).then(() => fetch(`/api/posts"
        script = SCRIPT.replace("fetch(`/api/posts", first).replace("webdriver}`)", "webdriver}`))")
        rest = app(pages=1)

        def pages(asked: Asked) -> SitePage | None:
            paths.append(asked.path)
            if asked.path.startswith("/news"):
                return html(script.replace("EXTRA", ""))
            return as_json([]) if asked.path.startswith("/api/more") else rest(asked)

        with serve(pages) as site:
            lines = "delay = 0.4\n" + RENDER.replace("max_pages = 5", "max_pages = 1")
            toml = f'[replica]\nengine = "rendered"\nurl = "{site.url}"\nallow_private = true\n{lines}'
            crawled = crawl_table(tmp_path, "rendered", toml, *RECORDING)
        assert len([path for path in paths if path.startswith("/api/")]) == 5
        assert len(pauses(tmp_path, "scripts")) == 5  # between the page and the five
        assert min(pauses(tmp_path, "scripts")) >= 0.4
        assert crawled.run.totals.pages == len(paths)

    def test_the_budget_of_the_day_holds_for_scripts_too(self, tmp_path: Path) -> None:
        with serve(app("for (let n = 0; n < 20; n++) fetch('/api/more');", pages=1)) as site:
            crawled = crawl(tmp_path, site, "rendered", "pages_per_day = 6\n" + RENDER)
        assert len(crawled.paths) == 1 + 6  # robots.txt, and six answers
        assert crawled.run.totals.pages == 6
        assert crawled.run.outcome == "truncated"

    def test_a_redirect_leads_nowhere_else(self, tmp_path: Path) -> None:
        """The browser follows redirects by itself; other hosts do not even have an address for it."""

        def pages(asked: Asked) -> SitePage | None:
            if asked.path.startswith("/news") and "chromium" in header(asked, "sec-ch-ua").lower():
                port = site.url.rsplit(":", 1)[1]
                return SitePage(status=302, headers={"Location": f"http://localhost:{port}stolen"})
            return html("<p>脚本页</p>") if asked.path.startswith("/news") else html("<p>别处</p>")

        with serve(pages) as site:
            crawled = crawl(tmp_path, site, "rendered", RENDER)
        assert not asked_for(site, "/stolen")
        assert crawled.run.outcome == "failed"

    @pytest.mark.parametrize(
        ("extra", "limit", "outcome", "reason"),
        [
            ("while (true) {}", 12, "failed", "停下来"),
            ("const all = []; for (;;) all.push(new Array(1e6).fill(Math.random()));", 12, "failed", ""),
            (
                f"setTimeout(() => {{ location.href = '/login?next=news' }}, 50); {NO_POSTS}",
                300,
                "blocked",
                "登录",
            ),
            (f"document.title = '安全验证'; {NO_POSTS}", 300, "blocked", "要求验证"),
        ],
        ids=["endless loop", "memory hog", "login", "captcha"],
    )
    def test_pages_that_misbehave_end(
        self, tmp_path: Path, extra: str, limit: int, outcome: str, reason: str
    ) -> None:
        rest = app()

        def pages(asked: Asked) -> SitePage | None:
            if asked.path.startswith("/login"):
                return html("<p>登录</p>")
            if asked.path.startswith("/news"):
                first = f"<script>{extra}</script>"
                return html(first + SCRIPT.replace("EXTRA", ""))
            return rest(asked)

        with serve(pages) as site:
            crawled = crawl(tmp_path, site, "rendered", RENDER, "-s", f"TINGZHEN_PAGE_SECONDS={limit}")
        assert crawled.run.outcome == outcome
        assert reason in crawled.run.reason

    def test_tabs_are_used_again(self, tmp_path: Path) -> None:
        with serve(app(pages=4)) as site:
            crawled = crawl(
                tmp_path, site, "rendered", RENDER, "-s", "STATS_DUMP=True", "-s", "LOG_LEVEL=INFO"
            )
        assert len(crawled.posts) == 12
        assert "'playwright/page_count': 1," in crawled.log


def test_without_render_the_plain_page_has_to_do(tmp_path: Path) -> None:
    now = datetime.now(UTC).isoformat()
    words = f'<h3>题</h3><p class="body">头晕</p><time datetime="{now}"></time>'
    page = html(f'<article class="card" data-id="7">{words}</article>')
    with serve(lambda asked: page if "page=1" in asked.path else html("<p>没有了</p>")) as site:
        plain = crawl(tmp_path, site, "rendered", LINES + SELECT)
    assert [post.id for post in plain.posts] == ["replica/7"]
    assert plain.run.outcome == "ok"


def test_a_static_page_needs_no_browser(tmp_path: Path) -> None:
    """render = true, but the posts are in the plain page already: one plain request a page."""
    now = datetime.now(UTC).isoformat()
    card = f'<article class="card"><p class="body">头晕</p><time datetime="{now}"></time></article>'
    with serve(lambda asked: html(card if "page=1" in asked.path else "")) as site:
        crawled = crawl(tmp_path, site, "rendered", RENDER.replace('"news?page={page}"', '"news?page=1"'))
    assert len(crawled.posts) == 1
    assert crawled.paths == ("/robots.txt", "/news?page=1")


SHAPE = Selectors(post="li.p", time=".t", text=".x", title="b", id="::attr(id)", next="a.n", drop=(".q",))
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def read(body: str) -> CardPage | Refusal | Blocked:
    return read_cards(body, SHAPE, url="https://x.example/a/", now=NOW, zone=ZoneInfo("Asia/Shanghai"))


def test_a_post_whose_own_page_is_gone_is_gone_here(tmp_path: Path) -> None:
    cards = "".join(
        f"<article class=card data-id={n}><h3>第 {n} 条</h3><p class=body>肩颈酸</p>"
        f'<time datetime="2026-11-20T08:00:00+08:00"></time><a href="/p/{n}">全文</a></article>'
        for n in (1, 2)
    )
    own = {"/p/1": "肩颈酸，" * 400, "/p/2": "肩颈酸，" * 400}

    def site_of(asked: Asked) -> SitePage | None:
        if asked.path == "/news":
            return html(cards)
        return html(own[asked.path]) if asked.path in own else None

    lines = 'pages = ["news"]\ndays = 3650\n' + SELECT
    with serve(site_of) as site:
        crawl(tmp_path, site, "rendered", lines, *keeping(tmp_path))
        del own["/p/2"]
        checked = crawl(tmp_path, site, "rendered", lines, *keeping(tmp_path), *RECHECK)
    assert list(kept(tmp_path)) == ["1"]
    assert sorted(checked.paths[1:]) == ["/p/1", "/p/2"]
    assert checked.run.totals.posts_gone == 1


def test_cards_by_selectors() -> None:
    page = read(
        '<ul><li class="p" id="a1"><b>题目</b><p class="x">正文<i class="q">引用</i></p>'
        '<i class="t">昨天 12:03</i></li>'
        '<li class="p"><p class="x">没有时间</p></li></ul><a class="n">下一页</a>'
    )
    assert isinstance(page, CardPage)
    (card,) = page.cards
    assert (card.id, card.title, card.text) == ("a1", "题目", "正文")
    assert card.published_at == datetime(2026, 11, 21, 4, 3, tzinfo=UTC)
    assert (page.more, len(page.odd)) == (True, 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [("<p>新版</p>", "不是有 'li.p' 的页面"), ('<li class="p"><b>x</b></li>', "1 块都读不出帖子")],
)
def test_a_changed_layout_is_loud(body: str, words: str) -> None:
    with pytest.raises(PageError, match=words):
        read(body)


class Wanted:
    """A browser's request."""

    def __init__(self, url: str, kind: str = "fetch", method: str = "GET") -> None:
        self.url, self.resource_type, self.method = url, kind, method


@pytest.mark.parametrize(
    ("wanted", "blocked"),
    [
        (Wanted("https://a.example/api"), False),
        (Wanted("https://a.example/private/api"), True),
        (Wanted("https://a.example/x.png", "image"), True),
        (Wanted("https://a.example/api", "fetch", "POST"), True),
        (Wanted("https://cdn.example/app.js", "script"), False),
        (Wanted("https://cdn.example/data.json"), True),
        (Wanted("https://elsewhere.example/app.js", "script"), True),
        (Wanted("http://127.0.0.1/x"), True),
        (Wanted("file:///etc/passwd", "document"), True),
        (Wanted("ftp://a.example/x"), True),
    ],
    ids=lambda value: value.url if isinstance(value, Wanted) else "",
)
def test_the_gate(wanted: Wanted, blocked: bool) -> None:
    asked: list[tuple[str, bool]] = []

    async def admit(host: str, *, code: bool) -> bool:
        asked.append((host, code))
        return True

    gate = Gate(
        frozenset({"a.example"}), frozenset({"cdn.example"}), lambda url: "/private" not in url, admit
    )
    assert finish(gate(wanted)) is blocked
    assert len(asked) == (not blocked)
