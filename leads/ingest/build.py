"""An ingestor as the settings want it: for the commands, and for the process that stores what crawls read."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext
from datetime import timedelta
from pathlib import Path

from leads.alerts.triggers.causes import Causes
from leads.clinics.name_matcher import BrandMatcher
from leads.config import Settings, load_settings, read_handed
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.ingest.ingestor import Ingestor
from leads.ingest.processes import TagProcesses
from leads.records import Records, feedback, open_records, strangers
from leads.storage import data_dir, known_clinics, model_folder, open_tagger, quarantine, tagger
from nlp import Tagger
from nlp.models import OwnWords


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
        child_days=settings.leads.child_days,
    )


def _loaded(settings: Settings, records: Records) -> Tagger:
    with records.reading() as session:
        own = feedback.own_words(session)
    return tagger(settings.data_dir, own)


def tag_processes(
    settings: Settings, records: Records, count: int
) -> AbstractContextManager[TagProcesses | None]:
    """`count` processes that tag as this installation does; none where there would be one."""
    if count < 2:
        return nullcontext()
    with records.reading() as session:
        own = feedback.own_words(session)
    return TagProcesses(count, model=model_folder(settings.data_dir), own=own)


class Workshop:
    """What the ingestors of several crawls have in common, opened when the first is wanted.

    Crawls started by `crawl` hand their settings over; one started by hand (`scrapy crawl`) leaves them to be
    read. `stack` closes the stores.
    """

    def __init__(self, stack: ExitStack, handed: str) -> None:
        self._stack, self._handed = stack, handed
        self._opened: tuple[Settings, LeadIndex, Records] | None = None
        self._tagger: tuple[Path, OwnWords, Tagger] | None = None

    def ingestor(self) -> Ingestor:
        """For one more crawl, with the clinics and the model of this moment.

        Raises:
            TingzhenError: settings, a store or the model cannot be used.
        """
        if self._opened is None:
            self._opened = self._open()
        settings, index, records = self._opened
        return ingestor(settings, index, records, ready=self._current(settings, records))

    def _open(self) -> tuple[Settings, LeadIndex, Records]:
        settings = read_handed(Path(self._handed)) if self._handed else load_settings()
        data_dir(settings)
        with ExitStack() as opened:
            index = opened.enter_context(open_backend(settings))
            records = opened.enter_context(open_records(settings))
            self._stack.push(opened.pop_all())
        return settings, index, records

    def _current(self, settings: Settings, records: Records) -> Tagger:
        """The tagger in memory, unless somebody has trained another model or taught it a word meanwhile."""
        with records.reading() as session:
            own = feedback.own_words(session)
        model = model_folder(settings.data_dir)
        if self._tagger is None or self._tagger[:2] != (model, own):
            self._tagger = (model, own, open_tagger(model, own))
        return self._tagger[2]
