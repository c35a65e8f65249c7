"""声量: how the clinic, its doctors and its competitors are spoken of, and how a complaint spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from leads import storage
from leads.alerts.triggers.news import mention_page
from leads.errors import QueryError
from leads.insights.summary import GRAVE
from leads.insights.voice import spread, voice
from leads.insights.voice.aspects import aspects
from leads.insights.voice.series import WEEKS, Window, rates
from leads.insights.voice.spread import Spread
from leads.insights.voice.voice import MOODS, Named, VoiceTable
from leads.labels import POLARITY_NAMES, SEVERITY_NAMES, source_name
from leads.models import BEIJING, Clinic, Mention
from leads.query.alert_conditions import severity_of
from leads.sources.states import troubled
from leads.web.auth import Anyone, Visitor
from leads.web.desk import Desk, TheDesk
from leads.web.insights.area import AreaPlot, areas
from leads.web.insights.asked import ClinicAsked, clinic_of, excerpt
from leads.web.mentions.mention import known_mention
from leads.web.render import WebPage, render

routes = APIRouter(prefix="/voice")
SHOWN = 100  # mentions behind a figure
DRAWN = 5  # names with an area of their own
OTHERS = "其他对手"


class VoicePostsAsked(BaseModel):
    """Which mentions of a clinic; empty fields do not restrict."""

    clinic: str = Field("", max_length=40)
    polarity: str = Field("", max_length=10)
    aspect: str = Field("", max_length=20)
    doctor: str = Field("", max_length=60)
    grave: bool = False
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPost:
    """A mention in a list: its words, what may be said of it, its page, and that of its spread."""

    text: str
    when: str
    mood: str
    severity: str
    page: str
    spread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRow:
    """A name with the addresses of the mentions behind its figures; "" where none are stored."""

    named: Named
    share: str
    total: str
    moods: Sequence[tuple[str, int, str]]  # its name, posts, the address
    grave: str
    weeks: Sequence[tuple[str, int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectRow:
    """What something is said about, and where the mentions are."""

    name: str
    praise: int
    praise_words: str
    praises: str
    complaint: int
    complaint_words: str
    complaints: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicePage(WebPage):
    """A clinic's voice; `clinic` is None where there is none to be shown."""

    template: ClassVar[str] = "voice.html"
    clinic: Clinic | None
    clinics: Sequence[Clinic]
    stretch: str = ""
    plot: AreaPlot | None = None
    rows: Sequence[NameRow] = ()
    few: Sequence[str] = ()
    aspects: Sequence[AspectRow] = ()
    complaints: Sequence[HeardPost] = ()
    sources: Sequence[str] = ()
    broken: Sequence[str] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicePostsPage(WebPage):
    """The mentions behind one figure."""

    template: ClassVar[str] = "voice_posts.html"
    clinic: Clinic
    title: str
    posts: Sequence[HeardPost]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadPage(WebPage):
    """How one mention spread; `counters` are the site's own, as they were when it was read."""

    template: ClassVar[str] = "voice_spread.html"
    post: HeardPost
    clinic_id: str
    spread: Spread
    plot: AreaPlot | None
    steps: Sequence[tuple[str, int, int]]
    counters: Sequence[tuple[str, int]]
    read_at: str


@routes.get("")
def show(request: Request, desk: TheDesk, visitor: Anyone, clinic: ClinicAsked = "") -> Response:
    """The page."""
    chosen = clinic_of(visitor, clinic)
    if chosen is None:
        return render(request, VoicePage(clinic=None, clinics=()))
    now = desk.clock()
    window = Window(today=now.astimezone(BEIJING).date())
    table = voice.find(desk.index, desk.records, chosen, now=now)
    page = VoicePage(
        clinic=chosen,
        clinics=visitor.clinics,
        stretch=f"{table.since} 到 {window.today}（{WEEKS} 周）",
        plot=_plot(table),
        rows=_rows(table, window),
        few=table.few,
        aspects=_aspects(table),
        complaints=[_post(each) for each in table.complaints],
        sources=_sources(table),
        broken=_broken(desk, now),
        cut=table.cut,
    )
    return render(request, page)


def _asked(visitor: Anyone, asked: Annotated[VoicePostsAsked, Depends()]) -> Clinic:
    found = clinic_of(visitor, asked.clinic)
    if found is None:
        raise QueryError("还没有诊所：请先加一家。")
    return found


@routes.get("/posts")
def posts(
    request: Request,
    desk: TheDesk,
    clinic: Annotated[Clinic, Depends(_asked)],
    asked: Annotated[VoicePostsAsked, Depends()],
) -> Response:
    """The mentions behind a figure of the page."""
    window = Window(today=desk.clock().astimezone(BEIJING).date())
    own, _ = voice.read(desk.index, desk.records, clinic, window)
    found = voice.behind(
        clinic,
        own,
        polarity=asked.polarity,
        aspect=asked.aspect,
        doctor=asked.doctor,
        grave=asked.grave,
        days=(asked.since or window.since, asked.until or window.until),
    )
    page = VoicePostsPage(
        clinic=clinic,
        title=_title(asked),
        posts=[_post(each) for each in found[:SHOWN]],
        more=max(0, len(found) - SHOWN),
    )
    return render(request, page)


