"""What a backup holds: copies of all stores of an installation, each as of one moment, in one folder.

The order of the copies is what makes them fit together: book-keeping of crawls first, then leads, then
records. So cursors are never ahead of posts (what came in between is read again, and known), and tombstones
never behind them (a post that was erased in between is erased again when the copy is put back).
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crawler import owner_only
from crawler.coverage.copying import copy as copy_coverage
from leads.config import Settings
from leads.errors import StorageError
from leads.index import open_backend
from leads.index.copying import Copier
from leads.records import open_records
from leads.records.copying import copy, rows
from leads.storage import COVERAGE, coverage

LEADS, RECORDS = "leads.sqlite", "records.sqlite"
SETTINGS = "config"  # the folder of tingzhen.toml and sources.toml
_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".part")  # what means nothing without its process


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much there is."""

    leads: int
    mentions: int
    rows: int  # of all tables of the records


def collect(settings: Settings, files: tuple[Path, ...], folder: Path) -> Amounts:
    """Copy everything into an empty folder, while others go on writing; `files` are the settings' own.

    Raises:
        StorageError: a store cannot be read, or the folder not be written.
    """
    data = settings.data_dir
    here = inside(folder, settings)
    _copy_coverage(settings, here)
    _copy_index(settings, here)
    for path in _plain(data):
        goal = folder / path.relative_to(data)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, goal)
    _copy_records(settings, here)
    for path in files:
        (folder / SETTINGS).mkdir(exist_ok=True)
        shutil.copyfile(path, folder / SETTINGS / path.name)
    return amounts(here)


def inside(folder: Path, settings: Settings) -> Settings:
    """Settings under which a collected folder is a data folder: in it everything is SQLite."""
    return settings.model_copy(update={"data_dir": folder, "index": "sqlite", "records": "sqlite"})


def amounts(settings: Settings) -> Amounts:
    """How much is in these stores; raises StorageError."""
    with open_backend(settings) as index, open_records(settings) as records, records.reading() as session:
        counts = index.counts()
        return Amounts(leads=counts["leads"], mentions=counts["mentions"], rows=rows(session.connection()))


def place(folder: Path, settings: Settings) -> None:
    """Put a collected folder where the settings want everything: an empty data folder, empty databases.

    Raises:
        StorageError: something is there already, or cannot be written.
    """
    here = inside(folder, settings)
    if settings.index != "sqlite":
        with open_backend(here) as old, open_backend(settings) as new:
            if any(new.counts().values()):
                raise StorageError("要恢复到的索引不是空的：请换一个 elastic.prefix，或先删掉它。")
            Copier(old, new).run()
            new.adopt(old.stamp())
    if settings.records != "sqlite":
        with open_records(here) as old_records, open_records(settings) as new_records:
            copy(old_records, new_records)
        if (folder / COVERAGE).exists():
            with coverage(here) as old_coverage, coverage(settings) as new_coverage:
                copy_coverage(old_coverage, new_coverage)
    left_out = {LEADS} if settings.index != "sqlite" else set()
    left_out |= {RECORDS, COVERAGE} if settings.records != "sqlite" else set()
    for path in sorted(folder.iterdir()):
        if path.name.removesuffix("-wal").removesuffix("-shm") not in left_out:
            shutil.move(path, settings.data_dir / path.name)
    owner_only.mend(settings.data_dir)


def _plain(data: Path) -> Iterator[Path]:
    """Files that are no database of ours: keys, models, quarantine, an Elasticsearch spool."""
    for path in sorted(data.rglob("*")):
        inside = path.relative_to(data).parts
        if inside[0].startswith((LEADS, RECORDS, COVERAGE, SETTINGS, "locks", ".")):
            continue
        if path.is_file() and not path.is_symlink() and not path.name.endswith(_BESIDE):
            yield path


def _copy_file(source: Path, target: Path) -> None:
    """A SQLite file as of one moment, without waiting for writers; deleted rows are not copied along."""
    if not source.exists():
        return
    owner_only.own(target)
    try:
        with closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=20)
        ) as database:
            database.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise StorageError(
            f"{source.name} 备份不了（{error}）：请先运行 tingzhen check，看它是否损坏、磁盘是否满了。"
        ) from error


def _copy_index(settings: Settings, here: Settings) -> None:
    if settings.index == "sqlite":
        _copy_file(settings.data_dir / LEADS, here.data_dir / LEADS)
        return
    with open_backend(settings) as index, open_backend(here) as copied:
        Copier(index, copied).run()
        copied.adopt(index.stamp())


def _copy_coverage(settings: Settings, here: Settings) -> None:
    if settings.records == "sqlite":
        _copy_file(settings.data_dir / COVERAGE, here.data_dir / COVERAGE)
        return
    with coverage(settings) as shared, coverage(here) as copied:
        copy_coverage(shared, copied)


def _copy_records(settings: Settings, here: Settings) -> None:
    if settings.records == "sqlite":
        _copy_file(settings.data_dir / RECORDS, here.data_dir / RECORDS)
        return
    with open_records(settings) as records, open_records(here) as copied:
        copy(records, copied)
