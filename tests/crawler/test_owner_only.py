"""What is kept is its owner's only: made so, and mended where an older version made it otherwise."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from crawler import owner_only
from crawler.author_secret import load_secret
from crawler.coverage.store import Coverage


def modes(folder: Path) -> dict[str, str]:
    everything = (folder, *folder.rglob("*"))
    return {each.name: oct(stat.S_IMODE(each.stat().st_mode)) for each in everything}


def test_a_database_and_what_is_beside_it_are_the_owners(tmp_path: Path) -> None:
    with closing(Coverage(tmp_path / "new" / "coverage.sqlite")):
        found = modes(tmp_path / "new")
    assert found.pop("new") == "0o700"
    assert {"coverage.sqlite", "coverage.sqlite-wal", "coverage.sqlite-shm"} <= found.keys()
    assert set(found.values()) == {"0o600"}


def test_what_was_made_otherwise_is_mended_when_it_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "coverage.sqlite"
    Coverage(file).close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT count(*) FROM sqlite_master").fetchone()
        load_secret(tmp_path)
        for each in tmp_path.iterdir():
            each.chmod(0o664)
        load_secret(tmp_path)
        with closing(Coverage(file)):
            assert set(modes(tmp_path).values()) <= {"0o600", "0o700"}


def test_mending_takes_rights_away_and_gives_none(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "models" / "one").mkdir(parents=True)
    for name in (
        "author.key",
        "crawl.log",
        "quarantine.jsonl",
        "elastic-spool.done",
        "models/one/x.npz",
    ):
        (folder / name).touch(mode=0o644)
    (folder / "leads.sqlite").touch()
    (folder / "leads.sqlite").chmod(0o444)
    (folder / "models").chmod(0o755)
    folder.chmod(0o555)
    owner_only.mend(folder)
    found = modes(folder)
    assert (found.pop("data"), found.pop("leads.sqlite")) == ("0o500", "0o400")
    assert (found.pop("models"), found.pop("one")) == ("0o700", "0o700")
    assert set(found.values()) == {"0o600"}
    assert owner_only.loose(folder) == []
    folder.chmod(0o700)


def test_what_is_not_ours_stays_as_it_is(tmp_path: Path) -> None:
    outside = tmp_path / "outside.sqlite"
    outside.touch()
    outside.chmod(0o644)
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "report.xlsx").touch()
    (folder / "report.xlsx").chmod(0o644)
    (folder / "leads.sqlite").symlink_to(outside)
    owner_only.mend(folder)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert stat.S_IMODE((folder / "report.xlsx").stat().st_mode) == 0o644


@pytest.mark.parametrize("name", ["nowhere/x.sqlite", "x.sqlite/y.sqlite"])
def test_what_cannot_be_made_is_left_to_whoever_opens_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.sqlite").touch()
    owner_only.own(tmp_path / name)
    assert not (tmp_path / name).exists()
