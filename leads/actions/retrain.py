"""A night's learning: give up a model that turned out worse, or learn what was judged since.

It runs in a process of its own (leads.actions.night starts it), so that the desk needs no scikit-learn.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from leads.config import Settings, read_handed
from leads.learning import history, train
from leads.learning.history import Training
from leads.learning.questions import LEAST
from leads.records import Records, feedback, open_records
from leads.storage import data_dir
from nlp.models import IntentLabel


def retrain(settings: Settings, records: Records, *, now: datetime) -> Training | None:
    """What was done; None when there is too little to learn from.

    A model that does worse than the one before on the answers that came since is given up, and nothing new
    trained; else a new one is trained, and put in place if it is better.

    Raises:
        StorageError: records or models cannot be read or written.
    """
    folder = data_dir(settings)
    past = history.read(folder)
    with records.reading() as session:
        judged = feedback.judgements(session)
        fresh = feedback.judgements(session, since=past[-1].at) if past else judged
    if len(judged) < LEAST:
        return None
    done = _returned(folder, fresh, now) or train.train_with_feedback(folder, judged, now=now).training(now)
    history.add(folder, done)
    return done


def _returned(folder: Path, fresh: Mapping[str, IntentLabel], now: datetime) -> Training | None:
    found = train.against_earlier(folder, fresh)
    if found is None or not found.worse:
        return None
    train.go_back(folder)
    return Training(at=now, answers=len(fresh), before=found.current, after=found.earlier, state="returned")


def main() -> None:
    """With the settings that were handed over, like a crawl."""
    settings = read_handed(Path(os.environ["TINGZHEN_HANDED_SETTINGS"]))
    with open_records(settings) as records:
        retrain(settings, records, now=datetime.now(UTC))


if __name__ == "__main__":
    main()
