"""Bad input: each kind is one clear sentence that names the file, line or key; good records are kept."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from leads.index.sqlite import schema
from tests.support.commands import (
    CONFIG,
    GOOD,
    NOBODY,
    OTHER,
    SEEKER,
    found,
    ingested,
    post_line,
    quarantined,
    run,
    write_lines,
)

pytestmark = pytest.mark.usefixtures("own_folder")

# files and records


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--columns", "text", "posts.jsonl"], "text=内容"),
        (["--columns", "colour=甲", "posts.jsonl"], "colour"),
        (["--columns", "text=甲", "posts.jsonl"], "甲"),
        (["--format", "excel", "posts.jsonl"], "excel"),
        (["--format", "weibo-search", "posts.jsonl"], "weibo-search"),
        (["nowhere.csv"], "nowhere.csv"),
        (["."], "文件夹"),
        (["empty.csv"], "empty.csv"),
        (["binary.csv"], "binary.csv"),
        (["packed.csv"], "解压"),
        (["big5.csv"], "编码"),
        (["other.csv"], "other.csv"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(words: list[str], said: str) -> None:
    write_lines(Path("posts.jsonl"), [GOOD])
    Path("empty.csv").write_bytes(b" \n")
    Path("binary.csv").write_bytes(bytes(range(256)) * 20)
    Path("packed.csv").write_bytes(b"\x1f\x8b\x08" + b"x" * 100)
    Path("big5.csv").write_bytes(("牙齒痛了三天晚上睡不著請問哪裡有推薦的診所" * 20).encode("big5"))
    Path("other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    ran = run("ingest", *words)
    assert ran.code == 3
    assert said in ran.said
    assert "Traceback" not in ran.err


def test_one_bad_file_does_not_keep_the_good_one_out() -> None:
    write_lines(Path("good.jsonl"), [GOOD])
    ran = run("ingest", "--json", "nowhere.csv", "good.jsonl")
    assert ran.code == 3
    assert [record["file"] for record in ran.records] == ["good.jsonl", "nowhere.csv"]
    assert "没有这个文件" in str(ran.records[1]["error"])
    assert found() == ["forum/1"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (json.dumps(GOOD).encode()[:-20], "JSON"),  # truncated
        (json.dumps({**GOOD, "text": "$"}).encode().replace(b"$", b"\xff\xfe"), None),  # broken bytes
        (json.dumps({**GOOD, "published_at": None}).encode(), "published_at"),
        (json.dumps({**GOOD, "published_at": "2099-01-01T00:00:00Z"}).encode(), "将来"),
        (json.dumps({**GOOD, "published_at": "2026-11-20T00:00:00"}).encode(), "published_at"),
        (json.dumps({**GOOD, "text": ""}).encode(), "空"),
        (json.dumps({**GOOD, "text": "\u0000\u200b \n"}).encode(), "空"),
        (json.dumps({**GOOD, "text": "疼" * 1_700_000}, ensure_ascii=False).encode(), "上限"),
        (json.dumps({**GOOD, "text": 5}).encode(), "text"),
        (b"[]", "对象"),
        (b"[" * 50_000, "JSON"),
        (b'{"text": ' + b"9" * 10_000 + b"}", "JSON"),
    ],
    ids=["truncated", "bytes", "no time", "future", "no zone", "empty", "invisible", "5 MB", "number", "list",
         "deep", "digits"],
)  # fmt: skip
def test_a_bad_record_is_quarantined_and_the_good_ones_beside_it_are_kept(
    bad: bytes, reason: str | None
) -> None:
    ran = ingested(post_line(8, SEEKER), bad, post_line(9, "智齿发炎肿了，在成都武侯区，求推荐口腔医院拔牙"))
    assert ran.code == 0
    assert ran.records[0]["read"] == 3
    assert ran.records[0]["leads"] == 2 or reason is None
    if reason is not None:
        assert ran.records[0]["rejected"] == 1
        assert (quarantined()[0]["origin"], quarantined()[0]["line"]) == ("posts.jsonl", 2)
        assert reason in str(quarantined()[0]["reason"])
        assert len(str(quarantined()[0]["raw"])) <= 2_000


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,b,c,d", "列数不对：表头有 3 列，这一行有 4 列"),
        ("a,b", "列数不对：表头有 3 列，这一行有 2 列"),
        (f"3,,{SEEKER.replace('，', ' ')}", "没有时间"),
        ("3,2099-01-01,牙疼", "将来"),
        ("3,2026-11-20 10:00,", "空"),
        ('3,2026-11-20 10:00,"牙疼', "引号"),
        ("4.82E+15,2026-11-20 10:00,牙疼", "编号已损坏"),
    ],
)
def test_a_bad_row_of_a_table_is_quarantined_with_its_line(row: str, reason: str) -> None:
    rows = ["编号,时间,内容", f"1,2026-11-20 10:00,{SEEKER.replace('，', ' ')}", row]
    Path("t.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    ran = run("ingest", "--json", "t.csv")
    assert ran.code == 0
    assert (ran.records[0]["leads"], ran.records[0]["rejected"]) == (1, 1)
    assert quarantined()[0]["line"] == 3
    assert reason in str(quarantined()[0]["reason"])


def test_control_characters_and_lone_surrogates_are_cleaned_and_kept() -> None:
    line = json.dumps({**GOOD, "text": f"\x1b[31m{SEEKER}\x07\ud83d"}).encode()
    assert ingested(line).records[0]["leads"] == 1
    (record,) = run("search", "--json").records
    assert not any(ord(character) < 32 for character in str(record["text"]))
    assert SEEKER in str(record["text"])
    assert "\x1b" not in run("search").out


# searches


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--radius", "0"], "半径 '0'"),
        (["--radius", "-1"], "半径 '-1'"),
        (["--near", "anhe", "--radius", "5 miles"], "半径 '5 miles'"),
        (["--near", "104.05,30.63"], "写反"),
        (["--near", "51.5,-0.1"], "中国"),
        (["--limit", "0"], "limit"),
        (["--limit", "many"], "limit"),
        (["--min-need", "high"], "min_need"),
        (["--sort", "nearest"], "--near"),
        (["--sort", "price"], "sort"),
        (["--symptom", "霍格沃茨病"], "霍格沃茨病"),
        (["--since", "soon"], "since"),
        (["--cursor", "!!!"], "cursor"),
        (["--json", "--csv"], "只能选一个"),
        (["(牙疼"], "括号"),
        (["--no-such"], "--no-such"),
    ],
)
def test_a_search_that_cannot_be_understood_ends_with_2(words: list[str], said: str) -> None:
    ingested(post_line(1, OTHER))
    ran = run("search", *words)
    assert ran.code == 2
    assert said in ran.said
    assert ran.out == ""


# settings and folders

BAD_CLINIC = CONFIG.replace("30.6386", "51.5")


@pytest.mark.parametrize(
    ("config", "said", "commands"),
    [
        (
            "[web]\nprot = 1",
            "web.prot",
            ["search", "ingest x.csv", "crawl", "serve", "check", "feedback a b"],
        ),
        ("[web", "TOML", ["search", "ingest x.csv", "crawl", "serve", "check", "train --back"]),
        (BAD_CLINIC, "clinics.1", ["search", "ingest posts.jsonl", "check"]),
    ],
)
def test_broken_settings_end_every_command_with_2_and_name_file_and_key(
    config: str, said: str, commands: list[str]
) -> None:
    Path("tingzhen.toml").write_text(config, encoding="utf-8")
    write_lines(Path("posts.jsonl"), [GOOD])
    for command in commands:
        ran = run(*command.split())
        assert ran.code == 2, command
        assert said in ran.said + ran.out, command
        assert "tingzhen.toml" in ran.said + ran.out, command


def test_a_named_settings_file_that_is_missing_is_named() -> None:
    ran = run("--config", "nowhere.toml", "search")
    assert ran.code == 2
    assert "nowhere.toml" in ran.said


def test_without_a_data_folder_search_says_what_to_run_first() -> None:
    ran = run("search")
    assert ran.code == 4
    assert "tingzhen ingest" in ran.said
    assert not Path("data").exists()


@pytest.mark.parametrize("place", ["tingzhen.toml", "tingzhen.toml/data", "/proc/nowhere/data"])
def test_a_data_folder_that_cannot_be_made_is_named(place: str) -> None:
    Path("tingzhen.toml").write_text(f'data_dir = "{place}"\n', encoding="utf-8")
    write_lines(Path("posts.jsonl"), [GOOD])
    ran = run("ingest", "posts.jsonl")
    assert ran.code == 4
    assert place in ran.said
    assert "data_dir" in ran.said


def test_a_damaged_index_is_said() -> None:
    Path("data").mkdir()
    Path("data/leads.sqlite").write_bytes(b"this is no database" * 100)
    ran = run("search")
    assert ran.code == 4
    assert "损坏" in ran.said


def test_a_lock_that_is_not_given_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(GOOD)
    connect = sqlite3.connect
    monkeypatch.setattr(
        schema.sqlite3,
        "connect",
        lambda path, **options: connect(path, **{**options, "timeout": 0.05}),
    )
    with closing(connect("data/leads.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        ran = ingested(GOOD)
    assert ran.code == 4
    assert "另一个进程" in ran.said
    assert ingested(GOOD).code == 0


def test_debug_shows_where_it_happened() -> None:
    with pytest.raises(Exception, match="数据目录"):
        run("--debug", "search")


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Without root's power over files."""
    me = os.geteuid()
    os.seteuid(NOBODY if me == 0 else me)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_read_only_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory() as name:
        monkeypatch.chdir(name)
        write_lines(Path("posts.jsonl"), [GOOD])
        run("ingest", "posts.jsonl")
        for path in (Path(), Path("data")):
            path.chmod(0o555)
        for file in Path("data").iterdir():
            file.chmod(0o444)
        with as_somebody_else():
            ran = [run("ingest", "posts.jsonl"), run("search"), run("check")]
        for path in (Path(), Path("data")):
            path.chmod(0o755)
        monkeypatch.undo()
    assert [one.code for one in ran] == [4, 4, 2]
    assert "只读" in ran[0].said
    assert "只读" in ran[1].said
    assert "不可写" in ran[2].out
    if os.geteuid() == 0:  # then the files are another user's, and their modes cannot be mended
        assert "别的用户能读" in ran[2].out
