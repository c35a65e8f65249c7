"""`tingzhen backup` and `tingzhen restore`: one file of everything, made while others work, and put back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler import owner_only
from crawler.system_errors import os_reason
from leads import storage
from leads.actions import erase
from leads.backup import archive, contents
from leads.backup.archive import Manifest, Part
from leads.backup.contents import Amounts
from leads.config import BackupSettings, Settings
from leads.errors import InputError, StorageError, TingzhenError
from leads.records import erasures, open_records

_NAME = "tingzhen-%Y%m%dT%H%M%SZ.tar"
_PATTERN = "tingzhen-*Z.tar"
_HALF = ".tingzhen-"  # how folders of half-done work begin
_LONGEST = timedelta(days=1)  # no backup takes so long
_SLACK = timedelta(minutes=10)  # a turn may come a little early


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """A finished, verified backup."""

    file: Path
    manifest: Manifest
    dropped: tuple[Path, ...]  # older ones, beyond how many were to stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back; `erased` posts had to go again, `later` tombstones came from elsewhere."""

    manifest: Manifest
    erased: int
    later: int
    settings_folder: Path | None


def back_up(
    settings: Settings,
    target: Path,
    *,
    now: datetime,
    passphrase: str = "",
    keep: int = 0,
) -> BackedUp:
    """Everything into one file; `target` is its name, or a folder in which the time names it.

    With `keep` only so many archives stay in that folder.

    Raises:
        InputError: the target is there already, or lies inside the data folder.
        StorageError: something cannot be read or written, or what was written reads otherwise.
    """
    storage.data_dir(settings, create=False)
    file = target / now.astimezone(UTC).strftime(_NAME) if target.is_dir() else target
    if file.exists():
        raise InputError(f"{file} 已经有了：请换一个文件名，或写一个文件夹。")
    if settings.data_dir.resolve() in file.resolve().parents:
        raise InputError(f"备份不能放在数据目录 {settings.data_dir} 里面：请写另一个位置，最好是另一块盘。")
    if not file.parent.is_dir():
        raise InputError(f"没有 {file.parent} 这个文件夹：请先建好它。")
    _sweep(file.parent, now)
    with _space(file.parent) as space:
        amounts = contents.collect(settings, _own_files(settings), space)
        archive.write(
            space, file, passphrase=passphrase, describe=_describe(amounts, now, sealed=bool(passphrase))
        )
    return BackedUp(
        file=file, manifest=archive.verify(file), dropped=_rotate(file.parent, keep) if keep else ()
    )


def restore(
    settings: Settings, file: Path, *, passphrase: str = "", erased_since: Sequence[Path] = ()
) -> Restored:
    """Put an archive back into an empty data folder, and erase again what was erased.

    Tombstones are taken from the archive itself, from newer archives beside it that open with the same
    passphrase, and from `erased_since`: other archives, or the data folder of before.

    Raises:
        InputError: the archive cannot be used.
        StorageError: there is something already, or a store fails.
    """
    data = settings.data_dir
    if data.exists() and any(each.name not in _HARMLESS for each in data.iterdir()):
        raise StorageError(
            f"数据目录 {data} 里已有内容，没有动它："
            f"请先停下听诊，把它移走（如改名 {data.name}-old），再恢复。"
        )
    storage.data_dir(settings)
    with _space(data) as space:
        found = archive.unpack(file, space, passphrase=passphrase)
        contents.place(space, settings)
    with storage.open_index(settings) as index, open_records(settings) as records:
        later = 0
        for path in [*_newer(file, found.at), *erased_since]:
            later += _adopt(settings, path, passphrase, asked=path in erased_since)
        erased = erase.erase_again(records, index)
    folder = data / contents.SETTINGS
    return Restored(
        manifest=found, erased=erased, later=later, settings_folder=folder if folder.is_dir() else None
    )


def due(settings: BackupSettings, now: datetime) -> bool:
    """Whether the schedule's next archive is to be made."""
    if not settings.folder:
        return False
    made = newest(Path(settings.folder))
    return made is None or made[1] + timedelta(hours=settings.every_hours) - _SLACK <= now


