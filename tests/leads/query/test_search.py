"""A search form's fields → a query: names and codes, Chinese and English, and a complaint for each field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.errors import QueryError
from leads.labels import STATUS_NAMES
from leads.models import LeadQuery, Near
from leads.query.fields import FIELDS
from leads.query.search import MAX_LIMIT, to_query
from leads.query.words import parse
from tests.support.builders import NOW, clinic

CLINICS = (clinic(reach_km=3.0),)


def query(**asked: object) -> LeadQuery:
    return to_query(asked, clinics=CLINICS, now=NOW)  # type: ignore[arg-type]  # a test's own fields


def test_nothing_asked_restricts_nothing() -> None:
    assert query() == LeadQuery()


@pytest.mark.parametrize(
    ("asked", "field", "value"),
    [
        ({"q": "牙疼 -广告"}, "words", parse("牙疼 -广告")),
        ({"symptom": ("toothache",)}, "symptoms", ("toothache",)),
        ({"symptom": ("牙痛",)}, "symptoms", ("toothache",)),
        ({"symptom": ("牙疼",)}, "symptoms", ("toothache",)),  # any word the lexicon has
        ({"symptom": ("牙痛", "toothache")}, "symptoms", ("toothache",)),
        ({"specialty": ("dental",)}, "specialties", ("dental",)),
        ({"intent": ("seeker",)}, "intents", ("seeker",)),
        ({"intent": ("求诊", "经历")}, "intents", ("seeker", "experience")),
        ({"source": ("weibo",)}, "sources", ("weibo",)),
        ({"status": ("seen",)}, "statuses", ("seen",)),
        ({"status": ("已预约", "visited")}, "statuses", ("booked", "visited")),
        ({"assignee": ("chen",)}, "assignees", ("chen",)),
        ({"assignee": ("chen", "")}, "assignees", ("chen", "")),  # also what nobody works on
        ({"assignee": ("未分配",)}, "assignees", ("",)),
        ({"area": "510107"}, "area", "510107"),
        ({"area": "成都武侯"}, "area", "510107"),
        ({"area": "四川"}, "area", "510000"),
        ({"precision": "sure"}, "precision", "sure"),
        ({"precision": "maybe"}, "precision", "maybe"),
        ({"precision": "仅同省"}, "precision", "possible"),
        ({"precision": "确定"}, "precision", "sure"),  # as kept searches say it
        ({"sort": "newest"}, "sort", "newest"),
        ({"sort": "最近"}, "sort", "nearest"),
        ({"min_need": "0.5"}, "min_need", 0.5),
        ({"min_need": "1"}, "min_need", 1.0),
        ({"limit": "7"}, "limit", 7),
        ({"cursor": "abc"}, "cursor", "abc"),
        ({"since": "7d"}, "since", NOW - timedelta(days=7)),
        ({"since": "12H"}, "since", NOW - timedelta(hours=12)),
        ({"since": "2 周"}, "since", NOW - timedelta(weeks=2)),
        ({"since": "3天"}, "since", NOW - timedelta(days=3)),
        ({"since": "6小时"}, "since", NOW - timedelta(hours=6)),
        ({"since": "2026-11-01"}, "since", datetime(2026, 10, 31, 16, tzinfo=UTC)),  # Beijing's midnight
        ({"until": "2026-11-01T08:00:00Z"}, "until", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ({"until": "2026-11-01 08:00+08:00"}, "until", datetime(2026, 11, 1, tzinfo=UTC)),
        ({"near": "30.64,104.04"}, "near", Near(lat=30.64, lon=104.04, km=5.0, adcode="510107")),
        ({"near": "30.64，104.04", "radius": "800m"}, "near",
         Near(lat=30.64, lon=104.04, km=0.8, adcode="510107")),
        ({"near": "anhe"}, "near", Near(lat=30.64, lon=104.04, km=3.0, adcode="510107")),
        ({"near": "anhe", "radius": "10km"}, "near", Near(lat=30.64, lon=104.04, km=10.0, adcode="510107")),
    ],
)  # fmt: skip
def test_what_a_field_means(asked: dict[str, object], field: str, value: object) -> None:
    assert query(**asked) == replace(LeadQuery(), **{field: value})  # type: ignore[arg-type]  # by name


def test_every_status_may_be_given_in_chinese() -> None:
    assert list(STATUS_NAMES.values()) == [
        "新线索", "已看", "已回复", "沟通中", "已预约", "已到诊", "已分享", "已排除",
    ]  # fmt: skip
    for code, name in STATUS_NAMES.items():
        assert query(status=(name,)).statuses == query(status=(code,)).statuses == (code,)


def test_every_specialty_may_be_given_in_chinese() -> None:
    from nlp.symptoms import lexicon

    for code, name in lexicon.load().specialties.items():
        assert query(specialty=(name,)).specialties == (code,)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"q": '"牙疼'}, ("搜索词", "引号")),
        ({"symptom": ("霍格沃茨病",)}, ("symptom", "霍格沃茨病")),
        ({"symptom": ("",)}, ("symptom",)),
        ({"specialty": ("占星",)}, ("specialty", "占星", "dental")),
        ({"intent": ("买房",)}, ("intent", "买房", "seeker")),
        ({"status": ("done",)}, ("status", "done", "dismissed")),
        ({"area": "亚特兰蒂斯"}, ("area", "亚特兰蒂斯", "区划代码")),
        ({"area": "999999"}, ("area", "999999")),
        ({"near": "成都"}, ("坐标", "成都", "30.64,104.04")),
        ({"near": "104.04,30.64"}, ("写反",)),
        ({"near": "30.64,104.04", "radius": "0"}, ("半径", "0")),
        ({"near": "30.64,104.04", "radius": "-1"}, ("半径", "-1")),
        ({"near": "anhe", "radius": "5 miles"}, ("半径", "5 miles", "5km")),
        ({"radius": "5 miles"}, ("半径",)),  # even with nothing to measure from
        ({"precision": "exact"}, ("precision", "exact", "likely")),
        ({"sort": "random"}, ("sort", "random", "newest")),
        ({"min_need": "2"}, ("min_need", "2")),
        ({"min_need": "nan"}, ("min_need",)),
        ({"min_need": "高"}, ("min_need", "高")),
        ({"limit": "0"}, ("limit", str(MAX_LIMIT))),
        ({"limit": str(MAX_LIMIT + 1)}, ("limit",)),
        ({"limit": "-1"}, ("limit",)),
        ({"limit": ""}, ("limit",)),
        ({"limit": "5" * 5000}, ("limit",)),
        ({"since": "yesterday"}, ("since", "7d")),
        ({"since": "2026-13-01"}, ("since",)),
        ({"until": "0001-01-01"}, ("until",)),
    ],
)
def test_what_cannot_be_understood_is_named(asked: dict[str, object], words: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as complaint:
        query(**asked)
    for word in words:
        assert word in str(complaint.value)


TEXT_FIELDS = [field.name for field in FIELDS if not field.many]
LIST_FIELDS = [field.name for field in FIELDS if field.many]


@given(st.sampled_from(TEXT_FIELDS), st.text(max_size=30))
def test_any_text_in_any_field_is_a_query_or_a_complaint(field: str, text: str) -> None:
    complaint = ""
    try:
        query(**{field: text})
    except QueryError as error:
        complaint = str(error)
    assert not complaint or complaint.endswith("。")


@given(st.sampled_from(LIST_FIELDS), st.lists(st.text(max_size=12), max_size=3))
def test_any_texts_in_any_list_are_a_query_or_a_complaint(field: str, texts: list[str]) -> None:
    complaint = ""
    try:
        query(**{field: tuple(texts)})
    except QueryError as error:
        complaint = str(error)
    assert not complaint or complaint.endswith("。")


@given(st.integers(0, 9999), st.sampled_from(["h", "d", "w", "小时", "天", "周"]))
def test_an_age_is_never_in_the_future(number: int, unit: str) -> None:
    since = query(since=f"{number}{unit}").since
    assert since is not None
    assert since <= NOW
