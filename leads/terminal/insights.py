"""Insights on a terminal, for `leads.cli.insights`."""

from __future__ import annotations

from datetime import datetime

from leads import storage
from leads.config import Settings
from leads.errors import QueryError
from leads.index.spread import city_of
from leads.insights.topics import topics as town
from leads.insights.topics.sources import troubled_of
from leads.insights.topics.topics import SPAN_DAYS, said
from leads.labels import source_name
from leads.query.vocabulary import area_code
from leads.sources.states import states
from leads.terminal.tables import print_json


def topics(settings: Settings, *, city: str, span: str, now: datetime, as_json: bool) -> None:
    """The topics of a city.

    Raises:
        QueryError: no such city or span, or no city is known.
        StorageError: the data folder, the index or the coverage cannot be read.
    """
    chosen = next((each for each in SPAN_DAYS if each == span), None)
    if chosen is None:
        raise QueryError(f"--span {span!r} 不认识：可用 {'、'.join(SPAN_DAYS)}。")
    with storage.open_index(settings, create=False) as index:
        clinics = [city_of(clinic.adcode) for clinic in storage.known_clinics(settings)]
        known = [city_of(area_code(city))] if city else [*clinics, *town.cities_of(index, now=now)]
        code = next(filter(None, known), "")
        if not code:
            raise QueryError("没有可看的城市：请用 --city 写一个城市，或先采集。")
        with storage.coverage(settings) as coverage:
            troubled = troubled_of(states(storage.sources(settings), coverage, now))
        found = town.find(index, code, chosen, now=now, troubled=troubled)
    if as_json:
        print_json([found.to_json()])
        return
    print(f"{found.since} 起，共 {found.total} 条线索。")
    if found.broken:
        print(f"来源中断，没有参与比较：{'、'.join(map(source_name, found.broken))}")
    for topic in found.topics:
        print(f"{topic.name}  {topic.figure}  {said(topic)}")