@routes.get("/spread/{mention_id:path}")
def show_spread(request: Request, desk: TheDesk, visitor: Anyone, mention_id: str) -> Response:
    """How one mention spread."""
    mention = known_mention(desk, visitor, mention_id)
    found, post = spread.find(desk.records, mention.post), mention.post
    counted = {"回复": post.replies, "转发": post.reposts, "赞": post.likes}
    page = SpreadPage(
        post=_post(mention),
        clinic_id=mention.clinic_id,
        spread=found,
        plot=_spread_plot(found),
        steps=[(_hours(each.first, each.after), each.count, each.until_then) for each in found.steps],
        counters=[(name, count) for name, count in counted.items() if count is not None],
        read_at=f"{post.fetched_at.astimezone(BEIJING):%m-%d %H:%M}",
    )
    return render(request, page)


def _broken(desk: Desk, now: datetime) -> list[str]:
    """Names of the sources whose latest run ended badly."""
    with storage.coverage(desk.settings) as opened:
        return sorted(map(source_name, troubled(storage.own_sources(desk.settings), opened, now)))


def _hours(first: int, after: int) -> str:
    return f"第 {after} 小时" if after - first == 1 else f"第 {first + 1} 到 {after} 小时"


def _spread_plot(found: Spread) -> AreaPlot | None:
    if not found.steps:
        return None
    row: list[float] = []
    for each in found.steps:
        row += [each.until_then] * (each.after - len(row))
    return areas(["累计"], [row], first="发出", last=f"{len(row)} 小时后")


def _plot(table: VoiceTable) -> AreaPlot | None:
    """Share of voice; the least spoken of competitors together."""
    shared = table.shared
    if len(shared) < 2:
        return None
    drawn, others = shared[:DRAWN], shared[DRAWN:]
    names = [each.name for each in drawn] + ([OTHERS] if others else [])
    rows = [list(rates(each.weeks)) for each in drawn]
    if others:
        rows.append([sum(week) for week in zip(*(rates(each.weeks) for each in others), strict=True)])
    last = table.until - timedelta(days=1)
    return areas(names, rows, first=f"{table.since:%m-%d}", last=f"{last:%m-%d}", share=True)


def _rows(table: VoiceTable, window: Window) -> list[NameRow]:
    whole = sum(each.total for each in table.shared)
    return [_row(table, each, whole, window) for each in table.names]


def _row(table: VoiceTable, named: Named, whole: int, window: Window) -> NameRow:
    doctor = {"doctor": named.name} if named.whose == "doctor" else {}

    def behind(**more: str) -> str:
        return "" if named.whose == "rival" else _behind(table.clinic_id, **doctor, **more)

    weeks = []
    for block in named.weeks:
        since, until = window.start(block.first), window.start(block.after)
        name = f"{since:%m-%d} 起 {block.after - block.first} 周"
        weeks.append((name, block.count, behind(since=since.isoformat(), until=until.isoformat())))
    return NameRow(
        named=named,
        share="" if named.whose == "doctor" or not whole else f"{named.total / whole:.0%}",
        total=behind(),
        moods=[
            (POLARITY_NAMES[mood], named.moods[mood], behind(polarity=mood))
            for mood in MOODS
            if mood in named.moods
        ],
        grave=behind(polarity="complaint", grave="true"),
        weeks=weeks,
    )


def _aspects(table: VoiceTable) -> list[AspectRow]:
    return [
        AspectRow(
            name=each.name,
            praise=each.praise,
            praise_words="、".join(each.praise_words),
            praises=_behind(table.clinic_id, aspect=each.code, polarity="praise"),
            complaint=each.complaint,
            complaint_words="、".join(each.complaint_words),
            complaints=_behind(table.clinic_id, aspect=each.code, polarity="complaint"),
        )
        for each in table.aspects
    ]


def _sources(table: VoiceTable) -> list[str]:
    found = [f"{source_name(name)} {count}" for name, count in table.sources.items()]
    return [*found, f"其他 {table.other_sources}"] if table.other_sources else found


def _behind(clinic_id: str, **fields: str) -> str:
    return "/voice/posts?" + urlencode({"clinic": clinic_id, **fields})


def _title(asked: VoicePostsAsked) -> str:
    known = aspects()
    parts = [
        asked.doctor,
        known[asked.aspect].name if asked.aspect in known else "",
        next((name for mood, name in POLARITY_NAMES.items() if mood == asked.polarity), ""),
        "较重以上" if asked.grave else "",
        f"{asked.since} 起" if asked.since else "",
        f"到 {asked.until} 前" if asked.until else "",
    ]
    return " · ".join(filter(None, parts)) or "全部"


def _post(mention: Mention) -> HeardPost:
    mood = mention.sentiment
    bad = mood.polarity == "complaint"
    return HeardPost(
        text=excerpt(mention.post.full_text, 90),
        when=f"{mention.post.published_at.astimezone(BEIJING):%m-%d %H:%M}",
        mood=POLARITY_NAMES[mood.polarity],
        severity=SEVERITY_NAMES[severity_of(mood.severity)] if mood.severity >= GRAVE else "",
        page=mention_page(mention.id),
        spread=f"/voice/spread/{quote(mention.id)}" if bad else "",
    )


def of_clinic(desk: Desk, visitor: Visitor, clinic: str) -> VoiceTable:
    """The voice of a clinic that this visitor may see; for programs.

    Raises:
        QueryError: no such clinic, or none at all.
    """
    chosen = clinic_of(visitor, clinic)
    if chosen is None:
        raise QueryError("还没有诊所：请先加一家。")
    return voice.find(desk.index, desk.records, chosen, now=desk.clock())
