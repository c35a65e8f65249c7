"""An ingestor as the settings want it: for the commands, and for the pipeline inside a crawl process."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from leads.alerts.triggers.causes import Causes
from leads.clinics.name_matcher import BrandMatcher
from leads.config import Settings, load_settings, read_handed
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.ingest.ingestor import Ingestor
from leads.records import Records, feedback, open_records, strangers
from leads.storage import data_dir, known_clinics, quarantine, tagger
from nlp import Tagger


def ingestor(
    settings: Settings, index: LeadIndex, records: Records, *, ready: Tagger | None = None
) -> Ingestor:
    """Ready to turn posts into leads, with the shipped models or the clinic's own, or with `ready`."""
    clinics = known_clinics(settings)
    with records.reading() as session:
        others = strangers.known(session)
    return Ingestor(
        tagger=ready or _loaded(settings, records),
        index=index,
        quarantine=quarantine(settings),
        clinics=clinics,
        brands=BrandMatcher(clinics, others),
        records=records,
        causes=Causes(max_age=timedelta(days=settings.alerts.max_age_days)),
        min_need=settings.leads.min_need,
        expire_days=settings.leads.expire_days,
    )


def _loaded(settings: Settings, records: Records) -> Tagger:
    with records.reading() as session:
        own = feedback.own_words(session)
    return tagger(settings.data_dir, own)


def crawl_ingestor() -> tuple[Callable[[], None], Ingestor]:
    """For the pipeline inside a crawl process: how to close, and the ingestor.

    A crawl started by `crawl` is handed its settings; one started by hand (`scrapy crawl`) reads its own.
    """
    handed = os.environ.get("TINGZHEN_HANDED_SETTINGS")
    settings = read_handed(Path(handed)) if handed else load_settings()
    data_dir(settings)
    with ExitStack() as stack:
        index = stack.enter_context(open_backend(settings))
        worker = ingestor(settings, index, stack.enter_context(open_records(settings)))
        return stack.pop_all().close, worker
