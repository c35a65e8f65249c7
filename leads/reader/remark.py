"""What the page of a lead says of the second reader: nothing that could lead a judgement still to be made."""

from __future__ import annotations

from dataclasses import dataclass

from leads.config import ReaderSettings
from leads.labels import INTENT_NAMES
from leads.models import BEIJING, Lead
from leads.reader.question import question
from leads.reader.second_reader import is_put_down
from leads.records import Records, feedback, readings


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """`intent` is what it says, where that may be seen; "" while it may not."""

    intent: str
    text: str  # zh-CN


def remark(records: Records, settings: ReaderSettings, lead: Lead) -> Remark | None:
    """Its word on a lead, or that there is one, to be seen once somebody has judged; None for none."""
    if not settings.on:
        return None
    key = question(lead.post.full_text).key
    with records.reading() as session:
        row = readings.known(session, settings.model, [key]).get(key)
        judged = any(each.intent for each in feedback.of(session, lead.id))
    if row is None or not row.intent:
        return None
    if not judged and not is_put_down(lead):
        return Remark(intent="", text="第二读者已经看过：有人判断之后才显示，免得影响判断。")
    effect = "已按它排后" if is_put_down(lead) else "不影响排序"
    when = row.at.astimezone(BEIJING)
    name = INTENT_NAMES[row.intent]
    return Remark(intent=row.intent, text=f"第二读者：{name}（{row.model}，{when:%m-%d %H:%M}；{effect}）。")