def newest(folder: Path) -> tuple[Path, datetime] | None:
    """The last archive the schedule or somebody put there, by its name."""
    files = sorted(folder.glob(_PATTERN)) if folder.is_dir() else []
    if not files:
        return None
    return files[-1], datetime.strptime(files[-1].name, _NAME).replace(tzinfo=UTC)


def by_schedule(settings: Settings, *, now: datetime) -> BackedUp | None:
    """What `serve` does by itself: an archive when one is due; raises as `back_up`."""
    wanted = settings.backup
    if not due(wanted, now):
        return None
    folder = Path(wanted.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=owner_only.FOLDER)
    except OSError as error:
        raise StorageError(
            f"备份文件夹 {folder} 建不了（{os_reason(error)}）：请检查 backup.folder。"
        ) from error
    secret = read_passphrase(Path(wanted.passphrase_file)) if wanted.passphrase_file else ""
    return back_up(settings, folder, now=now, passphrase=secret, keep=wanted.keep)


def read_passphrase(file: Path) -> str:
    """The first line of a file; raises InputError."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else "不是文本"
        raise InputError(f"口令文件 {file} 读不了（{reason}）：请检查路径和权限。") from error
    if not lines or not lines[0].strip():
        raise InputError(f"口令文件 {file} 是空的：请在第一行写上口令。")
    return lines[0].strip()


_HARMLESS = {"lost+found"}  # of a disk that was just made


@contextmanager
def _space(folder: Path) -> Iterator[Path]:
    """A folder for what is half done, on the disk where it belongs in the end."""
    try:
        with TemporaryDirectory(dir=folder, prefix=_HALF) as space:
            yield Path(space)
    except OSError as error:
        raise StorageError(f"{folder} 写不了（{os_reason(error)}）：请检查磁盘空间和权限。") from error


def _sweep(folder: Path, now: datetime) -> None:
    """What a backup that was killed has left: it may hold all that an archive holds."""
    for each in (*folder.glob(f"{_HALF}*"), *folder.glob(f"{_PATTERN}.part")):
        with suppress(OSError):
            if datetime.fromtimestamp(each.stat().st_mtime, UTC) < now - _LONGEST:
                shutil.rmtree(each) if each.is_dir() else each.unlink()


def _own_files(settings: Settings) -> tuple[Path, ...]:
    files = (settings.file, settings.sources_file)
    return tuple(each for each in files if each is not None and each.is_file())


def _describe(
    amounts: Amounts, now: datetime, *, sealed: bool
) -> Callable[[str, tuple[Part, ...]], Manifest]:
    def describe(sha256: str, parts: tuple[Part, ...]) -> Manifest:
        return Manifest(
            version=version("tingzhen"),
            at=now,
            sealed=sealed,
            data_sha256=sha256,
            leads=amounts.leads,
            mentions=amounts.mentions,
            rows=amounts.rows,
            parts=parts,
        )

    return describe


def _rotate(folder: Path, keep: int) -> tuple[Path, ...]:
    dropped = tuple(sorted(folder.glob(_PATTERN))[:-keep])
    for each in dropped:
        each.unlink(missing_ok=True)
    return dropped


def _newer(file: Path, at: datetime) -> Iterator[Path]:
    """Archives beside this one that were made after it."""
    for each in sorted(file.parent.glob(_PATTERN)):
        with suppress(InputError):
            if archive.manifest(each).at > at:
                yield each


def _adopt(settings: Settings, path: Path, passphrase: str, *, asked: bool) -> int:
    """Tombstones of another archive or data folder; what nobody asked for may be unreadable."""
    try:
        with _space(settings.data_dir) as space:
            if path.is_file():
                archive.unpack(path, space, passphrase=passphrase)
            folder = space if path.is_file() else path
            if not (folder / contents.RECORDS).exists():
                raise InputError(f"{path} 里没有 {contents.RECORDS}：请写一份备份，或从前的数据目录。")
            with (
                open_records(contents.inside(folder, settings)) as old,
                open_records(settings) as records,
                old.reading() as origin,
                records.transaction() as session,
            ):
                return erasures.adopt(session, origin)
    except TingzhenError:
        if asked:
            raise
        return 0
