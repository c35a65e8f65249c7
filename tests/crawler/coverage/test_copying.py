"""Moving house: everything that is known of crawls goes along, from a file to a database and back."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawler.coverage.copying import copy
from crawler.coverage.estimate import Recaught
from crawler.coverage.ledger import Ledger
from crawler.coverage.page_result import PageResult
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope, Task
from crawler.coverage.views import BoardShown, Sighting, ThreadShown
from crawler.items import Post
from crawler.sources.source import Source
from crawler.spiders.forum.targets import TARGETS, BoardAt, ThreadAt
from tests.support.coverages import rows

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SOURCE = Source(name="bbs", engine="discuz", url="https://bbs.example.org/")
TABLES = (
    "source, scope, value FROM cursor",
    "source, grp, value FROM mark",
    "source, key, grp, value, attempts FROM task",
    "source, post_id, digest, alias FROM seen",
    "source, day, posts FROM day",
    "host, until, reason, strikes FROM pause",
    "source, day, pages FROM budget",
    "source, page, task, checked FROM visit",
    "source, id, page, published FROM kept",
    "source, board, view, thread, posts, day, at FROM sighting",
    "source, board, threads FROM board_size",
    "source, thread, page, shown, last FROM floors",
    "source, thread, page, shown, known, at FROM reread",
    "source, started, ended, outcome, reason, asked, robots, totals, lists, strange FROM run",
    "run.started, note.kind, note.scope, note.text, note.at FROM note JOIN run ON run.id = note.run",
)


def contents(place: Path | str) -> list[list[tuple[object, ...]]]:
    return [sorted(rows(place, f"SELECT {table}"), key=repr) for table in TABLES]


def fill(coverage: Coverage, now: datetime = NOW) -> None:
    """A run that was killed: of everything there is something."""
    board = Task(source="bbs", key="list:36:1", group="board:36", kind="list", at=BoardAt(board="36"))
    thread = Task(
        source="bbs", key="thread:7:1", group="board:36", kind="thread", at=ThreadAt(board="36", thread="7")
    )
    post = Post(source="bbs", post_id="t7", text="牙疼", published_at=now, fetched_at=now)
    ledger = Ledger(coverage, clock=lambda: now, report=lambda *_: None, visit=lambda *_: thread)
    ledger.open(SOURCE)
    for task in (board, thread):
        coverage.add_task(task)
    ledger.fetched("bbs")
    ledger.page(board, PageResult(listed=1, mark="new"))
    ledger.page(thread, PageResult(posts=(post,), cursor=(Scope("thread:7"), "far"), tasks=(board,)))
    ledger.stored([post.id])
    ledger.failed(board, "超时")
    ledger.blocked("bbs", "bbs.example.org", "429")
    shown = BoardShown(board="36", view="list", threads=(Sighting(thread="7", posts=2),), said=9)
    coverage.views.showed("bbs", shown, ThreadShown(thread="7", page=1, floors=2, last=True), now)
    coverage.views.again("bbs", "7", 1, Recaught(shown=2, known=1), now)


def test_a_coverage_moves_to_a_database_and_back_as_it_was(tmp_path: Path, postgres: str) -> None:
    places: list[Path | str] = [tmp_path / "before.sqlite", postgres, tmp_path / "after.sqlite"]
    with closing(Coverage(places[0], targets=TARGETS)) as before:
        fill(before)
        assert all(contents(places[0]))  # of every table there is something to lose
        for place in places[1:]:
            with closing(Coverage(place)) as target:
                assert copy(before, target) == sum(map(len, contents(places[0])))
    assert contents(places[1]) == contents(places[0])
    with closing(Coverage(postgres)) as shared, closing(Coverage(tmp_path / "back.sqlite")) as back:
        copy(shared, back)
    assert contents(tmp_path / "back.sqlite") == contents(places[0])
    with closing(Coverage(tmp_path / "back.sqlite", targets=TARGETS)) as back:
        fill(back, NOW + timedelta(days=1))  # numbers of runs go on after those that came along
        assert [run.outcome for run in back.runs()] == ["running", "failed"]


def test_two_machines_bring_what_they_know_each_and_once(tmp_path: Path, place: Path | str) -> None:
    for name in ("one", "two", "one"):
        with closing(Coverage(tmp_path / f"{name}.sqlite")) as own, closing(Coverage(place)) as shared:
            if not own.runs():
                own.start_run(name, {}, NOW)
                own.set_cursor(name, Scope("board:1"), name)
                own.set_cursor("", Scope("index"), name)
            copy(own, shared)
    with closing(Coverage(place)) as shared:
        assert [run.source for run in shared.runs()] == ["two", "one"]
        assert [shared.cursor(name, Scope("board:1")) for name in ("one", "two")] == ["one", "two"]
        assert shared.index == "one"
