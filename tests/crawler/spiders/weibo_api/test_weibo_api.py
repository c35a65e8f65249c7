"""The official API: real crawls against a local copy; what an answer means, as tables."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.items import PlaceHint
from crawler.parsing.coordinates import Point, wgs84_to_gcj02
from crawler.parsing.outcomes import Blocked, Halted, PageError, Refusal
from crawler.sources.load import PACKAGED, SourceError, load_sources
from crawler.spiders.weibo_api.errors import ERRORS
from crawler.spiders.weibo_api.options import MAX_RANGE, Near, WeiboApiOptions
from crawler.spiders.weibo_api.pages import StatusPage, error_code, read_error, read_page
from crawler.spiders.weibo_api.windows import Window, by_place, halves
from tests.site import forks
from tests.site.crawl import Crawled, command, environment
from tests.site.replica import crawl_table, serve_replica, table
from tests.site.store import RECHECK, keeping, kept
from tests.site.weibo_api import TOKEN, Api, Said, comment, minutes

NOW = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)
ENV = {"WEIBO_ACCESS_TOKEN": TOKEN}
BASE = {
    "words": '["牙疼"]',
    "days": "1",
    "count": "10",
    "max_pages": "5",
    "permission": '{ ground = "official_api" }',
}


def crawl(folder: Path, api: Api, *extra: str, env: dict[str, str] | None = None, **lines: str) -> Crawled:
    api.requests.clear()
    toml = table("clinic-weibo", "weibo_api", api, **(BASE | lines))
    return crawl_table(folder, "weibo_api", toml, *extra, env=ENV if env is None else env)


# ── searches ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_gets_every_post_once(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(33))) as api:
        found = crawl(tmp_path, api)
    assert found.run.outcome == "ok"
    assert found.ids == [str(5_000_000_000_000_000 + n) for n in range(33)]
    assert len(api.requests) == 4
    first = found.post("5000000000000000")
    assert (first.source, first.text, first.query) == ("weibo", "牙疼第0句", "牙疼")
    assert first.url == "https://m.weibo.cn/detail/5000000000000000"
    assert first.place_hints == (PlaceHint(kind="profile", text="四川 成都"),)
    assert (first.reposts, first.replies, first.likes) == (1, 2, 3)


@pytest.mark.parametrize("totals", [True, False], ids=["totals told", "no totals"])
def test_windows_are_split_until_no_cap_is_hit(tmp_path: Path, totals: bool) -> None:
    with serve_replica(Api(minutes(400, every=37), cap=5, totals=totals)) as api:
        found = crawl(tmp_path, api)
    assert len({post.post_id for post in found.posts}) == 400
    assert found.run.outcome == "ok"
    assert found.run.totals.truncated == 0


def test_a_cap_lower_than_ours_is_noticed(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(60), cap=3)) as api:
        found = crawl(tmp_path, api, max_pages="20")
    assert len({post.post_id for post in found.posts}) == 60


def test_a_second_that_holds_too_much_is_split_by_place_then_admitted(tmp_path: Path) -> None:
    crowd = [*minutes(70, every=0.1, place="51-1"), *minutes(30, every=0.1, place="51-2")]
    for n, said in enumerate(crowd):
        said.mid += n * 1000
    with serve_replica(Api(crowd, cap=5)) as api:
        found = crawl(tmp_path, api, split_places='["51-1", "51-2"]')
    assert found.run.outcome == "truncated"
    places = {(said.mid, said.place) for said in crowd}
    got = {post.post_id for post in found.posts}
    assert {str(mid) for mid, place in places if place == "51-2"} <= got
    told = [gap.reason for gap in found.gaps if gap.kind == "truncated"]
    assert any("只按 1 个地区拆开读了" in reason for reason in told)
    assert any("只按 2 个地区拆开读了" in reason for reason in told)
    assert any("不能再拆" in reason for reason in told)


def test_the_next_run_begins_where_this_one_ended(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(33, every=61))) as api:
        crawl(tmp_path, api)
        api.posts.insert(0, Said(mid=6, at=datetime.now(UTC) - timedelta(seconds=5), text="牙疼新来的"))
        again = crawl(tmp_path, api)
    assert len(api.requests) == 2  # a quarter of an hour is read again: 14 posts on two pages of ten
    assert again.run.totals.posts_new == 1
    assert again.run.totals.posts_known == 13


def test_places_are_asked_for_by_their_codes(tmp_path: Path) -> None:
    both = [*minutes(3, place="51-1"), *minutes(4, place="44-1")]
    for n, said in enumerate(both):
        said.mid += n * 1000
    with serve_replica(Api(both)) as api:
        found = crawl(tmp_path, api, places='["51-1"]')
    assert len(found.posts) == 3
    assert "province=51&city=1" in api.paths[0]


# ── near a clinic ─────────────────────────────────────────────────────────────────────────────────────────

_CLINIC = Point(30.6400, 104.0430)


@pytest.mark.parametrize("offset", [0, 1])
def test_near_a_clinic(tmp_path: Path, offset: int) -> None:
    """With offset 1 the copy's posts stand in shifted coordinates, as the question does."""
    there = wgs84_to_gcj02(_CLINIC) if offset else _CLINIC
    at = datetime.now(UTC) - timedelta(hours=1)
    near = Said(mid=71, at=at, text="在附近，牙龈肿了", lat=there.lat + 0.01, lon=there.lon)
    far = Said(mid=72, at=at, text="不在附近", lat=there.lat + 0.05, lon=there.lon)
    circle = f'[{{ name = "武侯店", lat = {_CLINIC.lat}, lon = {_CLINIC.lon}, range = 3000 }}]'
    with serve_replica(Api([near, far])) as api:
        found = crawl(tmp_path, api, words="[]", near=circle, offset=str(offset))
    assert found.ids == ["71"]
    (geo, _) = found.posts[0].place_hints
    assert geo.kind == "geo"
    assert geo.lat == pytest.approx(_CLINIC.lat + 0.01, abs=2e-5)
    assert geo.lon == pytest.approx(_CLINIC.lon, abs=2e-5)
    assert found.posts[0].query == "武侯店"


