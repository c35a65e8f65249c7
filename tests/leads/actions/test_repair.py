"""Whatever page of a data file is overwritten: what can be read stays, what cannot is named, and it opens."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from crawler.coverage.store import Coverage
from leads import storage
from leads.actions.check import check
from leads.actions.repair import COVERAGE, INDEX, RECORDS, repair
from leads.config import Settings
from leads.errors import BusyError
from leads.models import LeadQuery
from leads.query.search import to_query
from leads.records import audit, open_records
from leads.records.damage import PUT_AWAY, damaged
from tests.support.builders import NOW
from tests.support.commands import run
from tests.support.seeds import seed

WORDS = to_query({"q": "牙疼", "limit": "100"}, clinics=(), now=NOW)
FILES = (INDEX, RECORDS, COVERAGE)
COUNTED = {INDEX: ("leads", "mentions"), RECORDS: ("audit",), COVERAGE: ("cursor",)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("whole")
    seed(data)
    with open_records(Settings(data_dir=data)) as records, records.transaction() as session:
        for number in range(300):
            audit.note(session, who="lin", action="login", subject=f"{number}" * 9, now=NOW)
    with closing(Coverage(data / COVERAGE)) as coverage:
        for number in range(500):
            coverage.set_cursor("forum", f"board:{number}", str(number) * 20)
    return data


@pytest.fixture
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(whole, tmp_path / "data"))


def pages(file: Path, *, roots: bool) -> Sequence[int]:
    """Pages that hold rows or keys: those a table or an index begins with, or the others."""
    said = f"path {'=' if roots else '!='} '/' AND name != 'sqlite_schema'"
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute(f"SELECT pageno FROM dbstat WHERE ncell > 1 AND {said} ORDER BY pageno")  # noqa: S608 - above
        return [row[0] for row in rows]


def overwrite(file: Path, page: int, seed: int) -> None:
    with file.open("r+b") as opened:
        opened.seek((page - 1) * 4096)
        opened.write(random.Random(seed).randbytes(4096))


def held(folder: Path, name: str) -> int:
    with closing(sqlite3.connect(folder / name)) as database:
        tables = COUNTED[name]
        counts = [database.execute(f"SELECT count(*) FROM {each}").fetchone() for each in tables]  # noqa: S608 - above
        return sum(count for (count,) in counts)


def opens(settings: Settings) -> None:
    with storage.open_index(settings) as index:
        index.search(LeadQuery(limit=20), now=NOW)
        index.counts()
    with open_records(settings) as records, records.transaction() as session:
        audit.note(session, who="lin", action="login", now=NOW)
    with storage.coverage(settings) as coverage:
        coverage.set_cursor("forum", "new", "1")


@pytest.mark.parametrize("name", FILES)
def test_a_page_costs_what_stood_on_it_and_no_more(folder: Path, name: str) -> None:
    settings, file = Settings(data_dir=folder), folder / name
    sound, before = file.read_bytes(), held(folder, name)
    for page in random.Random(20261130).sample(pages(file, roots=False), 5):
        file.write_bytes(sound)
        overwrite(file, page, page)
        (said,) = repair(settings)
        assert said.startswith(f"{name} 修好了"), page
        assert list(damaged(folder, deep=True)) == [], page
        kept = held(folder, name)
        assert 0.6 * before <= kept <= before, page
        assert kept == before or "读不出来的：" in said, page
        opens(settings)


@pytest.mark.parametrize("name", FILES)
def test_several_pages_at_once(folder: Path, name: str) -> None:
    settings, file = Settings(data_dir=folder), folder / name
    chosen = random.Random(5)
    for page in (*chosen.sample(pages(file, roots=False), 3), pages(file, roots=True)[-1]):
        overwrite(file, page, page)
    (said,) = repair(settings)
    assert said.startswith(f"{name} 修好了")
    assert list(damaged(folder, deep=True)) == []
    opens(settings)


def test_an_index_whose_words_are_damaged_loses_nothing_and_is_the_same_index(folder: Path) -> None:
    settings, file = Settings(data_dir=folder), folder / INDEX
    with storage.open_index(settings) as index:
        stamp, counts = index.mark(), index.counts()
        found = index.search(WORDS, now=NOW)
    with closing(sqlite3.connect(file)) as database:
        (page,) = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'fts_data'").fetchone()
    overwrite(file, page, 1)
    assert [each.parts[:1] for each in damaged(folder, deep=True)]
    (said,) = repair(settings)
    assert "什么也没丢" in said
    with storage.open_index(settings) as index:
        assert (index.stamp(), index.counts()) == (stamp, counts)
        again = index.search(WORDS, now=NOW)
    assert {hit.lead.id for hit in again.items} == {hit.lead.id for hit in found.items}


def test_the_first_page_takes_all_with_it_and_that_is_said(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    overwrite(folder / INDEX, 1, 1)
    (said,) = repair(settings)
    assert "留下 0 行；读不出来的：全部。" in said
    assert "下次采集会把来源站上还有的补回来" in said
    opens(settings)


def test_records_of_which_nothing_can_be_read_are_left_for_a_backup(folder: Path) -> None:
    overwrite(folder / RECORDS, 1, 1)
    broken = (folder / RECORDS).read_bytes()
    (said,) = repair(Settings(data_dir=folder))
    assert said == "records.sqlite 里一行也读不出来了：请从备份恢复它，文件没有动。"
    assert (folder / RECORDS).read_bytes() == broken


def test_the_damaged_file_stays_until_somebody_takes_it_away(folder: Path) -> None:
    file = folder / RECORDS
    overwrite(file, pages(file, roots=True)[-1], 1)
    broken = file.read_bytes()
    assert "坏的那份改名为 records.sqlite.damaged" in run("check", "--repair").said
    assert len((folder / (RECORDS + PUT_AWAY)).read_bytes()) == len(broken)
    warned = [each.text for each in check(None) if each.topic == "文件" and each.level == "warning"]
    assert warned
    assert PUT_AWAY in warned[0]
    (folder / (RECORDS + PUT_AWAY)).unlink()
    assert "不用修" in run("check", "--repair").said


def test_nothing_is_repaired_under_the_hands_of_a_running_desk(folder: Path) -> None:
    settings, file = Settings(data_dir=folder), folder / COVERAGE
    overwrite(file, pages(file, roots=False)[-1], 1)
    with storage.coverage(settings), pytest.raises(BusyError, match="先停下听诊"):
        repair(settings)
    assert not (folder / (COVERAGE + PUT_AWAY)).exists()
