"""The people of one need in one city, by district and stage of life, so that nobody is singled out. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leads.insights.few import LEAST, merged, nested

MIXED = "mixed"  # stands for the districts, or the stages of life, that were put together
ANY = "any"  # stands for all of them
Sizes = Mapping[tuple[str, str], int]  # (district, stage of life) → leads


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """People who might share a group. `district`: adcode, "" where only the city is known, MIXED or ANY;
    `stage`: a stage of life, "" where none was said, MIXED or ANY."""

    district: str
    stage: str
    size: int  # leads, at least `LEAST`
    parts: int = 1  # groups this makes when none may be larger than the operator wants


def told(counts: Sizes) -> dict[tuple[str, str], int]:
    """Cells of at least `LEAST`, which together are all there are, so that no sum tells of fewer.

    Too few of a stage are put together in their district; too few of a district, in the city. A need of too
    few in the whole city is left out.
    """
    by_district: dict[str, dict[str, int]] = defaultdict(dict)
    for (district, stage), count in counts.items():
        by_district[district][stage] = count
    districts = merged({district: sum(stages.values()) for district, stages in by_district.items()})
    found: dict[tuple[str, str], int] = {}
    for district in districts.rows:
        stages = merged(by_district[district])
        found |= {(district, stage): count for stage, count in stages.rows.items()}
        if stages.rest:
            found[(district, MIXED)] = stages.rest
    if districts.rest:
        found[(MIXED, MIXED)] = districts.rest
    return found


def stretch(totals: Sequence[int]) -> int | None:
    """Which of some stretches of days that hold each other to count in, by their counts, the shortest first.

    The longest that has enough more than the longest told before it: what two pages tell of two stretches
    then differs by nothing or by `LEAST`. None where even the longest has too few.
    """
    figures = nested(totals)
    shown = figures[-1].count if figures else 0
    return next((at for at, total in enumerate(totals) if total == shown), None) if shown >= LEAST else None


def circles(cells: Sizes, most: int) -> tuple[Circle, ...]:
    """How to split a need into groups of at most `most`: the city, else districts, else stages of life."""
    whole = sum(cells.values())
    if whole <= most:
        return (Circle(district=ANY, stage=ANY, size=whole),)
    by_district: dict[str, dict[str, int]] = defaultdict(dict)
    for (district, stage), count in cells.items():
        by_district[district][stage] = count
    found = []
    for district, stages in by_district.items():
        size = sum(stages.values())
        if size <= most:
            found.append(Circle(district=district, stage=ANY, size=size))
        else:
            found += [
                Circle(district=district, stage=stage, size=count, parts=math.ceil(count / most))
                for stage, count in stages.items()
            ]
    return tuple(sorted(found, key=lambda each: (-each.size, each.district, each.stage)))