def test_a_centre_in_amap_degrees_is_sent_in_what_offset_asks_for() -> None:
    shifted = wgs84_to_gcj02(_CLINIC)
    near = Near(name="店", lat=_CLINIC.lat, lon=_CLINIC.lon, range=2000)
    assert near.degrees(0) == _CLINIC
    assert near.degrees(1) == shifted


# ── single posts and comments ─────────────────────────────────────────────────────────────────────────────


def test_comments_below_own_posts(tmp_path: Path) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    said = [
        comment(900 + n, at - timedelta(minutes=n), f"回复@虚构昵称:第{n}条，几点下班")
        for n in range(25, 0, -1)
    ]
    said.sort(key=lambda each: -int(str(each["id"])))
    with serve_replica(Api([], comments={"5000000000000000": said})) as api:
        lines = {"words": "[]", "own_posts": '["5000000000000000"]'}
        found = crawl(tmp_path, api, **lines)
        said.insert(0, comment(990, datetime.now(UTC), "新的一条"))
        again = crawl(tmp_path, api, **lines)
    assert len(found.posts) == 25
    post = found.post("c925")
    assert (post.thread_id, post.text) == ("5000000000000000", "第25条，几点下班")
    assert again.run.totals.posts_new == 1
    assert len(api.requests) == 1


# ── errors ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "code", "outcome", "words"),
    [
        (403, 10023, "blocked", "微博接口 10023：用户的请求次数到了上限"),
        (403, 10022, "blocked", "微博接口 10022：IP 的请求次数到了上限"),
        (400, 21327, "refused", "令牌已过期"),
        (403, 10014, "refused", "应用没有这个接口的权限"),
        (200, 20031, "blocked", "要求验证码"),
        (400, 10017, "refused", "参数值非法"),
        (503, 10001, "failed", "系统错误"),
        (400, 98765, "blocked", "没有记载的错误码"),
    ],
)
def test_an_error_code_is_an_outcome(
    tmp_path: Path, status: int, code: int, outcome: str, words: str
) -> None:
    with serve_replica(Api(minutes(3), errors={"/search": (status, code)})) as api:
        found = crawl(tmp_path, api, words='["牙疼", "智齿"]', delay="0.2")
        assert found.run.outcome == outcome
        assert words in found.run.reason
        assert len(api.requests) == (2 if outcome == "failed" or code == 10017 else 1)


