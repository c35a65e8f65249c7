"""`tingzhen rotate-key`: another key behind the pseudonyms, everything that is stored carried over to it.

    change written down → records told → records, index, crawls' books → key put there → once more → forgotten

Every pseudonym says under which key it is (`crawler.parsing.pseudonyms`), so each step may be done again: who
is killed in between runs the command again. From the moment the records know of the change, a process that
still has the old key can store nothing; what it was about to store it reads again after its next start.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from crawler import author_secret, owner_only
from crawler.parsing.pseudonyms import KeyChange, new_change, read_change
from crawler.system_errors import os_reason
from leads import storage
from leads.config import Settings
from leads.errors import BusyError, InputError, StorageError
from leads.index.base import KINDS, Kind, LeadIndex, Record, Stored
from leads.models import Mention
from leads.records import Records, audit, author_keys, erasures, idempotency, open_records, pseudonyms

STEPS = ("written", "told", "records", "index", "crawls", "placed", "again", "scrubbed")
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What was done. `backups`: archives made before, which hold the old key and pseudonyms under it."""

    generation: int  # how many times the key has been changed by now
    resumed: bool  # it went on with a change that had been interrupted
    linked: bool  # who is met again is known again
    first_kept: bool  # the very first key had to stay as a part of the new one
    carried: int  # pseudonyms and posts that were put under the new key
    backups: tuple[Path, ...]


def rotate(
    settings: Settings, *, forget: bool, now: datetime, reached: Callable[[str], None] = lambda step: None
) -> Rotated:
    """Change the key, or go on with a change that was interrupted, as it was begun. `reached` is told each of
    `STEPS` when it is done.

    Raises:
        InputError: the key is given by the environment.
        BusyError: another is at it.
        StorageError: something cannot be read or written; running it again goes on.
    """
    if author_secret.given("TINGZHEN_SECRET"):
        file = settings.data_dir / author_secret.NAME
        raise InputError(
            f"密钥由 TINGZHEN_SECRET 从外面给出，换不了：请把它写进 {file}，不再从外面给，再运行一次。"
        )
    storage.author_secret(settings)
    with (
        _alone(settings.data_dir),
        storage.open_index(settings) as index,
        open_records(settings) as records,
    ):
        try:
            return _rotate(settings, records, index, forget=forget, now=now, reached=reached)
        except OSError as error:
            raise StorageError(
                f"密钥文件写不了（{os_reason(error)}）：请检查 {settings.data_dir} 的权限，再运行一次。"
            ) from error


def _rotate(
    settings: Settings,
    records: Records,
    index: LeadIndex,
    *,
    forget: bool,
    now: datetime,
    reached: Callable[[str], None],
) -> Rotated:
    key, following = settings.data_dir / author_secret.NAME, settings.data_dir / author_secret.NEXT
    resumed = following.exists()
    if not resumed:
        begun = new_change(key.read_bytes().strip(), hashes=_depends(records, index), forget=forget)
        author_secret.put_key(following, begun.written())
    change = read_change(following.read_bytes())
    reached("written")
    _tell(records, change, now=now)
    reached("told")
    carried = _carry_over(settings, records, index, change, reached)
    author_secret.put_key(key, change.key.written())
    reached("placed")
    # Whoever had looked at the records just before they were told may have stored something since.
    carried += _carry_over(settings, records, index, change, lambda step: None)
    reached("again")
    index.scrub()
    records.scrub()
    reached("scrubbed")
    with records.transaction() as session:
        audit.note(session, who=audit.SYSTEM, action="key.rotate", now=now, times=change.key.generation)
    _forget(following)
    return Rotated(
        generation=change.key.generation,
        resumed=resumed,
        linked=change.linked,
        first_kept=bool(change.key.first),
        carried=carried,
        backups=_backups(settings),
    )


def _depends(records: Records, index: LeadIndex) -> bool:
    """Something that is stored has a pseudonym."""
    with records.reading() as session:
        return any(index.counts().values()) or any(pseudonyms.kept(session))


def _tell(records: Records, change: KeyChange, *, now: datetime) -> None:
    with records.transaction() as session:
        author_keys.changed(session, change.key.written(), change.key.generation, now=now)


def _carry_over(
    settings: Settings, records: Records, index: LeadIndex, change: KeyChange, reached: Callable[[str], None]
) -> int:
    with records.transaction() as session:
        erasures.keep_receipts(session)
        count = pseudonyms.carry_over(session, change.applied)
        idempotency.blank(session)
    reached("records")
    count += sum(_in_index(index, kind, change) for kind in KINDS)
    reached("index")
    if storage.has_coverage(settings):
        with storage.coverage(settings) as coverage:
            count += coverage.carry_over(change.applied)
    reached("crawls")
    return count


def _in_index(index: LeadIndex, kind: Kind, change: KeyChange) -> int:
    """Heads first: what is folded under one is put back under it."""
    found = [(each.id, bool(each.head)) for each in index.digests(kind)]
    heads = [name for name, folded in found if not folded]
    members = [name for name, folded in found if folded]
    return sum(_restored(index, kind, some, change) for ids in (heads, members) for some in _batches(ids))


def _restored(index: LeadIndex, kind: Kind, ids: Sequence[str], change: KeyChange) -> int:
    stored = index.records(kind, ids)
    changed = [new for old in stored if (new := _under(old, change)) != old]
    if changed:
        index.restore(changed)
    return len(changed)


def _under(record: Record, change: KeyChange) -> Record:
    post = record.lead.post if isinstance(record, Stored) else record.post
    post = replace(post, author_key=change.applied(post.author_key))
    if isinstance(record, Mention):
        return replace(record, post=post)
    return replace(record, lead=replace(record.lead, post=post))


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _forget(path: Path) -> None:
    """Overwritten before it goes: with the new key it would tell the old one."""
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _backups(settings: Settings) -> tuple[Path, ...]:
    folder = Path(settings.backup.folder)
    return tuple(sorted(folder.glob("tingzhen-*Z.tar"))) if settings.backup.folder and folder.is_dir() else ()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    path = folder / "locks" / "rotate-key.lock"
    path.parent.mkdir(exist_ok=True, mode=owner_only.FOLDER)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, owner_only.FILE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError("另一个 rotate-key 正在运行：请等它结束。") from None
    finally:
        os.close(lock)
