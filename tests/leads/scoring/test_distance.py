"""What "near a clinic" means: distance, reach, and how people write distances and points."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.errors import QueryError
from leads.models import PRECISIONS, Near
from leads.scoring.distance import (
    EARTH_KM,
    MAX_KM,
    distance_km,
    in_china,
    parse_km,
    parse_point,
    precise_enough,
    reach,
    reach_factor,
    same_city,
)
from nlp.models import Region
from tests.support.builders import CHAOYANG, NEAR_WUHOU, point, region

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)
POINTS = st.tuples(LATITUDES, LONGITUDES)
ROUNDING = 1e-6  # km


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (90, 0), EARTH_KM * math.pi / 2),  # a quarter of the way round
        ((0, 0), (0, 180), EARTH_KM * math.pi),  # half of it
        ((0, 179.5), (0, -179.5), EARTH_KM * math.pi / 180),  # one degree across the date line
        ((39.9042, 116.4074), (31.2304, 121.4737), 1067),  # Beijing to Shanghai
        ((30.6425, 104.0432), (30.6574, 104.0809), 3.97),  # Wuhou to Jinjiang
    ],
)
def test_distances_of_known_places(one: tuple[float, float], other: tuple[float, float], km: float) -> None:
    assert distance_km(*one, *other) == pytest.approx(km, rel=0.002, abs=1e-9)


@given(POINTS, POINTS)
def test_distance_is_symmetric_and_on_the_globe(one: tuple[float, float], other: tuple[float, float]) -> None:
    there = distance_km(*one, *other)
    assert there == pytest.approx(distance_km(*other, *one), abs=ROUNDING)
    assert 0 <= there <= EARTH_KM * math.pi + ROUNDING


@given(POINTS, POINTS, POINTS)
def test_a_detour_is_never_shorter(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]
) -> None:
    assert distance_km(*a, *c) <= distance_km(*a, *b) + distance_km(*b, *c) + ROUNDING


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("510107", "510104", True),
        ("510107", "510100", True),
        ("510107", "510700", False),
        ("510107", "510000", False),  # a province is no city
        ("510000", "510000", False),
        ("110105", "110228", True),  # a municipality is one city, counties included
        ("500103", "500230", True),
        ("110105", "120101", False),
        ("429004", "429004", True),  # counties directly under a province are each their own
        ("429004", "429005", False),
        ("659001", "659002", False),
    ],
)
def test_same_city(one: str, other: str, same: bool) -> None:
    assert same_city(one, other) is same
    assert same_city(other, one) is same


def place(level: str, code: str, radius_km: float) -> Region:
    """A place whose own coordinates do not matter: the distance is given beside it."""
    return Region(
        code=code, name="", level=level, province="", city="", district="", lat=30.0, lon=104.0,  # type: ignore[arg-type]  # level is a Literal
        radius_km=radius_km, evidence="text",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("level", "code", "radius_km", "distance", "expected"),
    [
        # sure: all of the place lies within reach …
        ("point", "510107", 0.3, 4.7, "sure"),
        ("city", "510100", 2.0, 3.0, "sure"),
        # … or a point or district whose seat does
        ("point", "510107", 0.3, 5.0, "sure"),
        ("district", "510104", 6.0, 5.0, "sure"),
        ("district", "510700", 6.0, 4.9, "sure"),  # another city next door
        # likely: the clinic's own district or city …
        ("district", "510107", 6.0, 40.0, "likely"),
        ("city", "510100", 68.0, 68.0, "likely"),
        ("city", "510100", 68.0, 500.0, "likely"),
        # … or within km + radius in the same city
        ("district", "510104", 6.0, 11.0, "likely"),
        ("point", "510104", 0.3, 5.3, "likely"),
        ("district", "510104", 6.0, 11.1, None),
        ("point", "510104", 0.3, 5.4, None),
        # as near, but in another city
        ("district", "510703", 6.0, 8.0, None),
        ("city", "510700", 80.0, 80.0, None),
        # possible: only the province is known, and it is the clinic's
        ("province", "510000", 392.0, 3.0, "possible"),
        ("province", "510000", 392.0, 300.0, "possible"),
        ("province", "110000", 70.0, 3.0, None),
        ("province", "440000", 300.0, 3.0, None),
    ],
)
def test_reach_of_a_clinic_in_wuhou_with_five_kilometres(
    level: str, code: str, radius_km: float, distance: float, expected: str | None
) -> None:
    assert reach(place(level, code, radius_km), NEAR_WUHOU, distance) == expected


@pytest.mark.parametrize(("code", "expected"), [("110000", "likely"), ("310000", None)])
def test_a_municipality_is_a_city_although_it_is_called_a_province(code: str, expected: str | None) -> None:
    near = Near(lat=CHAOYANG[6], lon=CHAOYANG[7], km=5.0, adcode="110105")
    assert reach(place("province", code, 72.0), near, 20.0) == expected


@given(
    level=st.sampled_from(["point", "district", "city", "province"]),
    code=st.sampled_from(["510107", "510104", "510100", "510000", "510700", "110105", "110000", "429004"]),
    radius_km=st.floats(0.1, 500),
    distance=st.floats(0, 3000),
    km=st.floats(0.1, 1000),
    more=st.floats(0, 1000),
)
def test_looking_further_never_loses_a_place(
    level: str, code: str, radius_km: float, distance: float, km: float, more: float
) -> None:
    somewhere = place(level, code, radius_km)
    before, after = (
        reach(somewhere, Near(lat=30.64, lon=104.04, km=reach_km, adcode="510107"), distance)
        for reach_km in (km, km + more)
    )
    assert before is None or (after is not None and precise_enough(after, before))


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("sure", ["sure"]),
        ("likely", ["sure", "likely"]),
        ("maybe", ["likely"]),
        ("possible", ["sure", "likely", "possible"]),
    ],
)
def test_precision_says_how_far_down_to_go(asked: str, kept: list[str]) -> None:
    assert [item for item in PRECISIONS if precise_enough(item, asked)] == kept  # type: ignore[arg-type]  # a Literal


def test_score_falls_with_uncertainty() -> None:
    factors = [
        reach_factor("sure", 0.3),
        reach_factor("sure", 6),
        reach_factor("likely", 6),
        reach_factor("likely", 68),
        reach_factor("possible", 392),
    ]
    assert factors == sorted(factors, reverse=True)
    assert 0 < factors[-1] < factors[0] <= 1


@pytest.mark.parametrize(
    ("text", "km"),
    [
        ("5km", 5), ("5 km", 5), ("5KM", 5), ("0.5km", 0.5), ("5", 5), ("800m", 0.8), ("800 米", 0.8),
        ("3公里", 3), ("3千米", 3), (" 5km ", 5), ("2000km", MAX_KM), ("5M", 0.005),
    ],
)  # fmt: skip
def test_distances_as_people_write_them(text: str, km: float) -> None:
    assert parse_km(text) == pytest.approx(km)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0km",
        "-1",
        "-1km",
        "5 miles",
        "",
        "km",
        "五公里",
        "5km5",
        "2001km",
        "1e3",
        "nan",
        "inf",
        "9" * 400,
    ],
)
def test_distances_that_are_none_say_what_to_write(text: str) -> None:
    with pytest.raises(QueryError, match=r"半径.*请"):
        parse_km(text)


@pytest.mark.parametrize(
    "text", ["30.64,104.04", "30.64, 104.04", "30.64，104.04", "30.64 104.04", " 30.64,104.04 "]
)
def test_points_as_people_write_them(text: str) -> None:
    assert parse_point(text) == (30.64, 104.04)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("104.04,30.64", "写反"),
        ("51.5,-0.12", "中国"),
        ("0,0", "中国"),
        ("nan,nan", "中国"),
        ("inf,104", "中国"),
        ("30.64", "看不懂"),
        ("30.64,104.04,5", "看不懂"),
        ("成都", "看不懂"),
        ("", "看不懂"),
    ],
)
def test_points_that_are_none_say_what_to_write(text: str, word: str) -> None:
    with pytest.raises(QueryError, match=word):
        parse_point(text)


@given(st.text(max_size=30))
def test_any_text_is_a_distance_or_a_complaint(text: str) -> None:
    for parse in (parse_km, parse_point):
        try:
            parse(text)
        except QueryError:
            continue


@pytest.mark.parametrize(
    ("lat", "lon", "inside"), [(30.6, 104.0, True), (104.0, 30.6, False), (60, 100, False)]
)
def test_in_china(lat: float, lon: float, inside: bool) -> None:
    assert in_china(lat, lon) is inside


def test_regions_of_the_gazetteer_have_what_reach_needs() -> None:
    assert reach(region("武侯区"), NEAR_WUHOU, 0.4) == "sure"
    assert reach(point(30.64, 104.04), NEAR_WUHOU, 0.0) == "sure"
