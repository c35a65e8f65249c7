"""Where the writer is. The tables beside this file are invented sentences, one a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import PlaceHint
from nlp.models import Evidence, Hint, PlaceHintLike, Region
from nlp.places.gazetteer import Division, Gazetteer
from nlp.places.names import PlaceWords
from nlp.places.region import RegionTagger
from nlp.text.normal import blank_noise, borders, normalise
from nlp.text.tokens import cut
from tests.support.growth import LIMIT, growth

HERE = Path(__file__).parent
GAZETTEER = Gazetteer.load()
TAGGER = RegionTagger.load()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    want: Division | None
    text: str
    hints: tuple[Hint, ...]


def _find(text: str, *hints: PlaceHintLike) -> Region | None:
    clean = blank_noise(normalise(text))
    return TAGGER.find(clean, borders(cut(clean)), hints)


def _lines(name: str) -> Iterator[list[str]]:
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            yield [part.strip() for part in line.split("|")]


def _hints(text: str) -> tuple[Hint, ...]:
    out = []
    for part in filter(None, text.split(";")):
        kind, _, words = part.strip().partition("=")
        assert kind in ("geo", "checkin", "board", "ip", "profile")
        out.append(Hint(kind=kind, text=words))
    return tuple(out)


def _places() -> list[Case]:
    out = []
    for want, text, *hints in _lines("region_places.txt"):
        division = GAZETTEER.resolve(want)
        assert division, want
        out.append(Case(want=division, text=text, hints=_hints("".join(hints))))
    return out


def _tempting() -> list[Case]:
    return [
        Case(want=None, text=text, hints=_hints("".join(hints)))
        for text, *hints in _lines("region_tempting.txt")
    ]


def _addresses() -> list[Case]:
    out = []
    for want, text, *hints in _lines("region_addresses.txt"):
        division = None if want == "-" else GAZETTEER.resolve(want)
        assert division or want == "-", want
        out.append(Case(want=division, text=text, hints=_hints("".join(hints))))
    return out


def _shown(region: Region | None) -> str:
    return (
        f"{region.province}{region.city}{region.district} ({region.evidence_text})" if region else "nothing"
    )


ADDRESSES = _addresses()
PLACES = [*_places(), *(case for case in ADDRESSES if case.want)]
TEMPTING = [*_tempting(), *(case for case in ADDRESSES if not case.want)]


def test_tables_are_large_enough() -> None:
    assert len(PLACES) >= 350
    assert len(TEMPTING) >= 150


@pytest.mark.parametrize(("level", "share"), [("province", 0.99), ("city", 0.98), ("district", 0.95)])
def test_places_are_right_by_level(level: str, share: float) -> None:
    wrong, total = [], 0
    for case in PLACES:
        assert case.want
        province, city, district = GAZETTEER.names(case.want)
        wanted = {"province": province, "city": city, "district": district}[level]
        if not wanted:
            continue
        total += 1
        region = _find(case.text, *case.hints)
        if region is None or getattr(region, level) != wanted:
            wrong.append(f"{case.text} -> {_shown(region)}, want {wanted}")
    assert 1 - len(wrong) / total >= share, "\n".join(wrong)


def test_nothing_finer_than_said() -> None:
    wrong = []
    for case in PLACES:
        region = _find(case.text, *case.hints)
        if region and case.want and case.want.level != "district" and region.code != case.want.code:
            wrong.append(f"{case.text} -> {_shown(region)}, want {case.want.name}")
    assert len(wrong) <= 0.02 * len(PLACES), "\n".join(wrong)


def test_tempting_sentences_have_no_place() -> None:
    tagged = [f"{case.text} -> {_shown(r)}" for case in TEMPTING if (r := _find(case.text, *case.hints))]
    assert len(tagged) <= 0.01 * len(TEMPTING), "\n".join(tagged)


@pytest.mark.parametrize("case", TEMPTING[:4], ids=lambda case: case.text)
def test_food_brands_and_words_are_no_places(case: Case) -> None:
    assert _find(case.text) is None


@pytest.mark.parametrize(
    ("text", "hints", "evidence", "words"),
    [
        ("坐标成都，牙疼", (), "self", "坐标成都"),
        ("牙疼 成都·春熙路", (), "self", "成都·春熙路"),
        ("成都哪家牙科好", (), "text", "成都"),
        ("牙疼", (Hint(kind="ip", text="四川"),), "ip", "四川"),
        ("牙疼", (Hint(kind="ip", text="四川"), Hint(kind="board", text="成都")), "board", "成都"),
        (
            "坐标四川，牙疼",
            (Hint(kind="board", text="成都"),),
            "board",
            "成都",
        ),  # finer, so it is the evidence
        ("牙疼", (Hint(kind="profile", text="四川 成都"),), "profile", "四川 成都"),
        ("牙疼", (Hint(kind="checkin", text="成都·春熙路店"),), "checkin", "成都·春熙路"),
        ("坐标成都", (Hint(kind="checkin", text="北京"),), "checkin", "北京"),
        ("IP属地：四川 牙疼", (), "ip", "ip属地:四川"),
        ("发帖ip：成都，牙疼", (Hint(kind="board", text="武侯区"),), "board", "武侯区"),
        ("我在成都", (PlaceHint(kind="geo", lat=39.92, lon=116.46),), "geo", ""),
    ],
)
def test_evidence_is_the_strongest_that_says_it(
    text: str, hints: tuple[PlaceHintLike, ...], evidence: str, words: str
) -> None:
    region = _find(text, *hints)
    assert region
    assert (region.evidence, region.evidence_text) == (evidence, words)
    assert region.evidence in get_args(Evidence)


@pytest.mark.parametrize(
    ("text", "hint", "want"),
    [
        ("华西口腔医院正畸要排队吗", "广东", "广东省"),  # a hospital named in passing gives way
        ("我是四川人，牙疼", "北京", "北京市"),
        ("成都哪家牙科好", "广东", "四川省"),  # a place asked about does not
        ("人在东京，牙疼", "四川", ""),  # abroad blocks
        ("成都哪家牙科好", "德国", "四川省"),
        ("智齿疼", "德国", ""),
    ],
)
def test_text_against_ip(text: str, hint: str, want: str) -> None:
    region = _find(text, Hint(kind="ip", text=hint))
    assert (region.province if region else "") == want


def test_geo_point_keeps_its_place_and_is_named_after_the_nearest_seat() -> None:
    region = _find("牙疼", Hint(kind="geo", lat=30.6420, lon=104.0430))
    assert region
    assert (region.level, region.radius_km, region.lat, region.lon) == ("point", 0.3, 30.6420, 104.0430)
    assert (region.code, region.name, region.city) == ("510107", "武侯区", "成都市")


@pytest.mark.parametrize(
    "point", [(37.56, 126.97), (35.68, 139.76), (21.03, 105.85), (48.85, 2.35), (20.0, 125.0)]
)
def test_geo_point_abroad_or_at_sea_is_nowhere(point: tuple[float, float]) -> None:
    assert _find("我在成都", Hint(kind="geo", lat=point[0], lon=point[1])) is None


@pytest.mark.parametrize(
    ("name", "code", "names"),
    [
        ("成都武侯", "510107", ("四川省", "成都市", "武侯区")),
        ("四川省 成都市", "510100", ("四川省", "成都市", "")),
        ("北京", "110000", ("北京市", "北京市", "")),
        ("北京市北京市朝阳区", "110105", ("北京市", "北京市", "朝阳区")),
        ("吉林", "220000", ("吉林省", "", "")),
        ("吉林市", "220200", ("吉林省", "吉林市", "")),
        ("仙桃", "429004", ("湖北省", "仙桃市", "仙桃市")),
        ("济源市", "419001", ("河南省", "济源市", "济源市")),
        ("东莞", "441900", ("广东省", "东莞市", "")),
        ("嘉峪关", "620200", ("甘肃省", "嘉峪关市", "")),
        ("襄樊市", "420600", ("湖北省", "襄阳市", "")),
        ("香港", "810000", ("香港特别行政区", "香港特别行政区", "")),
        ("台北", "710100", ("台湾省", "台北市", "")),
        ("凉山州", "513400", ("四川省", "凉山彝族自治州", "")),
        ("510107000000", "510107", ("四川省", "成都市", "武侯区")),
    ],
)
def test_a_written_path_names_one_division(name: str, code: str, names: tuple[str, str, str]) -> None:
    division = GAZETTEER.resolve(name)
    assert division
    assert division.code == code
    assert GAZETTEER.names(division) == names
    assert GAZETTEER.region(division, "text", name).chain[-1] == code


@pytest.mark.parametrize("name", ["", "鼓楼区", "东京", "成都海淀", "999999", "武" * 5000])
def test_what_names_no_division_gives_none(name: str) -> None:
    assert GAZETTEER.resolve(name) is None


def test_gazetteer_is_the_official_list_with_usable_points() -> None:
    levels = [each.level for each in GAZETTEER if not (each.zone or each.code.startswith("71"))]
    assert (levels.count("province") + 1, levels.count("city"), levels.count("district")) == (34, 333, 2847)
    for division in GAZETTEER:
        assert 3 < division.lat < 54, division
        assert 73 < division.lon < 136, division
        assert 0.5 < division.radius_km < 800, division
        assert not division.parent or GAZETTEER.by_code(division.parent), division


@pytest.mark.parametrize(
    ("code", "lat", "lon"),
    [
        ("510117", 30.80, 103.90),
        ("330113", 30.42, 120.29),
        ("330110", 30.28, 119.98),
        ("330114", 30.32, 120.49),
        ("330213", 29.66, 121.40),
        ("500157", 29.72, 106.63),
    ],
)
def test_divisions_raised_or_new_since_carry_their_own_seat(code: str, lat: float, lon: float) -> None:
    division = GAZETTEER.by_code(code)
    assert division
    assert division.exact
    assert (division.lat, division.lon) == pytest.approx((lat, lon), abs=0.02)


def test_the_few_without_a_seat_say_so() -> None:
    without = [division for division in GAZETTEER if not division.exact]
    assert 0 < len(without) <= 10
    for division in without:
        assert not GAZETTEER.region(division, "text").exact
        assert GAZETTEER.nearest(division.lat, division.lon) is not division


@pytest.mark.parametrize(
    ("code", "now"),
    [("510124", "郫都区"), ("500112", "两江新区"), ("500105", "两江新区"), ("330184", "余杭区")],
)
def test_an_earlier_code_leads_to_the_division_of_today(code: str, now: str) -> None:
    division = GAZETTEER.by_code(code)
    assert division
    assert division.name == now


@pytest.mark.parametrize(
    ("text", "name", "city", "lat", "lon"),
    [
        ("坐标成都高新，牙疼", "高新区", "成都市", 30.58, 104.06),
        ("天府新区这边有儿童牙科吗", "天府新区", "成都市", 30.44, 104.09),
        ("坐标成都，高新区这边哪里洗牙", "高新区", "成都市", 30.58, 104.06),
        ("苏州园区哪家口腔好", "工业园区", "苏州市", 31.31, 120.72),
        ("光谷这边哪家看牙好", "东湖高新区", "武汉市", 30.49, 114.42),
    ],
)
def test_a_zone_is_a_place_of_its_own(text: str, name: str, city: str, lat: float, lon: float) -> None:
    region = _find(text)
    assert region
    assert (region.district, region.city, region.level) == (name, city, "district")
    assert (region.lat, region.lon) == (lat, lon)
    assert region.chain[-1] == region.code


def test_zones_lie_in_their_city_under_codes_the_list_has_not() -> None:
    zones = [division for division in GAZETTEER if division.zone]
    assert len(zones) >= 50
    for zone in zones:
        city = GAZETTEER.by_code(zone.parent)
        assert city
        assert 71 <= int(zone.code[4:]) <= 99
        assert abs(zone.lat - city.lat) + abs(zone.lon - city.lon) < 1.5, zone
        assert GAZETTEER.resolve(city.name + zone.name) is zone


def test_every_name_in_the_word_lists_resolves_and_there_are_enough() -> None:
    data = PlaceWords.load().data
    for section in ("aliases", "landmarks", "weak_landmarks", "codes"):
        for path in data[section]:
            assert GAZETTEER.resolve(path), path
    assert all(GAZETTEER.resolve(path) for path in data["dominant"].values() if path)
    assert sum(len(words.split()) for words in data["landmarks"].values()) >= 300


_PIECES = st.sampled_from(
    [
        "成都",
        "朝阳",
        "武侯区",
        "我在",
        "从",
        "到",
        "#",
        "【",
        "】",
        "//",
        "·",
        "  ",
        "哪家好",
        "东京",
        "人",
        "?",
        "疫情",
    ]
)


@given(st.lists(_PIECES, max_size=60).map("".join) | st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_junk_never_raises(text: str) -> None:
    region = _find(text, Hint(kind="ip", text=text[:20]))
    assert region is None or GAZETTEER.by_code(region.code)


@pytest.mark.parametrize(
    "piece", ["成都", "我在", "#成都", "【", "成都·", "从北京到上海", " ", "a", "。", "有没有"]
)
def test_the_cost_of_long_texts_grows_with_their_length(piece: str) -> None:
    def cut_up(text: str) -> tuple[str, frozenset[int]]:
        clean = normalise(text)
        return clean, borders(cut(clean))

    assert growth(cut_up, lambda given: TAGGER.find(*given), piece) < LIMIT
