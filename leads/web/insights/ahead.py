"""What the first visitor after a start, or of a day, would wait for, made before anybody asks."""

from __future__ import annotations

import logging
from threading import Event, Thread

from leads.errors import TingzhenError
from leads.insights.topics.topics import Span
from leads.models import LeadQuery
from leads.web.auth import Visitor
from leads.web.desk import Desk
from leads.web.insights import groups, needs, questions, topics
from leads.web.insights.asked import place_of, specialties_of
from leads.web.pages import ten
from leads.web.today.asking import often

EVERY = 60.0  # seconds: a new day's answers are there a minute after midnight
_log = logging.getLogger(__name__)
_SPANS: tuple[Span, ...] = ("week", "month", "today")


def make(desk: Desk) -> None:
    """The pages as staff open them; what is there already costs nothing.

    Raises:
        StorageError: index or records cannot be read.
    """
    desk.index.facets(LeadQuery(), ["status"])  # loads what the embedded index counts by
    clinics = desk.clinics()
    staff = Visitor(user_id=0, login="", name="", role="marketer", csrf="", clinics=clinics)
    for clinic in clinics:
        often(desk, clinic, specialties=specialties_of(staff))
    place = place_of(desk, staff, "")
    for span in _SPANS:
        topics.of_city(desk, staff, place.area, span)
        topics.words_of(desk, staff, place.area, span)
        questions.of_place(desk, staff, place, span)
    needs.of_place(desk, staff, place, "month")
    groups.of_place(desk, staff, place)
    ten.pool_for(desk, staff)


class Ahead:
    """A thread that does so from the start to the end of a server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._end = Event()
        self._thread = Thread(target=self._work, name="answers-ahead", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when nothing of the desk is read any more."""
        self._end.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._end.is_set():
            try:
                make(self._desk)
            except TingzhenError as error:
                _log.warning("answers are not made ahead: %s", error)
            self._end.wait(EVERY)
