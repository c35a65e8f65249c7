"""Which specialty words are about, and who near treats it."""

from __future__ import annotations

from leads.clinics.match import choices, fields_of, urgent_of
from leads.models import DoctorCard
from tests.support.builders import clinic, point, region, symptom, tags

DENTIST = DoctorCard(name="林知远医生", specialties=("dental",))
EYES = DoctorCard(name="周大夫", specialties=("ophthalmology",))
ANYTHING = DoctorCard(name="吴医生")


def test_the_specialty_with_most_reasons_comes_first() -> None:
    found = tags(
        "x",
        symptoms=(
            symptom("cough", "internal", name="咳嗽", surface="咳"),
            symptom("toothache", name="牙痛", surface="牙疼"),
            symptom("gum_swelling", name="牙龈肿痛", surface="牙龈肿"),
            symptom("red_eye", "ophthalmology", name="红眼", surface="眼红", past=True),
        ),
    )
    assert [(each.code, each.reasons) for each in fields_of(found)] == [
        ("dental", (("牙疼", "牙痛"), ("牙龈肿", "牙龈肿痛"))),
        ("internal", (("咳", "咳嗽"),)),
    ]


def test_a_child_is_seen_by_who_knows_children() -> None:
    found = tags("x", symptoms=(symptom("cough", "internal", child=True),))
    assert [each.code for each in fields_of(found)] == ["pediatrics", "internal"]


def test_what_cannot_wait_is_told_apart() -> None:
    found = tags("x", symptoms=(symptom(), symptom("chest_pain", "internal", name="胸痛", urgency="hours")))
    assert [each.name for each in urgent_of(found)] == ["胸痛"]


def test_clinics_within_reach_come_nearest_first_with_the_doctors_who_treat_it() -> None:
    near = clinic(id="near", name="近的", lat=30.641, lon=104.041, cards=(DENTIST, EYES, ANYTHING))
    farther = clinic(id="farther", name="远点的", lat=30.66, lon=104.04)
    abroad = clinic(id="abroad", name="外地的", lat=39.92, lon=116.44, adcode="110105")
    eyes = clinic(id="eyes", name="眼科", specialties=("ophthalmology",))
    found = choices((farther, abroad, eyes, near), ("dental",), point(30.64, 104.04))
    assert [each.clinic.id for each in found] == ["near", "farther"]
    assert found[0].doctors == (DENTIST, ANYTHING)
    assert all(each.precision == "sure" for each in found)


def test_without_a_place_all_who_treat_it_are_offered_by_name() -> None:
    found = choices((clinic(id="b", name="乙"), clinic(id="a", name="丙", specialties=())), ("dental",), None)
    assert [(each.clinic.name, each.distance_km, each.precision) for each in found] == [
        ("丙", None, None),
        ("乙", None, None),
    ]


def test_nothing_wrong_leads_to_nobody() -> None:
    assert choices((clinic(),), (), region("武侯区")) == ()
