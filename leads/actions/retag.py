"""`tingzhen retag`: all stored leads get the tags of the model in use, in pieces, on every core and machine.

It comes to the same whenever it is interrupted: a piece is done when all its leads have their tags, and doing
one twice changes nothing. Nobody is alerted, cases and folding stay, nothing is deleted: what the model takes
for no lead any more sinks to the end of lists.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from tempfile import TemporaryDirectory
from zlib import crc32

from leads.actions.shared_intake import handed
from leads.config import Settings, read_handed
from leads.errors import StorageError, TingzhenError
from leads.index.base import LeadIndex, Stored
from leads.ingest.build import ingestor
from leads.ingest.ingestor import Ingestor, batched
from leads.learning import history
from leads.models import Clock, Lead
from leads.records import Records, feedback, open_records, retags
from leads.records.retags import Retagging
from leads.records.tables.retags import RetagPiece
from leads.scoring.need import rate
from leads.storage import data_dir, open_index, tags_from
from nlp.text.normal import normalise

BATCH = 256  # leads tagged and written at once
_LOOK_SECONDS = 0.5  # between two looks at how far it has come
_HOST = gethostname()[:50]


def retag(
    settings: Settings,
    *,
    workers: int,
    who: str,
    clock: Clock,
    progress: Callable[[Retagging], None] = lambda found: None,
) -> Retagging:
    """Begin, or go on with what was interrupted, and see it to its end with so many processes here; other
    machines with the same records may help.

    Raises:
        StorageError: a store fails, or a process died; running again goes on from there.
    """
    with open_index(settings, create=False) as index, open_records(settings) as records:
        begin(settings, index, records, who=who, now=clock())
        if workers == 1:
            _Worker(settings, index, records, clock, progress).run()
        else:
            _with_processes(settings, records, workers, progress)
        with records.reading() as session:
            found = retags.latest(session)
    if found is None or found.ended_at is None:
        raise StorageError("重新打标还没做完，剩下的在别的机器上：稍后再运行 tingzhen retag 看看。")
    return found


def begin(settings: Settings, index: LeadIndex, records: Records, *, who: str, now: datetime) -> None:
    """Cut the work into pieces, unless it is cut already; pieces of processes here that died wait again."""
    model = _model(settings, records)
    pieces = retags.cut(index.hours())
    with records.transaction() as session:
        retags.begin(session, pieces, model=model, who=who, now=now)
        retags.release(session, [each for each in retags.workers(session) if not _lives(each)])


def outdated(settings: Settings, index: LeadIndex, records: Records) -> bool:
    """Whether stored leads have the tags of another model than the one in use: for all that is known, since
    before the first retag only trainings are on record.

    Raises:
        StorageError: a store or the history cannot be read.
    """
    if not index.counts()["leads"]:
        return False
    with records.reading() as session:
        found = retags.latest(session)
    if found is not None:
        return found.ended_at is None or found.model != _model(settings, records)
    return any(each.state != "kept" for each in history.read(settings.data_dir))


def standing(settings: Settings) -> tuple[Retagging | None, bool]:
    """How far the one under way or the last one has come, and whether one is due; raises as `outdated`."""
    with open_index(settings, create=False) as index, open_records(settings) as records:
        with records.reading() as session:
            found = retags.latest(session)
        return found, outdated(settings, index, records)


def _model(settings: Settings, records: Records) -> str:
    with records.reading() as session:
        own = feedback.own_words(session)
    return tags_from(settings.data_dir, own)


class _Worker:
    """Takes pieces until none is left."""

    def __init__(
        self,
        settings: Settings,
        index: LeadIndex,
        records: Records,
        clock: Clock,
        progress: Callable[[Retagging], None] = lambda found: None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._index, self._records, self._clock = index, records, clock
        self._progress, self._goes_on = progress, goes_on
        self._name = f"{_HOST}:{os.getpid()}"
        self._model = _model(settings, records)
        self._ingestor = ingestor(settings, index, records)

    def run(self) -> None:
        while self._goes_on():
            with self._records.transaction() as session:
                retag = retags.under_way(session)
                if retag is not None and retag.model != self._model:
                    raise StorageError(
                        "发起重新打标的机器用的是另一个模型或另一个版本："
                        "请把两台机器的程序和数据目录里的 models 弄成一样，再运行。"
                    )
                piece = retags.claim(session, worker=self._name, now=self._clock())
            if piece is None:
                return
            if self._did(piece):
                with self._records.transaction() as session:
                    retags.finish(session, piece, now=self._clock())
            self._tell()

    def _did(self, piece: RetagPiece) -> bool:
        """Whether it was ended; not when another worker took it over, or we are to stop."""
        piece.tagged = piece.changed = piece.unlike = piece.wordless = 0
        ids = self._index.published_in(piece.since, piece.until)
        ours = [each for each in ids if crc32(each.encode("utf-8", "replace")) % piece.parts == piece.part]
        for some in batched(ours, BATCH):
            found = self._index.records("leads", some)
            stored = [each.lead for each in found if isinstance(each, Stored)]
            tagged = [each for each in stored if each.post.full_text.strip()]
            new = anew(self._ingestor, tagged)
            piece.changed += self._index.retag([lead for lead, _ in new])
            piece.tagged += len(tagged)
            piece.wordless += len(stored) - len(tagged)
            piece.unlike += sum(not like for _, like in new)
            with self._records.transaction() as session:
                mine = retags.renew(session, piece.id, worker=self._name, now=self._clock())
            if not mine or not self._goes_on():
                return False
        return True

    def _tell(self) -> None:
        with self._records.reading() as session:
            found = retags.latest(session)
        if found is not None:
            self._progress(found)


def anew(worker: Ingestor, leads: list[Lead]) -> list[tuple[Lead, bool]]:
    """Each lead with the tags of this ingestor's model, and whether it would become a lead with them."""
    posts = [lead.post for lead in leads]
    tags = worker.tagger.tag_many([post.full_text for post in posts], [post.place_hints for post in posts])
    found = []
    for lead, its in zip(leads, tags, strict=True):
        text = normalise(lead.post.full_text)
        need, reasons = rate(text, its)
        like = worker.judge(lead.post, its, text) is not None
        found.append((replace(lead, tags=its, need=need, reasons=reasons), like))
    return found


