"""The funnel on a terminal: a line for the whole and for each source, rule and person."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from leads.insights.funnel import BY, STAGES, FunnelStage, Journey, funnel, groups
from leads.labels import FUNNEL_NAMES, GROUP_NAMES, hours_text
from leads.terminal.tables import print_json


def show(journeys: Sequence[Journey], *, as_json: bool) -> None:
    """The funnel, and those of each source, rule and person."""
    several = [("", "", funnel(journeys))]
    several += [(by, group.name, group.stages) for by in BY for group in groups(journeys, by)]
    if as_json:
        print_json([{"by": by, "name": name, "stages": stages} for by, name, stages in several])
        return
    table = Table(box=None, pad_edge=False)
    for title in ("", *(FUNNEL_NAMES[stage] for stage in STAGES)):
        table.add_column(title, justify="right" if title else "left")
    for by, name, stages in several:
        table.add_row(f"{GROUP_NAMES[by]} {name}".strip(), *map(_stage_text, stages))
    Console(markup=False, emoji=False, highlight=False).print(table)


def _stage_text(stage: FunnelStage) -> str:
    rate = "" if stage.rate is None else f" {stage.rate:.0%}"
    return f"{stage.count}{rate}" + ("" if stage.hours is None else f" {hours_text(stage.hours)}")
