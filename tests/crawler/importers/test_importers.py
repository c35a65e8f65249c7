"""Every importer on a file of each shape it reads: what all must do alike, then what each is about."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.importers import IMPORTERS, ImportProblem, Post, Rejected, detect, read
from crawler.items import PlaceHint, post_to_dict
from tests.support.paths import FILES

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = b"a secret of this test only"

# file, importer, posts (originals of reposts included)
TEXT_FILES = (
    ("weibo_search_17.csv", "weibo-search", 3),
    ("weibo_search_19.csv", "weibo-search", 3),
    ("weibo_search_21.csv", "weibo-search", 2),
    ("weibo_search_fork_comments.csv", "weibo-search", 2),
    ("weibo_search_gb18030.csv", "weibo-search", 2),
    ("weibo_crawler_2019.csv", "weibo-crawler", 3),
    ("weibo_crawler_2020.csv", "weibo-crawler", 2),
    ("weibo_crawler_now.csv", "weibo-crawler", 4),
    ("weibo_crawler_user.json", "weibo-crawler", 4),
    ("weibospider.jsonl", "weibospider", 3),
    ("table_zh.csv", "table", 3),
    ("table.tsv", "table", 2),
    ("table.jsonl", "table", 2),
    ("tingzhen.jsonl", "tingzhen", 2),
    ("weibo_cards.json", "weibo-json", 7),
    ("weibo_search_page.html", "weibo-html", 5),
    ("tieba_list.html", "tieba-html", 3),
    ("tieba_thread.html", "tieba-html", 3),
    ("mediacrawler_weibo_comments.json", "mediacrawler", 2),
    ("mediacrawler_tieba_comments.json", "mediacrawler", 2),
    ("mediacrawler_xhs_comments.json", "mediacrawler", 2),
    ("zeeschuimer_comments.ndjson", "4cat", 2),
    ("fourcat.csv", "4cat", 5),
)
NOTES = tuple(f"mediacrawler_{site}_{age}" for site in ("weibo", "tieba", "xhs") for age in ("old", "new"))
CONTAINERS = ("json", "jsonl", "csv", "sqlite")
# Names, numbers and pictures of the invented authors, and a visitor's token: none may come through.
PERSONAL = ("虚构昵称", "虚***称", "90001000", "avatar", "SECRETTOKEN")


def rows_of(name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads((FILES / name).read_text(encoding="utf-8"))
    return rows


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def write_sqlite(path: Path, table: str, rows: list[dict[str, object]]) -> Path:
    names = list(rows[0])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE {table} ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", [tuple(row.values()) for row in rows])  # noqa: S608
    return path


def note_file(folder: Path, name: str, container: str) -> Path:
    rows, path = rows_of(f"{name}.json"), folder / f"{name}.{container}"
    if container == "csv":
        return write_csv(path, rows)
    if container == "jsonl":
        return write_lines(path, rows)
    if container == "sqlite":
        return write_sqlite(path, f"{name.split('_')[1]}_note", rows)
    return Path(shutil.copy(FILES / f"{name}.json", path))


def aged(path: Path) -> Path:
    """`path` as if written at NOW: an import of a file depends on when it was written."""
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return path


def copied(folder: Path, name: str) -> Path:
    return aged(Path(shutil.copy(FILES / name, folder / name)))


def posts_of(path: Path, **options: object) -> list[Post]:
    items = list(read(path, now=NOW, secret=SECRET, **options))  # type: ignore[arg-type]  # passed through
    assert [item for item in items if isinstance(item, Rejected)] == []
    return [item for item in items if isinstance(item, Post)]


@pytest.fixture(
    params=[*TEXT_FILES, *[(n, c, 2) for n in NOTES for c in CONTAINERS]], ids=lambda p: f"{p[0]}-{p[1]}"
)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, int]:
    name, kind, count = request.param
    if kind in IMPORTERS:
        return copied(tmp_path, name), kind, count
    return aged(note_file(tmp_path, name, kind)), "mediacrawler", count


# What all importers do


def test_every_importer_has_a_case() -> None:
    assert {importer for _, importer, _ in TEXT_FILES} == set(IMPORTERS)


def test_the_format_is_recognised_and_every_post_is_read(case: tuple[Path, str, int]) -> None:
    path, importer, count = case
    assert detect(path) == importer
    assert len(posts_of(path)) == count


def test_ids_are_unique_and_times_are_aware_utc_and_past(case: tuple[Path, str, int]) -> None:
    posts = posts_of(case[0])
    assert len({post.id for post in posts}) == len(posts)
    for post in posts:
        assert post.post_id
        assert post.text or post.title
        assert post.published_at.utcoffset() == post.fetched_at.utcoffset() == timedelta(0)
        assert post.published_at <= NOW
        assert post.fetched_at <= NOW


def test_nobody_can_be_recognised(case: tuple[Path, str, int]) -> None:
    for post in posts_of(case[0]):
        shown = repr(post) + json.dumps(post_to_dict(post), ensure_ascii=False)
        assert [mark for mark in PERSONAL if mark in shown] == []


def test_reading_twice_gives_the_same_posts(case: tuple[Path, str, int]) -> None:
    assert posts_of(case[0]) == posts_of(case[0])


def test_reading_a_month_later_gives_the_same_posts(case: tuple[Path, str, int]) -> None:
    later = list(read(case[0], now=NOW + timedelta(days=30), secret=SECRET))
    assert later == posts_of(case[0])


def test_another_secret_gives_other_authors(case: tuple[Path, str, int]) -> None:
    if case[1] == "tingzhen":
        pytest.skip("our own lines carry keys made when they were collected")
    other = [post for post in read(case[0], now=NOW, secret=b"another") if isinstance(post, Post)]
    for one, two in zip(posts_of(case[0]), other, strict=True):
        assert one.author_key != two.author_key or one.author_key == two.author_key == ""


def test_posts_of_known_sites_have_the_sites_own_address(case: tuple[Path, str, int]) -> None:
    starts = {
        "weibo": "https://m.weibo.cn/detail/",
        "tieba": "https://tieba.baidu.com/p/",
        "xhs": "https://www.xiaohongshu.com/explore/",
    }
    for post in posts_of(case[0]):
        if post.source in starts:
            page = post.thread_id or post.post_id  # a reply stands on its thread's page
            assert post.url.partition("?")[0] == starts[post.source] + page


# weibo-search


def test_weibo_search_reads_all_fields(tmp_path: Path) -> None:
    first = posts_of(copied(tmp_path, "weibo_search_17.csv"))[0]
    assert first.id == "weibo/5230000000104729"
    assert first.text == "右下后槽牙疼了两天，一喝凉水就疼\n想找个近点的口腔门诊"
    assert first.published_at == datetime(2026, 11, 20, 0, 15, tzinfo=UTC)
    assert first.place_hints == (PlaceHint(kind="checkin", text="成都·示例大厦"),)
    assert (first.likes, first.replies, first.reposts) == (3, 1, 0)
    assert len(first.author_key) == 22


def test_weibo_search_drops_the_fold_button_and_links_reposts(tmp_path: Path) -> None:
    first, second, third = posts_of(copied(tmp_path, "weibo_search_17.csv"))
    assert second.text == "牙龈出血怎么办"
    assert third.repost_of == first.id


def test_weibo_search_ip_and_author_kinds(tmp_path: Path) -> None:
    posts = posts_of(copied(tmp_path, "weibo_search_19.csv"))
    assert [post.place_hints[0].text for post in posts] == ["四川", "上海", "广东"]
    assert {post.place_hints[0].kind for post in posts} == {"ip"}
    assert [post.author_kind for post in posts] == ["person", "organisation", "professional"]


def test_weibo_search_counts_in_words_and_dates_without_a_year(tmp_path: Path) -> None:
    first, second = posts_of(copied(tmp_path, "weibo_search_21.csv"))
    assert first.likes == 12_000
    assert first.place_hints[0].text == "海外 日本"
    assert second.published_at == datetime(2026, 11, 20, 23, 5, tzinfo=UTC)


def test_weibo_search_fork_gives_a_post_once_however_its_comments_are_mixed(tmp_path: Path) -> None:
    posts = posts_of(copied(tmp_path, "weibo_search_fork_comments.csv"))
    assert [post.text for post in posts] == ["腰疼去哪家中医馆好", "眼睛干涩发红"]


def test_weibo_search_takes_the_search_words_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "牙疼"
    folder.mkdir()
    path = folder / "牙疼.csv"
    shutil.copy(FILES / "weibo_search_17.csv", path)
    assert {post.query for post in posts_of(path)} == {"牙疼"}
    assert {post.query for post in posts_of(copied(tmp_path, "weibo_search_17.csv"))} == {""}


def test_weibo_search_sqlite(tmp_path: Path) -> None:
    names = [
        "id",
        "bid",
        "user_id",
        "screen_name",
        "text",
        "article_url",
        "topics",
        "at_users",
        "pics",
        "video_url",
    ]
    names += [
        "location",
        "created_at",
        "source",
        "attitudes_count",
        "comments_count",
        "reposts_count",
        "retweet_id",
    ]
    names += ["ip", "user_authentication", "vip_type", "vip_level"]
    row: dict[str, object] = dict.fromkeys(names, "")
    row |= {"id": "5230000000104729", "bid": "", "user_id": "9000100001", "screen_name": "虚构昵称1"}
    row |= {"text": "牙疼", "created_at": "2026-11-20 08:15", "ip": "四川", "attitudes_count": 3}
    path = write_sqlite(tmp_path / "weibo.db", "weibo", [row])
    assert detect(path) == "weibo-search"
    (post,) = posts_of(path)
    assert post.place_hints == (PlaceHint(kind="ip", text="四川"),)
    assert post.likes == 3
    # The same author by another container is the same author.
    assert post.author_key == posts_of(copied(tmp_path, "weibo_search_17.csv"))[0].author_key


def test_gb18030_is_read_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    posts = posts_of(copied(tmp_path, "weibo_search_gb18030.csv"), notice=said.append)
    assert posts[0].text == "牙套掉了一个托槽，𠮷祥路附近能补粘吗"
    assert said == ["weibo_search_gb18030.csv：识别为 weibo-search 的结果，按 GB18030 读取。"]


@pytest.mark.parametrize(
    ("codec", "label"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "带 BOM 的 UTF-8"), ("gb18030", "GB18030"), ("utf-16", "UTF-16")],
)
def test_all_encodings_give_the_same_posts(tmp_path: Path, codec: str, label: str) -> None:
    expected = posts_of(copied(tmp_path, "weibo_search_19.csv"))
    text = (FILES / "weibo_search_19.csv").read_text(encoding="utf-8-sig")
    path = tmp_path / f"{codec}.csv"
    path.write_bytes(text.encode(codec))
    said: list[str] = []
    assert posts_of(aged(path), notice=said.append) == expected
    assert f"按 {label} 读取" in said[0]


# weibo-crawler


def test_weibo_crawler_ragged_rows_of_2019(tmp_path: Path) -> None:
    own, repost, original = posts_of(copied(tmp_path, "weibo_crawler_2019.csv"))
    assert own.text == "膝盖疼，爬楼更疼"
    assert own.published_at == datetime(2019, 12, 26, 16, 0, tzinfo=UTC), "a day is its midnight in Beijing"
    assert own.author_key == repost.author_key != original.author_key
    assert repost.repost_of == original.id
    assert original.text == "拔完智齿要注意什么"


def test_weibo_crawler_prefers_the_full_date_and_skips_a_hidden_original(tmp_path: Path) -> None:
    posts = posts_of(copied(tmp_path, "weibo_crawler_now.csv"))
    assert posts[0].published_at == datetime(2026, 10, 1, 15, 10, 5, tzinfo=UTC)
    assert [post.text for post in posts] == ["胃反酸烧心", "转发微博", "胃镜前一天能吃什么", "转发微博"]
    assert posts[3].repost_of == ""


def test_weibo_crawler_csv_is_named_by_its_user(tmp_path: Path) -> None:
    path = tmp_path / "9000100001.csv"
    shutil.copy(FILES / "weibo_crawler_2020.csv", path)
    posts = posts_of(path)
    assert {post.author_key for post in posts} == {
        posts_of(copied(tmp_path, "weibo_search_17.csv"))[0].author_key
    }
    assert {post.author_key for post in posts_of(copied(tmp_path, "weibo_crawler_2020.csv"))} == {""}


def test_weibo_crawler_json_original_follows_its_repost(tmp_path: Path) -> None:
    posts = posts_of(copied(tmp_path, "weibo_crawler_user.json"))
    first, repost, original, orphan = posts
    assert repost.repost_of == original.id
    assert orphan.repost_of.startswith("weibo/"), "the original is named although its text is gone"
    originals = {post.repost_of for post in (first, repost, orphan)}
    assert [post for post in (first, repost, original, orphan) if post.id not in originals] == [
        first,
        repost,
        orphan,
    ]


def test_weibo_crawler_profile_is_its_users_only(tmp_path: Path) -> None:
    first, _, original, _ = posts_of(copied(tmp_path, "weibo_crawler_user.json"))
    assert first.place_hints == (PlaceHint(kind="profile", text="四川 成都"),)
    assert first.author_kind == "professional"
    assert original.place_hints == ()
    assert original.author_kind == "person"


# WeiboSpider


def test_weibospider_geo_is_latitude_first(tmp_path: Path) -> None:
    first, abroad, nobody = posts_of(copied(tmp_path, "weibospider.jsonl"))
    geo, ip = first.place_hints
    assert geo == PlaceHint(kind="geo", text="示例客栈", lat=26.9, lon=100.2)
    assert ip == PlaceHint(kind="ip", text="云南")
    assert abroad.place_hints == (PlaceHint(kind="ip", text="德国"),)
    assert first.query == "牙疼"
    assert first.fetched_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert nobody.author_key == ""
    assert nobody.author_kind == "unknown"
    assert nobody.repost_of == first.id


# MediaCrawler


@pytest.mark.parametrize("name", NOTES)
def test_mediacrawler_containers_agree(tmp_path: Path, name: str) -> None:
    first, *others = [posts_of(aged(note_file(tmp_path, name, container))) for container in CONTAINERS]
    for other in others:
        assert other == first


def test_mediacrawler_weibo(tmp_path: Path) -> None:
    post = posts_of(copied(tmp_path, "mediacrawler_weibo_old.json"))[0]
    assert post.published_at == datetime(2026, 11, 20, 0, 0, 50, tzinfo=UTC)
    assert post.place_hints == (PlaceHint(kind="ip", text="四川"),)
    assert (post.query, post.likes, post.replies, post.reposts) == ("牙疼", 12, 3, 0)


def test_mediacrawler_tieba(tmp_path: Path) -> None:
    post = posts_of(copied(tmp_path, "mediacrawler_tieba_old.json"))[0]
    assert post.full_text == "求推荐靠谱的牙科\n预算两千\n在武侯区"
    assert post.published_at == datetime(2026, 11, 19, 14, 9, tzinfo=UTC)
    assert [(hint.kind, hint.text) for hint in post.place_hints] == [("board", "成都吧"), ("ip", "四川")]
    assert (post.thread_id, post.floor, post.replies) == (post.post_id, 1, 30)


def test_mediacrawler_xhs(tmp_path: Path) -> None:
    post = posts_of(copied(tmp_path, "mediacrawler_xhs_old.json"))[0]
    assert post.published_at == datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
    assert post.text == "脸肿成馒头 #拔牙#"
    assert post.likes == 12_000
    assert post.place_hints == (PlaceHint(kind="ip", text="重庆"),)


@pytest.mark.parametrize("site", ["weibo", "tieba", "xhs"])
def test_mediacrawler_before_and_after_july_2026_name_the_same_posts(tmp_path: Path, site: str) -> None:
    old, new = (posts_of(copied(tmp_path, f"mediacrawler_{site}_{age}.json")) for age in ("old", "new"))
    assert [post.id for post in old] == [post.id for post in new]
    assert {hint.kind for post in new for hint in post.place_hints} <= {"board"}
    assert all(post.author_key for post in new)


def test_mediacrawler_sqlite_holds_three_sites(tmp_path: Path) -> None:
    path = tmp_path / "sqlite_tables.db"
    for site in ("weibo", "tieba", "xhs"):
        write_sqlite(path, f"{site}_note", rows_of(f"mediacrawler_{site}_old.json"))
    assert [post.source for post in posts_of(path)] == ["weibo"] * 2 + ["tieba"] * 2 + ["xhs"] * 2


@pytest.mark.parametrize(
    ("site", "table", "thread", "ids"),
    [
        ("weibo", "weibo_note_comment", "5230000005236450", ("c5230000009000001", "c5230000009000002")),
        ("tieba", "tieba_comment", "8800000050", ("151000000001", "151000000002")),
        (
            "xhs",
            "xhs_note_comment",
            "66bb00000000000000000050",
            ("66aa00000000000000000001", "66aa00000000000000000002"),
        ),
    ],
)
@pytest.mark.parametrize("container", CONTAINERS)
def test_comments_belong_to_their_note_and_say_what_they_answer(
    tmp_path: Path, site: str, table: str, thread: str, ids: tuple[str, str], container: str
) -> None:
    rows, path = rows_of(f"mediacrawler_{site}_comments.json"), tmp_path / f"comments.{container}"
    if container == "sqlite":
        write_sqlite(path, table, rows)
    elif container == "csv":
        write_csv(path, rows)
    elif container == "jsonl":
        write_lines(path, rows)
    else:
        path.write_text(json.dumps(rows), encoding="utf-8")
    above, below = posts_of(path)
    assert (above.source, above.post_id, below.post_id) == (site, *ids)
    assert (above.thread_id, below.thread_id) == (thread, thread)
    assert (above.repost_of, below.repost_of) == ("", f"{site}/{ids[0]}")
    assert (above.floor, above.author_kind) == (None, "person")
    assert "回复" not in below.text
    assert PlaceHint(kind="ip", text="四川") in below.place_hints


def test_a_comment_without_its_note_is_none(tmp_path: Path) -> None:
    rows = [{**rows_of("mediacrawler_weibo_comments.json")[0], "note_id": ""}]
    path = write_lines(tmp_path / "comments.jsonl", rows)
    (only,) = read(path, now=NOW, secret=SECRET)
    assert isinstance(only, Rejected)
    assert only.reason == "没有帖子编号（note_id 是空的）。"


def test_a_comment_by_4cat_zeeschuimer_and_mediacrawler_is_one(tmp_path: Path) -> None:
    by_4cat = posts_of(copied(tmp_path, "fourcat.csv"))
    lines = posts_of(copied(tmp_path, "zeeschuimer_comments.ndjson"))
    media = [
        each
        for site in ("weibo", "tieba", "xhs")
        for each in posts_of(copied(tmp_path, f"mediacrawler_{site}_comments.json"))
    ]
    notes = [posts_of(copied(tmp_path, f"mediacrawler_{site}_old.json"))[0] for site in ("weibo", "tieba")]
    known = {each.id: each for each in (*media, *notes)}
    for each in (*by_4cat, *lines):
        same = known[each.id]
        assert (each.url, each.thread_id) == (same.url, same.thread_id)
        if same in media:
            assert (each.text, each.published_at) == (same.text, same.published_at)
    # Spread out by 4CAT, with what it says of the collection beside it.
    spread = [
        {**json.loads(line)["data"], "__import_meta": {"source_platform": "xiaohongshu-comments"}}
        for line in (FILES / "zeeschuimer_comments.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    assert posts_of(aged(write_lines(tmp_path / "4cat.ndjson", spread))) == lines


# Our own lines


def test_own_lines_come_back_as_they_went(tmp_path: Path) -> None:
    path = copied(tmp_path, "tingzhen.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [post_to_dict(post) for post in posts_of(path)] == lines


def test_the_same_post_by_mid_by_bid_and_by_three_tools_is_one(tmp_path: Path) -> None:
    mid, bid = "3501756485200075", "z0JH2lOMb"
    search: dict[str, object] = {
        "id": "",
        "bid": bid,
        "user_id": "1",
        "微博正文": "牙疼",
        "发布时间": "2026-11-20 08:15",
    }
    spider: dict[str, object] = {
        "_id": mid,
        "mblogid": bid,
        "content": "牙疼",
        "created_at": "2026-11-20 08:15:00",
    }
    media = {"note_id": mid, "content": "牙疼", "create_time": 1795132800}
    paths = [
        write_csv(tmp_path / "a.csv", [search]),
        write_lines(tmp_path / "b.jsonl", [spider]),
        write_lines(tmp_path / "c.jsonl", [media]),
    ]
    assert {post.id for path in paths for post in posts_of(path)} == {f"weibo/{mid}"}


# Saved pages


def test_a_saved_page_and_other_tools_name_the_same_post_alike(tmp_path: Path) -> None:
    note = {
        "note_id": "8800000002",
        "title": "牙疼求推荐诊所",
        "desc": "武侯区附近的",
        "publish_time": "2024-07-06 22:09",
        "user_link": "https://tieba.baidu.com/home/main?id=tb.1.900010002&fr=pb",
        "user_nickname": "虚构昵称2",
        "tieba_name": "成都吧",
        "total_replay_num": 18,
    }
    by_tool = posts_of(write_lines(tmp_path / "notes.jsonl", [note]))[0]
    by_page = posts_of(copied(tmp_path, "tieba_thread.html"))[0]
    assert (by_tool.id, by_tool.url, by_tool.author_key) == (by_page.id, by_page.url, by_page.author_key)

    tweet = {
        "_id": "5000000000000002",
        "mblogid": "",
        "created_at": "2026-11-22 19:55:00",
        "content": "右边大牙疼了两天",
        "user": {"_id": "90001002"},
    }
    by_spider = posts_of(write_lines(tmp_path / "tweets.jsonl", [tweet]))[0]
    held = (
        posts_of(copied(tmp_path, "weibo_cards.json")),
        posts_of(copied(tmp_path, "weibo_search_page.html")),
    )
    for posts in held:
        (same,) = (post for post in posts if post.id == by_spider.id)
        assert (same.url, same.author_key) == (by_spider.url, by_spider.author_key)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"ok": -100, "url": "https://passport.weibo.com/"}', "要求登录（ok:-100）"),
        ('{"request": "/x", "error_code": "10023", "error": "e"}', "这是接口的报错（10023）"),
        ('{"ok": 1, "data": {"longTextContent": "全文"}}', "没有编号和时间"),
        ("<html><title>新浪通行证</title></html>", "登录页"),
        ("<html><title>百度安全验证</title>tieba.baidu.com</html>", "百度安全验证"),
        ("<html><title>贴吧</title>tieba.baidu.com 新版</html>", "认不出的页面"),
    ],
)
def test_a_page_without_posts_is_set_aside_with_its_reason(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "saved"
    path.write_text(text, encoding="utf-8")
    (item,) = read(aged(path), now=NOW, secret=SECRET)
    assert isinstance(item, Rejected)
    assert reason in item.reason


def test_a_page_of_another_site_is_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "other.html"
    path.write_text("<html><body><p>别的网站</p></body></html>", encoding="utf-8")
    with pytest.raises(ImportProblem, match="认不出是哪种格式"):
        detect(path)
