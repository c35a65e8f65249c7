"""A polite guest, provably: pace, robots.txt, refusals, pauses, and no way into private networks."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from scrapy import Request
from scrapy.core.downloader import Slot
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler

from crawler import settings
from crawler.coverage.store import Coverage
from crawler.extensions import PoliteThrottle
from crawler.middlewares import AddressRefused, StopMiddleware, retry_after, strange
from crawler.sample.forum import SitePage, serve, serve_forum
from crawler.sample.topics import ROBOTS, Style
from crawler.sources.permission import Permission, is_private_address, read_robots
from crawler.sources.quiet_hours import QuietHours
from crawler.sources.source import Source
from tests.site import forks
from tests.site.crawl import ROOT, command, crawl, environment
from tests.site.send_times import RECORDING, pauses
from tests.site.traps import html, long_forum, trap_forum

ONE_BOARD = {"boards": '["36"]', "expect": "1"}


# ── pace ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_settings_are_a_floor() -> None:
    assert settings.DOWNLOAD_DELAY >= 1.0
    assert settings.DOWNLOAD_DELAY_JITTER == 0.0  # half of the delays would fall below
    assert settings.CONCURRENT_REQUESTS_PER_DOMAIN == 1
    assert settings.AUTOTHROTTLE_ENABLED
    assert settings.ROBOTSTXT_OBEY
    assert not settings.COOKIES_ENABLED
    assert not settings.HTTPPROXY_ENABLED
    assert 429 not in settings.RETRY_HTTP_CODES
    loaded = Settings()
    loaded.setmodule(settings)
    assert loaded["DOWNLOADER_MIDDLEWARES"]["crawler.middlewares.RobotsMiddleware"] == 100


def test_requests_are_a_second_apart_by_default(tmp_path: Path) -> None:
    with serve(long_forum(25)) as served:
        crawl(
            tmp_path,
            served,
            "-s",
            "DOWNLOAD_DELAY=0",
            "-s",
            "AUTOTHROTTLE_ENABLED=0",
            *RECORDING,
            delay="1.0",
            **ONE_BOARD,
        )
        assert len(served.forum.requests) == 5
    assert len(pauses(tmp_path)) == 4
    assert min(pauses(tmp_path)) >= 1.0


@pytest.mark.parametrize(
    ("floor", "latency", "delay"), [(1.0, 0.1, 1.0), (1.0, 8.0, 8.0), (5.0, 0.1, 5.0), (1.0, 900.0, 60.0)]
)
def test_a_slow_host_is_asked_more_slowly_and_none_faster_than_its_floor(
    floor: float, latency: float, delay: float
) -> None:
    crawler = get_crawler(settings_dict={"DOWNLOAD_DELAY": 1.0, "AUTOTHROTTLE_ENABLED": True})
    slot = Slot(concurrency=1, delay=floor)
    downloader = SimpleNamespace(slots={"bbs.example.org": slot})
    crawler.engine = SimpleNamespace(downloader=downloader)  # type: ignore[assignment]  # all it looks at
    spider = crawler._create_spider("x")
    spider.floors = {"bbs.example.org": floor}  # type: ignore[attr-defined]  # a SourceSpider has them
    crawler.spider = spider
    throttle = PoliteThrottle.from_crawler(crawler)
    throttle._spider_opened(spider)
    meta = {"download_slot": "bbs.example.org", "download_latency": latency}
    request = Request("https://bbs.example.org/", meta=meta)
    throttle._response_downloaded(Response(request.url), request, spider)
    assert slot.delay == delay


@pytest.mark.parametrize("rule", ["Crawl-delay: 0.5", "Request-rate: 2/1s"])
def test_robots_delays_are_obeyed(tmp_path: Path, rule: str) -> None:
    style = Style(robots=f"{ROBOTS}{rule}\n")
    with serve(long_forum(25, style=style)) as served:
        crawl(tmp_path, served, *RECORDING, **ONE_BOARD)
    known = pauses(tmp_path)[1:]  # after the answer of robots.txt
    assert known
    assert min(known) >= 0.5


# ── robots.txt ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_disallowed_forum_is_refused(tmp_path: Path) -> None:
    with serve_forum(style=Style(robots="User-agent: *\nDisallow: /\n")) as served:
        crawled = crawl(tmp_path, served)
    assert crawled.paths == ("/robots.txt",)
    assert (crawled.run.outcome, crawled.run.robots) == ("refused", "robots.txt 不允许")


@pytest.mark.parametrize("status", [500, 503, 403])
def test_unreadable_robots_means_no_crawl(tmp_path: Path, status: int) -> None:
    with serve(trap_forum({"/robots.txt": SitePage(status=status)})) as served:
        crawled = crawl(tmp_path, served)
        assert set(crawled.paths) == {"/robots.txt"}
        assert crawled.run.outcome == "refused"
        assert f"HTTP {status}" in crawled.run.robots
        served.forum.rules.clear()  # type: ignore[attr-defined]  # a TrapForum
        again = crawl(tmp_path, served)
    assert len(again.posts) == 123  # nothing was given up in between


def test_our_own_group_in_robots_counts(tmp_path: Path) -> None:
    robots = "User-agent: tingzhen\nDisallow: /forum.php?mod=viewthread\n\nUser-agent: *\nAllow: /\n"
    with serve(long_forum(3, style=Style(robots=robots))) as served:
        crawled = crawl(tmp_path, served, **ONE_BOARD)
    assert [path for path in crawled.paths if "viewthread" in path] == []
    assert crawled.run.totals.refused == 1


def test_consent_stands_above_robots_until_it_lapses(tmp_path: Path) -> None:
    ground = 'ground = "consent", who = "站长", when = 2020-01-01, note = "邮件"'
    with serve(long_forum(3, style=Style(robots="User-agent: *\nDisallow: /\n"))) as served:
        given = f"{{ {ground}, until = 2999-01-01 }}"
        crawled = crawl(tmp_path, served, permission=given, **ONE_BOARD)
        assert len(crawled.posts) == 4
        lapsed = crawl(tmp_path, served, permission=f"{{ {ground}, until = 2020-02-01 }}", **ONE_BOARD)
    assert lapsed.paths == ()
    assert (lapsed.run.outcome, lapsed.run.reason) == ("refused", "站方同意已于 2020-02-01 到期")


@pytest.mark.parametrize(
    ("permission", "allowed", "words"),
    [
        (Permission(ground="robots"), True, "robots.txt"),
        (Permission(ground="official_api"), True, "官方接口"),
        (Permission(ground="import"), False, "不抓取"),
        (Permission(ground="consent"), False, "缺少 who、when、until、note"),
        (
            Permission(ground="consent", who="a", when=date(2026, 12, 1), until=date(2027, 1, 1), note="n"),
            False,
            "2026-12-01",
        ),
    ],
)
def test_grounds(permission: Permission, allowed: bool, words: str) -> None:
    verdict = permission.verdict(date(2026, 11, 22))
    assert verdict.allowed is allowed
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("status", "body", "allowed"),
    [
        (200, b"User-agent: *\nDisallow: /x", True),
        (200, b"User-agent: *\nDisallow: /", False),
        (200, b"User-agent: *\nAllow: /ads.txt\nUser-agent: *\nDisallow: /", False),  # two groups, one agent
        (200, b"\xff\xfe rubbish", True),
        (404, b"", True),
        (401, b"", False),
        (429, b"", False),
        (500, b"", False),
    ],
)
def test_what_an_answer_to_robots_means(status: int, body: bytes, allowed: bool) -> None:
    assert read_robots(status, body).verdict("https://a.example/y", "tingzhen").allowed is allowed


# ── stop means stop ───────────────────────────────────────────────────────────────────────────────────────

_LOGIN = html("", status=302, Location="/member.php?mod=logging&action=login")
_CAPTCHA = html("<h1>访问验证</h1><p>请完成安全验证后继续</p>")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (html("no", status=403), "HTTP 403"),
        (html("", status=418), "HTTP 418"),
        (html("", status=429, Retry_After="7200"), "HTTP 429"),
        (html("", status=432), "HTTP 432"),
        (html("", status=503, Retry_After="60"), "HTTP 503"),
        (_LOGIN, "转到登录或验证页面"),
        (_CAPTCHA, "页面要求验证（安全验证）"),
    ],
    ids=["403", "418", "429", "432", "503 with Retry-After", "login", "captcha"],
)
def test_a_site_that_says_stop_is_left_alone(tmp_path: Path, answer: SitePage, reason: str) -> None:
    with serve(trap_forum({"/forum.php?mod=viewthread": answer})) as served:
        crawled = crawl(tmp_path, served, delay="0.1")
        assert len([path for path in crawled.paths if "viewthread" in path]) == 1
        assert not [path for path in crawled.paths if "member.php" in path]
        assert crawled.run.outcome == "blocked"
        assert reason in crawled.run.reason
        served.forum.rules.clear()  # type: ignore[attr-defined]  # a TrapForum
        paused = crawl(tmp_path, served)
    assert paused.paths == ()  # the pause outlives the run
    assert paused.run.outcome == "blocked"


def test_pauses_grow_and_a_good_run_forgives(tmp_path: Path) -> None:
    coverage = Coverage(tmp_path / "c.sqlite")
    now = datetime(2026, 11, 22, tzinfo=UTC)
    lengths = [coverage.pause("a", "HTTP 403", now).until - now for _ in range(10)]
    assert lengths[:4] == [timedelta(hours=n) for n in (1, 2, 4, 8)]
    assert lengths[-1] == timedelta(days=7)
    coverage.forgive("a")
    assert coverage.paused("a", now) is None
    assert coverage.pause("a", "", now, at_least=timedelta(hours=5)).until == now + timedelta(hours=5)
    coverage.close()


def test_the_pause_ends(tmp_path: Path) -> None:
    with serve(trap_forum({"/forum.php?mod=viewthread": html("", status=403)})) as served:
        crawl(tmp_path, served)
        coverage = Coverage(tmp_path / "data" / "coverage.sqlite")
        coverage.forgive("127.0.0.1")
        coverage.close()
        served.forum.rules.clear()  # type: ignore[attr-defined]  # a TrapForum
        assert len(crawl(tmp_path, served).posts) == 123


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ground", ["robots", "consent"])
def test_a_redirect_to_another_port_is_not_followed(tmp_path: Path, ground: str) -> None:
    """Another server: neither this one's robots.txt nor its owner's consent speaks for it."""
    given = 'ground = "consent", who = "站长", when = 2020-01-01, until = 2999-01-01, note = "邮件"'
    permission = {"consent": f"{{ {given} }}", "robots": '{ ground = "robots" }'}[ground]
    with serve(long_forum(3)) as other:
        there = html("", status=302, Location=f"{other.url}forum.php?mod=viewthread&tid=1&page=1")
        with serve(trap_forum({"/forum.php?mod=viewthread": there})) as served:
            crawled = crawl(tmp_path, served, permission=permission, **ONE_BOARD)
        assert other.forum.requests == []
    assert crawled.run.totals.failed == 0
    reasons = {gap.reason for gap in crawled.gaps if gap.kind == "refused"}
    assert f"转到别处，没有跟去：地址不属于这个来源：{other.url.rstrip('/')}" in reasons


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("file:///etc/hostname", "转到别处，没有跟去：地址不属于这个来源：file://"),
        ("data:text/html,hello", "转到别处，没有跟去：地址不属于这个来源：data://"),
        ("http://[::1/", "转到的地址看不懂"),
        ("http://127.0.0.1:99999/", "转到别处，没有跟去：地址看不懂"),
    ],
)
def test_a_redirect_to_no_page_is_dropped_at_once(location: str, reason: str) -> None:
    crawler = get_crawler()
    spider = SimpleNamespace(
        sources={"bbs": Source(name="bbs", engine="discuz", url="http://127.0.0.1:8000/")},
        count_page=lambda source, **counted: None,
        explains=lambda response: False,
    )
    crawler.spider = spider  # type: ignore[assignment]  # as much of one as is asked
    request = Request("http://127.0.0.1:8000/a", meta={"source": "bbs"})
    answer = Response(request.url, status=302, headers={"Location": location})
    with pytest.raises(AddressRefused) as refused:
        StopMiddleware(crawler).process_response(request, answer)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("home", "url", "reason"),
    [
        ("http://a.example/", "http://a.example/x", ""),
        ("http://a.example/", "https://www.a.example/x", ""),
        ("https://a.example:443/", "http://a.example:80/", ""),
        ("http://a.example:8080/", "http://a.example:8080/x", ""),
        ("http://a.example/", "http://a.example:8080/x", "http://a.example:8080"),
        ("http://a.example:8080/", "https://a.example/x", "https://a.example"),
        ("http://a.example/", "http://b.example/", "http://b.example"),
        ("http://a.example/", "ftp://a.example/", "ftp://a.example"),
    ],
)
def test_which_addresses_are_a_sources_own(home: str, url: str, reason: str) -> None:
    source = Source(name="bbs", engine="discuz", url=home)
    assert strange(url, source) == (reason and f"地址不属于这个来源：{reason}")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        (b"120", 120),
        (b"Sun, 22 Nov 2026 00:01:00 GMT", 60),
        (b"soon", 0),
        (b"-5", 0),
        (b"9" * 30, 30 * 86400),
    ],
)
def test_retry_after(value: bytes | None, seconds: float) -> None:
    assert retry_after(value, datetime(2026, 11, 22, tzinfo=UTC)) == seconds


def test_the_daily_budget_holds_over_runs(tmp_path: Path) -> None:
    with serve_forum() as served:
        first = crawl(tmp_path, served, pages_per_day="10", delay="0.1")
        second = crawl(tmp_path, served, pages_per_day="10", delay="0.1")
    assert len(first.paths) == 11  # and robots.txt
    assert first.run.outcome == second.run.outcome == "truncated"
    assert len(second.paths) <= 2


# ── rest ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_sources_of_one_host_share_its_budget(tmp_path: Path) -> None:
    with serve_forum() as served:
        crawl(tmp_path, served, pages_per_day="10", delay="0.1")
        coverage = Coverage(tmp_path / "data" / "coverage.sqlite")
        (day,) = {str(datetime.now(ZoneInfo("Asia/Shanghai")).date())}
        assert coverage.calls("host:127.0.0.1", day) == 10
        coverage.close()
        other = crawl(tmp_path, served, pages_per_day="10", table="other")
    assert other.paths == ()
    assert other.run.outcome == "truncated"


def test_nothing_is_asked_in_quiet_hours(tmp_path: Path) -> None:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    hours = f'"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=2):%H:%M}"'
    with serve_forum() as served:
        crawled = crawl(tmp_path, served, quiet=hours)
        assert crawled.paths == ()
        assert crawled.run.outcome == "truncated"
        assert crawled.run.reason.startswith("安静时段")
        assert len(crawl(tmp_path, served).posts) == 123  # afterwards it goes on


NIGHT_SPIDER = """
from datetime import timedelta
from crawler.spiders.discuz.spider import DiscuzSpider as Real


