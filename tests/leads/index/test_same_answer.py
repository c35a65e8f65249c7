"""Property: whatever the leads and the query, every index finds what the plain definition finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.config import Settings
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.models import DOWN_TO, CaseMark, Lead, LeadQuery, Near
from leads.query.words import parse
from nlp.models import INTENTS
from tests.support import brute_force
from tests.support.brute_force import matching
from tests.support.builders import NOW
from tests.support.strategies import (
    ASSIGNEES,
    STATUSES,
    SYMPTOMS,
    leads,
    rules,
    some,
)

MOMENTS = [NOW - timedelta(hours=hours) for hours in (300, 24, 0.5, 7 * 24)]


nears = st.builds(
    Near,
    lat=st.floats(30.3, 31.0),
    lon=st.floats(103.7, 104.4),
    km=st.sampled_from((0.5, 5.0, 30.0, 90.0, 400.0, 2000.0)),
    adcode=st.sampled_from(("510107", "510104", "510100", "110105", "429004")),
)


queries = st.builds(
    LeadQuery,
    words=(st.just("") | rules).map(parse),
    symptoms=some(SYMPTOMS),
    specialties=some(("dental", "internal")),
    intents=some(INTENTS),
    sources=some(("forum", "weibo")),
    statuses=some(STATUSES),
    assignees=some(ASSIGNEES),
    area=st.just("") | st.sampled_from(("510000", "510100", "510107", "110000", "110105")),
    near=st.none() | nears,
    precision=st.sampled_from(DOWN_TO),
    min_need=st.sampled_from((0.0, 0.25, 0.6)),
    since=st.none() | st.integers(0, 400).map(lambda hours: NOW - timedelta(hours=hours)),
    until=st.none() | st.integers(0, 400).map(lambda hours: NOW - timedelta(hours=hours)),
    sort=st.sampled_from(("score", "newest")),
    limit=st.just(5),
)


def store(index: LeadIndex, leads: list[Lead]) -> None:
    index.upsert(leads)
    index.set_case([CaseMark(lead_id=one.id, status=one.status, assignee=one.assignee) for one in leads])


def check(index: LeadIndex, stored: list[Lead], asked: list[LeadQuery]) -> None:
    for query in asked:
        found: list[str] = []
        step = query
        while True:
            page = index.search(step, now=NOW)
            found += [hit.lead.id for hit in page.items]
            if not page.cursor:
                break
            step = replace(query, cursor=page.cursor)
        assert len(found) == len(set(found))
        assert set(found) == matching(stored, query)
        assert index.count(query) == len(found)
        assert index.facets(query) == brute_force.facets(stored, query)
        assert index.precisions(query) == brute_force.precisions(stored, query)
        assert index.counts_since(query, MOMENTS) == tuple(
            len(matching(stored, replace(query, since=moment))) for moment in MOMENTS
        )


corpora = given(stored=leads(), asked=st.lists(queries, min_size=1, max_size=5))


@settings(max_examples=250, deadline=None)
@corpora
def test_sqlite_finds_what_the_definition_says(stored: list[Lead], asked: list[LeadQuery]) -> None:
    with TemporaryDirectory() as folder, open_backend(Settings(data_dir=Path(folder))) as index:
        store(index, stored)
        check(index, stored, asked)


# One index for all examples, emptied after each: making indices is what takes a server's time.
@pytest.mark.elastic
@settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@corpora
def test_elasticsearch_finds_what_the_definition_says(
    elastic_index: LeadIndex, stored: list[Lead], asked: list[LeadQuery]
) -> None:
    try:
        store(elastic_index, stored)
        check(elastic_index, stored, asked)
    finally:
        elastic_index.delete([lead.id for lead in stored])


@pytest.fixture
def elastic_index(settings_for: Callable[[str], Settings]) -> Iterator[LeadIndex]:
    with open_backend(settings_for("elastic")) as index:
        yield index
