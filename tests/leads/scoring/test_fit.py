"""Which posts concern which clinic: brand names, and who could treat a lead."""

from __future__ import annotations

import pytest

from leads.clinics.name_matcher import BrandMatcher
from leads.models import Clinic
from leads.scoring.fit import near, serves
from nlp.text.normal import normalise
from tests.support.builders import clinic, region, symptom, tags

ANHE = clinic(aliases=("安和齿科", "AnHe Dental"), exclude=("安和口腔器械厂",))
QINGMU = clinic(id="qingmu", name="青木中医", doctors=("顾长青医生", "林知远医生"))


def found(text: str, *clinics: Clinic) -> list[tuple[str, str]]:
    brands = BrandMatcher(clinics or (ANHE, QINGMU)).find(normalise(text))
    return sorted((brand.clinic_id, brand.term) for brand in brands)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("在安和口腔补了牙", [("anhe", "安和口腔")]),
        ("安和齿科怎么样", [("anhe", "安和齿科")]),
        ("ＡＮＨＥ dental 很好", [("anhe", "AnHe Dental")]),  # width and case do not matter
        ("安和口腔，安和齿科，安和口腔", [("anhe", "安和口腔")]),  # one mention a clinic, by its first name
        ("青木中醫館", [("qingmu", "青木中医")]),  # traditional characters
        ("林知远医生很耐心", [("anhe", "林知远医生"), ("qingmu", "林知远医生")]),  # works at both
        ("顾长青医生和安和口腔", [("anhe", "安和口腔"), ("qingmu", "顾长青医生")]),
        ("安和镇有家口腔诊所", []),
        ("", []),
    ],
)
def test_brands(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_an_excluded_word_makes_it_somebody_elses() -> None:
    assert found("安和口腔器械厂招聘") == []
    assert found("安和口腔器械厂招聘，青木中医也招") == [("qingmu", "青木中医")]


def test_names_inside_names_are_both_found() -> None:
    branch = clinic(id="branch", name="安和口腔武侯分院")
    assert found("安和口腔武侯分院", ANHE, branch) == [("anhe", "安和口腔"), ("branch", "安和口腔武侯分院")]


@pytest.mark.parametrize("clinics", [(), (clinic(name="\u200b", doctors=()),)])
def test_without_names_nothing_is_found(clinics: tuple[Clinic, ...]) -> None:
    assert BrandMatcher(clinics).find("安和口腔") == []


@pytest.mark.parametrize(
    ("specialties", "codes", "expected"),
    [
        (("dental",), ("dental",), True),
        (("dental",), ("tcm", "dental"), True),
        (("dental",), ("skin",), False),
        (("dental",), (), False),
        ((), ("skin",), True),  # a clinic without specialties treats everything
        ((), (), True),
    ],
)
def test_a_clinic_serves_what_it_treats(
    specialties: tuple[str, ...], codes: tuple[str, ...], expected: bool
) -> None:
    symptoms = tuple(symptom(specialty=code) for code in codes)
    assert serves(clinic(specialties=specialties), tags("", symptoms=symptoms)) is expected


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("武侯区", True),
        ("锦江区", True),
        ("成都市", True),
        ("四川省", True),  # may be anywhere in the province
        ("绵阳市", False),
        ("朝阳区", False),
        (None, True),  # unknown may be near
    ],
)
def test_a_clinic_serves_who_may_be_near(place: str | None, expected: bool) -> None:
    tagged = tags("", symptoms=(symptom(),), place=region(place) if place else None)
    assert serves(clinic(), tagged) is expected


def test_a_clinics_surroundings_are_its_own_point_and_reach() -> None:
    around = near(clinic(reach_km=3.0))
    assert (around.lat, around.lon, around.km, around.adcode) == (30.64, 104.04, 3.0, "510107")
