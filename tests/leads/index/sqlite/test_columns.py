"""The columns in memory follow the file: whoever wrote, and however long ago they were read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.index.base import LeadIndex
from leads.index.sqlite import columns, counts
from leads.index.sqlite import store as sqlite_store
from leads.index.sqlite.index import SqliteIndex
from leads.models import SORTS, CaseMark, Lead, LeadQuery, Sort
from leads.query.words import parse
from tests.support.builders import LONG, NEAR_WUHOU, NOW, lead, point, region, symptom

PLACES = (region("武侯区"), region("成都市"), region("四川省"), point(30.645, 104.045), None)
QUERIES = (
    LeadQuery(), LeadQuery(words=parse("牙疼")), LeadQuery(statuses=("seen",)), LeadQuery(near=NEAR_WUHOU),
    LeadQuery(words=parse("牙疼 OR status:seen"), min_need=0.5), LeadQuery(words=parse("头晕 -need:>0.5")),
    LeadQuery(near=NEAR_WUHOU, assignees=("chen",), since=NOW - timedelta(hours=60)),
)  # fmt: skip


def everything(index: LeadIndex) -> list[object]:
    """All that is counted and found; the second time from the columns."""
    out: list[object] = []
    for query in QUERIES:
        out += [index.facets(query), index.precisions(query), index.tiles(query, 9), index.count(query)]
        out.append([hit.lead.id for hit in index.search(query, now=NOW).items])
        out.append(index.counts_since(query, [NOW - timedelta(hours=hours) for hours in (50, 5)]))
    return out


numbers = st.integers(0, 14)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("upsert"), st.lists(numbers, min_size=1, max_size=5)),
        st.tuples(st.just("change"), st.lists(numbers, min_size=1, max_size=3)),
        st.tuples(st.just("delete"), st.lists(numbers, min_size=1, max_size=3)),
        st.tuples(st.just("case"), st.lists(numbers, min_size=1, max_size=3)),
        st.tuples(st.just("expire"), st.just([60])),
    ),
    max_size=8,
)


def do(index: LeadIndex, step: tuple[str, list[int]]) -> None:
    kind, given = step
    match kind:
        case "case":
            index.set_case([CaseMark(lead_id=f"forum/{n}", status="seen", assignee="chen") for n in given])
        case "delete":
            index.delete([f"forum/{n}" for n in given])
        case "expire":
            index.expire(NOW - timedelta(hours=given[0]))
        case _:
            index.upsert([written(number, kind) for number in given])


def written(number: int, kind: str) -> Lead:
    text = LONG if number % 5 == 0 else f"{'牙疼' if kind == 'upsert' else '头晕'} {number * 7919}"
    return lead(
        number, text, hours=number * 7, place=PLACES[number % len(PLACES)], need=number / 14,
        symptoms=(symptom(), symptom("fever", "internal", negated=number % 2 == 0)),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from((2, 200_000)), st.sampled_from((0, 3, 5_000)))
def test_a_copy_in_memory_or_on_disk_is_as_good_as_a_new_one(
    todo: list[tuple[str, list[int]]], kept: int, worth: int
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_store, "KEPT_CHANGES", kept)  # the log may have forgotten what is not yet read
        patch.setattr(columns, "WORTH", worth)
        path = Path(folder) / "leads.sqlite"
        with SqliteIndex(path) as writer, SqliteIndex(path) as watcher:
            for step in todo:
                do(writer, step)
                with SqliteIndex(path) as fresh:
                    assert everything(watcher) == everything(fresh)
                assert everything(writer) == everything(watcher)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        yield opened


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("text", ["", "牙疼", "牙疼 need:>0.1"])
@pytest.mark.parametrize("newest", [(), (2, 9)])
def test_pages_go_on_when_the_columns_come(
    index: SqliteIndex,
    tmp_path: Path,
    sort: Sort,
    text: str,
    newest: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cursor made by reading rows is good for the columns, and the other way round.

    `newest`: whether a few of the newest leads are looked at first.
    """
    monkeypatch.setattr(counts, "_NEWEST", newest)
    index.upsert([lead(n, f"牙疼第{n}天", place=PLACES[n % 4], hours=n % 7, need=n / 40) for n in range(40)])
    query = LeadQuery(words=parse(text), near=NEAR_WUHOU, sort=sort, precision="possible", limit=7)
    with SqliteIndex(tmp_path / "leads.sqlite") as cold:
        expected = list(cold.search(replace(query, limit=100), now=NOW).items)
        index.facets(query)
        found = []
        for turn in range(100):
            page = (cold, index)[turn % 2].search(query, now=NOW)
            found += page.items
            if not page.cursor:
                break
            query = replace(query, cursor=page.cursor)
    assert found == expected


def test_days_before_the_time_zone_was_settled(index: SqliteIndex) -> None:
    age = NOW - NOW.replace(year=1988, month=7, day=1, hour=15)
    summer_1988 = lead(1, "牙疼 甲", hours=age.total_seconds() / 3600)
    index.upsert([summer_1988, lead(2, "牙疼 乙", hours=1)])
    assert index.facets(LeadQuery(), ["day"]) == {"day": {"1988-07-02": 1, "2026-11-20": 1}}


def test_threads_see_whole_batches_only(index: SqliteIndex) -> None:
    """One thread writes pairs, others count: never an odd number."""

    def write() -> None:
        for number in range(0, 60, 2):
            index.upsert([lead(number, f"牙疼第{number}天"), lead(number + 1, f"头晕第{number}天")])
            index.set_case([CaseMark(lead_id=f"forum/{number}", status="seen", assignee="")])

    def count(_: int) -> set[int]:
        return {index.counts()["leads"] % 2 for _ in range(30)} | {
            index.count(LeadQuery()) % 2 for _ in range(30)
        }

    with ThreadPoolExecutor(4) as threads:
        writing = threads.submit(write)
        odd = set().union(*threads.map(count, range(3)))
        writing.result()
    assert odd == {0}
    assert index.counts()["leads"] == 60


def test_many_threads_may_write(index: SqliteIndex) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: index.upsert([lead(number, f"牙疼第{number}天")]), range(40)))
    assert index.counts()["leads"] == 40


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are listed by Linux only")
def test_threads_that_end_leave_no_open_files(index: SqliteIndex, tmp_path: Path) -> None:
    def files() -> int:
        links = list(Path("/proc/self/fd").iterdir())
        return sum(link.is_symlink() and str(link.readlink()).startswith(str(tmp_path)) for link in links)

    index.count(LeadQuery())
    before = files()
    for _ in range(20):
        thread = Thread(target=index.count, args=(LeadQuery(),))
        thread.start()
        thread.join()
    assert files() <= before + 3  # the file, its journal and its shared memory, of the last at most
