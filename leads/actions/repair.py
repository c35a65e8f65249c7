"""`tingzhen check --repair`: damaged files are made anew from what can be read of them.

The index is built again from the leads that are left; what it lost comes back from its sources, whose
cursors are held against an index that is gone. Records and the book-keeping of crawls keep what can be read.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from crawler import owner_only
from crawler.system_errors import os_reason
from leads import storage
from leads.config import Settings
from leads.errors import StorageError
from leads.index import open_backend
from leads.index.codec import lead_from_dict, mention_from_dict
from leads.index.copying import Copier
from leads.index.sqlite.mapped import path_beside
from leads.records import open_records, salvage
from leads.records.damage import PUT_AWAY, damaged
from leads.records.salvage import Salvaged
from leads.records.seal import NAME as SEAL

INDEX, RECORDS, COVERAGE = "leads.sqlite", "records.sqlite", "coverage.sqlite"
_NOTHING = Salvaged(kept={}, lost={"全部": None})
_BESIDE = ("", "-wal", "-shm")


def repair(settings: Settings, *, deep: bool = False) -> list[str]:
    """What became of each damaged file, a zh-CN sentence each; nothing where all are sound.

    Raises:
        BusyError: a process has one of them open.
        StorageError: the disk is full or not writable; the files are as they were.
    """
    return [_repair(settings, each.file) for each in damaged(settings.data_dir, deep=deep)]


def _repair(settings: Settings, name: str) -> str:
    path = settings.data_dir / name
    salvage.alone(path)
    with _scratch(settings.data_dir) as scratch:
        old, new = scratch / "old", scratch / "new"
        for folder in (old, new):
            folder.mkdir(mode=owner_only.FOLDER)
        for end in _BESIDE:
            if (beside := path.with_name(name + end)).exists():
                shutil.copyfile(beside, old / (name + end))
        if name == RECORDS and not salvage.readable(old / name):
            return f"{name} 里一行也读不出来了：请从备份恢复它，文件没有动。"
        made = _MAKERS[name](settings, old / name, new)
        for end in _BESIDE:
            if (beside := old / (name + end)).exists():
                beside.replace(path.with_name(name + PUT_AWAY + end))
        for end in _BESIDE[1:]:
            path.with_name(name + end).unlink(missing_ok=True)
        if columns := path_beside(path):  # they belong to rows of the old file
            columns.unlink(missing_ok=True)
        (new / name).replace(path)
        owner_only.mend(settings.data_dir)
    return _sentence(name, made)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder on the same disk, so that files change places at once."""
    try:
        with TemporaryDirectory(prefix="repair-", dir=folder) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise StorageError(f"修不了（{os_reason(error)}）：请检查磁盘空间和权限，文件还是原样。") from error


def _records(settings: Settings, old: Path, new: Path) -> Salvaged:
    key = settings.data_dir / SEAL
    if key.exists():
        shutil.copyfile(key, new / SEAL)
    with open_records(Settings(data_dir=new)):
        pass
    return salvage.salvage(old, new / RECORDS)


def _coverage(settings: Settings, old: Path, new: Path) -> Salvaged:
    with storage.coverage(Settings(data_dir=new)):
        pass
    return salvage.salvage(old, new / COVERAGE) if salvage.readable(old) else _NOTHING


def _index(settings: Settings, old: Path, new: Path) -> Salvaged:
    """Only leads and mentions are taken over; words, counts and all else are made of them again."""
    if not salvage.readable(old):
        with storage.open_index(Settings(data_dir=new)):
            return _NOTHING
    between = new.parent / "between"
    with storage.open_index(Settings(data_dir=between)):
        pass
    found = salvage.salvage(old, between / INDEX, only=("leads", "mentions", "stamp"), fit=_makes_sense)
    with (
        closing(open_backend(Settings(data_dir=between))) as origin,
        closing(open_backend(Settings(data_dir=new))) as goal,
    ):
        Copier(origin, goal).run()
        if not found.lost and found.kept["stamp"] == 1:
            goal.adopt(origin.stamp())  # cursors hold; else the next crawl reads everything again
    return found


def _makes_sense(table: str, row: Mapping[str, object]) -> bool:
    if table == "stamp":
        return True
    try:
        values = orjson.loads(row["doc"])  # type: ignore[arg-type]  # bytes, as the column says
        mention_from_dict(values) if table == "mentions" else lead_from_dict(values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


_MAKERS = {INDEX: _index, RECORDS: _records, COVERAGE: _coverage}
_COMES_BACK = {
    INDEX: "下次采集会把来源站上还有的补回来，手上导入过的文件请再导入一次",
    RECORDS: "读不出来的只有备份里有：要找回来请恢复备份",
    COVERAGE: "下次采集会从头读丢了的部分，什么也不会存两遍",
}


def _sentence(name: str, made: Salvaged) -> str:
    rows = sum(made.kept.values())
    if made.lost:
        counted = "、".join(
            f"{table} {count} 行" if count is not None else table for table, count in made.lost.items()
        )
        lost = f"读不出来的：{counted}。{_COMES_BACK[name]}。"
    else:
        lost = "什么也没丢。"
    return (
        f"{name} 修好了，留下 {rows} 行；{lost}坏的那份改名为 {name}{PUT_AWAY}，"
        "看过没问题后请删掉它：以后的删除请求到不了那里。"
    )
