"""The numbers of a report: what counts, where, and beside what came before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from leads.insights import bars_png
from leads.insights.summary import Counted, Stretch, Summary, summarise
from leads.models import Lead, Mention
from leads.scoring.expected import JudgedLead
from nlp.models import Sentiment
from tests.support.builders import NOW, clinic, lead, mention, region, symptom

DAY = Stretch(since=NOW - timedelta(days=1), until=NOW, zone=ZoneInfo("Asia/Shanghai"))


def summary(leads: list[Lead] = [], mentions: list[Mention] = [], stretch: Stretch = DAY) -> Summary:  # noqa: B006 - never changed
    return summarise(
        stretch,
        leads=leads,
        mentions=mentions,
        clinics=[clinic(), clinic(id="qingmu", name="青木中医")],
        gaps=["锦城论坛：被封锁"],
        waiting=[Counted(name="new", count=2)],
        overdue=1,
    )


def test_leads_of_the_stretch_are_counted_beside_those_before() -> None:
    found = summary([lead(1, hours=1), lead(2, hours=23, need=0.5), lead(3, hours=25), lead(4, hours=49)])
    assert (found.leads, found.leads_before, found.urgent) == (2, 1, 1)


def test_how_many_are_real_is_told_of_the_stretch_once_enough_were_judged() -> None:
    leads = [lead(number, hours=1 + number / 10) for number in range(12)] + [lead(20, hours=30)]
    known = {"forum": [JudgedLead(share=0.9, real=True)] * 10}
    found = summarise(DAY, leads=leads, mentions=[], clinics=[], gaps=[], waiting=[], overdue=0, judged=known)
    assert found.expected.startswith("这 12 条里，预计 ")
    assert Summary.from_json(found.to_json()) == found
    assert summary(leads).expected == ""


def test_symptoms_count_when_somebody_has_them_once_a_lead() -> None:
    twice, gone = symptom(), symptom(code="cough", specialty="respiratory", negated=True)
    found = summary([lead(1, symptoms=(twice, twice, gone)), lead(2, hours=30)])
    assert found.symptoms == (Counted(name="toothache", count=1, before=1),)


def test_places_are_divisions_as_far_as_they_are_known() -> None:
    places = [lead(1, place=region("武侯区")), lead(2, place=region("武侯区")), lead(3)]
    assert [(each.name, each.count) for each in summary(places).places] == [("510107", 2), ("", 1)]


def test_what_came_much_more_often_has_risen() -> None:
    cough = symptom(code="cough", specialty="respiratory")
    leads = [lead(n, symptoms=(cough,)) for n in range(6)] + [lead(10, symptoms=(cough,), hours=30)]
    leads += [lead(20 + n) for n in range(4)] + [lead(30 + n, hours=30) for n in range(4)]
    assert [each.name for each in summary(leads).risen] == ["cough"]


def test_two_of_something_is_no_trend() -> None:
    assert summary([lead(1), lead(2)]).risen == ()


def test_days_are_days_in_the_readers_zone_and_none_is_missing() -> None:
    found = summary([lead(1, hours=1), lead(2, hours=50)])
    assert len(found.days) == 7
    assert found.days[-1] == ("2026-11-20", 1)
    assert found.days[-3] == ("2026-11-18", 1)
    assert sum(count for _, count in found.days) == 2


def test_a_report_of_midnight_ends_with_yesterday() -> None:
    midnight = datetime(2026, 11, 19, 16, tzinfo=UTC)  # 00:00 of the 20th in Beijing
    stretch = Stretch(since=midnight - timedelta(days=1), until=midnight, zone=DAY.zone)
    assert summary(stretch=stretch).days[-1][0] == "2026-11-19"


def test_voices_tell_praise_from_complaint() -> None:
    grave = Sentiment(polarity="complaint", severity=3, cues=("误诊",))
    found = summary(mentions=[mention(1), replace(mention(2), sentiment=grave), mention(3, hours=30)])
    (voice,) = found.voices
    assert (voice.clinic, voice.total, voice.before) == ("安和口腔", 2, 1)
    assert (voice.praise, voice.complaint, voice.grave) == (1, 1, 1)


def test_a_mention_of_an_unknown_clinic_is_nobodys() -> None:
    assert summary(mentions=[mention(1, "closed")]).voices == ()


def test_no_words_of_a_post_are_in_a_report() -> None:
    found = str(summary([lead(1, "独一无二的一句话")], [mention(2)]).to_json())
    assert "独一无二" not in found
    assert "仔细" not in found
    assert "author" not in found


def test_a_report_comes_back_from_json_as_it_was() -> None:
    found = summary([lead(1, place=region("武侯区"))], [mention(2)])
    assert Summary.from_json(found.to_json()) == found


@given(st.lists(st.floats(0, 24 * 9, allow_nan=False), max_size=40))
def test_every_lead_is_in_one_stretch_at_most_and_days_add_up(hours: list[float]) -> None:
    found = summary([lead(n, hours=back) for n, back in enumerate(hours)])
    assert found.leads + found.leads_before <= len(hours)
    assert found.leads == sum(back <= 24 for back in hours if NOW - timedelta(hours=back) < NOW)
    assert sum(count for _, count in found.days) <= len(hours)


def test_a_plot_is_a_picture_of_its_size() -> None:
    for days in ([], [("2026-11-20", 0)], [(f"2026-10-{day:02}", day * 7) for day in range(1, 32)]):
        image = Image.open(BytesIO(bars_png.png(days)))
        assert image.size == (bars_png.WIDTH, bars_png.HEIGHT)


def test_the_highest_bar_reaches_higher_than_the_others() -> None:
    image = Image.open(BytesIO(bars_png.png([("2026-11-19", 1), ("2026-11-20", 4)]))).convert("RGB")
    quarter, half = bars_png.HEIGHT // 4, bars_png.WIDTH // 4
    assert image.getpixel((half, quarter)) == (255, 255, 255)
    assert image.getpixel((3 * half, quarter)) != (255, 255, 255)
