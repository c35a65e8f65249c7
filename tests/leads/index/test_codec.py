"""Leads, mentions and tags survive the way into a store and back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from crawler.items import PlaceHint, Post
from leads.index.codec import (
    hit_to_dict,
    lead_from_dict,
    lead_to_dict,
    mention_from_dict,
    mention_to_dict,
    tags_from_dict,
    tags_to_dict,
)
from leads.models import Hit, Lead, Mention, Reason
from nlp.models import INTENTS, Intent, Region, Sentiment, Symptom, Tags
from tests.support.builders import lead, region, symptom

# A store takes UTF-8: lone surrogates are replaced where texts come in.
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
WORD = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8)
SHARE = st.integers(0, 10_000).map(lambda number: number / 10_000)  # stored with four digits
TIMES = st.datetimes(datetime(1994, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bounds of the strategy are naive, its values are not
    lambda moment: moment.replace(microsecond=0)
)
COUNTS = st.one_of(st.none(), st.integers(0, 2**53 - 1))
HINTS = st.builds(
    PlaceHint,
    kind=st.sampled_from(["checkin", "board", "ip", "profile"]),
    text=TEXT,
)
POSTS = st.builds(
    Post,
    source=WORD, post_id=WORD, url=TEXT, title=TEXT, text=TEXT, author_key=TEXT,
    author_kind=st.sampled_from(["person", "professional", "organisation", "unknown"]),
    published_at=TIMES, fetched_at=TIMES, place_hints=st.lists(HINTS, max_size=2).map(tuple),
    thread_id=TEXT, floor=COUNTS, query=TEXT, repost_of=TEXT, likes=COUNTS, replies=COUNTS, reposts=COUNTS,
)  # fmt: skip
SYMPTOMS = st.builds(
    Symptom,
    code=WORD, name=TEXT, specialty=WORD, surface=TEXT, start=st.integers(0, 99), end=st.integers(0, 99),
    negated=st.booleans(), past=st.booleans(), person=st.sampled_from(["self", "family", "other"]),
    figurative=st.booleans(), urgency=st.sampled_from(["hours", "days", "elective"]),
    chronic=st.booleans(), child=st.booleans(),
)  # fmt: skip
REGIONS = st.builds(
    Region,
    code=st.from_regex(r"\A[1-6][0-9]{5}\Z"), name=TEXT,
    level=st.sampled_from(["point", "district", "city", "province"]),
    province=TEXT, city=TEXT, district=TEXT, lat=st.floats(3, 54), lon=st.floats(73, 136),
    radius_km=st.floats(0.1, 999), evidence=st.sampled_from(["geo", "self", "ip"]), evidence_text=TEXT,
)  # fmt: skip
SENTIMENTS = st.builds(
    Sentiment,
    polarity=st.sampled_from(["praise", "complaint", "neutral"]),
    severity=st.integers(0, 3),
    cues=st.lists(TEXT, max_size=3).map(tuple),
)
TAGS = st.builds(
    Tags,
    symptoms=st.lists(SYMPTOMS, max_size=3).map(tuple),
    specialties=st.lists(WORD, max_size=3).map(tuple),
    intent=st.tuples(*[SHARE] * len(INTENTS)).map(lambda shares: Intent(*shares)),
    intent_label=st.sampled_from(INTENTS),
    region=st.none() | REGIONS,
    sentiment=st.none() | SENTIMENTS,
    tokens=st.lists(WORD, max_size=5).map(tuple),
)
REASONS = st.builds(
    Reason, kind=st.sampled_from(["intent", "symptom", "place", "words"]), text=TEXT, words=TEXT
)
LEADS = st.builds(
    Lead, post=POSTS, tags=TAGS, need=SHARE, reasons=st.lists(REASONS, max_size=3).map(tuple),
    folded=st.integers(0, 9), status=WORD, assignee=WORD,
)  # fmt: skip


def stored(data: dict[str, object]) -> dict[str, object]:
    """Through JSON, as a store keeps it."""
    back: dict[str, object] = orjson.loads(orjson.dumps(data))
    return back


@given(LEADS)
def test_a_lead_comes_back(lead: Lead) -> None:
    beside = {"folded": lead.folded, "status": lead.status, "assignee": lead.assignee}
    assert lead_from_dict(stored(lead_to_dict(lead)), **beside) == lead  # type: ignore[arg-type]  # by name


@given(TAGS)
def test_tags_come_back_but_for_their_tokens(tags: Tags) -> None:
    assert tags_from_dict(stored(tags_to_dict(tags))) == replace(tags, tokens=())


@given(st.builds(Mention, post=POSTS, clinic_id=WORD, term=TEXT, sentiment=SENTIMENTS))
def test_a_mention_comes_back(mention: Mention) -> None:
    assert mention_from_dict(stored(mention_to_dict(mention))) == mention


def test_a_point_among_the_hints_comes_back() -> None:
    here = lead(place_hints=(PlaceHint(kind="geo", lat=30.64, lon=104.04),))
    assert lead_from_dict(stored(lead_to_dict(here))) == here


def test_a_search_result_is_flat_and_does_not_name_its_author() -> None:
    found = lead(place=region("武侯区"), symptoms=(symptom(),), title="求助")
    shown = hit_to_dict(Hit(lead=found, score=0.123456, distance_km=3.14159, precision="sure"))
    assert stored(shown) == shown
    assert "author_key" not in shown
    assert shown["id"] == "forum/1"
    assert (shown["score"], shown["distance_km"], shown["precision"]) == (0.1235, 3.14, "sure")
    assert shown["reasons"] == ["求诊可能性 90%"]
    assert {"text", "title", "published_at", "symptoms", "specialties", "intent", "intent_label", "region",
            "need", "folded", "status", "assignee"} <= set(shown)  # fmt: skip