class DiscuzSpider(Real):
    name = "discuz"
    pages = 0

    def count_page(self, source, **counted):
        DiscuzSpider.pages += 1
        super().count_page(source, **counted)

    @staticmethod
    def clock():
        ahead = timedelta(hours=1) if DiscuzSpider.pages >= 5 else timedelta()
        return Real.clock() + ahead
"""


def test_a_run_stops_when_quiet_hours_begin(tmp_path: Path) -> None:
    (tmp_path / "night.py").write_text(NIGHT_SPIDER, encoding="utf-8")
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    hours = f'"{now + timedelta(minutes=30):%H:%M}-{now + timedelta(hours=3):%H:%M}"'
    with serve_forum() as served:
        crawled = crawl(tmp_path, served, "-s", "SPIDER_MODULES=night", quiet=hours, delay="0.1")
    assert len(crawled.paths) == 1 + 5
    assert crawled.run.reason.startswith("安静时段")
    assert any(gap.kind == "unfinished" for gap in crawled.gaps)


@pytest.mark.parametrize(
    ("hours", "at", "ends"),
    [
        ("23:00-07:00", "2026-11-22T22:59", None),
        ("23:00-07:00", "2026-11-22T23:00", "2026-11-23T07:00"),
        ("23:00-07:00", "2026-11-22T06:59", "2026-11-22T07:00"),
        ("23:00-07:00", "2026-11-22T07:00", None),
        ("12:00-13:30", "2026-11-22T13:29", "2026-11-22T13:30"),
        ("12:00-13:30", "2026-11-22T11:59", None),
    ],
)
def test_quiet_hours(hours: str, at: str, ends: str | None) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    found = QuietHours.parse(hours).ends(datetime.fromisoformat(at).replace(tzinfo=zone))
    assert found == (datetime.fromisoformat(ends).replace(tzinfo=zone) if ends else None)


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("2026-10-25T01:05+00:00", "2026-10-25T01:15+00:00"),
        ("2026-03-28T23:30+00:00", "2026-03-29T01:15+00:00"),
    ],
    ids=["the hour comes twice", "the hour is missing"],
)
def test_quiet_hours_in_nights_the_clocks_change(at: str, ends: str) -> None:
    """Where the hour comes twice it is quiet both times; one that is missing ends with the one after it."""
    zone = ZoneInfo("Europe/Berlin")
    found = QuietHours.parse("23:00-02:15").ends(datetime.fromisoformat(at).astimezone(zone))
    assert found is not None
    assert found.astimezone(UTC) == datetime.fromisoformat(ends)


@pytest.mark.parametrize("text", ["", "23-7", "24:00-07:00", "07:00-07:00", "7:60-8:00", "nachts"])
def test_quiet_hours_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the words are the sources file's
        QuietHours.parse(text)


def test_a_long_retry_after_is_kept(tmp_path: Path) -> None:
    answer = html("", status=429, Retry_After="50000")
    with serve(trap_forum({"/forum.php?mod=viewthread": answer})) as served:
        crawl(tmp_path, served, delay="0.1")
    coverage = Coverage(tmp_path / "data" / "coverage.sqlite")
    pause = coverage.paused("127.0.0.1", datetime.now(UTC))
    coverage.close()
    assert pause is not None
    assert pause.until - datetime.now(UTC) > timedelta(seconds=49_000)


def test_refused_again_and_again_the_pauses_grow_and_a_good_run_forgives_them(tmp_path: Path) -> None:
    forum = trap_forum({"/forum.php?mod=viewthread": html("", status=403)})
    lengths = []
    with serve(forum) as served:
        for _ in range(3):
            crawl(tmp_path, served, delay="0.05")
            with sqlite3.connect(tmp_path / "data" / "coverage.sqlite") as database:
                ((until,),) = database.execute("SELECT until FROM pause").fetchall()
                # The pause is over; how often the host has refused stays known.
                database.execute("UPDATE pause SET until = '2020-01-01T00:00:00+00:00'")
            database.close()
            left = datetime.fromisoformat(until) - datetime.now(UTC)
            lengths.append(round(left.total_seconds() / 3600))
        forum.rules = {}
        assert crawl(tmp_path, served).run.outcome == "ok"
    assert lengths == [1, 2, 4]
    coverage = Coverage(tmp_path / "data" / "coverage.sqlite")
    assert coverage.pause("127.0.0.1", "x", datetime.now(UTC)).strikes == 1
    coverage.close()


def test_consent_lapses_by_itself_from_one_run_to_the_next(tmp_path: Path) -> None:
    """The same table, unchanged: the last day of the consent, and the day after."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    ground = f'{{ ground = "consent", who = "站长", when = 2020-01-01, until = {today}, note = "邮件" }}'
    tomorrow = NIGHT_SPIDER.replace("hours=1", "days=1").replace("pages >= 5", "pages >= 0")
    (tmp_path / "night.py").write_text(tomorrow, encoding="utf-8")
    with serve(long_forum(3)) as served:
        assert crawl(tmp_path, served, permission=ground, **ONE_BOARD).run.outcome == "ok"
        lapsed = crawl(tmp_path, served, "-s", "SPIDER_MODULES=night", permission=ground, **ONE_BOARD)
    assert lapsed.paths == ()
    assert lapsed.run.reason == f"站方同意已于 {today} 到期"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", "应是一个表"),
        ("[a\n", "不是有效的 UTF-8 TOML"),
        ('[a]\nengine = "discuz"\nurl = "https://a.example/"\nboards = ["1"]\ndelay = 0.2\n', "delay"),
        ('[a]\nengine = "discuz"\nurl = "https://a.example/"\nboards = ["1"]\nquiet = "late"\n', "quiet"),
        ("", "没有启用的 discuz 来源"),
    ],
)
def test_a_bad_sources_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sources.toml").write_text(text, encoding="utf-8")
    done = forks.run(command(tmp_path), cwd=tmp_path, env=environment())
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("错误：")
    assert words in done.stderr


