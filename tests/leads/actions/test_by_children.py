"""What a child wrote goes sooner than the rest, with what was written about it, and is not stored late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from leads.actions import by_children
from leads.config import Settings
from leads.ingest.build import ingestor
from leads.records import notes, open_records
from leads.storage import open_index
from tests.support.builders import NOW, lead

CHILD, PARENT = "我今年12岁，牙疼三天了不敢说，求推荐牙医", "我女儿今年12岁，牙疼三天了，求推荐牙医"
DAYS = timedelta(days=31)


def test_it_goes_after_its_own_time(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    old = NOW - DAYS
    with open_index(settings) as index, open_records(settings) as records:
        made = [lead(1, CHILD), lead(2, PARENT), lead(3, "我刚12岁，又是另一件事，腿摔了")]
        index.upsert(
            [replace(each, post=replace(each.post, published_at=old)) for each in made[:2]] + made[2:]
        )
        with records.transaction() as session:
            notes.add(session, "forum/1", "约了周三", who="lin", now=NOW)
        before = NOW - timedelta(days=settings.leads.child_days)
        assert by_children.forget(records, index, before=before, now=NOW) == 1
        assert by_children.forget(records, index, before=before, now=NOW) == 0
        assert [index.get(f"forum/{number}") is None for number in (1, 2, 3)] == [True, False, False]
        with records.reading() as session:
            assert notes.of(session, "forum/1") == []


def test_it_is_not_stored_when_it_is_older(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    posts = [replace(lead(n, text).post, published_at=NOW - DAYS) for n, text in ((1, CHILD), (2, PARENT))]
    with open_index(settings) as index, open_records(settings) as records:
        report = ingestor(settings, index, records).run(posts, origin="file", now=NOW)
        assert (report.read, report.expired) == (2, 1)
        assert index.get("forum/1") is None
