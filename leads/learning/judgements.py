"""Judgements at the command line: kept in the records, and learnt from."""

from __future__ import annotations

from datetime import datetime

from leads.config import Settings
from leads.errors import InputError
from leads.learning import history, train
from leads.records import open_records
from leads.records.feedback import adopt_file, judge, judgements
from leads.storage import data_dir, open_index


def note(settings: Settings, lead_id: str, intent: str, *, now: datetime) -> None:
    """Keep what this lead really is.

    Raises:
        InputError: there is no such lead or intent.
        StorageError: the index or the records cannot be read or written.
    """
    with open_index(settings, create=False) as index:
        lead = index.get(lead_id)
    if lead is None:
        raise InputError(f"没有 id 为 {lead_id!r} 的线索：请从 tingzhen search --json 里复制。")
    with open_records(settings) as records, records.transaction() as session:
        judge(session, lead, intent, who="cli", now=now)


def learn(settings: Settings, *, now: datetime, force: bool = False) -> train.Comparison:
    """Train with all judgements there are, wherever they were made.

    Raises:
        InputError: fewer than 20, or an older version's file cannot be taken over.
        StorageError: the records cannot be read, or the model cannot be written.
    """
    folder = data_dir(settings)
    with open_records(settings) as records:
        adopt_file(records, folder)
        with records.reading() as session:
            judged = judgements(session)
    result = train.train_with_feedback(folder, judged, now=now, force=force)
    history.add(folder, result.training(now))
    return result