# ── addresses ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1", "0x7f000001", "2130706433", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104  # a value, nothing binds to it
        "::1", "[::1]", "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1",
        "2002:7f00:1::", "224.0.0.1", "255.255.255.255",
        "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",  # NAT64
        "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff::1",  # NAT64 of one network
        "2001:0:a00:1::", "2001:0:808:808:0:0:f5ff:fffe",  # Teredo: server 10.0.0.1; client 10.0.0.1
        "::127.0.0.1", "::a00:1",
    ],
)  # fmt: skip
def test_private_addresses(address: str) -> None:
    assert is_private_address(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::8.8.8.8", "2002:808:808::", "::ffff:8.8.8.8",
     "bbs.example.org", "", "127.0.0.1.example.org"],
)  # fmt: skip
def test_public_addresses_and_names(address: str) -> None:
    assert not is_private_address(address)


def test_a_name_that_points_into_the_private_network_is_refused(tmp_path: Path) -> None:
    with serve_forum() as served:
        url = served.url.replace("127.0.0.1", "localhost")
        crawled = crawl(tmp_path, served, url=f'"{url}"', allow_private="false", delay="1.0")
    assert crawled.paths == ()
    assert crawled.run.outcome == "refused"
    assert "DNSLookupError" in crawled.run.robots or "读不到" in crawled.run.robots


