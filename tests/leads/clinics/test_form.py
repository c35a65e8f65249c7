"""The form of a clinic: what is meant, and what is complained of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leads.clinics.form import Written, checked_id, draft
from leads.errors import InputError

GOOD = Written(name="安和口腔", lat="30.64", lon="104.04", reach_km="3")


def test_a_form_becomes_a_clinic() -> None:
    written = replace(
        GOOD,
        aliases="安和\n安和齿科、安和牙科, 安和",
        doctors=" 林知远医生 \n\n周大夫",
        specialties=("ent", "dental"),
        quiet_from="22:00",
        quiet_to="08:00",
    )
    made = draft(written, own_accounts=("key",))
    assert made.aliases == ("安和", "安和齿科", "安和牙科")
    assert made.doctors == ("林知远医生", "周大夫")
    assert set(made.specialties) == {"dental", "ent"}
    assert (made.lat, made.lon, made.adcode, made.reach_km) == (30.64, 104.04, "510107", 3.0)
    assert (made.quiet_from, made.quiet_to, made.own_accounts) == ("22:00", "08:00", ("key",))


def test_a_pasted_coordinate_stands_above_the_place_before() -> None:
    made = draft(replace(GOOD, coordinate="116.4436,39.9219", system="wgs84"))
    assert (made.lat, made.lon, made.adcode) == (39.9219, 116.4436, "110105")


def test_a_named_district_stands_above_the_nearest() -> None:
    assert draft(replace(GOOD, district="成都市青羊区")).adcode == "510105"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "名称"),
        ({"name": "安" * 121}, "名称"),
        ({"aliases": "安"}, "别名"),  # one character would be found everywhere
        ({"doctors": "林" * 61}, "医生"),
        ({"competitors": "\n".join(f"对手{n}" for n in range(101))}, "竞争对手太多"),
        ({"specialties": ("magic",)}, "magic"),
        ({"reach_km": "0"}, "服务半径"),
        ({"reach_km": "nan"}, "服务半径"),
        ({"reach_km": "three"}, "服务半径"),
        ({"lat": "", "lon": ""}, "还没有位置"),
        ({"lat": "x"}, "不是数"),
        ({"lat": "nan"}, "不在中国"),
        ({"lat": "51.5", "lon": "0"}, "不在中国"),
        ({"lat": "20.0", "lon": "119.0"}, "没有行政区"),  # at sea
        ({"district": "亚特兰蒂斯"}, "找不到"),
        ({"district": "北京朝阳"}, "太远"),
        ({"coordinate": "hello"}, "看不懂"),
        ({"quiet_from": "22:00"}, "一半"),
        ({"quiet_from": "25:00", "quiet_to": "08:00"}, "25:00"),
        ({"quiet_from": "08:00", "quiet_to": "08:00"}, "相同"),
    ],
)
def test_every_complaint_names_its_field(changes: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        draft(replace(GOOD, **changes))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("text", ["", "anhe-2", " a_1 "])
def test_an_id_has_plain_characters(text: str) -> None:
    assert checked_id(text) == text.strip()


@pytest.mark.parametrize("text", ["Anhe", "安和", "a" * 41, "-a", "a b"])
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="id"):
        checked_id(text)
