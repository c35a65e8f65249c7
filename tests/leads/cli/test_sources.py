"""`tingzhen sources`, `sources add` and `coverage`, against the sample forum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from crawler.coverage.ledger import Ledger
from crawler.coverage.page_result import PageResult
from crawler.coverage.runs import Totals
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Task
from crawler.sample.forum import serve_forum, sources_toml
from crawler.sample.topics import Style
from crawler.sources.load import load_sources
from crawler.sources.permission import Permission
from crawler.sources.quiet_hours import QuietHours
from crawler.sources.source import Board, Source
from crawler.spiders.forum.targets import BoardAt
from leads import labels
from leads.config import load_settings
from leads.sources import states
from tests.support.commands import CONFIG, run

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Chengdu
SOURCE = Source(
    name="bbs", engine="discuz", url="https://bbs.example.org/", every=timedelta(hours=2), expect=3
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tingzhen.toml").write_text(
        CONFIG + '\n[crawl]\nsources = "sources.toml"\n', encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def coverage(tmp_path: Path) -> Iterator[Coverage]:
    opened = Coverage(tmp_path / "coverage.sqlite")
    yield opened
    opened.close()


# ── sources ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_site_is_looked_at_and_its_table_works(folder: Path) -> None:
    with serve_forum() as served:
        added = run("sources", "add", served.url + "forum.php", "--name", "own", "--allow-private")
        assert added.code == 0
        assert "Discuz" in added.out or "discuz" in added.out
        assert "健康求助(36)" in added.out
    (source,) = load_sources(folder / "sources.toml")
    assert (source.name, source.enabled, source.route) == ("own", False, "auto")
    listed = run("sources", "--json")
    assert listed.records[0]["enabled"] is False
    assert run("sources").out.startswith("停用  own  discuz")


def test_the_file_keeps_what_was_in_it(folder: Path) -> None:
    before = "# 我的来源\n" + sources_toml("http://127.0.0.1:1/")
    (folder / "sources.toml").write_text(before, encoding="utf-8")
    with serve_forum() as served:
        words = ("sources", "add", served.url + "forum.php", "--allow-private")
        assert run(*words, "--enable", "--json").records[0]["source"] == "127-0-0-1"
        assert run(*words).code == 2  # the name is taken
    text = (folder / "sources.toml").read_text(encoding="utf-8")
    assert text.startswith(before)
    assert [source.enabled for source in load_sources(folder / "sources.toml")] == [True, True]


def test_a_site_added_twice_is_said_to_be_there(folder: Path) -> None:
    with serve_forum() as served:
        words = ("sources", "add", served.url, "--allow-private")
        assert run(*words, "--name", "own").code == 0
        served.forum.requests.clear()
        table = (folder / "sources.toml").read_text(encoding="utf-8")
        again = run(*words)
        assert again.code == 2
        assert "已经有这个站点，叫 'own'" in again.said
        assert served.forum.requests == []  # nothing is asked for what is known
        assert (folder / "sources.toml").read_text(encoding="utf-8") == table
        assert run(*words, "--name", "second").code == 0
    assert [source.name for source in load_sources(folder / "sources.toml")] == ["own", "second"]


def test_without_a_file_the_first_source_makes_one_in_the_data_folder(folder: Path) -> None:
    (folder / "tingzhen.toml").write_text(CONFIG, encoding="utf-8")
    with serve_forum() as served:
        added = run("sources", "add", served.url, "--allow-private", "--enable")
    assert "它是启用的" in added.out
    (source,) = load_sources(folder / "data" / "sources.toml")
    assert source.url == served.url  # the port too
    assert [record["source"] for record in run("sources", "--json").records] == [source.name]


def test_who_adds_a_disabled_source_is_told_so(folder: Path) -> None:
    with serve_forum() as served:
        assert "它还停用着" in run("sources", "add", served.url, "--allow-private").out


def test_two_ports_of_one_host_are_two_sources(folder: Path) -> None:
    for _ in range(2):
        with serve_forum() as served:
            assert run("sources", "add", served.url, "--allow-private").code == 0
    names = [source.name for source in load_sources(folder / "sources.toml")]
    assert names == ["127-0-0-1", "127-0-0-1-2"]


def test_init_writes_files_that_work_and_overwrites_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = run("init", "--contact", 'desk"@clinic.example')
    assert (made.code, "tingzhen serve" in made.out) == (0, True)
    assert load_settings().crawl.contact == 'desk"@clinic.example'
    assert run("sources").out == ""
    again = run("init")
    assert (again.code, "已经有了" in again.said) == (3, True)


def test_what_robots_forbids_cannot_be_enabled(folder: Path) -> None:
    with serve_forum(style=Style(robots="User-agent: *\nDisallow: /\n")) as served:
        added = run("sources", "add", served.url, "--allow-private", "--enable")
    assert added.code == 3
    assert "robots.txt 不允许" in added.said
    assert not (folder / "sources.toml").exists()


def test_private_addresses_need_a_word(folder: Path) -> None:
    with serve_forum() as served:
        added = run("sources", "add", served.url)
        assert served.forum.requests == []
    assert added.code == 3
    assert "--allow-private" in added.said


def test_a_broken_file_is_not_written_to(folder: Path) -> None:
    (folder / "sources.toml").write_text("x = 1\n", encoding="utf-8")
    with serve_forum() as served:
        added = run("sources", "add", served.url, "--allow-private")
    assert added.code == 2
    assert (folder / "sources.toml").read_text(encoding="utf-8") == "x = 1\n"


# ── coverage ──────────────────────────────────────────────────────────────────────────────────────────────


def state(coverage: Coverage, source: Source = SOURCE, now: datetime = NOW) -> states.SourceState:
    (found,) = states.states([source], coverage, now)
    return found


def ran(coverage: Coverage, *events: str) -> Ledger:
    """A run of the source in which these things happened."""
    ledger = Ledger(coverage, clock=lambda: NOW, report=lambda event, values: None)
    ledger.open(SOURCE)
    task = Task(source="bbs", key="list:36:1", group="board:36", kind="list", at=BoardAt(board="36"))
    for event in events:
        if event == "listed":
            ledger.page(task, PageResult(listed=5))
        elif event == "nothing":
            ledger.page(task, PageResult(listed=0))
        elif event == "refused":
            ledger.refused(task, "robots.txt 不允许")
        elif event == "blocked":
            ledger.blocked("bbs", "bbs.example.org", "HTTP 403")
        elif event == "truncated":
            ledger.truncated("bbs", "list:36:20", "只看了前 20 页主题列表")
        elif event == "layout":
            ledger.failed(task, "版面可能变了", layout=True)
    ledger.close()
    return ledger


@pytest.mark.parametrize(
    ("events", "outcome", "headline", "gap"),
    [
        (("listed",), "ok", "正常", ""),
        (("nothing",), "silent", "异常安静", "异常安静"),
        (("refused",), "refused", "被拒绝（robots.txt 不允许）", "被拒绝 · 版块 36 的第 1 页"),
        (("listed", "blocked"), "blocked", "被封锁", "被封锁 · 整个网站"),
        (("listed", "truncated"), "truncated", "到上限被截断", "截断 · 版块 36 的第 20 页"),
        (("layout",), "failed", "失败（版面可能变了）", "版面变了 · 版块 36 的第 1 页"),
    ],
)
def test_outcomes_are_told_apart(
    coverage: Coverage, events: tuple[str, ...], outcome: str, headline: str, gap: str
) -> None:
    ran(coverage, *events)
    found = state(coverage)
    text = states.text(found, NOW)
    assert found.outcome == outcome
    assert headline in text
    assert gap in text
    assert bool(gap) == ("缺口" in text)
    assert states.record(found)["outcome"] == outcome


def test_every_outcome_and_gap_has_a_word() -> None:
    from typing import get_args

    from crawler.coverage.runs import GapKind, ListOutcome, Outcome

    assert set(labels.OUTCOMES) == set(get_args(Outcome))
    assert set(labels.GAPS) == set(get_args(GapKind))
    assert set(labels.LISTS) == set(get_args(ListOutcome))


def test_every_board_is_told_as_it_is(coverage: Coverage) -> None:
    boards = (Board(id="36", name="口腔"), Board(id="7"), Board(id="8"), Board(id="9"))
    ledger = Ledger(coverage, clock=lambda: NOW, report=lambda event, values: None)
    ledger.open(SOURCE)
    one, two, three = (
        Task(source="bbs", key=f"list:{n}:1", group=f"board:{n}", kind="list", at=BoardAt(board=n))
        for n in ("36", "7", "8")
    )
    ledger.page(one, PageResult(listed=20))
    ledger.page(replace(one, page=2, key="list:36:2"), PageResult(listed=15))
    ledger.page(two, PageResult(listed=0))
    ledger.refused(three, "HTTP 403：没有权限")
    ledger.close()
    found = state(coverage, replace(SOURCE, boards=boards))
    told = [line.strip() for line in states.text(found, NOW).splitlines() if "列表" in line]
    assert told == [
        "列表 · 口腔（36）：列出 35",
        "列表 · 7：没有内容",
        "列表 · 8：被拒绝（HTTP 403：没有权限）",
        "列表 · 9：这次没有读到",
    ]
    (first, *_) = states.record(found)["lists"]  # type: ignore[misc]  # a list of tables
    assert first == {"list": "口腔（36）", "outcome": "ok", "listed": 35, "reason": ""}


def test_one_board_alone_is_what_the_run_says(coverage: Coverage) -> None:
    ran(coverage, "listed")
    assert "列表" not in states.text(state(coverage), NOW)


def test_a_source_that_never_ran(coverage: Coverage) -> None:
    found = state(coverage)
    assert found.outcome == "never"
    assert "还没有抓过" in states.text(found, NOW)
    assert "现在就可以抓" in states.text(found, NOW)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"enabled": False}, "不会抓取：停用着"),
        ({"quiet": QuietHours.parse("11:00-13:30")}, "11-22 13:30 以后可以再抓：安静时段 11:00-13:30"),
        ({"pages_per_day": 1}, "11-23 00:00 以后可以再抓：今天的页数用完了"),
        (
            {
                "permission": Permission(
                    ground="consent", who="站长", when=date(2026, 1, 1), until=date(2026, 11, 1), note="邮件"
                )
            },
            "不会抓取：站方同意已于 2026-11-01 到期",
        ),
    ],
)
def test_when_it_may_be_asked_again(coverage: Coverage, changes: dict[str, object], text: str) -> None:
    coverage.count_call("host:bbs.example.org", "2026-11-22")
    changed = replace(SOURCE, **changes)  # type: ignore[arg-type]  # by name
    assert text in states.text(state(coverage, changed), NOW)


def test_a_paused_host_and_the_interval(coverage: Coverage) -> None:
    ran(coverage, "listed")
    assert "11-22 14:00 以后可以再抓：还没到时间" in states.text(state(coverage), NOW)
    coverage.pause("bbs.example.org", "HTTP 403", NOW, at_least=timedelta(hours=5))
    assert "11-22 17:00 以后可以再抓：主机暂停（HTTP 403）" in states.text(state(coverage), NOW)


def test_a_killed_run_does_not_stay_running(coverage: Coverage) -> None:
    coverage.start_run("bbs", {}, NOW - timedelta(days=1))
    coverage.save_run(1, Totals(pages=3), robots="", first=None, last=None)
    assert "断点" in states.text(state(coverage), NOW)


def test_the_command(folder: Path) -> None:
    (folder / "sources.toml").write_text(sources_toml("http://127.0.0.1:1/"), encoding="utf-8")
    assert run("coverage").code == 4  # no data yet
    (folder / "data").mkdir()
    Coverage(folder / "data" / "coverage.sqlite").close()
    (record,) = run("coverage", "--json").records
    assert (record["source"], record["outcome"], record["gaps"]) == ("sample-forum", "never", [])
    assert "sample-forum（discuz，127.0.0.1）：还没有抓过" in run("coverage", "sample-forum").out
    assert run("coverage", "other").code == 2
