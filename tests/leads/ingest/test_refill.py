"""When cursors are held to be those of another index, and what is forgotten then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from crawler.coverage.ledger import digest_of
from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope
from leads.index.sqlite.index import SqliteIndex
from leads.index.stamp import Stamp
from leads.ingest.refill import AGAIN, lost, refill
from tests.support.builders import lead


@pytest.fixture
def coverage(tmp_path: Path) -> Iterator[Coverage]:
    """One post was read, by a version that knew of no stamps."""
    opened = Coverage(tmp_path / "coverage.sqlite")
    post = lead(1).post
    opened.remember({post.post_id: (post, digest_of(post))}, source="forum")
    opened.set_cursor("forum", Scope("board"), "7")
    opened.set_cursor("forum", Scope("usual:list"), "9000")
    yield opened
    opened.close()


def filled(path: Path) -> SqliteIndex:
    index = SqliteIndex(path)
    index.upsert([lead(1)])
    return index


def test_the_coverage_of_an_older_version_takes_the_index_that_is_there(
    coverage: Coverage, tmp_path: Path
) -> None:
    with filled(tmp_path / "a.sqlite") as index:
        assert not refill(coverage, index)
        assert coverage.index == str(index.stamp())
    assert coverage.cursor("forum", Scope("board")) == "7"


def test_the_coverage_of_an_older_version_sees_that_nothing_is_left(
    coverage: Coverage, tmp_path: Path
) -> None:
    with SqliteIndex(tmp_path / "a.sqlite") as index:
        assert refill(coverage, index)
        assert not refill(coverage, index)


def test_all_is_forgotten_but_what_pages_weigh_and_each_source_says_so_once(
    coverage: Coverage, tmp_path: Path
) -> None:
    with SqliteIndex(tmp_path / "a.sqlite") as index:
        refill(coverage, index)
    assert not coverage.has_read()
    assert coverage.cursor("forum", Scope("board")) == ""
    assert coverage.cursor("forum", Scope("usual:list")) == "9000"
    assert [coverage.take_again("forum") for _ in range(2)] == [AGAIN, ""]


def test_a_copy_from_before_the_loss_belongs_to_other_cursors(coverage: Coverage, tmp_path: Path) -> None:
    post = lead(1).post
    with filled(tmp_path / "old.sqlite") as old, SqliteIndex(tmp_path / "new.sqlite") as new:
        refill(coverage, old)
        old.mark()
        assert not lost(coverage, old)
        assert refill(coverage, new)
        coverage.remember({post.post_id: (post, digest_of(post))}, source="forum")
        coverage.set_index(str(new.mark()))
        assert lost(coverage, old)
        assert not lost(coverage, new)


def test_machines_that_share_a_lost_index_each_start_over_once(coverage: Coverage, tmp_path: Path) -> None:
    with (
        filled(tmp_path / "old.sqlite") as old,
        SqliteIndex(tmp_path / "new.sqlite") as new,
        closing(Coverage(tmp_path / "other.sqlite")) as other,
    ):
        post = lead(2).post
        other.remember({post.post_id: (post, digest_of(post))}, source="forum")
        for each in (coverage, other):
            refill(each, old)
        assert [refill(each, new) for each in (coverage, other)] == [True, True]
        coverage.remember({post.post_id: (post, digest_of(post))}, source="forum")
        other.remember({post.post_id: (post, digest_of(post))}, source="forum")
        assert [refill(each, new) for each in (coverage, other)] == [False, False]


def test_a_stamp_is_read_as_it_was_written() -> None:
    for stamp in (Stamp("a", 7), Stamp("a", 0), Stamp("a", None)):
        assert Stamp.parse(str(stamp)) == stamp


@pytest.mark.parametrize(
    ("present", "known", "holds"),
    [
        (Stamp("a", 7), Stamp("a", 7), True),
        (Stamp("a", 8), Stamp("a", 7), True),
        (Stamp("a", 6), Stamp("a", 7), False),
        (Stamp("b", 9), Stamp("a", 7), False),
        (Stamp("a", None), Stamp("a", 7), True),  # moved to an index that cannot count
        (Stamp("a", 0), Stamp("a", None), True),
    ],
)
def test_whether_an_index_is_the_one_that_was_known(present: Stamp, known: Stamp, holds: bool) -> None:
    assert present.holds(known) is holds
