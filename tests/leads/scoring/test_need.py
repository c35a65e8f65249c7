"""Need: what raises it, and the reasons a person is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.scoring.need import HALF_LIFE_HOURS, freshness, rate
from nlp.models import Symptom, Tags
from tests.support.builders import NOW, region, symptom, tags


def need(text: str = "", *symptoms: Symptom, seeker: float = 1.0) -> float:
    return rate(text, tags(text, symptoms=symptoms, seeker=seeker))[0]


@pytest.mark.parametrize(
    ("text", "symptoms", "expected"),
    [
        ("", (), 0.35),  # nothing but the intent
        ("求推荐", (), 0.48),
        ("", (symptom(urgency="elective"),), 0.675),
        ("", (symptom(urgency="days"),), 0.74),
        ("", (symptom(urgency="hours"),), 0.87),
        ("怎么办", (symptom(urgency="hours"),), 1.0),
        ("", (symptom(urgency="elective"), symptom(urgency="hours")), 0.87),  # the most urgent counts
    ],
)
def test_need_of_a_certain_seeker(text: str, symptoms: tuple[Symptom, ...], expected: float) -> None:
    assert need(text, *symptoms) == expected


@pytest.mark.parametrize(
    "absent", [{"negated": True}, {"past": True}, {"figurative": True}, {"person": "other"}]
)
def test_what_nobody_has_now_raises_nothing_and_is_no_reason(absent: dict[str, object]) -> None:
    value, reasons = rate("", tags("", symptoms=(symptom(**absent),), seeker=1.0))
    assert value == 0.35
    assert [reason.kind for reason in reasons] == ["intent"]


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["", "怎么办"]), st.booleans())
def test_need_stays_in_range_and_grows_with_the_probability(
    one: float, other: float, text: str, ill: bool
) -> None:
    low, high = sorted((one, other))
    symptoms = (symptom(),) if ill else ()
    assert 0 <= need(text, *symptoms, seeker=low) <= need(text, *symptoms, seeker=high) <= 1


def test_reasons_show_probability_symptoms_question_and_place_with_their_words() -> None:
    marked: Tags = tags(
        "牙疼怎么办",
        symptoms=(symptom(surface="牙疼", urgency="hours"),),
        place=region("武侯区"),
        seeker=0.87,
    )
    _, reasons = rate("牙疼怎么办", marked)
    assert [(reason.kind, reason.text, reason.words) for reason in reasons] == [
        ("intent", "求诊可能性 87%", ""),
        ("symptom", "牙痛（几小时内需要处理）", "牙疼"),
        ("words", "在询问：怎么办", "怎么办"),
        ("place", "自述：四川省成都市武侯区", "武侯区"),
    ]


def test_a_symptom_named_twice_is_one_reason_and_family_is_said() -> None:
    twice = (symptom(surface="牙疼", person="family"), symptom(surface="牙痛", person="family"))
    _, reasons = rate("", tags("", symptoms=twice))
    assert [reason.text for reason in reasons if reason.kind == "symptom"] == ["家人牙痛（几天内需要处理）"]


@pytest.mark.parametrize(("name", "text"), [("朝阳区", "自述：北京市朝阳区"), ("四川省", "自述：四川省")])
def test_a_place_is_named_without_repeats_or_gaps(name: str, text: str) -> None:
    _, reasons = rate("", tags("", place=region(name)))
    assert reasons[-1].text == text


@pytest.mark.parametrize(
    ("evidence", "word"),
    [("geo", "定位"), ("checkin", "签到"), ("self", "自述"), ("text", "文中"), ("board", "版块"),
     ("ip", "IP属地"), ("profile", "资料")],
)  # fmt: skip
def test_every_evidence_has_a_name(evidence: str, word: str) -> None:
    _, reasons = rate("", tags("", place=region("武侯区", evidence)))  # type: ignore[arg-type]  # a Literal
    assert word in reasons[-1].text


@pytest.mark.parametrize(("half_lives", "expected"), [(0, 1.0), (1, 0.5), (2, 0.25), (-3, 1.0)])
def test_freshness_halves_and_never_exceeds_one(half_lives: int, expected: float) -> None:
    assert freshness(NOW - timedelta(hours=HALF_LIFE_HOURS * half_lives), NOW) == pytest.approx(expected)
