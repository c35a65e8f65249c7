"""Files that somebody gives to the page: kept for their owner only, looked at, imported, and removed.

A folder an upload, under the data folder: the file, what is known of it, and which lines could not be read
(numbers and kinds of fault, nothing of what they say). The file goes when it has been imported, when somebody
has something erased, or after a day.
"""

from __future__ import annotations

import csv
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import TypeAdapter, ValidationError

from crawler import owner_only
from crawler.files import Rejected
from crawler.system_errors import os_reason
from leads import storage
from leads.actions.crawl_process import Stopped
from leads.actions.imports import ingest_files
from leads.config import Settings
from leads.errors import InputError, StorageError
from leads.ingest.ingestor import Report, kind_of_fault

KIND = "import"  # of the job
MOST_BYTES = 100 * 2**20
KEPT = timedelta(days=1)
_PIECE = 2**20
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SUFFIX = re.compile(r"\.(csv|tsv|txt|xlsx|json|jsonl|ndjson|html?|db|sqlite3?)", re.IGNORECASE)
State = Literal["looked", "waiting", "running", "done", "failed", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What is known of a file. `columns` is the map of a table, `counts` what a `Report` counts, so far."""

    token: str
    name: str  # as its owner calls it
    who: str
    at: datetime
    state: State = "looked"
    columns: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    why_rejected: dict[str, int] = field(default_factory=dict)
    problem: str = ""


_UPLOAD = TypeAdapter(Upload)


def receive(settings: Settings, given: BinaryIO, *, name: str, who: str, now: datetime) -> Upload:
    """Keeps a file until it is imported.

    Raises:
        InputError: it is empty or too large.
        StorageError: the data folder cannot be written.
    """
    forget(settings, now - KEPT)
    upload = Upload(token=secrets.token_hex(16), name=Path(name).name[:80] or "文件", who=who, at=now)
    folder = _folder(settings, upload.token)
    try:
        folder.parent.mkdir(exist_ok=True, mode=owner_only.FOLDER)
        folder.mkdir(mode=owner_only.FOLDER)
        suffix = _SUFFIX.fullmatch(Path(upload.name).suffix)
        file = folder / f"文件{suffix[0].lower() if suffix else ''}"
        owner_only.own(file)
        with file.open("wb") as out:
            _copy(given, out)
    except InputError:
        shutil.rmtree(folder)
        raise
    except OSError as error:
        raise StorageError(f"文件存不下来（{os_reason(error)}）：请检查磁盘空间和权限。") from error
    _write(settings, upload)
    return upload


def _copy(given: BinaryIO, out: BinaryIO) -> None:
    size = 0
    while piece := given.read(_PIECE):
        size += len(piece)
        if size > MOST_BYTES:
            raise InputError(too_large())
        out.write(piece)
    if not size:
        raise InputError("这个文件是空的：请换一个。")


def too_large() -> str:
    """The sentence about a file beyond the limit."""
    return f"文件大过 {MOST_BYTES // 2**20} MB：请拆成几个，或请管理员在服务器上用 tingzhen ingest 导入。"


def known(settings: Settings, token: str) -> Upload | None:
    """The upload of this token; None when there is none (any more)."""
    if not _TOKEN.fullmatch(token):
        return None
    try:
        return _UPLOAD.validate_json((_folder(settings, token) / "state.json").read_bytes())
    except (OSError, ValidationError):
        return None


def recent(settings: Settings, *, now: datetime) -> list[Upload]:
    """Those of the last day, newest first."""
    forget(settings, now - KEPT)
    found = (known(settings, folder.name) for folder in _all(settings))
    return sorted((each for each in found if each), key=lambda each: each.at, reverse=True)


def file_of(settings: Settings, upload: Upload) -> Path:
    """Where its file stands. Raises InputError when it is gone."""
    found = next(_folder(settings, upload.token).glob("文件*"), None)
    if found is None:
        raise InputError("这个文件已经不在了：请重新上传。")
    return found


def rejected_file(settings: Settings, upload: Upload) -> Path:
    """The lines that could not be read, as CSV; may not be there."""
    return _folder(settings, upload.token) / "rejected.csv"


def wait(settings: Settings, upload: Upload, columns: Mapping[str, str]) -> Upload:
    """It is to be imported, its columns read like this. Raises InputError when its file is gone."""
    file_of(settings, upload)
    return _write(settings, replace(upload, state="waiting", columns=dict(columns), problem=""))


def run(settings: Settings, token: str, *, stop: threading.Event) -> None:
    """Imports a file that waits, and removes it. Repeating what was interrupted stores nothing twice.

    Raises:
        Stopped: `stop` was set; the file waits for another time.
        StorageError: index or records cannot be written; the file stays.
    """
    upload = known(settings, token)
    if upload is None or upload.state not in ("waiting", "running"):
        return
    upload = _write(settings, replace(upload, state="running"))

    def progress(name: str, report: Report) -> None:
        _write(settings, _counted(upload, report))
        if stop.is_set():
            raise Stopped

    try:
        file = file_of(settings, upload)
        with _rejections(rejected_file(settings, upload)) as reject:
            done = ingest_files(
                settings,
                [file],
                format_=None,
                columns=upload.columns or None,
                progress=progress,
                rejected=reject,
            )
    except InputError as error:
        _write(settings, replace(upload, state="gone", problem=str(error)))
        return
    problem = next(iter(done.failed_files.values()), "")
    report = next(iter(done.files.values()), Report())
    ended = replace(_counted(upload, report), notices=[_plain(each, file) for each in done.notices])
    _write(settings, replace(ended, state="failed" if problem else "done", problem=_plain(problem, file)))
    file.unlink(missing_ok=True)


def remove(settings: Settings, token: str) -> None:
    """Away with file and all."""
    if _TOKEN.fullmatch(token):
        shutil.rmtree(_folder(settings, token), ignore_errors=True)


def forget(settings: Settings, before: datetime) -> None:
    """Those older than this, whatever became of them; one that is being imported is left alone."""
    for folder in _all(settings):
        upload = known(settings, folder.name)
        if upload is None or (upload.at < before and upload.state != "running"):
            shutil.rmtree(folder, ignore_errors=True)


def drop_files(settings: Settings) -> None:
    """Files nobody has begun to import go: somebody wants something forgotten, and it may stand in them."""
    for folder in _all(settings):
        upload = known(settings, folder.name)
        if upload is not None and upload.state in ("looked", "waiting"):
            with suppress(InputError):
                file_of(settings, upload).unlink()
            problem = "有人要求删除内容，还没有导入的文件都清掉了：请重新上传。"
            _write(settings, replace(upload, state="gone", problem=problem))


def _folder(settings: Settings, token: str) -> Path:
    return storage.data_dir(settings) / "uploads" / token


def _all(settings: Settings) -> list[Path]:
    folder = settings.data_dir / "uploads"
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []


def _write(settings: Settings, upload: Upload) -> Upload:
    """The new state beside the old one, then in its place."""
    folder = _folder(settings, upload.token)
    new = folder / "state.new"
    try:
        owner_only.own(new)
        new.write_bytes(_UPLOAD.dump_json(upload))
        new.replace(folder / "state.json")
    except OSError as error:
        raise StorageError(f"导入的进度写不下来（{os_reason(error)}）：请检查磁盘空间。") from error
    return upload


def _counted(upload: Upload, report: Report) -> Upload:
    counts = {name: count for name, count in asdict(report).items() if isinstance(count, int)}
    return replace(upload, state="running", counts=counts, why_rejected=dict(report.why_rejected))


@contextmanager
def _rejections(path: Path) -> Iterator[Callable[[Rejected], None]]:
    """Notes the numbers of lines, and what kind of fault each has; quotes nothing."""
    owner_only.own(path)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("行", "为什么"))
        yield lambda record: writer.writerow((record.line, kind_of_fault(record.reason)))


def _plain(sentence: str, file: Path) -> str:
    """Without the name that the file has here."""
    return sentence.removeprefix(f"{file.name}：")
