"""A report in words: lines for a chat, a whole document for a mail. The same numbers in both."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from leads.alerts.messages.message import Payload
from leads.insights.bars_png import png
from leads.insights.few import LEAST
from leads.insights.report import ToldCount, few_words, told_counts
from leads.insights.summary import BrandVoice, Counted, NewsLine, Summary, place_name, symptom_name
from leads.labels import STATUS_NAMES, source_name
from leads.models import Period
from leads.records.tables.digests import DigestPlan

TITLES: dict[Period, str] = {"daily": "早报", "weekly": "周报", "monthly": "月报", "quarterly": "季报"}
BEFORE: dict[Period, str] = {
    "daily": "前一天",
    "weekly": "前一周",
    "monthly": "前一月",
    "quarterly": "前一季",
}
PLOT = "days"
_LISTED = 5  # rows named in a chat message
_templates = Environment(
    loader=PackageLoader("leads.alerts.messages"), autoescape=True, undefined=StrictUndefined
)


def payload(summary: Summary, plan: DigestPlan, issue_id: str, *, base: str) -> Payload:
    """What the outbox keeps: the chat's lines, and the mail with its plot."""
    page = f"/digests/{issue_id}"
    return Payload(
        title=title(summary, plan),
        lines=tuple(lines(summary, plan.period)),
        page=page,
        html=document(summary, plan, address=base + page),
        images=((PLOT, b64encode(png(summary.days)).decode()),),
    )


def title(summary: Summary, plan: DigestPlan) -> str:
    """ "早报 11 月 22 日：新线索 12 条，提及 3 条"."""
    mentions = sum(voice.total for voice in summary.voices)
    day = datetime.fromisoformat(summary.until).astimezone(ZoneInfo(plan.timezone))
    return f"{TITLES[plan.period]} {day.month} 月 {day.day} 日：新线索 {summary.leads} 条，提及 {mentions} 条"


def lines(summary: Summary, period: Period) -> Iterator[str]:
    """The report for a chat, a line a subject; what there is nothing of is left out."""
    yield (
        f"新线索 {summary.leads} 条（{BEFORE[period]} {summary.leads_before}），"
        f"其中需求高的 {summary.urgent} 条。"
    )
    if len(summary.lists) > 1:
        yield f"{'、'.join(f'{each.name} {each.count}' for each in summary.lists[:_LISTED])}。"
    if maybe := sum(each.maybe for each in summary.lists):
        yield f"另有 {maybe} 条可能在附近，没有算进去。"
    if summary.unplaced:
        yield f"另有 {summary.unplaced.count} 条不知道在哪里，没有算进去。"
    if summary.expected:
        yield f"{summary.expected}。"
    if symptoms := named(summary.symptoms, symptom_name):
        yield f"症状：{_row(symptoms)}。"
    if places := named(summary.places, place_name):
        yield f"地点：{_row(places)}。"
    if summary.risen:
        yield f"变多了：{'、'.join(risen(each) for each in summary.risen[:_LISTED])}。"
    yield from (spoken(voice, period) for voice in summary.voices)
    if summary.waiting:
        late = f"，{summary.overdue} 条已过期" if summary.overdue else ""
        waiting = "、".join(f"{STATUS_NAMES[each.name]} {each.count}" for each in summary.waiting[:_LISTED])
        yield f"待跟进：{waiting}{late}。"
    yield from (part.sentence for part in summary.parts)
    if summary.gaps:
        yield f"采集缺口 {len(summary.gaps)} 处：{'；'.join(summary.gaps[:3])}。"
    yield from (headline(each) for each in summary.news)
    if summary.cut:
        yield "这段时间的线索太多，只统计了最新的一部分。"


def headline(news: NewsLine) -> str:
    """ "行业新闻：某某标题（某网，另有 2 篇）"."""
    more = f"，另有 {news.others} 篇" if news.others else ""
    return f"行业新闻：{news.title}（{source_name(news.source)}{more}）"


def risen(counted: Counted) -> str:
    """ "牙痛 6→9", "牙痛 不足 5→9"."""
    return f"{symptom_name(counted.name)} {few_words(counted.before)}→{few_words(counted.count)}"


def named(rows: Sequence[Counted], name: Callable[[str], str]) -> tuple[ToldCount, ...]:
    """Rows by the names people know, without figures under five."""
    return told_counts([(name(each.name), each.count, each.before) for each in rows])


def spoken(voice: BrandVoice, period: Period) -> str:
    """How a clinic was spoken of, in a sentence."""
    grave = f"（较重 {voice.grave}）" if voice.grave else ""
    share = "、".join(f"{name} {count}" for name, count in voice.rivals[:_LISTED])
    return (
        f"{voice.clinic}：被提到 {voice.total} 次（{BEFORE[period]} {voice.before}），"
        f"好评 {voice.praise}，不满 {voice.complaint}{grave}。"
    ) + (f"声量：{share}。" if share else "")


def document(summary: Summary, plan: DigestPlan, *, address: str) -> str:
    """The mail: tables and styles inside of tags only, which is all that mail programs agree on."""
    return _templates.get_template("digest.html").render(
        summary=summary,
        heading=title(summary, plan),
        before=BEFORE[plan.period],
        symptoms=named(summary.symptoms, symptom_name),
        places=named(summary.places, place_name),
        least=LEAST,
        statuses=STATUS_NAMES,
        source_name=source_name,
        sentences=[spoken(voice, plan.period) for voice in summary.voices],
        risen=[risen(each) for each in summary.risen],
        plot=f"cid:{PLOT}",
        address=address,
        base=address.removesuffix(urlsplit(address).path),
    )


def _row(counted: Sequence[ToldCount]) -> str:
    return "、".join(f"{each.name} {each.count}" for each in counted[:_LISTED])
