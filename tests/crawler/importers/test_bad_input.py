"""Files as people really have them: cut off, mixed up, damaged. Good records beside bad ones are kept."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.files.personal_fields import HIDDEN, without_person_in_row
from crawler.importers import IMPORTERS, ImportProblem, Post, Rejected, detect, parse_columns, read

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HEADER = "id,bid,user_id,用户昵称,微博正文,发布时间,ip"
GOOD = "5230000000104729,,9000100001,虚构昵称,牙疼,2026-11-20 08:15,四川"


def items_of(path: Path, **options: object) -> list[Post | Rejected]:
    return list(read(path, now=NOW, secret=b"s", **options))  # type: ignore[arg-type]  # passed through


def split(path: Path) -> tuple[list[Post], list[Rejected]]:
    items = items_of(path)
    return [i for i in items if isinstance(i, Post)], [i for i in items if isinstance(i, Rejected)]


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "t.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8", newline="")
    return path


def row(**changed: str) -> str:
    cells = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | changed
    return ",".join(f'"{cell}"' for cell in cells.values())


# Single records


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(发布时间=""), "没有时间"),
        (row(发布时间="上回"), "看不懂的时间"),
        (row(发布时间="2026-02-30 10:00"), "没有这样的时间"),
        (row(发布时间="2026-11-24 08:15"), "将来"),
        (row(发布时间="1989-06-01 08:15"), "1994"),
        (row(微博正文=""), "正文是空的"),
        (row(微博正文=" \u200b\u3000"), "正文是空的"),
        (row(微博正文="牙" * 100_001), "超过 100,000 字"),
        (row(id="4.82E+15"), "表格软件"),
        (row(id="5.23000000010473e+15"), "表格软件"),
        (row(id="99230000000104729.0"), "表格软件"),
        (row(id="没有", bid=""), "不是微博的 bid"),
        (row(id=""), "没有微博编号"),
        ("5230000000104729,,太短的一行", "列数不对"),
        (GOOD + ",多出,来的", "列数不对"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_good_ones_stay(
    tmp_path: Path, line: str, reason: str
) -> None:
    posts, bad = split(table(tmp_path, GOOD, line, GOOD))
    assert [post.text for post in posts] == ["牙疼", "牙疼"]
    assert [item.line for item in bad] == [3]
    assert reason in bad[0].reason
    assert bad[0].reason.endswith("。")
    assert len(bad[0].raw) <= 2_000


def test_an_id_rounded_by_a_spreadsheet_is_seen_beside_its_bid(tmp_path: Path) -> None:
    rounded = row(id="3501756485200070", bid="z0JH2lOMb")
    exact = row(id="3501756485200075", bid="z0JH2lOMb")
    posts, bad = split(table(tmp_path, rounded, exact))
    assert [post.post_id for post in posts] == ["3501756485200075"]
    assert "只留了 15 位" in bad[0].reason


@pytest.mark.parametrize("written", ["5230000000104729.0", "'5230000000104729", "5230000000104729\t"])
def test_an_id_dressed_up_but_whole_is_read(tmp_path: Path, written: str) -> None:
    posts, bad = split(table(tmp_path, row(id=written)))
    assert [post.post_id for post in posts] == ["5230000000104729"]
    assert bad == []


def test_a_clock_running_ahead_is_set_to_now(tmp_path: Path) -> None:
    posts, _ = split(table(tmp_path, row(发布时间="2026-11-23 08:15")))
    assert posts[0].published_at == NOW


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("牙\x00疼\x07了\x1b[31m", "牙疼了[31m"),
        ("牙疼\ufeff", "牙疼"),
        ("<br>牙疼&nbsp;两天<br/>了", "牙疼 两天\n了"),
        ("a < b 的时候牙疼", "a < b 的时候牙疼"),
    ],
)
def test_dirty_text_is_cleaned_and_kept(tmp_path: Path, text: str, kept: str) -> None:
    posts, bad = split(table(tmp_path, row(微博正文=text)))
    assert [post.text for post in posts] == [kept]
    assert bad == []


def test_lone_surrogates_in_json_are_replaced_and_pairs_joined(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"text": "牙\\ud83d疼\\ud83d\\ude00", "time": "2026-11-20"}\n', encoding="utf-8")
    posts, _ = split(path)
    assert posts[0].text == "牙\ufffd疼😀"


def test_five_megabytes_of_text_are_one_rejected_row(tmp_path: Path) -> None:
    posts, bad = split(table(tmp_path, GOOD, row(微博正文="牙疼" * 2_500_000), GOOD))
    assert len(posts) == 2
    assert "5,000,000 字" in bad[0].reason


def test_a_truncated_json_line_is_rejected_and_the_rest_kept(tmp_path: Path) -> None:
    good = json.dumps(
        {"_id": "5230000000104729", "mblogid": "", "content": "牙疼", "created_at": "2026-11-20 08:15"}
    )
    path = tmp_path / "t.jsonl"
    path.write_text(f"{good}\n{good[:60]}\n\n[1]\n{good}\n", encoding="utf-8")
    posts, bad = split(path)
    assert len(posts) == 2
    assert [(item.line, item.reason[:8]) for item in bad] == [(2, "JSON 不完整"), (4, "这一行不是 JS")]


def test_a_json_list_cut_off_keeps_what_came_before(tmp_path: Path) -> None:
    rows = [{"text": f"牙疼 {n}", "time": "2026-11-20"} for n in range(3_000)]
    whole = json.dumps(rows, ensure_ascii=False)
    path = tmp_path / "t.json"
    path.write_text(whole[:-10], encoding="utf-8")
    posts, bad = split(path)
    assert [post.text for post in posts] == [f"牙疼 {n}" for n in range(2_999)]
    assert [item.line for item in bad] == [3_000]
    assert "从第 3000 条记录起" in bad[0].reason


def test_a_quote_nobody_closed_costs_one_line(tmp_path: Path) -> None:
    posts, bad = split(table(tmp_path, GOOD, GOOD.replace("牙疼", '"牙疼'), *[GOOD] * 1_500))
    assert len(posts) == 1_501
    assert [item.line for item in bad] == [3]
    assert "引号没有闭合" in bad[0].reason


def test_a_quote_nobody_closed_on_the_last_line(tmp_path: Path) -> None:
    posts, bad = split(table(tmp_path, GOOD, GOOD.replace("牙疼", '"牙疼')))
    assert len(posts) == 1
    assert [item.line for item in bad] == [3]


def test_lines_are_counted_through_quoted_line_breaks(tmp_path: Path) -> None:
    posts, bad = split(table(tmp_path, row(微博正文="牙疼\n\n两天"), row(发布时间="")))
    assert posts[0].text == "牙疼\n\n两天"
    assert [item.line for item in bad] == [5]


def test_what_is_quarantined_does_not_name_the_author(tmp_path: Path) -> None:
    _, (bad,) = split(table(tmp_path, row(发布时间="上回")))
    assert "牙疼" in bad.raw
    assert "虚构昵称" not in bad.raw
    assert "9000100001" not in bad.raw
    path = tmp_path / "t.jsonl"
    cut_off = '{"text": "牙疼", "time": "2026-11-20", "user": {"nick_name": "虚构昵称", "avatar_hd": "u'
    path.write_text('{"text": "头疼", "time": "2026-11-20"}\n' + cut_off, encoding="utf-8")
    _, (cut,) = split(path)
    assert "牙疼" in cut.raw
    assert "虚构昵称" not in cut.raw


PEOPLE = {"user": {"id": 9000100001, "name": "虚构昵称", "home": {"avatar_hd": "https://pic.example/9.jpg"}}}


@pytest.mark.parametrize(
    "record",
    [
        {"text": "牙疼", "time": "上回", "nickname": "虚构昵称", "user_id": 9000100001},
        {
            "text": "牙疼，虚构昵称记",
            "time": "上回",
            "头像": "https://pic.example/9.jpg",
            "发帖人": "虚构昵称",
        },
        {"text": "牙疼", "time": "上回", "mblog": PEOPLE},
        {"text": "牙疼", "time": "上回", "list": [PEOPLE, {"owner_uid": "9000100001"}]},
    ],
)
def test_what_is_quarantined_keeps_keys_text_and_time_and_nobody(
    tmp_path: Path, record: dict[str, object]
) -> None:
    path = tmp_path / "t.jsonl"
    good = {"text": "头疼", "time": "2026-11-20"}
    path.write_text(
        "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in (good, record)), encoding="utf-8"
    )
    _, (bad,) = split(path)
    kept = json.loads(bad.raw)
    assert kept.keys() == record.keys()
    assert (str(kept["text"])[:2], kept["time"]) == ("牙疼", "上回")
    for who in ("虚构昵称", "9000100001", "pic.example"):
        assert who not in bad.raw


@pytest.mark.parametrize(
    "line",
    [
        "5230000000104729,z0JH2lOMb,9000100001,虚构昵称,牙疼得睡不着,2026-11-20 08:15,多出,来的",
        "z0JH2lOMb,9000100001,虚构昵称,牙疼得睡不着,2026-11-20 08:15",
        '5230000000104729,z0JH2lOMb,9000100001,虚构昵称,"牙疼得睡不着,2026-11-20 08:15',
    ],
    ids=["too many cells", "too few cells", "a quote nobody closed"],
)
def test_a_row_whose_cells_do_not_fit_names_nobody(tmp_path: Path, line: str) -> None:
    path = tmp_path / "t.csv"
    header = "id,bid,user_id,用户昵称,微博正文,发布时间"
    good = "5230000000104730,,9000100001,虚构昵称,头疼,2026-11-20 08:15"
    path.write_text("\n".join((header, good, line)) + "\n", encoding="utf-8")
    _, (bad,) = split(path)
    assert (bad.line, bad.raw.count(",")) == (3, line.count(","))
    assert "虚构昵称" not in bad.raw
    assert "9000100001" not in bad.raw


def test_a_long_text_stays_in_a_row_whose_cells_do_not_fit() -> None:
    text = "右边的大牙疼了两天，想在成都找个能拔智齿的诊所，周末也开门的那种，大家有推荐的吗，离地铁近一点"
    assert without_person_in_row(["虚构昵称", text, "", "x"], ["昵称", "正文", "时间"]) == [
        HIDDEN, text, "", "x"
    ]  # fmt: skip


def test_a_table_with_times_rejects_only_the_rows_without(tmp_path: Path) -> None:
    rows = [{"text": "牙疼"}] * 30 + [{"text": "牙疼", "time": "2026-11-20"}]
    path = tmp_path / "late.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    posts, bad = split(path)
    assert len(posts) == 1
    assert {item.reason for item in bad} == {"没有时间。"}
    assert len(bad) == 30


@pytest.mark.parametrize("point", [[None, 1], ["x", "y"], [91, 10], [], [0, 0], {"lat": 1}, None])
def test_a_nonsense_point_is_left_out_not_the_post(tmp_path: Path, point: object) -> None:
    record = {"_id": "5230000000104729", "mblogid": "", "content": "牙疼", "created_at": "2026-11-20 08:15"}
    path = tmp_path / "t.jsonl"
    path.write_text(json.dumps(record | {"geo": {"coordinates": point}}), encoding="utf-8")
    posts, _ = split(path)
    assert posts[0].place_hints == ()


@pytest.mark.parametrize("ip", ["未知", "192.168.1.7", "fe80::1", "IP属地：", ""])
def test_an_ip_that_is_no_place_is_left_out(tmp_path: Path, ip: str) -> None:
    posts, _ = split(table(tmp_path, row(ip=ip)))
    assert posts[0].place_hints == ()


@pytest.mark.parametrize("note", ["66d5\\ud8000e", "66d5 0e", "x/y"])
def test_an_id_with_strange_characters_is_rejected(tmp_path: Path, note: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"note_id": "{note}", "desc": "牙疼", "time": 1795132800000}}\n', encoding="utf-8")
    _, (bad,) = split(path)
    assert "编号含有不该有的字符" in bad.reason


# Whole files


def empty(path: Path) -> None:
    path.write_text("\ufeff \n\n", encoding="utf-8")


def folder(path: Path) -> None:
    path.mkdir()


def latin(path: Path) -> None:
    path.write_bytes("id,text,time\n1,déjà vu être naïf,2026-11-20\n".encode("latin-1") * 20)


def utf16(path: Path) -> None:
    path.write_bytes("内容,时间\n牙疼,2026-11-20\n".encode("utf-16-le"))


def zipped(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 not a workbook")


def packed(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b\x08 something")


def old_sheet(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)


def broken_sqlite(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)


def strange_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE birds (name)")


def strange_table(path: Path) -> None:
    path.write_text("a,b,c\n1,2,3\n", encoding="utf-8")


def missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (missing, "没有这个文件"),
        (folder, "这是文件夹"),
        (empty, "文件是空的"),
        (latin, "认不出文件的编码"),
        (utf16, "没有 BOM 的 UTF-16"),
        (zipped, "不是可读的 XLSX"),
        (packed, "请先解压"),
        (old_sheet, "旧版 .xls"),
        (broken_sqlite, "读不了这个 SQLite"),
        (strange_sqlite, "认不出是哪种格式"),
        (strange_table, "认不出是哪种格式"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_with_its_name(
    tmp_path: Path, make: object, says: str
) -> None:
    path = tmp_path / "来件.csv"
    make(path)  # type: ignore[operator]  # one of the makers above
    with pytest.raises(ImportProblem) as problem:
        read(path, now=NOW, secret=b"s")
    assert str(problem.value).startswith("来件.csv：")
    assert says in str(problem.value)
    assert str(problem.value).endswith("。")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_we_may_not_read(tmp_path: Path) -> None:
    path = table(tmp_path, GOOD)
    path.chmod(0)
    with pytest.raises(ImportProblem, match="打不开"):
        detect(path)


def test_no_format_fits_lists_them_all(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    strange_table(path)
    with pytest.raises(ImportProblem) as problem:
        detect(path)
    assert [name for name in IMPORTERS if name not in str(problem.value)] == []
    assert "a、b、c" in str(problem.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"format": "weibo"}, "没有叫 'weibo' 的格式"),
        ({"format": "weibospider"}, "不是 WeiboSpider"),
        ({"columns": {"text": "正文"}}, "没有叫 '正文' 的列"),
        ({"columns": {"words": "微博正文"}}, "不认识的键 'words'"),
        ({"columns": {"text": "微博正文", "datum": "mars"}}, "datum"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, options: dict[str, object], says: str) -> None:
    with pytest.raises(ImportProblem, match=says):
        items_of(table(tmp_path, GOOD), **options)


def test_a_table_without_a_text_column_says_how_to_name_it(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    strange_table(path)
    with pytest.raises(ImportProblem, match="--columns text=列名"):
        items_of(path, format="table")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("text=内容,time=时间", {"text": "内容", "time": "时间"}),
        (" text = 内容 ， place=IP属地,", {"text": "内容", "place": "IP属地"}),
        ("", {}),
    ],
)
def test_a_column_map_is_read(text: str, columns: dict[str, str]) -> None:
    assert parse_columns(text) == columns


@pytest.mark.parametrize("text", ["内容", "text=", "=内容", "words=内容", "datum=mars"])
def test_a_wrong_column_map_is_refused(text: str) -> None:
    with pytest.raises(ImportProblem, match="--columns"):
        parse_columns(text)


def test_a_few_broken_bytes_do_not_cost_the_file(tmp_path: Path) -> None:
    path = table(tmp_path, *[GOOD] * 200)
    path.write_bytes(path.read_bytes().replace("牙疼".encode(), b"\xe7\x89\xff\xe7\x96\xbc", 1))
    said: list[str] = []
    posts = [item for item in items_of(path, notice=said.append) if isinstance(item, Post)]
    assert len(posts) == 200
    assert "处字节读不出来" in said[0]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_download_cut_inside_a_character_keeps_the_rows_before(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "t.csv"
    whole = "\n".join([HEADER, *[GOOD] * 20]).encode(codec)
    path.write_bytes(whole[:-1])  # the last character is 川
    posts, _ = split(path)
    assert len(posts) == 20
    assert posts[-1].place_hints[0].text == "四\ufffd"


def test_naive_now_and_empty_secret_are_mistakes_of_ours(tmp_path: Path) -> None:
    path = table(tmp_path, GOOD)
    with pytest.raises(ValueError, match="aware"):
        read(path, now=datetime(2026, 11, 22), secret=b"s")  # noqa: DTZ001  # that is the point
    with pytest.raises(ValueError, match="secret"):
        read(path, now=NOW, secret=b"")


def test_reading_a_large_file_takes_constant_memory(tmp_path: Path) -> None:
    """A million rows must not be held: the rows are counted while only the first was ever asked for."""
    path = table(tmp_path, *[GOOD] * 50_000)
    items = read(path, now=NOW, secret=b"s")
    assert isinstance(next(items), Post)
    # A reader that had loaded the file would not notice that its end changes now.
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow(["5230000000104730", "", "", "", "后来加的", "2026-11-20", ""])
    *_, last = items
    assert isinstance(last, Post)
    assert last.text == "后来加的"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}\n{GOOD}\n".encode("utf-8", "replace")),
        st.text(alphabet='{}[]":,abc1\\ \n', max_size=120).map(str.encode),
        st.text(alphabet='",\n\r;a', max_size=120).map(lambda text: f"text,time\n{text}".encode()),
    )
)
def test_no_bytes_whatever_break_the_reader(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    try:
        items = items_of(path)
    except ImportProblem:
        return  # the only thing that may be raised
    for item in items:
        assert isinstance(item, Post) or item.reason
