"""The lead page's address: read, written, canonical; and what a doctor may ask with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.errors import QueryError
from leads.models import Clinic, Role
from leads.web.auth import Visitor
from leads.web.leads.search_form import MANY, ONE, LeadForm, lead_query

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
DENTAL = Clinic(
    id="anhe", name="安和口腔", lat=30.64, lon=104.04, adcode="510107", reach_km=5.0, specialties=("dental",)
)
OTHER = Clinic(id="qingmu", name="青木中医", lat=30.65, lon=104.08, adcode="510104", reach_km=3.0)


def visitor(role: Role, *clinics: Clinic) -> Visitor:
    return Visitor(user_id=1, login="x", name="林", role=role, csrf="", clinics=clinics)


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("", "/leads?near="),
        ("?q=&near=&radius=&symptom=&sort=", "/leads?near="),
        ("q=牙疼&near=all", "/leads?q=牙疼&near=all"),
        ("near=all&q=牙疼", "/leads?q=牙疼&near=all"),
        ("near=anhe&point=30.65,104.08", "/leads?near=30.65,104.08"),
        ("symptom=牙痛&symptom= &symptom=牙痛&symptom=智齿", "/leads?symptom=牙痛&symptom=智齿"),
        ("status=new&status=seen&assignee=未分配", "/leads?status=new&status=seen&assignee=未分配"),
        ("since=7d&until=2026-11-20&min_need= 0.5 ", "/leads?since=7d&until=2026-11-20&min_need=0.5"),
        ("q=a&cursor=xyz&done=3&unknown=1", "/leads?q=a"),
    ],
)
def test_addresses_that_ask_the_same_become_one(query: str, address: str) -> None:
    path, _, written = address.partition("?")
    pairs = [tuple(pair.split("=", 1)) for pair in written.split("&")] if written else []
    assert LeadForm.read(query).url() == (f"{path}?{urlencode(pairs)}" if pairs else path)


@given(st.dictionaries(st.sampled_from((*ONE, *MANY)), st.text(max_size=20), max_size=6))
def test_an_address_reads_back_as_itself(fields: dict[str, str]) -> None:
    url = LeadForm.read(urlencode(fields, errors="ignore")).url()
    assert LeadForm.read(url.partition("?")[2]).url() == url


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("symptom", "a", "/leads?q=x&symptom=b"),
        ("symptom", "", "/leads?q=x"),
        ("q", "", "/leads?symptom=a&symptom=b"),
        ("radius", "", "/leads?q=x&symptom=a&symptom=b"),
    ],
)
def test_one_filter_can_be_taken_out(name: str, value: str, left: str) -> None:
    assert LeadForm.read("q=x&symptom=a&symptom=b").without(name, value) == left


@pytest.mark.parametrize(
    ("query", "near"),
    [
        ("", "anhe"),
        ("near=qingmu", "qingmu"),
        ("near=all", "all"),
        ("area=成都", "all"),
        ("near=30.1,104", "30.1,104"),
    ],
)
def test_a_search_that_is_kept_says_its_place(query: str, near: str) -> None:
    assert LeadForm.read(query).settled((DENTAL, OTHER)).near == near


@pytest.mark.parametrize(
    ("query", "seconds_ago"),
    [
        ("cursor=x&at={ago60}", 60),
        ("at={ago60}", 60),  # of the list that a lead was opened from
        ("cursor=x&at={ago100000}", 0),
        ("cursor=x&at={ago-60}", 0),
        ("cursor=x&at=nan", 0),
        ("cursor=x&at=1e9", 0),
        ("cursor=x&at=99999999999", 0),
        ("cursor=x", 0),
    ],
)
def test_further_pages_are_of_the_moment_of_the_first(query: str, seconds_ago: int) -> None:
    ago = {f"ago{each}": f"{NOW.timestamp() - each:.6f}" for each in (60, 100000, -60)}
    assert LeadForm.read(query.format(**ago)).asked_at(NOW) == NOW - timedelta(seconds=seconds_ago)


@pytest.mark.parametrize(
    ("query", "km", "specialties"),
    [
        ("", 5.0, ("dental",)),
        ("radius=2km", 2.0, ("dental",)),
        ("radius=500km", 5.0, ("dental",)),
        ("specialty=dental&specialty=ent", 5.0, ("dental",)),
        ("area=成都&precision=possible", 5.0, ("dental",)),
    ],
)
def test_a_doctor_asks_around_the_own_clinic(query: str, km: float, specialties: tuple[str, ...]) -> None:
    asked = lead_query(LeadForm.read(query), visitor("doctor", DENTAL), limit=25, now=NOW)
    assert asked.near is not None
    assert (asked.near.lat, asked.near.lon, asked.near.km) == (DENTAL.lat, DENTAL.lon, km)
    assert asked.specialties == specialties


@pytest.mark.parametrize(
    ("query", "own", "said"),
    [
        ("near=all", (DENTAL,), "自己诊所"),
        ("near=qingmu", (DENTAL,), "自己诊所"),
        ("near=30.1,104.1", (DENTAL,), "自己诊所"),
        ("specialty=ent", (DENTAL,), "不看这个科室"),
        ("", (), "还没有给你分配诊所"),
    ],
)
def test_a_doctor_may_not_ask_further(query: str, own: tuple[Clinic, ...], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        lead_query(LeadForm.read(query), visitor("doctor", *own), limit=25, now=NOW)
