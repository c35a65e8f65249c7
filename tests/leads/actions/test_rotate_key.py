"""The key of the pseudonyms is changed: all stay who they are, the old key goes, a kill costs nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.author_secret import NAME, NEXT, load_secret
from crawler.coverage.tasks import Task
from crawler.parsing.authors import author_key
from crawler.parsing.pseudonyms import generation, read_key
from crawler.spiders.weibo.plan import LongTextAt
from leads.actions.erase import erase
from leads.actions.rotate_key import STEPS, Rotated, rotate
from leads.config import BackupSettings, Settings
from leads.errors import InputError, StorageError
from leads.ingest.build import ingestor
from leads.ingest.ingestor import Ingestor, Report
from leads.records import accounts, erasures, open_records, origins, pseudonyms
from leads.records.erasures import receipt
from leads.records.tables.heard import DoubtedAccount
from leads.records.tables.work import Erasure
from leads.storage import author_key_problem, coverage, open_index
from tests.support.builders import LONG, NOW, lead, mention, post
from tests.support.commands import run

PEOPLE = ("7001", "7002", "7003")


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def keys(settings: Settings) -> list[str]:
    secret = load_secret(settings.data_dir)
    return [author_key(secret, "forum", each) for each in PEOPLE]


def filled(settings: Settings) -> None:
    """Two writers in the index, one of them with a folded lead; a third erased; a doubted account; a post
    that waits for its whole text."""
    with open_index(settings) as index, open_records(settings) as records:
        one, two, gone = keys(settings)
        index.upsert([lead(1, LONG, author_key=one), lead(2, LONG, author_key=one), lead(3, author_key=two)])
        index.upsert([lead(4, "头晕三天，求推荐医生", author_key=gone)])
        index.upsert_mentions([mention(5, author_key=two)])
        with records.transaction() as session:
            origins.keep(session, index.posts([f"forum/{number}" for number in range(1, 6)]))
            accounts.doubt(session, [two], now=NOW)
        erase(records, index, "author", gone, who="lin", now=NOW, settings=settings)
    with coverage(settings) as book:
        waits = Task(
            source="weibo",
            key="extend:9",
            kind="extend",
            group="w",
            at=LongTextAt(mid="9", post='{"author_key": "%s", "text": "未完"}' % one),  # noqa: UP031 - braces
        )
        book.add_task(waits)


def held(settings: Settings) -> tuple[set[str], set[str]]:
    """Every pseudonym in the records and in the index."""
    with open_index(settings) as index, open_records(settings) as records, records.reading() as session:
        posts = index.posts([f"forum/{number}" for number in range(1, 6)])
        return set(pseudonyms.kept(session)), {each.author_key for each in posts}


def on_disk(settings: Settings, *words: str) -> list[str]:
    """Files of the data folder in which one of these stands."""
    files = [each for each in settings.data_dir.rglob("*") if each.is_file()]
    return [each.name for each in files if any(word.encode() in each.read_bytes() for word in words)]


@contextmanager
def worker_of(settings: Settings) -> Iterator[Ingestor]:
    with open_index(settings) as index, open_records(settings) as records:
        yield ingestor(settings, index, records)


def killed_at(settings: Settings, step: str) -> None:
    """A process of its own, which dies as soon as it has done this step."""

    def die(reached: str) -> None:
        if reached == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        rotate(settings, forget=False, now=NOW, reached=die)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


def all_is_carried_over(settings: Settings, old: Sequence[str], done: Rotated) -> None:
    one, two, gone = new = keys(settings)
    assert held(settings) == ({one, two, gone}, {one, two})
    assert [generation(each) for each in new] == [done.generation] * 3
    assert on_disk(settings, *old) == []
    assert not (settings.data_dir / NEXT).exists()
    with open_index(settings) as index:
        assert index.counts() == {"leads": 2, "folded": 1, "mentions": 1}
    with open_records(settings) as records, records.reading() as session:
        again = replace(post(77, "换了一句完全不同的话，还是想找个医生看看"), author_key=gone)
        assert erasures.erased(session, [again]) == {again.id}, "who was erased stays out when met again"
        assert session.get(DoubtedAccount, two) is not None
    assert author_key_problem(settings, now=NOW) == ""


def test_everybody_stays_who_they_are_and_who_was_erased_stays_out(here: Settings) -> None:
    old = keys(here)
    filled(here)
    done = rotate(here, forget=False, now=NOW)
    assert (done.generation, done.resumed, done.linked, done.first_kept) == (1, False, True, True)
    all_is_carried_over(here, old, done)


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_is_made_good_by_running_it_again(here: Settings, step: str) -> None:
    old = keys(here)
    filled(here)
    killed_at(here, step)
    assert "rotate-key" in author_key_problem(here, now=NOW)
    done = rotate(here, forget=False, now=NOW)
    assert (done.generation, done.resumed) == (1, True)
    all_is_carried_over(here, old, done)


def test_changed_before_anything_was_stored_every_old_key_is_gone_at_the_end(here: Settings) -> None:
    first = load_secret(here.data_dir).decode()
    assert rotate(here, forget=False, now=NOW).first_kept is False
    filled(here)
    second = read_key(load_secret(here.data_dir))
    assert second is not None
    old = keys(here)
    done = rotate(here, forget=False, now=NOW)
    all_is_carried_over(here, old, done)
    assert (done.generation, done.linked, done.first_kept) == (2, True, False)
    assert on_disk(here, first, first.encode().hex(), f"{second.scalar:064x}") == []


def test_links_can_be_ended_so_that_even_the_first_key_is_gone(here: Settings) -> None:
    first, old = load_secret(here.data_dir).decode(), keys(here)
    filled(here)
    done = rotate(here, forget=True, now=NOW)
    assert (done.linked, done.first_kept) == (False, False)
    assert on_disk(here, first, first.encode().hex(), *old) == []
    in_records, in_index = held(here)
    assert (len(in_records), len(in_index)) == (3, 2), "who was one is one still"
    assert not in_records & set(keys(here)), "and is somebody else when met again"
    erased = replace(post(4, "头晕三天，求推荐医生"), author_key=keys(here)[2])
    with open_records(here) as records, records.reading() as session:
        assert erasures.erased(session, [erased]) == {"forum/4"}, "posts that were erased are still known"


def test_receipts_keep_their_numbers(here: Settings) -> None:
    filled(here)

    def numbers() -> list[str]:
        with open_records(here) as records, records.reading() as session:
            return [receipt(row) for row in erasures.latest(session, limit=9)]

    before = numbers()
    with open_records(here) as records, records.transaction() as session:
        for row in session.query(Erasure):
            row.receipt = ""  # as written by an older version
    rotate(here, forget=False, now=NOW)
    assert numbers() == before


def test_a_process_with_the_old_key_stores_nothing_and_a_file_loses_its_authors(here: Settings) -> None:
    one = keys(here)[0]
    filled(here)
    rotate(here, forget=False, now=NOW)
    old = lead(9, "腰疼得直不起来，求推荐", author_key=one).post
    with worker_of(here) as worker, pytest.raises(StorageError, match="重新启动"):
        worker.store([old], Report(), NOW)
    with worker_of(here) as worker:
        assert worker.run([old], origin="posts.jsonl", now=NOW).read == 1
    assert one not in held(here)[1]


def test_backups_made_before_are_named(here: Settings, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "tingzhen-20261101T000000Z.tar").write_bytes(b"")
    settings = here.model_copy(update={"backup": BackupSettings(folder=str(shelf))})
    assert [each.name for each in rotate(settings, forget=False, now=NOW).backups] == [
        "tingzhen-20261101T000000Z.tar"
    ]


def test_by_command(here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    filled(here)
    assert "密钥已更换（第 1 次）" in run("rotate-key", "--yes").out.replace("\n", "")
    assert run("rotate-key", "--yes", "--json").records[0]["generation"] == 2
    monkeypatch.setenv("TINGZHEN_SECRET", "given")
    refused = run("rotate-key", "--yes")
    assert (refused.code, NAME in refused.said) == (InputError.exit_code, True)