def test_waiting_lasts_to_the_full_hour_and_is_kept(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(3), errors={"/search": (403, 10023)})) as api:
        crawl(tmp_path, api)
        api.errors.clear()
        paused = crawl(tmp_path, api)
    assert api.requests == []
    assert paused.run.outcome == "blocked"


def test_a_new_key_is_tried_at_once(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(3))) as api:
        wrong = crawl(tmp_path, api, env={"WEIBO_ACCESS_TOKEN": "2.00OLD"})
        assert wrong.run.outcome == "refused"
        assert "令牌无效" in wrong.run.reason
        right = crawl(tmp_path, api)
    assert len(right.posts) == 3


def test_without_a_token_nothing_is_asked(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(3))) as api:
        found = crawl(tmp_path, api, env={})
    assert api.requests == []
    assert found.run.outcome == "refused"
    assert "WEIBO_ACCESS_TOKEN" in found.run.reason


@pytest.mark.parametrize(
    ("code", "kind"),
    [(10022, Blocked), (10024, Blocked), (21315, Halted), (20101, Refusal), (20102, Refusal)],
)
def test_what_a_code_means(code: int, kind: type) -> None:
    meaning = read_error(code, now=NOW)
    assert isinstance(meaning, kind)
    if code == 10022:
        assert meaning == Blocked(reason="微博接口 10022：IP 的请求次数到了上限", seconds=20 * 60, exact=True)
    if code == 20101:
        assert meaning == Refusal(reason="微博接口 20101：微博不存在", gone=True)


def test_their_trouble_is_a_page_to_try_again() -> None:
    with pytest.raises(PageError, match="10009"):
        read_error(10009, now=NOW)


def test_every_code_has_its_origin() -> None:
    assert {error.origin for error in ERRORS.values()} == {
        "open.weibo.com/wiki/Error_code",
        "open.weibo.com/wiki/OAuth2",
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"request":"/x","error_code":"20502","error":"e"}', 20502),
        ('{"error_code":10023}', 10023),
        ('{"error_code":"x"}', None),
        ('{"statuses":[]}', None),
        ("[]", None),
        ("<html>", None),
    ],
)
def test_error_codes_are_numbers_or_texts(text: str, code: int | None) -> None:
    assert error_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "<html>502</html>",
        "3",
        "{}",
        '{"statuses": "x"}',
        '{"statuses": [{"id": 1}]}',
        '{"statuses": [], "statuses": [], "total_number": 0}',
        "[" * 100_000,
    ],
    ids=["html", "number", "nothing", "no list", "no time", "a key twice", "too deep"],
)
def test_an_answer_of_unknown_shape_is_loud(text: str) -> None:
    with pytest.raises(PageError):
        read_page(text, now=NOW, system="wgs84")


def test_nothing_found_is_an_empty_page() -> None:
    page = read_page('{"statuses": [], "total_number": 0}', now=NOW, system="wgs84")
    assert page == StatusPage(statuses=(), found=0, total=0)


# ── the token ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", [0, 21327, 10001, 10023])
def test_the_token_is_nowhere_but_in_the_call(tmp_path: Path, code: int) -> None:
    errors = {"/search": (400, code)} if code else {}
    with serve_replica(Api(minutes(30), errors=errors)) as api:
        found = crawl(tmp_path, api, "-L", "DEBUG", "-s", f"JOBDIR={tmp_path / 'job'}")
    assert api.requests[0].headers["Authorization"] == f"OAuth2 {TOKEN}"
    assert not [path for path in api.paths if "SECRET" in path]
    assert "SECRET" not in found.log
    assert "/search/statuses/limited.json?q=" in found.log  # addresses are logged, so they may hold nothing
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "coverage.sqlite" for path in written)
    assert [path.name for path in written if b"SECRET" in path.read_bytes()] == []


