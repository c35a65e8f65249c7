"""An index with something of every kind in it, and all that is in one."""

from __future__ import annotations

from leads.index.base import KINDS, Digest, Kind, LeadIndex
from leads.models import CaseMark, Lead
from tests.support.builders import LONG, lead, mention, region


def fill(index: LeadIndex, count: int = 40) -> None:
    leads: list[Lead] = [lead(n, f"牙疼第{n}天", place=region("武侯区"), hours=n) for n in range(count)]
    index.upsert([*leads, *(lead(1000 + n, LONG, hours=n) for n in range(5))])
    index.upsert_mentions([mention(n) for n in range(7)])
    index.set_case(
        [
            CaseMark(lead_id="forum/3", status="seen", assignee=""),
            CaseMark(lead_id="forum/1004", status="talking", assignee="chen"),
            CaseMark(lead_id="forum/1001", status="dismissed", assignee="lin"),  # a folded one
        ]
    )


def contents(index: LeadIndex) -> dict[Kind, list[Digest]]:
    return {kind: list(index.digests(kind)) for kind in KINDS}
