"""Groups are counted alike by both backends."""

from __future__ import annotations

from leads.index.base import LeadIndex
from leads.insights.groups.cells import MIXED
from leads.insights.groups.groups import find
from leads.models import Lead
from nlp.models import Region
from tests.support.builders import NOW, lead, region, symptom
from tests.support.indexes import backends

pytestmark = backends
WUHOU, JINJIANG = region("武侯区"), region("锦江区")


def eczema(number: int, text: str, place: Region) -> Lead:
    found = (symptom("eczema", "dermatology"),)
    return lead(number, f"{text}{number}", place=place, symptoms=found, hours=10 * number)


def test_a_need_by_district_and_stage_of_life(index: LeadIndex) -> None:
    index.upsert(
        [
            *(eczema(n, "奶奶湿疹，楼号", WUHOU) for n in range(1, 8)),
            *(eczema(n, "湿疹，楼号", WUHOU) for n in range(11, 17)),
            *(eczema(n, "学生湿疹，楼号", JINJIANG) for n in range(21, 24)),
            *(eczema(n, "湿疹痒，楼号", JINJIANG) for n in range(31, 34)),
        ]
    )
    table = find(index, "510100", now=NOW, most=10)
    (need,) = table.needs
    assert (need.concept.code, need.size, need.days) == ("eczema", 19, 30)
    assert need.cells == {("510107", "elder"): 7, ("510107", ""): 6, ("510104", MIXED): 6}
    assert {(each.district, each.stage, each.size) for each in need.circles} == {
        ("510107", "elder", 7),
        ("510107", "", 6),
        ("510104", "any", 6),
    }
    assert need.advice.verdict == "lasting"
    assert find(index, "", now=NOW, most=10).needs == table.needs
