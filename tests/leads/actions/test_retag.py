"""Stored leads get the tags of the model in use; whatever happens on the way, nothing else changes."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from leads.actions import retag as retagging
from leads.actions.retag import outdated, retag
from leads.config import Settings
from leads.errors import StorageError
from leads.index.base import LeadIndex
from leads.index.codec import tags_to_dict
from leads.learning import history
from leads.learning.history import Training
from leads.models import CaseMark, Lead
from leads.records import Records, open_records, retags
from leads.records.tables.alerts import Alert
from leads.records.tables.retags import Retag
from leads.storage import open_index, tagger
from tests.support.builders import LONG, NOW, lead, mention, symptom
from tests.support.commands import finish, start

TOLD = "右边智齿肿了{}天，武侯区哪家牙科靠谱，求推荐"


def old(number: int, text: str = "", **changes: object) -> Lead:
    """A lead with tags that no model of today would give."""
    found = lead(number, text or TOLD.format(number), symptoms=(symptom("acne", "skin"),), **changes)  # type: ignore[arg-type]  # by name
    return replace(found, need=0.31)


def as_of_now(index: LeadIndex, leads: list[Lead]) -> bool:
    """Whether the tags of all of them are those of the model in use."""
    stored = [index.get(each.id) for each in leads]
    texts = [each.post.full_text for each in leads]
    tags = tagger(Path("nowhere")).tag_many(texts, [()] * len(texts))
    return [tags_to_dict(each.tags) for each in stored if each] == [tags_to_dict(each) for each in tags]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def run(settings: Settings, workers: int = 1) -> retags.Retagging:
    return retag(settings, workers=workers, who="cli", clock=lambda: NOW)


def test_tags_are_new_and_nothing_else_is(settings: Settings) -> None:
    leads = [old(1), old(2, LONG), old(3, LONG, hours=0.5), old(4, "今天也要开开心心", hours=30)]
    with open_index(settings) as index:
        index.upsert(leads)
        index.upsert_mentions([mention(7)])
        index.set_case([CaseMark(lead_id="forum/1", status="talking", assignee="chen")])
        done = run(settings)
        assert (done.leads, done.done, done.changed, done.unlike, done.wordless) == (4, 4, 4, 1, 0)
        assert as_of_now(index, leads)
        one = index.get("forum/1")
        assert one is not None
        assert (one.status, one.assignee, one.post) == ("talking", "chen", leads[0].post)
        assert (one.need > 0.31, one.reasons != leads[0].reasons) == (True, True)
        assert index.counts() == {"leads": 3, "folded": 1, "mentions": 1}
        assert [each.id for each in index.folded("forum/2")] == ["forum/3"]
    with open_records(settings) as records, records.reading() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 0


def test_what_holds_no_text_is_counted_and_left(settings: Settings) -> None:
    wordless = old(1, " ")
    with open_index(settings) as index:
        index.upsert([wordless, old(2)])
        done = run(settings)
        assert (done.changed, done.wordless) == (1, 1)
        assert index.get(wordless.id) == wordless


def test_several_processes_that_were_killed_are_gone_on_with(settings: Settings, tmp_path: Path) -> None:
    """Two pieces, a process each, killed as soon as one has begun."""
    leads = [old(n, hours=1 + n % 2) for n in range(20)]
    with open_index(settings) as index, open_records(settings) as records:
        index.upsert(leads)
        with records.transaction() as session:
            pieces, model = retags.cut(index.hours(), size=10), retagging._model(settings, records)
            retags.begin(session, pieces, model=model, who="cli", now=NOW)
        (tmp_path / "tingzhen.toml").write_text('data_dir = "."\n', encoding="utf-8")
        process = start("retag", "--workers", "2", cwd=tmp_path, before=os.setsid)
        deadline = time.monotonic() + 300
        while process.poll() is None and not begun(records):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        finish(process)
        done = None
        while done is None:  # a process may take a moment to die
            assert time.monotonic() < deadline
            with suppress(StorageError):
                done = run(settings, workers=2)
        assert (done.leads, done.done, done.open_pieces) == (20, 20, 0)
        assert as_of_now(index, leads)
        with records.reading() as session:
            assert session.scalar(select(func.count()).select_from(Retag)) == 1


def begun(records: Records) -> bool:
    with records.reading() as session:
        return bool(retags.workers(session))


def test_another_model_is_not_mixed_in(settings: Settings) -> None:
    with open_index(settings) as index, open_records(settings) as records:
        index.upsert([old(1)])
        with records.transaction() as session:
            retags.begin(session, retags.cut(index.hours()), model="another", who="cli", now=NOW)
        worker = retagging._Worker(settings, index, records, lambda: NOW)
        with pytest.raises(StorageError, match="另一个模型"):
            worker.run()


def test_it_is_due_after_a_training_and_until_it_is_done(settings: Settings) -> None:
    trained = Training(
        at=datetime(2026, 11, 1, tzinfo=UTC), answers=30, before=0.8, after=0.9, state="installed"
    )
    with open_index(settings) as index, open_records(settings) as records:
        history.add(settings.data_dir, trained)
        assert not outdated(settings, index, records)  # nothing is stored
        index.upsert([old(1)])
        assert outdated(settings, index, records)
        run(settings)
        assert not outdated(settings, index, records)
        assert retagging.standing(settings)[1] is False
