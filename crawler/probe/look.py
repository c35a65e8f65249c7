"""Looks at a site that somebody wants to read: robots.txt, engine, charset, boards, feed, archiver, links.

A handful of polite requests (crawler.probe.visitor); whatever robots.txt forbids is not asked for. What was
found becomes a table of sources.toml, switched off until somebody has looked at it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import urljoin, urlsplit

from parsel import Selector

from crawler.parsing.charset import decode
from crawler.parsing.css import attribute
from crawler.parsing.user_agent import PRODUCT
from crawler.probe.visitor import FetchError, Page, Visitor
from crawler.sources.permission import Robots, is_private_address, read_robots

MAX_BOARDS = 60
MAX_LOOKED_INTO = 12  # boards whose first page is asked for, to see their sub-boards
_SUB_BOARDS = re.compile(r"<div id=[\"']subforum_\d+.*?</table>", re.DOTALL)
_GENERATORS = (
    ("discuz", re.compile(r"Discuz!\s*(X?[\d.]*)", re.IGNORECASE)),
    ("discourse", re.compile(r"Discourse\s+([\d.]+)", re.IGNORECASE)),
    ("flarum", re.compile(r"Flarum\s*([\d.]*)", re.IGNORECASE)),
    ("nodebb", re.compile(r"NodeBB\s*v?([\d.]*)", re.IGNORECASE)),
    ("phpbb", re.compile(r"phpBB\s*([\d.]*)", re.IGNORECASE)),
    ("phpwind", re.compile(r"phpwind\s*v?([\d.]*)", re.IGNORECASE)),
)
# What stands in the pages of engines that do not name themselves in a generator tag.
_MARKS = (
    ("discuz", ('Powered by <strong><a href="https://www.discuz', "discuz_uid", "Powered by Discuz!")),
    ("phpbb", ('Powered by <a href="https://www.phpbb.com/', 'id="phpbb"')),
    ("mybb", ('Powered By <a href="https://mybb.com', "MyBB.settings", "jscripts/general.js")),
    ("flarum", ('id="flarum-app"', 'id="flarum-loading"')),
    ("nodebb", ("/assets/nodebb", "Powered by NodeBB", "nodebb.min.js")),
    ("discourse", ("data-discourse-", "discourse-presence")),
)
_HOSTS = {"weibo.com": "weibo", "weibo.cn": "weibo", "tieba.baidu.com": "tieba"}
_LINKS = (
    ("rewritten", re.compile(r"\bforum-(\d+)-\d+\.html")),
    ("plain", re.compile(r"forum\.php\?(?:[^\"'#]*&)?mod=forumdisplay(?:&[^\"'#]*)?&fid=(\d+)")),
    ("discuz7", re.compile(r"forumdisplay\.php\?(?:[^\"'#]*&)?fid=(\d+)")),
)

_SESSION = re.compile(r"[?&](?:sid|s)=[0-9a-f]{32}(?=$)")  # phpBB gives each visitor one of its own
_ANY_LINK = "//a[@href]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Boards:
    """Where an engine's pages name boards. `links` (XPath) leaves out categories and boards that are links to
    elsewhere; a site with templates of its own is read by `number` alone."""

    number: re.Pattern[str]
    listing: str  # address of a board's page, under the site's root
    links: str


_BOARDS = {
    "phpbb": _Boards(
        number=re.compile(r"viewforum\.php\?(?:[^\"'#]*&)?f=(\d+)"),
        listing="viewforum.php?f={}",
        links="//ul[contains(@class,'forums')]//dl[not(contains(@class,'forum_link'))]"
        "//a[contains(@class,'forumtitle') or contains(@class,'subforum')]"
        "[not(i[contains(@class,'external')])]",
    ),
    "mybb": _Boards(
        number=re.compile(r"(?:forumdisplay\.php\?(?:[^\"'#]*&)?fid=|\bforum-)(\d+)"),
        listing="forumdisplay.php?fid={}",
        links="//tr[.//*[contains(@class,'forum_status')][not(contains(@class,'forum_offlink'))]]//a[@href]",
    ),
    "phpwind": _Boards(
        number=re.compile(r"thread\.php\?(?:[^\"'#]*&)?fid[=-](\d+)"),
        listing="thread.php?fid={}",
        links="//a[starts-with(@id,'fn_')]",
    ),
}


@dataclass(slots=True, kw_only=True)
class Found:
    """What a look at a site gave. `engine` is "" when none is known; `boards` are (id, name) pairs."""

    url: str  # the site's root, ending in "/"
    robots: str = ""  # the verdict on the root, as a sentence
    allowed: bool = False
    delay: float = 0.0  # seconds that robots.txt asks for
    engine: str = ""
    version: str = ""
    charset: str = ""  # how the page really decodes, and what was declared where that differs
    title: str = ""
    links: str = ""
    boards: list[tuple[str, str]] = field(default_factory=list)
    feeds: list[str] = field(default_factory=list)  # addresses
    archiver: bool = False
    notes: list[str] = field(default_factory=list)  # what a person should know (zh-CN)


def look(url: str, visitor: Visitor, *, consent: bool = False) -> Found:
    """Looks at the site of `url`, robots.txt first; with its owner's `consent` also at what that forbids, as
    a crawl on that ground does. The verdict is told either way, and its delay kept.

    Raises:
        FetchError: the address is no http(s) address, is in a private network, or does not answer.
    """
    found = Found(url=_root(url))
    robots = _robots(found, visitor)
    verdict = robots.verdict(url, PRODUCT)
    found.allowed, found.robots = verdict.allowed, verdict.reason
    found.delay = robots.delay(PRODUCT)
    visitor.delay = max(visitor.delay, found.delay)
    found.engine = _by_host(url)
    if not verdict.allowed and not consent:
        found.notes.append("没有再看别的页面")
        return found
    if consent:
        robots = Robots(rules=None)
    page = visitor.get(url)
    if page.status != 200:
        raise FetchError(f"{url} 答 HTTP {page.status}")
    found.url = _root(page.url)
    html = _read(found, page)
    if _is_feed(html):
        found.engine, found.feeds = "feed", [page.url]
        return found
    _name_engine(found, html)
    found.feeds += _feeds(page.url, html)
    if found.engine == "discuz":
        _discuz(found, html, robots, visitor)
    elif found.engine in _BOARDS:
        _by_pages(found, html, _BOARDS[found.engine], robots, visitor)
    return found


def _root(url: str) -> str:
    """The folder of a forum's page: "https://a.example/bbs/forum.php?x" → "https://a.example/bbs/".

    Raises:
        FetchError: no address at all.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        raise FetchError("不是网址") from None
    return f"{parts.scheme}://{parts.netloc}{parts.path.rpartition('/')[0]}/"


