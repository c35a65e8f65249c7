"""The generic table: guessed and mapped columns, links, places, spreadsheets, files without times."""

from __future__ import annotations

import csv
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest

from crawler.importers import ImportProblem, Post, Rejected, parse_columns, read
from crawler.items import PlaceHint
from tests.support.paths import FILES

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PERSONAL = ("9000100001", "SECRETTOKEN")


def write_csv(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_xlsx(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.create_sheet(index=0)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def copied(folder: Path, name: str) -> Path:
    path = Path(shutil.copy(FILES / name, folder / name))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return path


def posts_of(path: Path, **options: object) -> list[Post]:
    items = list(read(path, now=NOW, secret=b"s", **options))  # type: ignore[arg-type]  # passed through
    assert [item for item in items if isinstance(item, Rejected)] == []
    return [item for item in items if isinstance(item, Post)]


def test_table_guesses_chinese_headers(tmp_path: Path) -> None:
    first, second, third = posts_of(copied(tmp_path, "table_zh.csv"))
    assert (first.source, first.title, first.text) == ("table", "求助", "牙疼三天了")
    assert first.post_id.startswith("1-")
    assert first.url == "https://forum.example.com/t/1"
    assert first.place_hints == (PlaceHint(kind="ip", text="四川"),)
    assert second.published_at == datetime(2026, 11, 21, 4, 3, tzinfo=UTC), "the file's yesterday"
    assert second.likes is None
    assert third.published_at == datetime(2026, 11, 18, 16, 0, tzinfo=UTC)


def test_table_gives_a_linked_post_the_sites_own_id(tmp_path: Path) -> None:
    third = posts_of(copied(tmp_path, "table_zh.csv"))[2]
    assert third.id == f"weibo/{5230000000000000 + 63 * 104729}"


@pytest.mark.parametrize(
    ("url", "id_"),
    [
        ("https://weibo.com/9000100001/z0JH2lOMb?refer=1", "weibo/3501756485200075"),
        ("https://m.weibo.cn/detail/3501756485200075", "weibo/3501756485200075"),
        ("https://m.weibo.cn/status/z0JH2lOMb", "weibo/3501756485200075"),
        ("https://m.weibo.cn/9000100001/3501756485200075", "weibo/3501756485200075"),
        ("https://tieba.baidu.com/p/8800000001", "tieba/8800000001"),
        ("https://tieba.baidu.com/p/8800000001?pid=12&cid=0#12", "tieba/12"),
        (
            "https://www.xiaohongshu.com/explore/66d5b40e000000001d0182be?xsec_token=SECRETTOKEN",
            "xhs/66d5b40e000000001d0182be",
        ),
    ],
)
def test_table_knows_links(tmp_path: Path, url: str, id_: str) -> None:
    path = write_csv(tmp_path / "t.csv", [{"内容": "牙疼", "时间": "2026-11-20", "链接": url}])
    (post,) = posts_of(path)
    assert post.id == id_
    assert not [mark for mark in PERSONAL if mark in post.url]


@pytest.mark.parametrize(
    ("header", "id_", "name"),
    [
        ("mid", "3501756485200075", "weibo/3501756485200075"),
        ("bid", "z0JH2lOMb", "weibo/3501756485200075"),
        ("微博id", "z0JH2lOMb", "weibo/3501756485200075"),
        ("mid", "17", "table/17-"),
        ("id", "3501756485200075", "table/3501756485200075-"),
    ],
)
def test_table_knows_columns_of_weibo_ids(tmp_path: Path, header: str, id_: str, name: str) -> None:
    path = write_csv(tmp_path / "t.csv", [{"内容": "牙疼", "时间": "2026-11-20", header: id_}])
    (post,) = posts_of(path)
    assert post.id == name or (name.endswith("-") and post.id.startswith(name))


def test_table_points_zones_and_weak_places(tmp_path: Path) -> None:
    first, second = posts_of(copied(tmp_path, "table.tsv"))
    assert first.published_at == datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    assert first.place_hints == (
        PlaceHint(kind="geo", lat=30.25, lon=120.16),
        PlaceHint(kind="profile", text="杭州"),
    )
    assert second.published_at == datetime(2026, 11, 20, tzinfo=UTC)


def test_table_converts_coordinates_of_a_named_system(tmp_path: Path) -> None:
    (hint, _), *_ = (
        post.place_hints for post in posts_of(copied(tmp_path, "table.tsv"), columns={"datum": "gcj02"})
    )
    assert hint.lat == pytest.approx(30.2523, abs=0.0005)
    assert hint.lon == pytest.approx(120.1553, abs=0.0005)


def test_table_takes_a_column_map(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "t.csv", [{"c1": "牙疼", "c2": "2026-11-20", "c3": "四川", "c4": "9000100001"}]
    )
    columns = {"text": "c1", "time": "c2", "place": "c3", "author": "c4"}
    (post,) = posts_of(path, columns=columns)
    assert (post.text, post.place_hints[0].text, len(post.author_key)) == ("牙疼", "四川", 22)


def test_table_reads_a_spreadsheet(tmp_path: Path) -> None:
    cells: list[list[object]] = [
        ["编号", "内容", "时间"],
        [1, "牙疼", datetime(2026, 11, 20, 8, 0)],  # noqa: DTZ001  # spreadsheets have no zones
        [],
        [2, "头疼\n两天", "2026-11-21"],
    ]
    first, second = posts_of(write_xlsx(tmp_path / "t.xlsx", cells))
    assert first.published_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert first.post_id.startswith("1-")
    assert second.text == "头疼\n两天"


def test_two_tables_counting_from_one_do_not_collide(tmp_path: Path) -> None:
    one = write_csv(tmp_path / "one.csv", [{"编号": 1, "内容": "牙疼", "时间": "2026-11-20"}])
    two = write_csv(tmp_path / "two.csv", [{"编号": 1, "内容": "头疼", "时间": "2026-11-20"}])
    assert posts_of(one)[0].id != posts_of(two)[0].id


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_file_without_any_time_is_not_read_as_one_of_today(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    if kind == "csv":
        write_csv(path, [{"编号": 1, "内容": "牙疼得睡不着"}])
    else:
        path.write_text('{"编号": 1, "内容": "牙疼得睡不着"}\n' * 3, encoding="utf-8")
    with pytest.raises(ImportProblem, match=r"--columns time=列名.*内容"):
        list(read(path, now=NOW, secret=b"s"))


def test_whoever_knows_the_day_of_a_file_without_times_says_it(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "t.csv", [{"编号": 1, "内容": "牙疼得睡不着"}, {"编号": 2, "内容": "头疼"}])
    given = [
        each
        for day in ("2026-11-18", "2026-11-19 08:00")
        for each in read(path, now=NOW, secret=b"s", columns=parse_columns(f"time=@{day}"))
    ]
    assert all(isinstance(each, Post) for each in given)
    posts = [each for each in given if isinstance(each, Post)]
    assert [each.published_at.isoformat() for each in posts] == (
        ["2026-11-17T16:00:00+00:00"] * 2 + ["2026-11-19T00:00:00+00:00"] * 2
    )
    assert [each.id for each in posts[:2]] == [each.id for each in posts[2:]]  # no copies on a second try
    (bad, _) = read(path, now=NOW, secret=b"s", columns=parse_columns("time=@neulich"))
    assert isinstance(bad, Rejected)


def test_a_long_number_in_a_spreadsheet_is_a_damaged_id(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", [["id", "内容", "时间"], [5230000000104720, "牙疼", "2026-11-20"]])
    (bad,) = read(path, now=NOW, secret=b"s")
    assert isinstance(bad, Rejected)
    assert bad.line == 2
    assert "表格软件" in bad.reason


def test_other_tools_results_may_come_as_a_spreadsheet(tmp_path: Path) -> None:
    with (FILES / "weibo_search_19.csv").open(encoding="utf-8-sig", newline="") as file:
        rows: list[list[object]] = [list(row) for row in csv.reader(file)]
    sheet = write_xlsx(tmp_path / "t.xlsx", rows)
    os.utime(sheet, (NOW.timestamp(), NOW.timestamp()))
    assert posts_of(sheet) == posts_of(copied(tmp_path, "weibo_search_19.csv"))
