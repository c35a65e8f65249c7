"""What every lead index promises. A new backend in `BACKENDS` passes the same tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from leads.config import Settings
from leads.errors import QueryError
from leads.index import open_backend
from leads.index.base import KINDS, LeadIndex
from leads.models import DOWN_TO, CaseMark, Lead, LeadQuery
from leads.query.holds import holds, subject_of
from leads.query.search import nowhere
from leads.query.words import parse
from nlp.models import Sentiment
from tests.support.builders import LONG, NEAR_WUHOU, NOW, lead, mention, point, region, symptom
from tests.support.indexes import backends

pytestmark = backends

OTHER = "孩子烧到三十九度，吃了退烧药又烧起来，大家一般去哪家医院看儿科，要不要验血"


def ids(index: LeadIndex, **query: object) -> list[str]:
    """Ids found, in order, without the source."""
    page = index.search(LeadQuery(**query), now=NOW)  # type: ignore[arg-type]  # a test's own fields
    assert index.count(LeadQuery(**query)) == len(page.items) or page.cursor  # type: ignore[arg-type]  # same
    return [hit.lead.post.post_id for hit in page.items]


def mark(number: int, status: str = "seen", assignee: str = "") -> CaseMark:
    return CaseMark(lead_id=f"forum/{number}", status=status, assignee=assignee)


def test_a_lead_comes_back_as_it_was_stored(index: LeadIndex) -> None:
    stored = lead(
        place=region("武侯区"), title="求助", thread_id="t1", floor=1, url="https://forum.example/1"
    )
    index.upsert([stored])
    assert index.get(stored.id) == stored
    assert [hit.lead for hit in index.search(LeadQuery(), now=NOW).items] == [stored]


def test_storing_twice_changes_nothing_and_keeps_the_case(index: LeadIndex) -> None:
    index.upsert([lead(1)])
    index.set_case([mark(1, "seen", "chen")])
    for again in (lead(1), replace(lead(1), status="new", assignee="lin"), lead(1, "头晕")):
        index.upsert([again])
        assert index.counts() == {"leads": 1, "folded": 0, "mentions": 0}
        assert ids(index, statuses=("seen",), assignees=("chen",)) == ["1"]
    assert index.get("forum/1") == replace(lead(1, "头晕"), status="seen", assignee="chen")


def retagged(lead: Lead, **changes: object) -> Lead:
    tags = replace(lead.tags, symptoms=(symptom("dizziness"),), region=region("锦江区"))
    return replace(lead, tags=tags, need=0.91, **changes)  # type: ignore[arg-type]  # by name


def test_new_tags_take_the_place_of_old_ones_and_nothing_else_changes(index: LeadIndex) -> None:
    one, same, other = lead(1, LONG), lead(2, LONG), lead(3, OTHER)
    index.upsert([one, same, other])
    index.set_case([mark(1, "seen", "chen")])
    assert index.retag([retagged(one), retagged(same), lead(9)]) == 2
    assert index.retag([retagged(one), other]) == 0
    assert index.counts() == {"leads": 2, "folded": 1, "mentions": 0}
    assert index.get(one.id) == retagged(one, status="seen", assignee="chen", folded=1)
    assert [each.tags for each in index.folded(one.id)] == [retagged(same).tags]
    assert index.facets(LeadQuery())["symptom"] == {"dizziness": 1, "toothache": 1}
    assert ids(index, symptoms=("dizziness",), area="510104", statuses=("seen",)) == ["1"]
    assert ids(index, min_need=0.9) == ["1"]
    index.delete([one.id])
    assert index.get(same.id) == retagged(same)


def test_tags_of_a_post_that_is_gone_or_another_by_now_are_not_brought_back(index: LeadIndex) -> None:
    index.upsert([lead(1), lead(2)])
    read = [index.get("forum/1"), index.get("forum/2")]
    index.delete(["forum/1"])
    index.upsert([lead(2, OTHER)])
    assert index.retag([retagged(each) for each in read if each]) == 0
    assert (index.get("forum/1"), index.get("forum/2")) == (None, lead(2, OTHER))


def test_leads_are_counted_and_named_by_the_hour_they_were_published(index: LeadIndex) -> None:
    hour = int(lead(1).post.published_at.timestamp()) // 3600
    index.upsert([lead(1, LONG), lead(2, LONG), lead(3, OTHER, hours=-1)])
    assert index.hours() == {hour: 2, hour + 2: 1}
    assert sorted(index.published_in(hour, hour + 2)) == ["forum/1", "forum/2"]
    assert list(index.published_in(hour + 1, hour + 3)) == ["forum/3"]


def test_a_new_lead_is_nobodys_whatever_it_says(index: LeadIndex) -> None:
    index.upsert([replace(lead(1), status="booked", assignee="lin")])
    assert index.get("forum/1") == lead(1)


def test_a_post_is_found_as_lead_folded_lead_or_mention(index: LeadIndex) -> None:
    index.upsert([lead(1), lead(2, author_key="author1"), lead(3, "头晕三天", hours=3)])
    index.upsert_mentions([mention(4), mention(4, clinic_id="other"), mention(3)])
    found = index.posts(["forum/1", "forum/2", "forum/4", "forum/3", "forum/9"])
    assert sorted(post.id for post in found) == ["forum/1", "forum/2", "forum/3", "forum/4"]
    assert not index.posts([])


def test_an_index_keeps_its_name_until_it_is_given_another(
    backend: str, settings_for: Callable[[str], Settings]
) -> None:
    settings, other = settings_for(backend), settings_for(backend)
    with open_backend(settings) as index, open_backend(other) as second:
        known = index.stamp()
        assert index.mark().holds(known)
        assert not second.stamp().holds(known)
        second.adopt(index.stamp())
    with open_backend(settings) as index, open_backend(other) as second:
        assert index.stamp().holds(known)
        assert second.stamp() == index.stamp()


def test_an_index_says_that_its_leads_changed_and_that_one_is_gone(
    backend: str, settings_for: Callable[[str], Settings]
) -> None:
    settings = settings_for(backend)
    with open_backend(settings) as index, open_backend(settings) as other:
        other.upsert([lead(1), lead(2, "头晕三天")])
        first = index.changes()
        other.upsert([lead(3, "膝盖老是响要不要拍片")])
        second = index.changes()
        assert (second.written > first.written, second.removed) == (True, first.removed)
        other.delete(["forum/1"])
        assert index.changes().removed > second.removed


class TestCases:
    def test_status_and_assignee_are_filters(self, index: LeadIndex) -> None:
        index.upsert([lead(n, f"牙疼第{n}天", hours=n) for n in range(4)])
        marks = [mark(0, "seen", "chen"), mark(1, "seen", "lin"), mark(2, "new", "chen")]
        assert index.set_case([*marks, mark(404, "seen", "chen")]) == 3
        assert ids(index, statuses=("seen",)) == ["0", "1"]
        assert ids(index, assignees=("chen",)) == ["0", "2"]
        assert ids(index, assignees=("",)) == ["3"]
        assert ids(index, assignees=("", "lin")) == ["1", "3"]
        assert ids(index, statuses=("new",), assignees=("chen",)) == ["2"]
        assert index.facets(LeadQuery(), ["status", "assignee"]) == {
            "status": {"seen": 2, "new": 2}, "assignee": {"chen": 2, "lin": 1, "": 1},
        }  # fmt: skip

    def test_setting_twice_is_setting_once(self, index: LeadIndex) -> None:
        index.upsert([lead(1)])
        for _ in range(2):
            assert index.set_case([mark(1, "seen", "chen")]) == 1
        assert index.set_case([mark(1, "replied", "lin"), mark(1, "talking", "chen")]) == 1
        kept = index.get("forum/1")
        assert kept is not None
        assert (kept.status, kept.assignee) == ("talking", "chen")
        assert index.set_case([]) == 0

    def test_a_folded_lead_keeps_its_own_case(self, index: LeadIndex) -> None:
        index.upsert([lead(1, LONG, hours=5), lead(2, LONG, hours=3)])
        assert index.set_case([mark(2, "dismissed", "lin")]) == 1
        assert [(one.status, one.assignee) for one in index.folded("forum/1")] == [("dismissed", "lin")]
        assert index.facets(LeadQuery(), ["status"]) == {"status": {"new": 1}}
        index.delete(["forum/1"])
        assert ids(index, statuses=("dismissed",), assignees=("lin",)) == ["2"]
        assert index.facets(LeadQuery(), ["status"]) == {"status": {"dismissed": 1}}


def test_a_changed_post_is_found_by_its_new_words_only(index: LeadIndex) -> None:
    index.upsert([lead(1, "牙疼")])
    index.upsert([lead(1, "头晕")])
    assert ids(index, words=parse("牙疼")) == []
    assert ids(index, words=parse("头晕")) == ["1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("牙疼", ["1"]),
        ("牙疼 推荐", ["1"]),
        ("牙疼 头晕", []),
        ("牙疼 OR 头晕", ["1", "2"]),
        ("-牙疼", ["2", "3"]),
        ("NOT (牙疼 OR 头晕)", ["3"]),
        ('"求推荐"', ["1"]),
        ("invisalign", ["3"]),
        ("INVISALIGN", ["3"]),
        ("冠周炎", ["3"]),
        ("不存在的词", []),
        ("", ["1", "2", "3"]),
    ],
)
def test_words(index: LeadIndex, text: str, found: list[str]) -> None:
    index.upsert(
        [
            lead(1, "牙疼了一晚上，求推荐", hours=1),
            lead(2, "最近总是头晕，要挂什么科", hours=2),
            lead(3, "invisalign 和智齿冠周炎", hours=3),
        ]
    )
    assert ids(index, words=parse(text), sort="newest") == found


def test_near_is_what_the_definition_says(index: LeadIndex) -> None:
    """All pairs of sides of one or two words over all texts of one to four: overlaps and repeats included."""
    spoken = ("牙疼", "智齿", "头晕")
    texts = [text for size in range(1, 5) for text in product(spoken, repeat=size)]
    stored = [lead(number, "，".join(text), author_key=f"{number}") for number, text in enumerate(texts)]
    index.upsert(stored)
    subjects = {one.id: subject_of(one) for one in stored if one.tags.tokens}
    searchable = {hit.lead.id for hit in index.search(LeadQuery(limit=1000), now=NOW).items}
    sides = [side for size in (1, 2) for side in product(spoken, repeat=size)]
    for left, right, within in product(sides, sides, (0, 1)):
        text = f'"{" ".join(left)}" NEAR/{within} "{" ".join(right)}"'
        found = {hit.lead.id for hit in index.search(LeadQuery(words=parse(text), limit=1000), now=NOW).items}
        rule = parse(text)
        assert found == {one for one in searchable if holds(rule, subjects[one])}, text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"symptoms": ("toothache",)}, ["1"]),
        ({"symptoms": ("toothache", "fever")}, ["1", "2"]),
        ({"specialties": ("pediatrics",)}, ["2"]),
        ({"intents": ("advert",)}, ["4"]),
        ({"sources": ("weibo",)}, ["3"]),
        ({"min_need": 0.7}, ["1", "2"]),
        ({"since": NOW - timedelta(hours=2)}, ["1", "2"]),
        ({"until": NOW - timedelta(hours=2)}, ["3", "4"]),
        ({"area": "510000"}, ["1", "2"]),
        ({"area": "510107"}, ["1"]),
        ({"area": "110105"}, ["3"]),
        ({"area": "510100", "symptoms": ("fever",)}, ["2"]),
        ({"words": nowhere()}, ["4"]),
    ],
)
def test_filters(index: LeadIndex, query: dict[str, object], found: list[str]) -> None:
    index.upsert(
        [
            lead(1, hours=1, place=region("武侯区")),
            lead(2, "孩子发烧", hours=2, place=region("成都市"), symptoms=(symptom("fever", "pediatrics"),)),
            lead(3, "牙龈出血", hours=3, need=0.5, place=region("朝阳区"), source="weibo",
                 symptoms=(symptom("gum_bleeding", negated=True),)),
            lead(4, "种牙特价", hours=4, need=0.1, intent="advert", symptoms=()),
        ]
    )  # fmt: skip
    assert ids(index, sort="newest", **query) == found


@pytest.mark.parametrize(
    ("precision", "found"),
    [
        ("sure", ["point", "wuhou", "jinjiang"]),
        ("likely", ["point", "wuhou", "jinjiang", "chengdu", "edge"]),
        ("maybe", ["chengdu", "edge"]),
        ("possible", ["point", "wuhou", "jinjiang", "chengdu", "edge", "sichuan"]),
    ],
)
def test_near(index: LeadIndex, precision: str, found: list[str]) -> None:
    places = {
        "point": point(30.645, 104.045), "wuhou": region("武侯区"), "jinjiang": region("锦江区"),
        "chengdu": region("成都市"), "sichuan": region("四川省"), "mianyang": region("绵阳市"),
        "beijing": region("朝阳区"), "nowhere": None,
        "edge": point(30.64 + 0.0465, 104.04),  # 5.17 km away, known to 300 metres
    }  # fmt: skip
    index.upsert([lead(0, f"牙疼 {name}", place=place, post_id=name) for name, place in places.items()])
    got = ids(index, near=NEAR_WUHOU, precision=precision, sort="nearest")
    assert got == sorted(found, key=got.index)
    if precision != "maybe":
        assert got[:2] == ["wuhou", "point"]


def test_score_falls_with_age_and_with_what_is_not_known_of_the_place(index: LeadIndex) -> None:
    index.upsert(
        [
            lead(1, "牙疼 甲", place=region("武侯区"), hours=1),
            lead(2, "牙疼 乙", place=region("武侯区"), hours=200),
            lead(3, "牙疼 丙", place=region("成都市"), hours=1),
            lead(4, "牙疼 丁", place=region("武侯区"), hours=1, need=0.4),
        ]
    )
    page = index.search(LeadQuery(near=NEAR_WUHOU), now=NOW)
    assert [hit.lead.post.post_id for hit in page.items] == ["1", "4", "3", "2"]
    scores = [hit.score for hit in page.items]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


@pytest.mark.parametrize("sort", ["score", "newest", "nearest"])
def test_pages_follow_each_other_without_gap_or_repeat(index: LeadIndex, sort: str) -> None:
    index.upsert([lead(n, f"牙疼第{n}天", place=region("武侯区"), hours=n % 5) for n in range(23)])
    seen: list[str] = []
    query = LeadQuery(sort=sort, limit=5, near=NEAR_WUHOU)  # type: ignore[arg-type]  # a test's own value
    while True:
        page = index.search(query, now=NOW)
        seen += [hit.lead.post.post_id for hit in page.items]
        if not page.cursor:
            break
        query = replace(query, cursor=page.cursor)
    assert len(seen) == 23
    assert len(set(seen)) == 23


def test_a_cursor_belongs_to_its_query(index: LeadIndex) -> None:
    index.upsert([lead(n, f"牙疼第{n}天") for n in range(3)])
    cursor = index.search(LeadQuery(limit=1), now=NOW).cursor
    with pytest.raises(QueryError, match="另一个搜索"):
        index.search(LeadQuery(limit=1, words=parse("牙疼"), cursor=cursor), now=NOW)
    with pytest.raises(QueryError, match="损坏"):
        index.search(LeadQuery(cursor="%%%"), now=NOW)


def test_nearest_needs_a_point(index: LeadIndex) -> None:
    with pytest.raises(QueryError, match="--near"):
        index.search(LeadQuery(sort="nearest"), now=NOW)


class TestFolding:
    def test_near_duplicates_are_one_lead_under_the_earliest(self, index: LeadIndex) -> None:
        index.upsert([lead(1, LONG, hours=1), lead(2, LONG + "谢谢", hours=5), lead(3, OTHER, hours=2)])
        assert sorted(ids(index)) == ["2", "3"]
        assert index.counts() == {"leads": 2, "folded": 1, "mentions": 0}
        kept = index.get("forum/2")
        assert kept is not None
        assert kept.folded == 1

    def test_order_of_arrival_does_not_matter(self, index: LeadIndex) -> None:
        index.upsert([lead(2, LONG + "谢谢", hours=5)])
        index.upsert([lead(1, LONG, hours=1)])
        index.upsert([lead(4, LONG + "急", hours=9)])
        assert ids(index) == ["4"]
        kept = index.get("forum/4")
        assert kept is not None
        assert kept.folded == 2

    def test_short_texts_of_different_people_are_not_folded(self, index: LeadIndex) -> None:
        index.upsert([lead(1, "智齿发炎怎么办"), lead(2, "智齿发炎怎么办")])
        assert index.counts()["leads"] == 2

    def test_short_texts_of_one_person_are(self, index: LeadIndex) -> None:
        index.upsert([lead(1, "智齿发炎怎么办", author_key="a"), lead(2, "智齿发炎怎么办", author_key="a")])
        assert index.counts() == {"leads": 1, "folded": 1, "mentions": 0}

    def test_a_duplicate_takes_the_place_of_a_deleted_head(self, index: LeadIndex) -> None:
        index.upsert([lead(1, LONG, hours=5), lead(2, LONG + "谢谢", hours=3), lead(3, LONG + "急", hours=1)])
        assert index.delete(["forum/1"]) == 1
        assert ids(index, words=parse("智齿")) == ["2"]
        kept = index.get("forum/2")
        assert kept is not None
        assert kept.folded == 1

    def test_the_folded_ones_can_be_seen(self, index: LeadIndex) -> None:
        index.upsert([lead(n, LONG, hours=hours) for n, hours in ((1, 9), (2, 2), (3, 5), (4, 5))])
        assert [one.post.post_id for one in index.folded("forum/1")] == ["3", "4", "2"]
        assert index.folded("forum/1")[0] == lead(3, LONG, hours=5)
        for nothing in ("forum/2", "forum/404", ""):
            assert list(index.folded(nothing)) == []

    def test_deleting_a_duplicate_lowers_the_count(self, index: LeadIndex) -> None:
        index.upsert([lead(1, LONG, hours=5), lead(2, LONG, hours=3)])
        index.delete(["forum/2"])
        kept = index.get("forum/1")
        assert kept is not None
        assert kept.folded == 0


class TestForgetting:
    def test_a_deleted_post_is_found_no_more(self, index: LeadIndex) -> None:
        index.upsert([lead(1), lead(2, "头晕")])
        index.upsert_mentions([mention(1)])
        assert index.delete(["forum/1", "forum/404"]) == 1
        assert ids(index) == ["2"]
        assert index.get("forum/1") is None
        assert index.mentions() == []

    def test_erasing_an_author(self, index: LeadIndex) -> None:
        index.upsert([lead(1, author_key="a"), lead(2, "头晕", author_key="b")])
        index.upsert_mentions([mention(3, author_key="a")])
        assert sorted(index.ids_of_author("a")) == ["forum/1", "forum/3"]
        assert index.delete_author("a") == 2
        assert list(index.ids_of_author("a")) == []
        assert ids(index) == ["2"]
        assert index.counts() == {"leads": 1, "folded": 0, "mentions": 0}

    def test_no_author_is_nobody(self, index: LeadIndex) -> None:
        index.upsert([lead(1, author_key="")])
        assert index.delete_author("") == 0
        assert list(index.ids_of_author("")) == []
        assert index.counts()["leads"] == 1

    def test_expiry(self, index: LeadIndex) -> None:
        index.upsert([lead(1, hours=1), lead(2, "头晕", hours=100)])
        index.upsert_mentions([mention(3, hours=100)])
        assert index.expire(NOW - timedelta(hours=50)) == 2
        assert ids(index) == ["1"]


class TestMentions:
    def test_newest_first_and_by_clinic(self, index: LeadIndex) -> None:
        assert index.upsert_mentions([mention(1, hours=3), mention(2, hours=1), mention(3, "other")]) == 3
        assert [m.post.post_id for m in index.mentions(clinic_id="anhe")] == ["2", "1"]
        assert [m.post.post_id for m in index.mentions(since=NOW - timedelta(hours=2))] == ["2", "3"]

    def test_a_repeat_is_not_new(self, index: LeadIndex) -> None:
        index.upsert_mentions([mention(1)])
        assert index.upsert_mentions([mention(1)]) == 0
        assert index.mentions() == [mention(1)]

    def test_heads_say_the_same_without_the_texts(self, index: LeadIndex) -> None:
        grave = Sentiment(polarity="complaint", severity=3, kinds=("injury", "dispute"))
        index.upsert_mentions([
            replace(mention(1, hours=3), sentiment=grave), mention(2, hours=1), mention(3, "other", hours=2),
        ])  # fmt: skip
        assert [each.id for each in index.mention_heads()] == [each.id for each in index.mentions()]
        since = NOW - timedelta(hours=2, minutes=30)
        assert [each.post_id for each in index.mention_heads(since=since)] == ["forum/2", "forum/3"]
        assert [each.post_id for each in index.mention_heads(clinic_id="anhe", limit=1)] == ["forum/2"]
        (last,) = [each for each in index.mention_heads(clinic_id="anhe") if each.post_id == "forum/1"]
        assert (last.polarity, last.severity, last.kinds) == ("complaint", 3, ("injury", "dispute"))
        assert last.term == mention(1).term
        assert last.published == int((NOW - timedelta(hours=3)).timestamp())


class TestSpread:
    def test_counts_around_a_point_follow_leads_of_new_places(self, index: LeadIndex) -> None:
        query = LeadQuery(near=NEAR_WUHOU)
        for number, place in enumerate((region("武侯区"), point(30.645, 104.045), None), 1):
            index.upsert([lead(number, f"牙疼第{number}天", place=place)])
            near = min(number, 2)
            assert index.count(query) == near
            assert index.facets(query, ["status"]) == {"status": {"new": near}}
            assert sum(index.precisions(query).values()) == near

    def test_facets_count_what_matches(self, index: LeadIndex) -> None:
        index.upsert(
            [
                lead(1, "牙疼 甲", place=region("武侯区"), hours=1),
                lead(2, "牙疼 乙", place=region("成都市"), hours=30),
                lead(3, "发烧 丙", place=region("四川省"), symptoms=(symptom("fever", "pediatrics"),)),
                lead(4, "头晕 丁", place=region("朝阳区"), symptoms=(), source="weibo"),
            ]
        )
        assert index.facets(LeadQuery()) == {
            "symptom": {"toothache": 2, "fever": 1},
            "specialty": {"dental": 2, "pediatrics": 1},
            "city": {"510100": 2, "110000": 1},
            "source": {"forum": 3, "weibo": 1},
            "day": {"2026-11-20": 3, "2026-11-19": 1},
            "status": {"new": 4},
            "assignee": {"": 4},
            "intent": {"seeker": 4},
            "level": {"district": 2, "city": 1, "province": 1},
        }
        assert index.facets(LeadQuery(area="510100"), ["source"]) == {"source": {"forum": 2}}

    def test_a_day_is_a_day_in_beijing(self, index: LeadIndex) -> None:
        index.upsert([lead(1, "牙疼 甲", hours=11.9), lead(2, "牙疼 乙", hours=12.1)])
        assert index.facets(LeadQuery(), ["day"]) == {"day": {"2026-11-20": 1, "2026-11-19": 1}}

    def test_no_place_is_a_level_of_its_own(self, index: LeadIndex) -> None:
        index.upsert([lead(1, "牙疼 甲", place=point(30.6, 104.0)), lead(2, "牙疼 乙", intent="advert")])
        assert index.facets(LeadQuery(), ["level", "intent", "city"]) == {
            "level": {"point": 1, "": 1}, "intent": {"seeker": 1, "advert": 1}, "city": {"510100": 1},
        }  # fmt: skip

    def test_precisions_count_each_lead_once(self, index: LeadIndex) -> None:
        places = [
            point(30.645, 104.045), region("武侯区"), region("锦江区"), region("成都市"), region("四川省"),
            region("绵阳市"), region("朝阳区"), None,
        ]  # fmt: skip
        index.upsert([lead(n, f"牙疼第{n}天", place=place) for n, place in enumerate(places)])
        counted = {"sure": 3, "likely": 1, "possible": 1}
        for precision in DOWN_TO:
            assert index.precisions(LeadQuery(near=NEAR_WUHOU, precision=precision)) == counted
        assert index.precisions(LeadQuery(near=NEAR_WUHOU, words=parse("头晕"))) == {
            "sure": 0, "likely": 0, "possible": 0,
        }  # fmt: skip
        assert index.precisions(LeadQuery()) == {}

    def test_counts_since_stand_in_place_of_the_querys_own(self, index: LeadIndex) -> None:
        index.upsert([lead(n, f"牙疼第{n}天", hours=24 * n) for n in range(5)])
        moments = [NOW - timedelta(days=days) for days in (1, 100, 3, 0)]
        assert index.counts_since(LeadQuery(), moments) == (2, 5, 4, 1)
        assert index.counts_since(LeadQuery(since=NOW), moments) == (2, 5, 4, 1)
        assert index.counts_since(LeadQuery(until=NOW - timedelta(days=2)), moments) == (0, 2, 1, 0)
        assert index.counts_since(LeadQuery(), []) == ()

    def test_folded_leads_are_not_counted(self, index: LeadIndex) -> None:
        index.upsert([lead(1, LONG, hours=5), lead(2, LONG, hours=3)])
        assert index.facets(LeadQuery(), ["source"]) == {"source": {"forum": 1}}

    def test_tiles(self, index: LeadIndex) -> None:
        places = [region("武侯区"), point(30.645, 104.045), region("朝阳区"), None]
        index.upsert([lead(n, f"牙疼第{n}天", place=place) for n, place in enumerate(places)])
        tiles = index.tiles(LeadQuery(), 8)
        assert [(tile.zoom, tile.x, tile.y, tile.count) for tile in tiles] == [
            (8, 201, 105, 2),
            (8, 210, 96, 1),
        ]
        assert sum(tile.count for tile in index.tiles(LeadQuery(near=NEAR_WUHOU), 14)) == 2

    def test_the_newest_on_some_tiles_are_those_counted_there(self, index: LeadIndex) -> None:
        places = [region("武侯区"), point(30.645, 104.045), region("朝阳区"), None]
        index.upsert([lead(n, f"牙疼第{n}天", hours=n, place=places[n % 4]) for n in range(16)])
        for zoom in (8, 15):
            for tile in index.tiles(LeadQuery(), zoom):
                found = [each.id for each in index.on_tiles(LeadQuery(), zoom, [(tile.x, tile.y)], 100)]
                assert len(found) == tile.count
                assert found == sorted(found, key=lambda key: int(key.partition("/")[2]))
        every = [(tile.x, tile.y) for tile in index.tiles(LeadQuery(), 15)]
        assert len(index.on_tiles(LeadQuery(), 15, every, 100)) == 12
        assert len(index.on_tiles(LeadQuery(), 15, every, 5)) == 5
        assert len(index.on_tiles(LeadQuery(near=NEAR_WUHOU), 15, every, 100)) == 8
        assert index.on_tiles(LeadQuery(), 15, [], 100) == []

    def test_similar_posts_share_rare_words(self, index: LeadIndex) -> None:
        index.upsert(
            [
                lead(1, "智齿冠周炎肿了三天，张不开嘴"),
                lead(2, "下颌智齿冠周炎，嘴巴肿得张不开，求助"),
                lead(3, "孩子发烧咳嗽，要不要去医院"),
                lead(4, "最近失眠多梦，白天没有精神"),
            ]
        )
        own = lead(1, "智齿冠周炎肿了三天，张不开嘴")
        found = index.alike(own.tags.tokens, besides=own.id)
        assert found[0][0].id == "forum/2"
        assert "forum/1" not in {each.id for each, _ in found}
        scores = [score for _, score in index.alike(own.tags.tokens)]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) > 0
        assert list(index.alike([])) == []


class TestCopying:
    def test_digests_come_by_id_and_say_what_is_folded(self, index: LeadIndex) -> None:
        index.upsert([lead(2, LONG, hours=5), lead(10, LONG, hours=3), lead(1, "牙疼")])
        index.upsert_mentions([mention(2), mention(1)])
        index.set_case([mark(2, "seen", "chen")])
        found = list(index.digests("leads"))
        assert [(item.id, item.status, item.assignee, item.head) for item in found] == [
            ("forum/1", "new", "", ""), ("forum/10", "new", "", "forum/2"), ("forum/2", "seen", "chen", ""),
        ]  # fmt: skip
        assert [item.id for item in index.digests("mentions")] == ["forum/1#anhe", "forum/2#anhe"]

    def test_a_restored_record_is_what_it_was(self, index: LeadIndex) -> None:
        head, member = lead(1, LONG, hours=5), lead(2, LONG, hours=3)
        index.upsert([head, member, lead(3, "头晕")])
        index.upsert_mentions([mention(4)])
        index.set_case([mark(1, "seen", "chen")])
        before = {kind: list(index.digests(kind)) for kind in KINDS}
        leads = index.records("leads", ["forum/1", "forum/2"])
        mentions = index.records("mentions", ["forum/4#anhe", "forum/404#anhe"])
        index.discard("leads", ["forum/2", "forum/1"])
        index.discard("mentions", ["forum/4#anhe"])
        assert index.counts() == {"leads": 1, "folded": 0, "mentions": 0}
        index.restore(sorted(leads, key=lambda record: bool(record.head)))  # type: ignore[union-attr]  # leads
        index.restore(mentions)
        assert {kind: list(index.digests(kind)) for kind in KINDS} == before
        kept = index.get("forum/1")
        assert kept is not None
        assert (kept.folded, kept.status, kept.assignee) == (1, "seen", "chen")
        assert ids(index, words=parse("智齿")) == ["1"]

    def test_digests_tell_a_changed_text_and_status(self, index: LeadIndex) -> None:
        index.upsert([lead(1, "牙疼")])
        first = list(index.digests("leads"))
        index.set_case([mark(1, "seen", "chen")])
        second = list(index.digests("leads"))
        index.set_case([mark(1, "seen", "lin")])
        third = list(index.digests("leads"))
        index.upsert([lead(1, "牙还疼")])
        assert len({*first, *second, *third, *index.digests("leads")}) == 4


def test_an_erased_lead_is_not_on_the_next_page(index: LeadIndex) -> None:
    index.upsert([lead(n, f"牙疼第{n}天", hours=n) for n in range(6)])
    query = LeadQuery(sort="newest", limit=2)
    cursor = index.search(query, now=NOW).cursor
    index.delete(["forum/3"])
    page = index.search(replace(query, cursor=cursor, limit=10), now=NOW)
    assert [hit.lead.post.post_id for hit in page.items] == ["2", "4", "5"]
