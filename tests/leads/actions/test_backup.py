"""A backup is made while others work, put back into an empty place, and what was erased stays erased."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from crawler.coverage.tasks import Scope
from leads import storage
from leads.actions import backup
from leads.actions.erase import erase
from leads.alerts.channels.form import read_form
from leads.config import AlertSettings, BackupSettings, Settings
from leads.errors import InputError, StorageError
from leads.index.stamp import Stamp
from leads.records import cases, channels, erasures, open_records, users
from leads.records.cases import CaseChange
from leads.records.copying import rows
from leads.records.tables.alerts import Channel
from leads.records.tables.people import User
from tests.support.builders import NOW, lead, post
from tests.support.commands import TINGZHEN, finish, run, start
from tests.support.index_contents import contents, fill
from tests.support.indexes import backends, elastic_settings, wipe
from tests.support.service_answers import SAMPLES


def installed(folder: Path, **more: object) -> Settings:
    folder.mkdir()
    return Settings(data_dir=folder / "data", **more)  # type: ignore[arg-type]  # by name


def filled(settings: Settings) -> None:
    """Something in every store, addresses that are sealed and a file that is no database included."""
    storage.author_secret(settings)
    with storage.open_index(settings) as index:
        fill(index)
    with storage.coverage(settings) as crawls:
        crawls.start_run("forum", {}, NOW)
        crawls.set_cursor("forum", Scope("board:1"), "far")
    with open_records(settings) as records, records.transaction() as session:
        user = users.add_user(session, login="lin", name="林", role="admin", now=NOW)
        address = read_form("wecombot", SAMPLES["wecombot"], AlertSettings())
        channels.add(
            session, user_id=user.id, name="群", kind="wecombot", who="lin", now=NOW, address=address
        )
        cases.change(session, {"forum/3": CaseChange(version=0, status="seen")}, who="lin", now=NOW)
    (settings.data_dir / "models" / "1").mkdir(parents=True)
    (settings.data_dir / "models" / "1" / "intent.npz").write_bytes(b"a clinic's own")


def everything(settings: Settings) -> object:
    """All that is to be the same afterwards."""
    with storage.open_index(settings) as index, open_records(settings) as records:
        with records.reading() as session:
            addresses = [each.address for each in session.scalars(select(Channel))]
            people = [(each.id, each.login) for each in session.scalars(select(User))]
            count = rows(session.connection())
        with storage.coverage(settings) as crawls:
            read = (crawls.runs(), crawls.cursor("forum", Scope("board:1")))
        key = storage.author_secret(settings)
        return contents(index), index.stamp().id, addresses, people, count, key, read


@backends
@pytest.mark.parametrize("records", ["sqlite", "postgres"])
def test_what_was_backed_up_is_there_again(
    tmp_path: Path, backend: str, records: str, request: pytest.FixtureRequest
) -> None:
    """From whatever engine: PostgreSQL and Elasticsearch go into the same archive, and come back from it."""
    settings = installed(
        tmp_path / "old", records="sqlite" if records == "sqlite" else request.getfixturevalue("postgres")
    )
    if backend == "elastic":
        there = elastic_settings(request.getfixturevalue("elastic_url"), settings.data_dir)
        settings = settings.model_copy(update={"index": there.index, "elastic": there.elastic})
    filled(settings)
    kept = backup.back_up(settings, tmp_path / "a.tar", now=NOW, passphrase="木棉花开")
    assert (kept.manifest.leads, kept.manifest.mentions) == (41, 7)  # near-duplicates are kept under one

    new = installed(tmp_path / "new")
    done = backup.restore(new, tmp_path / "a.tar", passphrase="木棉花开")
    assert (done.erased, done.later) == (0, 0)
    assert everything(new) == everything(settings)
    assert (new.data_dir / "models" / "1" / "intent.npz").read_bytes() == b"a clinic's own"
    assert storage.author_key_problem(new, now=NOW) == ""
    with open_records(new) as opened, opened.transaction() as session:  # numbers go on after the highest
        assert users.add_user(session, login="chen", name="陈", role="admin", now=NOW).id > 1
    if backend == "elastic":
        wipe(settings)


@pytest.mark.elastic
def test_it_comes_back_into_postgresql_and_elasticsearch(
    tmp_path: Path, postgres: str, elastic_url: str
) -> None:
    settings = installed(tmp_path / "old")
    filled(settings)
    backup.back_up(settings, tmp_path / "a.tar", now=NOW)
    there = elastic_settings(elastic_url, tmp_path / "new" / "data")
    new = installed(tmp_path / "new", records=postgres, index=there.index, elastic=there.elastic)
    backup.restore(new, tmp_path / "a.tar")
    assert everything(new) == everything(settings)
    assert not [name for name in ("leads.sqlite", storage.COVERAGE) if (new.data_dir / name).exists()]
    with open_records(new) as opened, opened.transaction() as session:
        assert users.add_user(session, login="chen", name="陈", role="admin", now=NOW).id > 1
    wipe(new)


def erased(settings: Settings, key: str) -> None:
    with storage.open_index(settings) as index, open_records(settings) as records:
        erase(records, index, "post", key, who="lin", now=NOW, settings=settings)


def stored(settings: Settings, post_id: str) -> bool:
    with storage.open_index(settings) as index:
        return bool(index.posts([post_id]))


@pytest.mark.parametrize("told_by", ["newer archive", "old data folder", "asked archive"])
def test_what_was_erased_after_the_backup_is_erased_again(tmp_path: Path, told_by: str) -> None:
    settings = installed(tmp_path / "old")
    filled(settings)
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    first = backup.back_up(settings, shelf, now=NOW).file
    erased(settings, "forum/5")
    elsewhere = []
    if told_by == "newer archive":
        backup.back_up(settings, shelf, now=NOW + timedelta(days=1))
    elif told_by == "old data folder":
        elsewhere = [settings.data_dir]
    else:
        elsewhere = [backup.back_up(settings, tmp_path / "b.tar", now=NOW + timedelta(days=1)).file]

    new = installed(tmp_path / "new")
    done = backup.restore(new, first, erased_since=elsewhere)
    assert (done.erased, done.later) == (1, 1)
    assert not stored(new, "forum/5")
    assert stored(new, "forum/6")
    with open_records(new) as records, records.reading() as session:
        assert erasures.erased(session, [post(5)]) == {"forum/5"}


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    settings = installed(tmp_path / "old")
    filled(settings)
    file = backup.back_up(settings, tmp_path / "a.tar", now=NOW).file
    with pytest.raises(InputError, match="已经有了"):
        backup.back_up(settings, file, now=NOW)
    with pytest.raises(InputError, match="数据目录"):
        backup.back_up(settings, settings.data_dir / "b.tar", now=NOW)
    with pytest.raises(InputError, match="没有"):
        backup.back_up(settings, tmp_path / "none" / "b.tar", now=NOW)
    with pytest.raises(StorageError, match="已有内容"):
        backup.restore(settings, file)
    assert stored(settings, "forum/5")


def test_a_backup_that_cannot_be_put_back_leaves_the_place_empty(tmp_path: Path) -> None:
    settings = installed(tmp_path / "old")
    filled(settings)
    file = backup.back_up(settings, tmp_path / "a.tar", now=NOW).file
    whole = file.read_bytes()
    file.write_bytes(whole[:-20_000] + b"x" + whole[-19_999:])
    new = installed(tmp_path / "new")
    with pytest.raises(InputError, match="损坏"):
        backup.restore(new, file)
    assert list(new.data_dir.iterdir()) == []
    file.write_bytes(whole)
    backup.restore(new, file)
    assert everything(new) == everything(settings)


def test_others_may_write_meanwhile_and_cursors_stay_behind_posts(tmp_path: Path) -> None:
    """The archive is as of moments; a page whose cursor is in it has its posts in it."""
    settings = installed(tmp_path / "old")
    filled(settings)
    begun, over = threading.Event(), threading.Event()

    def pages() -> None:
        number = 2000
        while not over.is_set():
            number += 1
            with storage.open_index(settings) as index:
                index.upsert([lead(number)])
                stamp = index.mark()
            with storage.coverage(settings) as coverage:
                coverage.set_index(str(stamp))
            begun.set()

    writer = threading.Thread(target=pages)
    writer.start()
    assert begun.wait(600)
    try:
        for number in range(3):
            backup.back_up(settings, tmp_path / f"{number}.tar", now=NOW)
    finally:
        over.set()
        writer.join()
    for number in range(3):
        new = installed(tmp_path / f"new{number}")
        backup.restore(new, tmp_path / f"{number}.tar")
        with storage.open_index(new) as index, storage.coverage(new) as coverage:
            assert index.stamp().holds(Stamp.parse(coverage.index))


def test_a_kill_leaves_no_archive_that_is_not_whole(tmp_path: Path) -> None:
    settings = installed(tmp_path / "old")
    filled(settings)
    (tmp_path / "old" / "tingzhen.toml").write_text('data_dir = "data"\n', "utf-8")
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "p").write_text("口令口令\n", "utf-8")
    for _ in range(3):
        process = start("backup", str(shelf), "--passphrase-file", str(shelf / "p"), cwd=tmp_path / "old")
        while process.poll() is None and not list(shelf.glob(".tingzhen-*")):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert all(backup.archive.verify(each) for each in shelf.glob("tingzhen-*.tar"))
    for each in shelf.glob(".tingzhen-*"):  # two days go by
        os.utime(each, (0, 0))
    kept = backup.back_up(settings, shelf, now=datetime.now(UTC) + timedelta(hours=1))
    assert list(shelf.glob(".tingzhen-*")) == []
    new = installed(tmp_path / "new")
    backup.restore(new, kept.file)
    assert everything(new) == everything(settings)


def test_the_schedule_makes_one_when_it_is_due_and_keeps_so_many(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("木棉花开\n第二行不算\n", "utf-8")
    table = BackupSettings(
        folder=str(tmp_path / "shelf"), every_hours=12, keep=2, passphrase_file=str(tmp_path / "word")
    )
    settings = installed(tmp_path / "old", backup=table)
    filled(settings)
    made = []
    for hours in (0, 1, 11.9, 12, 20, 24, 36):
        kept = backup.by_schedule(settings, now=NOW + timedelta(hours=hours))
        made += [hours] if kept else []
    assert made == [0, 11.9, 24, 36]
    left = sorted((tmp_path / "shelf").iterdir())
    assert [each.name for each in left] == ["tingzhen-20261121T040000Z.tar", "tingzhen-20261121T160000Z.tar"]
    new = installed(tmp_path / "new")
    assert backup.restore(new, left[-1], passphrase="木棉花开").manifest.sealed


def test_by_command_from_nothing_to_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tingzhen.toml").write_text('data_dir = "data"\n', "utf-8")
    filled(Settings(data_dir=tmp_path / "data"))
    (tmp_path / "shelf").mkdir()
    made = run("backup", "shelf")
    assert "线索 41 条，提及 7 条" in made.out
    file = next((tmp_path / "shelf").iterdir())
    assert "完好" in run("check", "--backup", str(file)).out.replace("\n", "")
    assert run("restore", str(file)).code == StorageError.exit_code
    (tmp_path / "data").rename("data-old")
    back = run("restore", str(file), "--erased-since", "data-old")
    assert "已恢复" in back.out
    assert (tmp_path / "data" / "config" / "tingzhen.toml").exists()
    assert everything(Settings(data_dir=tmp_path / "data")) == everything(
        Settings(data_dir=tmp_path / "data-old")
    )
    file.write_bytes(file.read_bytes()[:-30_000])
    broken = run("check", "--backup", str(file))
    assert (broken.code, "损坏" in broken.out.replace("\n", "")) == (2, True)


def test_a_command_of_its_own_says_what_it_made(tmp_path: Path) -> None:
    filled(installed(tmp_path / "old"))
    assert TINGZHEN.exists()
    made = finish(start("backup", "a.tar", "--json", cwd=tmp_path / "old"))
    assert made.code == 0, made.err
    assert made.records[0]["leads"] == 41
