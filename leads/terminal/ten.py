"""每日十问 on a terminal, for `leads.cli.app`; whoever sits there is "cli", as with `tingzhen feedback`."""

from __future__ import annotations

from datetime import datetime

from leads.actions import ten_questions
from leads.actions.ten_questions import TodaysQuestion
from leads.config import Settings
from leads.errors import InputError
from leads.labels import INTENT_NAMES
from leads.models import Lead
from leads.records import open_records
from leads.records.questions import SKIP
from leads.storage import open_index
from leads.terminal.tables import print_json

WHO = "cli"
SHOWN = 200  # characters of a post


def show(settings: Settings, *, now: datetime, as_json: bool) -> None:
    """Today's ten, a line each, or a JSON line each.

    Raises:
        StorageError: the index or the records cannot be read.
    """
    with open_index(settings, create=False) as index, open_records(settings) as records:
        found = ten_questions.todays(records, index, who=WHO, may_see=_all, now=now)
    if as_json:
        print_json([_record(each) for each in found])
        return
    if not found:
        print("现在没有要问的帖子：先采集或导入一些帖子。")
    for number, each in enumerate(found, 1):
        text = " ".join(each.lead.post.full_text[:SHOWN].split()) if each.lead else "（帖子已经不在了）"
        said = f"已答：{_name(each.answer)}" if each.answer else "待答"
        print(f"{number}. [{said}] {each.lead_id}  {text}")


def answer(settings: Settings, lead_id: str, said: str, *, now: datetime) -> None:
    """Keep one answer, an intent or `skip`.

    Raises:
        InputError: no such lead or answer, or the ten of today are done.
        StorageError: the index or the records cannot be read or written.
    """
    with open_index(settings, create=False) as index:
        lead = index.get(lead_id)
    if lead is None:
        raise InputError(f"没有 id 为 {lead_id!r} 的线索：请从 tingzhen ten 的列表里复制。")
    with open_records(settings) as records:
        new = ten_questions.answer(records, lead, said, who=WHO, now=now)
    print(f"记下了：{_name(said)}。" if new else "这一条今天已经答过了，没有改动。")


def _all(lead: Lead) -> bool:
    return True


def _name(said: str) -> str:
    return "跳过" if said == SKIP else INTENT_NAMES.get(said, said)


def _record(each: TodaysQuestion) -> dict[str, object]:
    text = each.lead.post.full_text if each.lead else ""
    return {"lead_id": each.lead_id, "answer": each.answer, "text": text}