# ── the allowance ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "words"), [("calls_per_hour", "这个小时的 3 次"), ("calls_per_day", "今天的 3 次")]
)
def test_the_allowance_is_never_overdrawn_and_outlives_the_run(tmp_path: Path, key: str, words: str) -> None:
    with serve_replica(Api(minutes(45))) as api:
        first = crawl(tmp_path, api, **{key: "3"})
        assert len(api.requests) == 3
        assert first.run.outcome == "truncated"
        assert words in first.run.reason
        second = crawl(tmp_path, api, **{key: "3"})
        assert api.requests == []
        assert words in second.run.reason
        rest = crawl(tmp_path, api, **{key: "1000"})
    assert len(first.posts) + len(rest.posts) == 45  # it went on with the fourth page
    with sqlite3.connect(tmp_path / "data" / "coverage.sqlite") as database:
        rows = database.execute("SELECT substr(day, 1, 4), sum(pages) FROM budget GROUP BY 1").fetchall()
    database.close()
    counted = dict(rows)
    assert counted["hour"] == counted["day:"] == 5


# ── settings ──────────────────────────────────────────────────────────────────────────────────────────────

_TABLE = """[w]
engine = "weibo_api"
url = "https://c.api.weibo.com/2/"
permission = { ground = "official_api" }
words = ["牙疼"]
"""


def load(folder: Path, text: str) -> None:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    load_sources(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"near = [{{ lat = 30.6, lon = 104.0, range = {MAX_RANGE + 1} }}]", "range 最大是 11132 米"),
        ("near = [{ lat = 104.0, lon = 30.6 }]", "不在地球上"),
        ("near = [{ lon = 104.0 }]", "请写 lat 和 lon"),
        ('near = [{ lat = 30.6, lon = 104.0, datum = "mars" }]', "datum 不能是"),
        ("near = [3]", "near 的一项应是"),
        ("offset = 2", "offset 只能是 0（未纠偏）或 1（纠偏过）"),
        ("count = 51", "count 最大是 50"),
        ("calls_per_hour = 0", "calls_per_hour 至少是 1"),
        ('places = ["成都"]', "places 应是"),
        ('own_posts = ["!"]', "own_posts 应是微博编号的文字"),
        ('endpoints = { search = "http://evil/" }', "endpoints 里的 search"),
        ('pages = "mobile"', "不认识的键 'pages'"),
    ],
)
def test_wrong_keys_are_named(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(SourceError, match=r"mine\.toml") as error:
        load(tmp_path, f"{_TABLE}{line}\n")
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("https://c.api", "http://c.api", "必须是 https"),
        ("official_api", "robots", "依据只能是"),
        ('["牙疼"]', "[]", "缺少要读的东西"),
        ("牙疼", "{牙疼}", "接口不接受的字符"),
    ],
)
def test_wrong_tables_are_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(SourceError, match=told):
        load(tmp_path, _TABLE.replace(old, new))


def test_a_token_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        load(tmp_path, f'{_TABLE}token_env = "2.00SECRET"\n')
    assert "SECRET" not in str(error.value)


def test_the_packaged_example_is_off_and_complete() -> None:
    (source,) = (source for source in load_sources(PACKAGED) if source.engine == "weibo_api")
    assert not source.enabled
    assert WeiboApiOptions.of(source).near[0].range <= MAX_RANGE


# ── windows ───────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 2_000_000_000), st.integers(0, 10**7), st.integers(1, 10_000))
def test_halves_cover_the_whole_and_get_shorter(start: int, length: int, smallest: int) -> None:
    window = Window(start=start, end=start + length)
    parts = halves(window, smallest)
    if parts:
        later, earlier = parts
        assert (earlier.start, later.end, earlier.end) == (window.start, window.end, later.start)
        assert min(part.end - part.start for part in parts) >= smallest
        assert max(part.end - part.start for part in parts) < length
    else:
        assert length < 2 * smallest


