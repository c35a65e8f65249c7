"""The funnel as a page shows it: bars, rates and times in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic import BaseModel

from leads.insights.funnel import BY, FunnelGroup, FunnelStage
from leads.labels import FUNNEL_NAMES, GROUP_NAMES, hours_text

WINDOWS = {"7d": "7 天", "30d": "30 天", "90d": "90 天", "365d": "一年", "all": "全部"}
GROUPINGS = {by: GROUP_NAMES[by] for by in BY}
BAR_HEIGHT, BAR_STEP, BAR_WIDTH = 24, 34, 190  # pixels of the picture


class FunnelForm(BaseModel):
    """As in the URL. `stage`, with `by` and `name`, opens the list behind one figure."""

    since: str = "90d"
    clinic: str = ""
    stage: str = ""
    by: str = ""
    name: str = ""

    def url(self, **changes: str) -> str:
        """The same with something else; the list is closed unless one is asked for."""
        kept = {"since": self.since, "clinic": self.clinic, **changes}
        query = urlencode({key: value for key, value in kept.items() if value or key == "name"})
        return f"/funnel?{query}" + ("#list" if changes.get("stage") else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCell:
    """One figure: how many, the way to exactly that list, and in words which part and how long it took."""

    title: str
    count: int
    url: str  # "" where there is nothing to open
    rate: str
    hours: str
    y: int = 0  # of its bar, in pixels
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """A line of the table of sources, rules or people."""

    name: str
    cells: Sequence[StageCell]


def cells(stages: Sequence[FunnelStage], form: FunnelForm, **group: str) -> list[StageCell]:
    """The figures of one funnel; the widest bar is that of the first stage."""
    most = max((each.count for each in stages), default=0) or 1
    return [
        StageCell(
            title=FUNNEL_NAMES[each.stage],
            count=each.count,
            url=form.url(stage=each.stage, **group) if each.count else "",
            rate="" if each.rate is None else f"{each.rate:.0%}",
            hours="" if each.hours is None else hours_text(each.hours),
            y=number * BAR_STEP,
            width=max(2, round(BAR_WIDTH * each.count / most)),
        )
        for number, each in enumerate(stages)
    ]


def group_lines(
    found: Sequence[FunnelGroup], form: FunnelForm, by: str, called: Callable[[str], str]
) -> list[GroupLine]:
    """The lines of one grouping; `called` gives the names people know."""
    return [
        GroupLine(name=called(group.name), cells=cells(group.stages, form, by=by, name=group.name))
        for group in found
    ]
