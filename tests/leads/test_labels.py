"""What people read instead of codes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from leads.labels import place_text
from leads.models import Hit
from tests.support.builders import lead, region


@pytest.mark.parametrize(
    ("exact", "words"), [(True, "武侯区 3.2 公里 确定"), (False, "武侯区 距离不明 确定")]
)
def test_a_distance_is_said_only_where_the_place_has_a_point_of_its_own(exact: bool, words: str) -> None:
    found = lead(place=replace(region("武侯区"), exact=exact))
    assert place_text(Hit(lead=found, score=0.5, distance_km=3.21, precision="sure")) == words
