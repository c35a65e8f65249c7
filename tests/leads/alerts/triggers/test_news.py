"""What is said of a new lead: which clinic is near, how far or in which area, and how old it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leads.alerts.messages.message import Payload
from leads.alerts.triggers import news
from leads.models import Clinic
from nlp.models import Region
from tests.support.builders import lead, point, region, symptom

NEAR = Clinic(id="near", name="近的口腔", lat=30.64, lon=104.045, adcode="510107", specialties=("dental",))
FAR = Clinic(id="far", name="远的口腔", lat=30.66, lon=104.07, adcode="510107")
OTHER = replace(NEAR, id="other", name="皮肤科", specialties=("skin",))


def told(place: Region | None, *clinics: Clinic) -> Payload:
    found = lead(1, "牙疼，求推荐", place=place, symptoms=(symptom(),))
    payload = news.of_lead(found).tell(clinics)
    assert payload.published == found.post.published_at.isoformat()
    return payload


@pytest.mark.parametrize(
    ("place", "way"),
    [
        (point(30.641, 104.047), "0.2 公里"),
        (region("武侯区"), "武侯区内（±6 公里）"),
        (replace(region("武侯区"), exact=False), "武侯区距离不明"),
        (region("成都市"), "成都市内（±68 公里），可能在附近"),
    ],
    ids=["point", "area", "area without a point of its own", "area that is near by its uncertainty alone"],
)
def test_a_point_has_kilometres_and_an_area_its_size(place: Region, way: str) -> None:
    payload = told(place, FAR, NEAR, OTHER)
    assert (payload.clinic, dict(payload.facts)["距离"]) == ("近的口腔", way)


def test_only_clinics_the_person_may_see_and_that_treat_it_are_named() -> None:
    assert told(region("武侯区"), FAR, OTHER).clinic == "远的口腔"
    assert told(region("武侯区"), OTHER).clinic == ""
    assert told(region("朝阳区"), NEAR, FAR).clinic == ""


def test_of_an_unknown_place_no_distance_is_told() -> None:
    payload = told(None, NEAR)
    assert (payload.clinic, dict(payload.facts)["距离"], dict(payload.facts)["地点"]) == ("", "", "")