def _with_processes(
    settings: Settings, records: Records, workers: int, progress: Callable[[Retagging], None]
) -> None:
    """Raises StorageError for the first process that failed, when all have ended."""
    with TemporaryDirectory(prefix="tingzhen-") as scratch:
        given = {**os.environ, **handed(settings, data_dir(settings), Path(scratch))}
        logs = [Path(scratch) / f"{number}.log" for number in range(workers)]
        running = [_started(given, log) for log in logs]
        try:
            while any(each.poll() is None for each in running):
                time.sleep(_LOOK_SECONDS)
                with records.reading() as session:
                    found = retags.latest(session)
                if found is not None:
                    progress(found)
        finally:
            for each in running:
                each.kill()  # no harm to one that has ended
                each.wait()
        for each, log in zip(running, logs, strict=True):
            if each.returncode:
                said = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
                raise StorageError(
                    f"重新打标的进程中途退出了（{said or each.returncode}）：请再运行一次，接着做。"
                )


def _started(given: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "leads.actions.retag", str(os.getpid())]
    with log.open("wb") as out:
        return subprocess.Popen(command, env=given, stdin=subprocess.DEVNULL, stdout=out, stderr=out)  # noqa: S603 - our own command


def _lives(worker: str) -> bool:
    """Whether this process may still be at work; one of another machine may."""
    host, _, number = worker.rpartition(":")
    if host != _HOST:
        return True
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except OSError:
        return False  # gone, or a system that does not tell: the work is done twice, which changes nothing
    # Nobody has asked yet how it ended; or ours, which was an earlier process of this number.
    return state.split()[0] != "Z" and int(number) != os.getpid()


def main() -> None:
    """One of several processes, with the settings handed over to it; ends with the one that started it."""
    settings, parent = read_handed(Path(os.environ["TINGZHEN_HANDED_SETTINGS"])), int(sys.argv[1])
    try:
        with open_index(settings, create=False) as index, open_records(settings) as records:
            _Worker(
                settings,
                index,
                records,
                lambda: datetime.now(UTC),
                goes_on=lambda: os.getppid() == parent,
            ).run()
    except TingzhenError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
