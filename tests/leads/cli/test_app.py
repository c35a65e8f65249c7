"""The command line: what every command prints, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leads.actions.change_case import sync_index
from leads.actions.export import COLUMNS
from leads.config import Settings
from leads.records import cases, open_records
from leads.records.feedback import judgements
from leads.records.tables.people import User
from leads.storage import open_index
from tests.support.commands import GOOD, OTHER, SEEKER, found, ingested, post_line, run, write_lines

pytestmark = pytest.mark.usefixtures("own_folder")

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


# search


@pytest.fixture
def some_leads(own_folder: Path) -> None:
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
    assert {row["编号"] for row in rows} == {"forum/1", "forum/2", "forum/3"}
    assert tuple(rows[0]) == COLUMNS


def test_csv_names_people_as_the_desk_does() -> None:
    ingested(post_line(1, SEEKER))
    now, chosen = datetime.now(UTC), Settings(data_dir=Path("data"))
    with open_records(chosen) as records, open_index(chosen) as index:
        with records.transaction() as session:
            session.add(User(login="lin", name="林主任", role="marketer", created_at=now))
            session.flush()
            wanted = cases.CaseChange(version=0, assignee="lin")
            cases.change(session, {"forum/1": wanted}, who="lin", now=now)
        sync_index(records, index)
    (row,) = csv.DictReader(io.StringIO(run("search", "--csv").out))
    assert row["负责人"] == "林主任"


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


def test_feedback_is_kept_with_the_text_it_is_about() -> None:
    ingested(GOOD)
    assert run("feedback", "forum/1", "experience").code == 0
    with open_records(Settings(data_dir=Path("data"))) as records, records.reading() as session:
        assert judgements(session) == {SEEKER: "experience"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["feedback", "forum/99", "seeker"], "forum/99"),
        (["feedback", "forum/1", "买房"], "买房"),
        (["train"], "--out"),
        (["train", "--with-feedback"], "至少要 20 条"),
        (["train", "--back"], "没有更早的"),
    ],
)
def test_feedback_and_training_say_what_they_miss(words: list[str], said: str) -> None:
    ingested(GOOD)
    ran = run(*words)
    assert ran.code == 3
    assert said in ran.said
