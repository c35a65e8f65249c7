"""By night: is there something to learn? If so, a process learns it (leads.actions.retrain)."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from leads.config import Settings
from leads.errors import StorageError
from leads.learning import history
from leads.learning.questions import LEAST
from leads.models import BEIJING
from leads.records import Records, feedback
from leads.storage import data_dir

NIGHT = range(1, 6)  # hours in Beijing
APART = timedelta(hours=20)
NEW = 10  # judgements since the last training that are worth another one
LONGEST = 3600.0  # seconds; a minute is usual


def due(settings: Settings, records: Records, *, now: datetime) -> bool:
    """It is night, the last training was another night's, and there are ten new judgements.

    Raises:
        StorageError: the records or the history cannot be read.
    """
    if now.astimezone(BEIJING).hour not in NIGHT:
        return False
    past = history.read(data_dir(settings))
    if past and now - past[-1].at < APART:
        return False
    with records.reading() as session:
        fresh = feedback.judgements(session, since=past[-1].at if past else None)
        return len(fresh) >= NEW and len(feedback.judgements(session)) >= LEAST


def learn(settings: Settings, records: Records, *, now: datetime) -> bool:
    """Learn if it is due, and wait for it; whether it was.

    Raises:
        StorageError: the records cannot be read, or the process failed.
    """
    if not due(settings, records, now=now):
        return False
    folder = data_dir(settings).resolve()
    handed = settings.model_copy(update={"data_dir": folder})
    with TemporaryDirectory(prefix="tingzhen-") as scratch:
        path = Path(scratch) / "settings.json"
        path.touch(mode=0o600)  # it may hold a password
        path.write_text(handed.model_dump_json(exclude={"reader"}), encoding="utf-8")
        _run({**os.environ, "TINGZHEN_HANDED_SETTINGS": str(path)})
    return True


def _run(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "leads.actions.retrain"]
    try:
        subprocess.run(  # noqa: S603 - our own command
            command,
            env=environment,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=LONGEST,
        )
    except subprocess.SubprocessError as error:
        said = getattr(error, "stderr", None) or b""
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise StorageError(
            f"夜里的学习没有做完（{last or error}）：请运行 tingzhen train --with-feedback 看原因。"
        ) from error
