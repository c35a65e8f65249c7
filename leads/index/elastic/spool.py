"""What could not be written while the server was away: one file of JSON lines, replayed in order.

Several processes may share a spool; a file lock keeps them in turn. A line is on disk (fsync) before `append`
returns. A line cut short by a crash was never acknowledged, so it is dropped.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from crawler import owner_only
from crawler.system_errors import os_reason
from leads.errors import StorageError
from leads.index.codec import lead_from_dict, lead_to_dict, mention_from_dict, mention_to_dict
from leads.models import Lead, Mention

MAX_BYTES = 2 * 1024**3


class Spool:
    """Batches waiting for the server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._done = path.with_suffix(".done")  # how many bytes of the file are written already

    def empty(self) -> bool:
        return not self.path.exists() or self.path.stat().st_size == 0

    def append(self, leads: Sequence[Lead], mentions: Sequence[Mention]) -> None:
        """Keep a batch.

        Raises:
            StorageError: the file cannot be written, or the spool has grown to 2 GiB.
        """
        record = {
            "leads": [lead_to_dict(lead) for lead in leads],
            "mentions": [mention_to_dict(mention) for mention in mentions],
        }
        with _complaining(self.path), self._locked():
            if not self.empty() and self.path.stat().st_size > MAX_BYTES:
                raise StorageError(
                    f"Elasticsearch 一直不可用，待写文件 {self.path} 已满：请先恢复服务器，再继续导入。"
                )
            owner_only.own(self.path)
            with self.path.open("ab+") as file:
                _end_torn_line(file.fileno())
                file.write(orjson.dumps(record) + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def replay(self, write: Callable[[list[Lead], list[Mention]], None]) -> int:
        """Hand each batch to `write`, oldest first; returns how many. A failing `write` keeps the rest.

        Raises:
            StorageError: as `write` does, or the file cannot be read.
        """
        if self.empty():
            return 0
        with _complaining(self.path), self._locked():
            count = 0
            for end, leads, mentions in self._batches():
                write(leads, mentions)
                count += 1
                self._done.write_text(str(end))
            self.path.write_bytes(b"")
            self._done.unlink(missing_ok=True)
            return count

    def _batches(self) -> Iterator[tuple[int, list[Lead], list[Mention]]]:
        """(position after it, leads, mentions) of each batch that is not done."""
        if self.empty():
            return
        with self.path.open("rb") as file:
            file.seek(int(self._done.read_text()) if self._done.exists() else 0)
            while line := file.readline():
                try:
                    record = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue  # cut short by a crash: whoever wrote it never heard that it was kept
                yield (
                    file.tell(),
                    [lead_from_dict(item) for item in record["leads"]],
                    [mention_from_dict(item) for item in record["mentions"]],
                )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.path.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _end_torn_line(descriptor: int) -> None:
    """A line that a crash cut short must not swallow the next."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")


@contextmanager
def _complaining(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"待写文件 {path} 读写不了（{os_reason(error)}）：请检查磁盘空间和权限，然后重新运行。"
        ) from error