@pytest.mark.parametrize(
    ("place", "parts"),
    [("", ["51", "44"]), ("51", ["51-1", "51-2"]), ("44", []), ("33", []), ("51-1", [])],
)
def test_places_are_split_into_those_named(place: str, parts: list[str]) -> None:
    window = Window(start=0, end=60, place=place)
    assert [part.place for part in by_place(window, ("51-1", "51-2", "44"))] == parts


# ── looked at again ───────────────────────────────────────────────────────────────────────────────────────


def test_posts_are_asked_for_again_by_number_and_those_gone_are_noticed(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(3))) as api:
        crawl(tmp_path, api)
        api.posts[0].deleted = True  # a notice stands in its place
        del api.posts[1]  # error 20101
        again = crawl(tmp_path, api, "-a", "recheck=1", "-s", "TINGZHEN_RECHECK_HOURS=0")
    assert {path.partition("?")[0] for path in api.paths} == {"/statuses/show.json"}
    assert (again.run.totals.rechecked, again.run.totals.posts_gone) == (3, 2)
    assert again.run.totals.posts_known == 1


def test_an_edited_post_is_known_as_changed(tmp_path: Path) -> None:
    with serve_replica(Api(minutes(2))) as api:
        crawl(tmp_path, api, *keeping(tmp_path))
        api.posts[1].text = "牙疼好了"
        again = crawl(tmp_path, api, *keeping(tmp_path), *RECHECK)
    assert (again.run.totals.posts_changed, again.run.totals.posts_known) == (1, 1)
    assert kept(tmp_path)["5000000000000001"] == "牙疼好了"


def test_comments_are_asked_for_again_by_number(tmp_path: Path) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    said = [comment(900 + n, at, f"第{n}条，几点下班") for n in (3, 2, 1)]
    lines = {"words": "[]", "own_posts": '["5000000000000000"]'}
    with serve_replica(Api([], comments={"5000000000000000": said})) as api:
        crawl(tmp_path, api, *keeping(tmp_path), **lines)
        assert sorted(kept(tmp_path)) == ["c901", "c902", "c903"]
        del said[1]
        said[0]["text"] = "改过了"
        again = crawl(tmp_path, api, *keeping(tmp_path), *RECHECK, **lines)
    assert kept(tmp_path) == {"c901": "第1条，几点下班", "c903": "改过了"}
    assert sorted(api.paths) == [f"/comments/show_batch.json?cids=90{n}" for n in (1, 2, 3)]
    assert (again.run.totals.posts_gone, again.run.totals.posts_changed) == (1, 1)


# ── killed in the middle ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("answers", [1, 6, 17])
def test_a_run_killed_among_its_windows_is_finished_by_the_next(tmp_path: Path, answers: int) -> None:
    with serve_replica(Api(minutes(200, every=60))) as api:
        lines = BASE | {"delay": "0.2"}  # a page is stored before the next is asked for, as with real delays
        toml = table("clinic-weibo", "weibo_api", api, **lines)
        (tmp_path / "sources.toml").write_text(toml, encoding="utf-8")
        process = forks.start(command(tmp_path, engine="weibo_api"), cwd=tmp_path, env=environment() | ENV)
        deadline = time.monotonic() + 600
        while len(api.requests) < answers and time.monotonic() < deadline:
            time.sleep(0.002)
        process.kill()
        process.join()
        before = list(api.paths)
        rest = crawl(tmp_path, api, delay="0.2")
    assert len(set(before) & set(api.paths)) <= 1  # nothing but the page it was on is asked for again
    assert rest.run.outcome == "ok"
    with sqlite3.connect(tmp_path / "data" / "coverage.sqlite") as database:
        stored = {row[0] for row in database.execute("SELECT post_id FROM seen")}
    database.close()
    assert stored == {str(said.mid) for said in api.posts}
