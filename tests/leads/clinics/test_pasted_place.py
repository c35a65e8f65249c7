"""Coordinates as people paste them from a map."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.parsing.coordinates import Point, gcj02_to_bd09, wgs84_to_gcj02
from leads.clinics.pasted_place import SYSTEM_NAMES, how_read, read_place
from leads.errors import InputError
from leads.scoring.distance import distance_km

WGS = Point(30.64, 104.04)
GCJ = wgs84_to_gcj02(WGS)
BD = gcj02_to_bd09(GCJ)


@pytest.mark.parametrize(
    ("text", "system", "longitude_first"),
    [
        (f"{GCJ.lon:.6f},{GCJ.lat:.6f}", "gcj02", True),  # Amap's picker
        (f"{BD.lon:.6f},{BD.lat:.6f}", "bd09", True),  # Baidu's picker
        (f"{WGS.lat},{WGS.lon}", "wgs84", False),
        (f"{WGS.lon} {WGS.lat}", "wgs84", True),
        (f"{GCJ.lat:.6f}，{GCJ.lon:.6f}", "gcj02", False),
        (f"  {GCJ.lon:.6f} ,\t{GCJ.lat:.6f}\n", "gcj02", True),
        (f"经度：{GCJ.lon:.6f} 纬度：{GCJ.lat:.6f}", "gcj02", True),
        (f"lat: {WGS.lat}, lng: {WGS.lon}", "wgs84", False),
        (f"北纬{WGS.lat}° 东经{WGS.lon}°", "wgs84", False),
        (f"https://uri.amap.com/marker?position={GCJ.lon:.6f},{GCJ.lat:.6f}", "gcj02", True),
        ("１０４．０４,３０．６４", "wgs84", True),  # full width
    ],
)
def test_a_pasted_pair_is_the_place_in_wgs84(text: str, system: str, longitude_first: bool) -> None:
    found = read_place(text, system)
    assert distance_km(found.lat, found.lon, *WGS) < 0.001
    assert found.longitude_first is longitude_first


@pytest.mark.parametrize(
    "link",
    [
        f"https://uri.amap.com/marker?position={GCJ.lon:.6f},{GCJ.lat:.6f}&name=%E5%8F%A3%E8%85%94&src=7&coordinate=gaode",
        f"https://www.amap.com/regeo?lng={GCJ.lon:.6f}&lat={GCJ.lat:.6f}&adcode=510107",
        f"https://apis.map.qq.com/uri/v1/marker?marker=coord%3A{GCJ.lat:.6f}%2C{GCJ.lon:.6f}%3Btitle%3Ax",
        f"http://api.map.baidu.com/marker?location={BD.lat:.6f},{BD.lon:.6f}&title=x&output=html",
        f"https://www.openstreetmap.org/?mlat={WGS.lat:.4f}&mlon={WGS.lon:.4f}#map=17/{WGS.lat:.4f}/{WGS.lon:.4f}",
        f"我们在这里 https://www.openstreetmap.org/#map=17/{WGS.lat:.4f}/{WGS.lon:.4f}",
    ],
)
@pytest.mark.parametrize("chosen", SYSTEM_NAMES)
def test_a_maps_link_says_itself_whose_degrees_it_holds(link: str, chosen: str) -> None:
    found = read_place(link, chosen)
    assert distance_km(found.lat, found.lon, *WGS) < 0.02


def test_a_link_without_a_place_says_what_to_do() -> None:
    with pytest.raises(InputError, match="没有坐标"):
        read_place("https://surl.amap.com/1a2B3c4d5", "gcj02")


def test_the_system_matters_by_half_a_kilometre() -> None:
    text = "104.04,30.64"
    places = {system: read_place(text, system) for system in SYSTEM_NAMES}
    wgs = places["wgs84"]
    for system in ("gcj02", "bd09"):
        assert 0.2 < distance_km(places[system].lat, places[system].lon, wgs.lat, wgs.lon) < 2


@pytest.mark.parametrize(
    ("text", "system", "said"),
    [
        ("", "gcj02", "看不懂"),
        ("成都武侯", "gcj02", "看不懂"),
        ("104.04", "gcj02", "看不懂"),
        ("104.04,30.64,500.0", "gcj02", "看不懂"),
        ("11584000,3560000", "gcj02", "看不懂"),  # Mercator metres
        ("1.2.3,4", "gcj02", "看不懂"),
        ("1" * 301, "gcj02", "看不懂"),
        ("51.5,-0.12", "wgs84", "不在中国范围内"),
        ("200,300", "wgs84", "不在中国范围内"),
        ("lat: 104.04, lng: 30.64", "wgs84", "写反"),
        ("经度 30.64，纬度 104.04", "gcj02", "写反"),
        ("104.04,30.64", "epsg3857", "坐标系"),
    ],
)
def test_what_cannot_be_a_place_is_said(text: str, system: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_place(text, system)


@pytest.mark.parametrize(
    ("text", "system", "swapped"),
    [
        ("104.04,30.64", "gcj02", False),
        ("30.64,104.04", "gcj02", True),
        ("30.64,104.04", "wgs84", False),
        ("104.04,30.64", "wgs84", True),
    ],
)
def test_an_unusual_order_is_mentioned(text: str, system: str, swapped: bool) -> None:
    assert ("自动对调" in how_read(read_place(text, system))) is swapped


@given(st.floats(3.5, 53.5), st.floats(73.5, 135.0), st.sampled_from(list(SYSTEM_NAMES)))
def test_order_never_changes_the_place(lat: float, lon: float, system: str) -> None:
    one, other = (read_place(text, system) for text in (f"{lat:.6f},{lon:.6f}", f"{lon:.6f},{lat:.6f}"))
    assert (one.lat, one.lon) == (other.lat, other.lon)


@given(st.text(max_size=400), st.sampled_from(list(SYSTEM_NAMES)))
def test_anything_is_a_place_or_a_complaint(text: str, system: str) -> None:
    try:
        found = read_place(text, system)
    except InputError:
        return
    assert 2 < found.lat < 55
    assert 72 < found.lon < 137
