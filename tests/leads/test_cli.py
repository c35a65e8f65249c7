"""The command line: what every command prints, how it ends, and that bad input is one clear sentence."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from leads import cli
from leads.index import sqlite_store
from leads.show import CSV_COLUMNS
from tests.leads.commands import CONFIG, TINGZHEN, Ran, finish, post_line, run, start, write_lines

SEEKER = "坐标成都武侯，右边大牙疼了三天，晚上疼得睡不着，求推荐靠谱的口腔诊所"
OTHER = "今天路过河边，看到有人放风筝，天气真好"
GOOD = post_line(1, SEEKER)
NOBODY = 65534


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def ingested(*records: object, name: str = "posts.jsonl") -> Ran:
    return run("ingest", "--json", str(write_lines(Path(name), records)))


def quarantined() -> list[dict[str, object]]:
    file = Path("data/quarantine.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def found() -> list[object]:
    return [record["id"] for record in run("search", "--json").records]


# ingest


def test_ingest_counts_what_it_read() -> None:
    ran = ingested(GOOD, post_line(2, OTHER), post_line(3, SEEKER, hours=5000), b"{broken")
    assert ran.code == 0
    assert ran.records == [
        {
            "file": "posts.jsonl",
            "read": 4,
            "leads": 1,
            "mentions": 0,
            "unmatched": 1,
            "expired": 1,
            "rejected": 1,
        }
    ]


def test_ingest_says_in_words_what_it_did_and_why_records_are_missing() -> None:
    file = write_lines(Path("a[b] :x:.jsonl"), [GOOD, b"{broken"])
    ran = run("ingest", str(file))
    assert ran.code == 0
    assert "a[b] :x:.jsonl：识别为 听诊自己的 JSON 行，按 UTF-8 读取" in ran.out
    assert "读入 2 条：线索 1" in ran.out
    assert "隔离 1 条：" in ran.out
    assert "quarantine.jsonl" in ran.out


def test_ingest_twice_gives_the_same() -> None:
    ingested(GOOD)
    before = found()
    assert ingested(GOOD).records[0]["leads"] == 1
    assert found() == before == ["forum/1"]


def test_columns_and_format_may_be_given() -> None:
    Path("t.csv").write_text(
        f"甲,乙,丙\n{SEEKER.replace('，', '。')},2026-11-20 10:00,四川\n", encoding="gb18030"
    )
    ran = run("ingest", "--json", "--format", "table", "--columns", "text=甲，time=乙,place=丙", "t.csv")
    assert (ran.code, ran.records[0]["read"], ran.records[0]["rejected"]) == (0, 1, 0)


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


# search


@pytest.fixture
def some_leads() -> None:
    near = "智齿发炎肿了，人在成都锦江区，求推荐口腔医院"
    ingested(
        GOOD,
        post_line(2, near, hours=30),
        post_line(3, "[/red] 牙疼[泪] :smile: 成都武侯求推荐口腔", hours=2),
    )


@pytest.mark.usefixtures("some_leads")
def test_search_prints_json_a_line_each() -> None:
    ran = run("search", "牙疼", "--near", "anhe", "--json")
    assert ran.code == 0
    first = ran.records[0]
    shown = {"id", "text", "published_at", "need", "score", "distance_km", "precision", "reasons", "region"}
    assert shown | {"symptoms", "specialties", "intent", "intent_label", "folded", "status"} <= set(first)
    assert {record["id"] for record in ran.records} == {"forum/1", "forum/3"}


@pytest.mark.usefixtures("some_leads")
def test_search_prints_csv_for_spreadsheets() -> None:
    ran = run("search", "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert {row["id"] for row in rows} == {"forum/1", "forum/2", "forum/3"}
    assert tuple(rows[0]) == CSV_COLUMNS


def test_csv_cells_never_become_formulas() -> None:
    ingested(post_line(1, "=1+1 " + SEEKER))
    (row,) = csv.DictReader(io.StringIO(run("search", "--csv").out))
    assert row["正文"].startswith("'=1+1")


@pytest.mark.usefixtures("some_leads")
def test_search_prints_a_table_with_the_text_as_it_is() -> None:
    ran = run("search")
    assert ran.code == 0
    assert "[/red]" in ran.out
    assert "[泪]" in ran.out
    assert ":smile:" in ran.out
    assert "共 3 条" in ran.out


@pytest.mark.usefixtures("some_leads")
def test_pages_follow_each_other_without_repeats() -> None:
    seen: list[object] = []
    cursor = ""
    for _ in range(3):
        ran = run("search", "--json", "--sort", "newest", "--limit", "1", "--cursor", cursor)
        seen += [record["id"] for record in ran.records]
        cursor = ran.err.partition("--cursor ")[2].strip()
    assert seen == ["forum/1", "forum/3", "forum/2"]
    assert cursor == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["NOT", "智齿"], {"1", "3"}),
        (["--", "-智齿"], {"1", "3"}),
        (["--symptom", "牙痛"], {"1", "3"}),
        (["--specialty", "dental", "--until", "1d"], {"2"}),
        (["--since", "1d"], {"1", "3"}),
        (["--area", "成都武侯"], {"1", "3"}),
        (["--near", "30.6386,104.0536", "--radius", "2km", "--precision", "sure"], {"1", "3"}),
        (["--near", "anhe", "--radius", "20km"], {"1", "2", "3"}),
        (["--intent", "求诊", "--source", "forum", "--status", "new"], {"1", "2", "3"}),
        (["--source", "weibo"], set()),
        (["--min-need", "1"], set()),
    ],
)
@pytest.mark.usefixtures("some_leads")
def test_filters(words: list[str], expected: set[str]) -> None:
    records = run("search", "--json", *words).records
    assert {str(record["post_id"]) for record in records} == expected


def test_an_empty_answer_says_what_to_try() -> None:
    ingested(post_line(1, OTHER))
    assert "放宽" in run("search").out
    assert run("search", "--json").out == ""


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
        sqlite_store.sqlite3, "connect", lambda path, **options: connect(path, **{**options, "timeout": 0.05})
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


# tag, check, crawl, serve, feedback, train


def test_tag_answers_line_by_line_and_ends_with_3_when_one_was_bad() -> None:
    good = json.dumps({"text": SEEKER}).encode()
    ran = run("tag", stdin=good + b"\n")
    assert (ran.code, ran.err) == (0, "")
    assert "toothache" in ran.out
    ran = run("tag", stdin=good + b"\n{broken\n" + good + b"\n")
    assert ran.code == 3
    assert ["error" in record for record in ran.records] == [False, True, False]
    assert "第 2 行" in ran.err


def test_check_lists_findings_and_ends_with_2_on_an_error() -> None:
    ran = run("check", "--json")
    assert ran.code == 0
    assert {tuple(record) for record in ran.records} == {("level", "topic", "text")}
    assert "✓ 诊所：安和口腔" in run("check").out
    Path("tingzhen.toml").write_text("a = 1", encoding="utf-8")
    ran = run("check")
    assert ran.code == 2
    assert "✗ 配置" in ran.out


@pytest.mark.parametrize(
    ("config", "words", "said"),
    [
        ("", ["crawl"], "没有启用的来源"),
        ("", ["crawl", "nobody"], "nobody"),
        ('[crawl]\nsources = "nowhere.toml"\n', ["crawl"], "nowhere.toml"),
    ],
)
def test_a_crawl_without_sources_ends_with_2(config: str, words: list[str], said: str) -> None:
    Path("tingzhen.toml").write_text(config, encoding="utf-8")
    ran = run(*words)
    assert ran.code == 2
    assert said in ran.said


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = run("serve", "--port", port)
    assert ran.code == 3
    assert f"端口 {port}" in ran.said
    assert run("serve", "--port", "99999").code == 2


def test_the_version_and_the_help_are_shown() -> None:
    assert run("--version").out.startswith("tingzhen ")
    assert "ingest" in run("--help").out


def test_errors_are_raised_as_sentences_only_inside_the_commands() -> None:
    assert cli.app.info.cls is cli.Commands


# real processes


HEAVY = {"numpy", "sklearn", "scrapy", "fastapi", "pydantic", "orjson", "rich.table"}


def test_help_starts_quickly(own_folder: Path) -> None:
    began = time.monotonic()
    assert finish(start("--help", cwd=own_folder)).code == 0
    assert time.monotonic() - began < 5  # half a second, ten times over for a busy machine
    code = f"import sys, leads.cli; print(*sorted({HEAVY} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""  # noqa: S603 - ours


def test_a_process_ends_with_a_sentence_and_no_traceback(own_folder: Path) -> None:
    ran = finish(start("search", cwd=own_folder))
    assert (ran.code, ran.out) == (4, "")
    assert ran.err.startswith("错误：数据目录")
    ran = finish(start("--debug", "search", cwd=own_folder))
    assert ran.code == 1
    assert "Traceback" in ran.err


def test_a_reader_that_has_enough_is_no_error(own_folder: Path) -> None:
    ingested(*(post_line(number, f"{number}号{SEEKER}" + "啊" * 3_000) for number in range(3)))
    process = start("search", "--json", cwd=own_folder)
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")


def test_an_interruption_is_said(own_folder: Path) -> None:
    process = start("tag", cwd=own_folder)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"text": "x"}\n' * 256)
    process.stdin.flush()
    assert process.stdout.readline()  # now it is at work
    process.send_signal(signal.SIGINT)
    ran = finish(process)
    assert ran.code == 130
    assert ran.err.startswith("已中断")


def test_a_full_disk_is_said_and_the_next_run_goes_on(own_folder: Path) -> None:
    write_lines(own_folder / "posts.jsonl", [post_line(n, f"{n}号，{SEEKER}", floor=n) for n in range(1500)])
    limit = 1_000_000  # bytes a file may have: enough to begin with, too few for all

    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    ran = finish(start("ingest", "posts.jsonl", cwd=own_folder, before=fill_disk))
    assert ran.code == 4
    assert ran.err.startswith("错误：磁盘")
    assert "重新运行" in ran.err
    assert "Traceback" not in ran.err
    again = run("ingest", "--json", "posts.jsonl")
    assert (again.code, again.records[0]["read"]) == (0, 1500)
    assert again.records[0]["leads"] == run_counts()


def run_counts() -> int:
    with closing(sqlite3.connect("data/leads.sqlite")) as database:
        return int(database.execute("SELECT count(*) FROM leads").fetchone()[0])


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


def test_two_processes_may_write_the_same_new_data_at_once(own_folder: Path) -> None:
    for name in ("a", "b"):
        records = [post_line(n, f"{n}号{SEEKER}", source=name) for n in range(200)]
        write_lines(own_folder / f"{name}.jsonl", [*records, b"{broken"])
    processes = [start("ingest", "--json", f"{name}.jsonl", cwd=own_folder) for name in ("a", "b")]
    ran = [finish(process) for process in processes]
    assert [(one.code, one.err) for one in ran] == [(0, ""), (0, "")]
    assert [one.records[0]["rejected"] for one in ran] == [1, 1]
    assert run_counts() == sum(int(str(one.records[0]["leads"])) for one in ran) > 0
    assert len(quarantined()) == 2


def test_the_entry_point_is_installed() -> None:
    assert TINGZHEN.exists()
