"""What people read instead of codes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from leads.labels import place_text, source_name
from leads.models import Hit, Precision
from tests.support.builders import lead, region

PLACES = [
    ({"level": "point", "radius_km": 0.1}, "sure", "武侯区 3.2 公里 附近"),
    ({}, "sure", "武侯区内（±6 公里） 附近"),  # its seat is near; where the writer is in it nobody knows
    ({}, "likely", "武侯区内（±6 公里） 可能在附近"),
    ({"radius_km": 3.46}, "sure", "武侯区内（±3.5 公里） 附近"),
    ({"exact": False}, "likely", "武侯区 距离不明 可能在附近"),
    ({}, None, "武侯区内（±6 公里）"),
]


@pytest.mark.parametrize(("known", "precision", "words"), PLACES)
def test_kilometres_are_said_of_a_point_alone(
    known: dict[str, Any], precision: Precision | None, words: str
) -> None:
    found = lead(place=replace(region("武侯区"), **known))
    assert place_text(Hit(lead=found, score=0.5, distance_km=3.21, precision=precision)) == words


def test_a_place_nobody_knows() -> None:
    assert place_text(Hit(lead=lead(place=None), score=0.5)) == "地点未知"


@pytest.mark.parametrize(
    ("source", "name"), [("weibo", "微博"), ("table", "导入的表格"), ("sample-forum", "sample-forum")]
)
def test_a_source_has_a_name_people_know(source: str, name: str) -> None:
    assert source_name(source) == name
