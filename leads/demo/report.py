"""What the demo did, as printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from crawler.coverage.runs import Run
from leads.terminal import tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What the demo did, as printed."""

    pages: int
    posts: int
    leads: int
    folded: int
    mentions: int
    refused: int


def demo_report(done: Done, runs: Sequence[Run], *, as_json: bool, address: str) -> None:
    """What the demo did, and where to look."""
    if as_json:
        tables.print_json([{**asdict(done), "address": address}])
        return
    tables.crawl_reports(runs, as_json=False)
    print(
        f"抓取 {done.pages} 页，读到 {done.posts} 帖，拒绝 {done.refused} 处；"
        f"线索 {done.leads} 条（另折叠重复 {done.folded} 条），提及 {done.mentions} 条。"
    )
