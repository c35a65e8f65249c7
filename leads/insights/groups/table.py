"""Groups as a table for people: names instead of codes, one row a cell. Nothing of a single post. Pure."""

from __future__ import annotations

from datetime import timedelta

from leads.insights.groups.cells import ANY, MIXED
from leads.insights.groups.groups import GroupNeed, GroupTable, ordered
from leads.labels import LIFE_STAGE_NAMES, PREVALENCE_NAMES, TURN_NAMES, VERDICT_NAMES
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon

COLUMNS = (
    "城市", "区县", "人群", "需求", "科室", "线索", "从", "到", "近 30 天", "多的月份", "病程", "常见程度",
    "建议", "理由",
)  # fmt: skip
_DISTRICTS = {"": "不知道哪个区", MIXED: "其他区", ANY: "全市"}


def rows(table: GroupTable) -> list[tuple[str | int, ...]]:
    """In the order of `COLUMNS`."""
    specialties = lexicon.load().specialties
    found: list[tuple[str | int, ...]] = []
    for need in table.needs:
        first, last = table.until - timedelta(days=need.days), table.until - timedelta(days=1)
        for (district, stage), size in ordered(need.cells):
            found.append(
                (
                    district_name(need.city),
                    district_name(district),
                    LIFE_STAGE_NAMES[stage],
                    need.concept.name,
                    specialties[need.concept.specialty],
                    size,
                    first.isoformat(),
                    last.isoformat(),
                    TURN_NAMES[need.turn],
                    season_text(need.season),
                    course_text(need),
                    PREVALENCE_NAMES[need.concept.prevalence],
                    VERDICT_NAMES[need.advice.verdict],
                    need.advice.rule,
                )
            )
    return found


def district_name(code: str) -> str:
    """A division, or what stands for several."""
    if code in _DISTRICTS:
        return _DISTRICTS[code]
    division = Gazetteer.load().by_code(code)
    return division.name if division else code


def season_text(season: tuple[int, ...] | None) -> str:
    """ "1、2 月", "没有明显的季节", "还看不出"."""
    if season is None:
        return "还看不出"
    return "、".join(map(str, season)) + " 月" if season else "没有明显的季节"


def course_text(need: GroupNeed) -> str:
    """ "长期，反复" or "短期，一次"."""
    course = "长期" if need.concept.chronic else "短期"
    return f"{course}，{'反复' if need.concept.recurring else '一次'}"