def _robots(found: Found, visitor: Visitor) -> Robots:
    try:
        page = visitor.get(urljoin(found.url, "/robots.txt"))
    except FetchError as error:
        host = urlsplit(found.url).hostname or ""
        if "内网" in str(error) or is_private_address(host) or "只读 http" in str(error):
            raise
        return Robots(rules=None, reachable=False, note=str(error))
    return read_robots(page.status, page.body)


def _by_host(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return next((engine for name, engine in _HOSTS.items() if host == name or host.endswith(f".{name}")), "")


def _read(found: Found, page: Page) -> str:
    html = decode(page.body, page.charset)
    declared = page.charset or _meta_charset(html)
    try:
        page.body.decode("utf-8-sig")
        real = "utf-8"
    except UnicodeDecodeError:
        real = "gb18030"
    same = real[:2] == declared.lower()[:2]
    found.charset = real if same else f"{real}（声明是 {declared or '没有'}）"
    found.title = " ".join((Selector(text=html[:20_000]).css("title::text").get() or "").split())[:80]
    return html


def _meta_charset(html: str) -> str:
    named = re.search(r"<meta[^>]+charset=[\"']?([\w-]+)", html[:4096], re.IGNORECASE)
    return named[1] if named else ""


def _is_feed(text: str) -> bool:
    start = text.lstrip("\ufeff \r\n\t")[:2000]
    return bool(re.search(r"<(?:rss|feed|rdf:RDF)[\s>]", start)) or (
        start.startswith("{") and "jsonfeed.org/version" in start
    )


def _name_engine(found: Found, html: str) -> None:
    generator = " ".join(Selector(text=html).xpath("//meta[@name='generator']/@content").getall())
    for engine, form in _GENERATORS:
        named = form.search(generator)
        if named:
            found.engine, found.version = engine, named[1].strip(".")
            return
    marked = (engine for engine, marks in _MARKS if any(mark in html for mark in marks))
    found.engine = found.engine or next(marked, "")


def _feeds(url: str, html: str) -> list[str]:
    links = Selector(text=html).xpath(
        "//link[contains(@rel,'alternate') and (contains(@type,'rss') or contains(@type,'atom')"
        " or contains(@type,'feed+json'))]/@href"
    )
    return list(dict.fromkeys(_SESSION.sub("", urljoin(url, href)) for href in links.getall()))


# ── Discuz! ───────────────────────────────────────────────────────────────────────────────────────────────


def _discuz(found: Found, html: str, robots: Robots, visitor: Visitor) -> None:
    counts = {form: len(pattern.findall(html.replace("&amp;", "&"))) for form, pattern in _LINKS}
    found.links = max(counts, key=lambda form: counts[form]) if any(counts.values()) else "plain"
    found.boards = _boards(html, dict(_LINKS)[found.links])
    if not found.boards:
        found.notes.append("首页上没有看到版块：请把地址换成论坛首页（forum.php）再试，或自己写 boards")
        return
    board = found.boards[0][0]
    found.archiver = "tid-" in _maybe(
        f"archiver/?fid-{board}.html", found, robots, visitor
    ) or "fid-" in _maybe("archiver/", found, robots, visitor)
    feed = "rss.php?fid={}" if found.links == "discuz7" else "forum.php?mod=rss&fid={}"
    if not robots.verdict(urljoin(found.url, _listing(found, board)), PRODUCT).allowed:
        found.allowed, found.robots = False, "robots.txt 不允许主题列表"
    else:
        _add_sub_boards(found, robots, visitor)
    if "<rss" in _maybe(feed.format(board), found, robots, visitor):
        found.feeds += [urljoin(found.url, feed.format(number)) for number, _ in found.boards]


def _listing(found: Found, board: str) -> str:
    return {
        "plain": f"forum.php?mod=forumdisplay&fid={board}",
        "rewritten": f"forum-{board}-1.html",
        "discuz7": f"forumdisplay.php?fid={board}",
    }[found.links]


def _add_sub_boards(found: Found, robots: Robots, visitor: Visitor) -> None:
    """Sub-boards stand on the pages of their boards only, and are boards of their own."""

    def boards_of(page: str) -> list[tuple[str, str]]:
        block = _SUB_BOARDS.search(page)
        return _boards(block[0], dict(_LINKS)[found.links]) if block else []

    _look_below(found, lambda number: _maybe(_listing(found, number), found, robots, visitor), boards_of)


def _boards(html: str, pattern: re.Pattern[str], links: str = _ANY_LINK) -> list[tuple[str, str]]:
    """Boards by number, with the first name that is not a picture or a count."""
    names: dict[str, str] = {}
    for link in Selector(text=html or "<html/>").xpath(links):
        number = pattern.search(attribute(link, "href"))
        name = " ".join((link.xpath("string(.)").get() or "").split())
        if number and not names.get(number[1]):
            names[number[1]] = name[:40]
    return list(names.items())[:MAX_BOARDS]


def _maybe(path: str, found: Found, robots: Robots, visitor: Visitor) -> str:
    """A page that may be missing or forbidden: "" then."""
    url = urljoin(found.url, path)
    if not robots.verdict(url, PRODUCT).allowed:
        return ""
    try:
        page = visitor.get(url)
    except FetchError:
        return ""
    return decode(page.body, page.charset) if page.status == 200 else ""


# ── other forums ──────────────────────────────────────────────────────────────────────────────────────────


def _by_pages(found: Found, html: str, boards: _Boards, robots: Robots, visitor: Visitor) -> None:
    found.boards = _boards(html, boards.number, boards.links) or _boards(html, boards.number)
    if not found.boards:
        found.notes.append("这一页上没有看到版块：请把地址换成论坛首页再试，或自己写 boards")
        return
    listing = boards.listing.format(found.boards[0][0])
    if not robots.verdict(urljoin(found.url, listing), PRODUCT).allowed:
        found.allowed, found.robots = False, "robots.txt 不允许主题列表"
        return
    _look_below(
        found,
        lambda number: _maybe(boards.listing.format(number), found, robots, visitor),
        lambda page: _boards(page, boards.number, boards.links),
    )


def _look_below(
    found: Found,
    page_of: Callable[[str], str],
    boards_of: Callable[[str], list[tuple[str, str]]],
) -> None:
    """Adds the boards that only the pages of their boards name."""
    known = dict(found.boards)
    waiting = list(known)  # grows: below a board below a board there may be more
    for number in islice(waiting, MAX_LOOKED_INTO):
        for sub, name in boards_of(page_of(number)):
            if sub not in known:
                known[sub] = f"{known[number]} / {name}"[:40]
                waiting.append(sub)
    found.boards = list(known.items())[:MAX_BOARDS]


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────


def table(found: Found, name: str, *, enabled: bool, private: bool) -> str:
    """The table of sources.toml for what was found, with a comment on what needs a person's eye."""
    lines = [f"[{name}]  # {_plain(found.title)}" if found.title else f"[{name}]"]
    lines += [f"# {note}" for note in found.notes]
    lines += [
        f"enabled = {str(enabled).lower()}",
        f'engine = "{found.engine}"',
        f"url = {_quoted(found.url)}",
    ]
    lines += ["allow_private = true"] if private else []
    lines += [f"delay = {found.delay:g}"] if found.delay > 1 else []
    if found.engine == "discuz":
        lines += [f'links = "{found.links}"', f'route = "{"auto" if found.archiver else "desktop"}"']
    if found.engine == "discuz" or found.boards:
        boards = (f"  {{ id = {_quoted(number)}, name = {_quoted(name)} }}," for number, name in found.boards)
        lines += ["boards = [", *boards, "]"]
    if found.engine == "feed":
        paths = ", ".join(_quoted(address.removeprefix(found.url)) for address in found.feeds)
        lines.append(f"feeds = [{paths}]")
    lines.append('permission = { ground = "robots" }')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """A comment ends with its line."""
    return "".join(char if char.isprintable() else " " for char in text)
