"""Daily counts: whatever was stored, changed, folded, deleted, erased or expired, they equal a recount."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.config import Settings
from leads.index import open_backend
from leads.index.base import LeadIndex, Stored
from leads.index.copying import Copier
from leads.index.daily import Daily
from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead
from tests.support import brute_force
from tests.support.builders import LONG, NOW, lead, region, symptom
from tests.support.indexes import backends

TODAY = date(2026, 11, 20)
QUESTIONS = (
    Daily(by=()),
    Daily(by=("day",)),
    Daily(by=("day", "city", "district", "source", "stage", "answered")),
    Daily(by=("city", "symptom", "day")),
    Daily(by=("specialty", "district"), cities=("510100", "110000")),
    Daily(by=("district", "symptom", "stage", "answered"), since=TODAY - timedelta(days=2), until=TODAY),
    Daily(by=("day",), symptoms=("fever", "toothache"), sources=("weibo",)),
    Daily(by=("source",), specialties=("dental",), since=TODAY),
)
TEXTS = (
    LONG,
    "孩子烧到三十九度，吃了退烧药又烧起来，去哪家医院看儿科",
    "牙疼",
    "怀孕了能拔智齿吗",
    "室友咳嗽",
)
CODES = ("toothache", "fever", "gum_bleeding")


@st.composite
def written(draw: st.DrawFn) -> Lead:
    """One of a few posts in one of many versions, near-duplicates among them."""
    number = draw(st.integers(0, 8))
    codes = draw(st.sets(st.sampled_from(CODES)))
    return lead(
        number,
        draw(st.sampled_from(TEXTS)),
        place=draw(st.sampled_from((None, *map(region, ("武侯区", "锦江区", "成都市", "四川省", "朝阳区"))))),
        symptoms=tuple(symptom(code, "dental" if code != "fever" else "internal") for code in sorted(codes)),
        hours=draw(st.integers(0, 90)),
        source=draw(st.sampled_from(("forum", "weibo"))),
        author_key=draw(st.sampled_from(("", "one", "two"))),
        replies=draw(st.sampled_from((None, 0, 3))),
    )


steps = st.one_of(
    st.tuples(st.just("store"), st.lists(written(), min_size=1, max_size=5)),
    st.tuples(st.just("delete"), st.tuples(st.sampled_from(("forum", "weibo")), st.integers(0, 8))),
    st.tuples(st.just("erase"), st.sampled_from(("one", "two"))),
    st.tuples(st.just("expire"), st.integers(1, 90)),
)


def do(index: LeadIndex, step: tuple[str, object]) -> None:
    match step:
        case ("store", list(leads)):
            index.upsert(leads)
        case ("delete", (source, number)):
            index.delete([f"{source}/{number}"])
        case ("erase", str(author)):
            index.delete_author(author)
        case ("expire", int(hours)):
            index.expire(NOW - timedelta(hours=hours))


def searchable(index: LeadIndex) -> list[Lead]:
    found = (index.records("leads", [each.id]) for each in index.digests("leads") if not each.head)
    return [each.lead for records in found for each in records if isinstance(each, Stored)]


def check(index: LeadIndex) -> None:
    leads = searchable(index)
    for asked in QUESTIONS:
        assert dict(index.daily(asked)) == brute_force.daily(leads, asked), asked


@given(todo=st.lists(steps, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_the_embedded_index_counts_what_a_recount_finds(todo: list[tuple[str, object]]) -> None:
    with TemporaryDirectory() as folder, SqliteIndex(Path(folder) / "leads.sqlite") as index:
        for step in todo:
            do(index, step)
            check(index)
        with SqliteIndex(Path(folder) / "copy.sqlite") as copied:
            Copier(index, copied).run()
            check(copied)


@pytest.mark.elastic
@given(todo=st.lists(steps, min_size=3, max_size=4))
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cluster_counts_what_a_recount_finds(
    settings_for: Callable[[str], Settings], todo: list[tuple[str, object]]
) -> None:
    with open_backend(settings_for("elastic")) as index:
        for step in todo:
            do(index, step)
        check(index)


@backends
class TestQuestions:
    def test_a_lead_counts_once_for_each_of_its_symptoms(self, index: LeadIndex) -> None:
        both = (
            symptom("toothache"),
            symptom("fever", "internal"),
            symptom("cough", "internal", negated=True),
        )
        index.upsert([lead(1, place=region("武侯区"), symptoms=both, replies=0)])
        assert index.daily(Daily(by=("city", "symptom", "answered"))) == {
            ("510100", "toothache", "no"): 1, ("510100", "fever", "no"): 1,
        }  # fmt: skip
        assert index.daily(Daily(by=("district",))) == {("510107",): 1}
        assert index.daily(Daily(by=("symptom",), symptoms=("fever",))) == {("fever",): 1}

    def test_what_is_not_known_has_no_name(self, index: LeadIndex) -> None:
        index.upsert([lead(1, place=region("四川省")), lead(2, "头晕三天了", symptoms=())])
        assert index.daily(Daily(by=("city", "district", "answered", "stage"))) == {("", "", "", ""): 2}

    def test_near_duplicates_count_once_until_their_head_goes(self, index: LeadIndex) -> None:
        index.upsert([lead(1, LONG, hours=50, source="weibo"), lead(2, LONG, hours=3)])
        assert index.daily(Daily(by=("source",))) == {("weibo",): 1}
        index.delete(["weibo/1"])
        assert index.daily(Daily(by=("source", "day"))) == {("forum", "2026-11-20"): 1}

    def test_an_answer_that_came_changes_the_count(self, index: LeadIndex) -> None:
        index.upsert([lead(1, replies=0)])
        index.upsert([lead(1, replies=2)])
        assert index.daily(Daily(by=("answered",))) == {("yes",): 1}

    def test_an_empty_index_has_no_counts(self, index: LeadIndex) -> None:
        assert [dict(index.daily(asked)) for asked in QUESTIONS] == [{}] * len(QUESTIONS)


def test_symptoms_and_specialties_are_not_asked_for_together() -> None:
    with pytest.raises(ValueError, match="pair"):
        Daily(by=("symptom",), specialties=("dental",))


def test_a_batch_that_fails_counts_nothing(tmp_path: Path) -> None:
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert([lead(1)])
        broken = replace(lead(3), post=replace(lead(3).post, published_at="yesterday"))  # type: ignore[arg-type]  # what is tested
        with pytest.raises(AttributeError):
            index.upsert([lead(2, "头晕三天了"), broken])
        index.upsert([lead(4, "咳嗽两周")])
        check(index)