# ── what must not exist ───────────────────────────────────────────────────────────────────────────────────

# In the crawler nothing of the kind may stand, not even as a word; elsewhere `password` and the like belong
# to databases and mail.
_FORBIDDEN = re.compile(
    r"FormRequest|from_response|cookiejar|COOKIES_ENABLED\s*=\s*True|Set-Cookie|genvisitor|stealth|webdriver"
    r"|undetected|2captcha|ddddocr|solve_captcha|tesseract|HTTPPROXY_ENABLED\s*=\s*True|meta\[.proxy.\]"
    r"|proxy_pool|ROBOTSTXT_OBEY\s*=\s*False|dont_obey_robotstxt|fake_useragent|Mozilla/|visitor_cookie"
    r"|add_init_script|add_cookies|storage_state|--disable-blink-features|http_proxy|playwright_proxy",
    re.IGNORECASE,
)
# But for the class of a form of WordPress, which tells that a comment is withheld.
_IN_CRAWLER = re.compile(r"(?<!post-)password|\bSUBP?=|cookies?\s*=", re.IGNORECASE)


def _code(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize(
    ("forbidden", "folders"),
    [(_FORBIDDEN, ("crawler", "leads", "nlp", "benchmarks")), (_IN_CRAWLER, ("crawler",))],
    ids=["whole tree", "crawler"],
)
def test_no_code_for_logins_captchas_cookies_disguise_or_proxies(
    forbidden: re.Pattern[str], folders: tuple[str, ...]
) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _code(*folders)
        for match in forbidden.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_library_for_any_of_it_is_required() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").lower()
    assert not re.search(
        r"stealth|undetected|captcha|tesseract|\bocr|fake-?useragent|selenium|curl.?cffi", project
    )
