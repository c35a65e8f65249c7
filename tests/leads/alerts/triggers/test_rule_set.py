"""All rules in one pass: the same answer as one rule after the other, and as the search of an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.alerts.triggers.rule_set import RuleSet, of_lead, of_mention, of_source, of_spike
from leads.index.sqlite.index import SqliteIndex
from leads.models import SEVERITIES, Lead, LeadQuery, Mention, RuleKind
from leads.query.alert_conditions import KEYS, LeadCondition, MentionCondition, read, severity_of
from leads.query.holds import holds, subject
from nlp.models import Sentiment
from tests.support import brute_force
from tests.support.builders import NOW, clinic, lead, mention, region, symptom, tags
from tests.support.strategies import SYMPTOMS, WORDS, leads, rules, some

CLINICS = (
    clinic(),
    clinic(id="qingmu", name="青木中医", lat=30.66, lon=104.08, adcode="510104", reach_km=40.0),
)


@dataclass(frozen=True)
class Given:
    id: int
    kind: RuleKind
    query: str


def rule_set(*queries: str, kind: RuleKind = "lead") -> RuleSet:
    return RuleSet([Given(number, kind, query) for number, query in enumerate(queries)], CLINICS, now=NOW)


ACHE = lead(1, "智齿冠周炎发炎，牙疼，成都求推荐", place=region("武侯区"), need=0.8)
FOUND = [
    ("", True),
    ("q=牙疼", True),
    ("q=智齿", True),  # a word inside a longer one
    ("q=牙疼 -推荐", False),
    ("q=牙疼 OR 头晕", True),
    ("q=头晕 OR 发热", False),
    ('q="发炎 牙疼"', True),
    ('q="牙疼 发炎"', False),
    ("q=牙疼 NEAR/3 推荐", True),
    ("q=牙疼 need:>0.9", False),
    ("q=(牙疼 need:>0.5) OR 头晕", True),
    ("q=(symptom:toothache 头晕) OR (牙疼 推荐)", True),
    ("q=-头晕", True),
    ("q=-牙疼", False),
    ("near=anhe", True),
    ("near=anhe&precision=sure", True),
    ("near=39.92,116.44", False),
    ("area=成都", True),
    ("near=30.75,104.3&radius=100km", True),
    ("near=30.75,104.3&radius=5km", False),
    ("near=30.74,104.04&radius=9km", True),  # the district reaches into it
    ("near=30.74,104.04&radius=9km&precision=sure", False),
    ("area=北京", False),
    ("symptom=牙痛", True),
    ("symptom=发热", False),
    ("symptom=发热&symptom=牙痛", True),
    ("specialty=口腔科", True),
    ("specialty=皮肤科", False),
    ("min_need=0.8", True),
    ("min_need=0.81", False),
    ("intent=seeker", True),
    ("intent=advert", False),
    ("source=forum&source=weibo", True),
    ("source=weibo", False),
    ("q=牙疼&near=anhe&symptom=牙痛&min_need=0.5&intent=seeker&source=forum", True),
]


@pytest.mark.parametrize(("query", "expected"), FOUND)
def test_what_a_rule_finds(query: str, expected: bool) -> None:
    assert rule_set(query.replace(" ", "%20")).match([of_lead(ACHE)]) == [(0,) if expected else ()]


def test_every_field_that_rules_know_keeps_some_lead_out() -> None:
    """A field that is not asked of what is new lets everything through."""
    keeping = {key for query, expected in FOUND if not expected for key, _ in parse_qsl(query)}
    assert keeping == KEYS["lead"]


def test_a_lead_without_a_place_is_near_nothing() -> None:
    assert rule_set("near=anhe", "").match([of_lead(lead(1))]) == [(1,)]


def test_each_post_gets_its_own_answer_in_order() -> None:
    found = rule_set("q=头晕", "", "q=牙疼", "min_need=0.5").match(
        [of_lead(ACHE), of_lead(lead(2, "头晕", need=0.1))]
    )
    assert found == [(1, 2, 3), (0, 1)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", True),
        ("clinic=anhe", True),
        ("clinic=青木中医", False),
        ("clinic=青木中医&clinic=anhe", True),
        ("severity=low", True),
        ("severity=high", True),
        ("severity=critical", False),
        ("polarity=complaint", True),
        ("polarity=praise&polarity=neutral", False),
        ("kind=纠纷", True),
        ("kind=injury&kind=media", False),
        ("q=退款", True),
        ("q=-退款", False),
        ("source=weibo", False),
        ("clinic=anhe&severity=high&kind=dispute&q=退款", True),
    ],
)  # fmt: skip
def test_what_a_rule_finds_among_mentions(query: str, expected: bool) -> None:
    mood = Sentiment(polarity="complaint", severity=2, cues=("退款",), kinds=("dispute",))
    one = replace(mention(1), sentiment=mood)
    occasion = of_mention(one, tags("安和口腔不给退款"))
    assert rule_set(query, kind="mention").match([occasion]) == [(0,) if expected else ()]


def test_a_rule_sees_its_own_kind_only() -> None:
    both = RuleSet([Given(1, "lead", ""), Given(2, "mention", "")], CLINICS, now=NOW)
    assert both.match([of_lead(ACHE), of_mention(mention(1), tags("安和口腔"))]) == [(1,), (2,)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", True),
        ("symptom=牙痛", True),
        ("symptom=发热", False),
        ("area=四川", True),
        ("area=成都", True),
        ("area=武侯区", False),
        ("factor=3", True),
        ("factor=3.5", False),
    ],
)
def test_what_a_rule_finds_among_spikes(query: str, expected: bool) -> None:
    occasion = of_spike("toothache", ("510000", "510100"), 3.0)
    assert rule_set(query, kind="spike").match([occasion]) == [(0,) if expected else ()]


def test_sources_by_name() -> None:
    named = rule_set("", "source=forum", "source=weibo&source=tieba", kind="blocked")
    assert named.match([of_source("blocked", "forum"), of_source("silent", "forum")]) == [(0, 1), ()]


def test_a_rule_whose_clinic_is_gone_is_broken_and_the_others_go_on() -> None:
    found = rule_set("near=closed", "q=牙疼")
    assert list(found.broken) == [0]
    assert "closed" in found.broken[0]
    assert found.match([of_lead(ACHE)]) == [(1,)]


def test_a_set_made_from_an_earlier_one_gives_the_same() -> None:
    before = rule_set("q=牙疼", "q=头晕")
    changed = [Given(0, "lead", "q=头晕"), Given(1, "lead", "q=头晕"), Given(2, "lead", "q=牙疼")]
    after = RuleSet(changed, CLINICS, now=NOW, before=before)
    assert after.match([of_lead(ACHE)]) == [(2,)]
    assert len(after) == 3


# --- properties ------------------------------------------------------------


@st.composite
def lead_rules(draw: st.DrawFn) -> str:
    pairs: list[tuple[str, str]] = []
    if draw(st.booleans()):
        pairs.append(("q", draw(rules)))
    pairs += [("symptom", code) for code in draw(some(SYMPTOMS))]
    pairs += [("specialty", code) for code in draw(some(("dental", "internal")))]
    pairs += [("intent", code) for code in draw(some(("seeker", "advert", "other")))]
    pairs += [("source", name) for name in draw(some(("forum", "weibo")))]
    for key, values in (
        ("area", ("四川", "成都", "武侯区", "北京")),
        ("near", ("anhe", "qingmu", "30.5,104.2", "39.92,116.44")),
        ("radius", ("500m", "30km", "400km", "2000km")),
        ("precision", ("sure", "likely", "possible")),
        ("min_need", ("0.25", "0.6")),
    ):
        if draw(st.booleans()):
            pairs.append((key, draw(st.sampled_from(values))))
    return urlencode(pairs)


def query_of(rule: str) -> LeadQuery:
    condition = read("lead", rule, clinics=CLINICS, now=NOW)
    assert isinstance(condition, LeadCondition)
    return condition.query


@settings(deadline=None, max_examples=150)
@given(leads(), st.lists(lead_rules(), max_size=8))
def test_all_rules_at_once_find_what_each_finds_alone(found: list[Lead], asked: list[str]) -> None:
    expected = [
        tuple(n for n, rule in enumerate(asked) if brute_force.matches(one, query_of(rule))) for one in found
    ]
    assert rule_set(*asked).match(map(of_lead, found)) == expected


@settings(deadline=None, max_examples=25)
@given(leads(), st.lists(lead_rules(), max_size=4))
def test_a_rule_finds_what_the_search_finds(found: list[Lead], asked: list[str]) -> None:
    fresh = [replace(one, status="new", assignee="") for one in found]
    answers = rule_set(*asked).match(map(of_lead, fresh))
    with TemporaryDirectory() as folder, SqliteIndex(Path(folder) / "leads.sqlite") as index:
        index.upsert(fresh)
        for number, rule in enumerate(asked):
            page = index.search(replace(query_of(rule), limit=1000), now=NOW)
            by_rule = {one.id for one, answer in zip(fresh, answers, strict=True) if number in answer}
            assert {hit.lead.id for hit in page.items} == by_rule


moods = st.builds(
    Sentiment,
    polarity=st.sampled_from(("praise", "complaint", "neutral")),
    severity=st.integers(0, 3),
    kinds=some(("complaint", "dispute", "injury", "media")),
)


@st.composite
def mention_rules(draw: st.DrawFn) -> str:
    pairs = [("q", draw(rules))] if draw(st.booleans()) else []
    pairs += [("clinic", name) for name in draw(some(("anhe", "qingmu")))]
    pairs += [("polarity", name) for name in draw(some(("praise", "complaint")))]
    pairs += [("kind", name) for name in draw(some(("dispute", "injury")))]
    pairs += [("severity", name) for name in draw(st.lists(st.sampled_from(SEVERITIES), max_size=1))]
    return urlencode(pairs)


def mention_matches(rule: str, one: Mention, text: str) -> bool:
    """The meaning, written as plainly as possible."""
    asked = read("mention", rule, clinics=CLINICS, now=NOW)
    assert isinstance(asked, MentionCondition)
    mood = one.sentiment
    return (
        holds(asked.words, subject(one.post, tags(text, symptoms=(symptom(),))))
        and (not asked.clinics or one.clinic_id in asked.clinics)
        and (not asked.polarities or mood.polarity in asked.polarities)
        and (not asked.kinds or bool(set(asked.kinds) & set(mood.kinds)))
        and SEVERITIES.index(severity_of(mood.severity)) >= SEVERITIES.index(asked.severity)
    )


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(WORDS), moods, st.sampled_from(("anhe", "qingmu"))), max_size=5),
    st.lists(mention_rules(), max_size=6),
)
def test_mentions_likewise(found: Sequence[tuple[str, Sentiment, str]], asked: list[str]) -> None:
    occasions, expected = [], []
    for number, (text, mood, clinic_id) in enumerate(found):
        one = replace(mention(number, clinic_id), sentiment=mood)
        occasions.append(of_mention(one, tags(text, symptoms=(symptom(),))))
        expected.append(tuple(n for n, rule in enumerate(asked) if mention_matches(rule, one, text)))
    assert rule_set(*asked, kind="mention").match(occasions) == expected
