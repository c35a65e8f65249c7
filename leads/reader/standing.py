"""How the second reader stands: today's questions, what is wrong, whether it may decide. In sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from leads.config import ReaderSettings
from leads.models import BEIJING
from leads.reader.second_reader import measure
from leads.records import Records, readings
from leads.records.tables.readings import ReaderDay
from leads.scoring.agreement import LEAST, Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Today's work and all judgements; `now` is the moment looked at."""

    settings: ReaderSettings
    today: ReaderDay
    agreement: Agreement
    now: datetime

    @property
    def resting(self) -> bool:
        """The service is left alone for a while."""
        return self.today.rest_until is not None and self.today.rest_until > self.now

    def __str__(self) -> str:
        if not self.settings.on:
            return (
                "第二读者没有打开：要用请在 tingzhen.toml 的 [reader] 里写 url 和 model，见 docs/reader.md。"
            )
        return "".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        settings, today = self.settings, self.today
        yield f"第二读者 {settings.model}（{settings.host}）："
        yield f"今天问了 {today.requests:,} 次（上限 {settings.requests_per_day:,}）、"
        yield f"{today.characters:,} 字（上限 {settings.characters_per_day:,}）"
        if today.unusable:
            yield f"，{today.unusable:,} 次回答没法用"
        yield f"；{self.agreement_text}。"
        if today.reason and today.rest_until is not None and self.resting:
            until = today.rest_until.astimezone(BEIJING)
            yield f"现在停着，{until:%H:%M} 再问：{today.reason}。"

    @property
    def agreement_text(self) -> str:
        """How often it is right beside the model, and what that allows."""
        found = self.agreement
        if not found.judged:
            return f"还没有可比的判断，要 {LEAST} 条才谈得上让它参与排序"
        said = (
            f"可比的判断 {found.judged:,} 条，它对 {found.second / found.judged:.0%}"
            f"（至少 {found.at_least:.0%}），模型自己对 {found.own / found.judged:.0%}"
        )
        if found.decides:
            return f"{said}，它认为不是线索的会排后"
        if found.judged < LEAST:
            return f"{said}，还差 {LEAST - found.judged} 条才能定，先不影响排序"
        return f"{said}，没有好到能参与排序"


def standing(settings: ReaderSettings, records: Records, *, now: datetime) -> Standing:
    """As the records know it; nobody is asked."""
    with records.reading() as session:
        today = readings.today_of(session, now)
        judged = readings.unseen(session, below=settings.below)
    measured = measure(records, judged, settings.model) if settings.on else Agreement()
    return Standing(settings=settings, today=today, agreement=measured, now=now)


def consent_text(settings: ReaderSettings) -> str:
    """Where the texts go: what somebody has to know before it is on."""
    if not settings.texts_may_leave:
        return f"只会问本机或内网里的 {settings.host}，帖子不离开这里"
    return f"拿不准的线索，正文打码后会发给 {settings.host}：请确认和它的协议、患者隐私规定都允许"
