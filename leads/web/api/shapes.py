"""What the API gives, as openapi.json describes it; the values come from index.codec and the records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from leads.index.codec import hit_to_dict, lead_view, mention_to_dict
from leads.models import CaseStatus, Hit, How, Lead, Mention, MentionState, Precision
from leads.records.tables.mentions import MentionEvent, MentionNote, MentionWork
from leads.records.tables.work import Case, CaseEvent, Note
from leads.records.tables.work import Feedback as Judgement
from leads.scoring.expected import Expected
from nlp.models import ComplaintKind, Evidence, IntentLabel, Level, Person, Polarity, Urgency

LEAD: dict[str, Any] = {
    "id": "forum/1002",
    "source": "forum",
    "post_id": "1002",
    "url": "https://forum.example/t/1002",
    "text": "坐标成都武侯，牙疼三天了，求推荐",
    "published_at": "2026-11-22T01:00:00Z",
    "fetched_at": "2026-11-22T01:05:00Z",
    "symptoms": [],
    "specialties": ["dental"],
    "intent_label": "seeker",
    "intent": {"seeker": 0.93, "experience": 0.03, "other": 0.04},
    "region": None,
    "need": 0.82,
    "reasons": ["求诊可能性 93%", "牙痛（几天内需要处理）"],
    "folded": 0,
    "status": "new",
    "assignee": "",
    "case_version": 0,
}


class SymptomShape(BaseModel):
    """One symptom as found; start and end are character positions in the text."""

    code: str
    name: str
    specialty: str
    surface: str
    start: int
    end: int
    negated: bool
    past: bool
    person: Person
    figurative: bool
    urgency: Urgency
    chronic: bool
    child: bool


class PlaceShape(BaseModel):
    """Where the writer is, and how that is known. Degrees are WGS-84."""

    code: str = Field(description="六位行政区划代码。")
    name: str
    level: Level
    province: str
    city: str
    district: str
    lat: float
    lon: float
    radius_km: float = Field(description="误差半径，公里。")
    evidence: Evidence
    evidence_text: str
    exact: bool = Field(default=True, description="否：这一区县自己的位置不明，经纬度是所在城市的。")


class SentimentShape(BaseModel):
    """How a post speaks of a clinic; severity 0 to 3."""

    polarity: Polarity
    severity: int
    cues: list[str]
    kinds: list[ComplaintKind] = []


class PostShape(BaseModel):
    """A public post, masked. Empty fields are left out; there is nothing of its author."""

    source: str
    post_id: str
    url: str = ""
    title: str = ""
    text: str
    author_kind: str = "unknown"
    published_at: datetime
    fetched_at: datetime
    place_hints: list[dict[str, object]] = []
    thread_id: str = ""
    floor: int | None = None
    query: str = ""
    repost_of: str = ""
    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None


class LeadShape(PostShape):
    """A lead: the post, what was understood, where the work on it stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [LEAD]})

    id: str
    symptoms: list[SymptomShape]
    specialties: list[str]
    intent_label: IntentLabel
    intent: dict[str, float]
    region: PlaceShape | None
    need: float = Field(description="需求，0 到 1。")
    reasons: list[str] = Field(description="为什么是线索，给人看的。")
    folded: int = Field(description="收在它下面的近重复有几条。")
    status: CaseStatus
    assignee: str
    snoozed_until: date | None = Field(default=None, description="暂缓到哪天：之前不在按状态筛的列表里。")
    case_version: int = Field(description="跟进的版本；0：还没有人动过。")
    sentiment: SentimentShape | None = None


class HitShape(LeadShape):
    """A lead as found by a search."""

    score: float
    distance_km: float | None
    precision: Precision | None


class ExpectedShape(BaseModel):
    """How many of these leads are real, nine times out of ten."""

    leads: int = Field(description="这一页几条。")
    low: int = Field(description="预计至少几条是真的。")
    high: int = Field(description="预计最多几条是真的。")
    judged: int = Field(description="按这些来源最近 90 天的几条判断推算。")


class NearnessShape(BaseModel):
    """How many leads of the whole search are near, and how many only may be."""

    sure: int = Field(description="附近几条。")
    maybe: int = Field(description="可能在附近几条：只因为地点不准才够得着。")


class Hits(BaseModel):
    """A page of a search."""

    items: list[HitShape]
    next: str | None = Field(description="下一页的地址；没有了是 null。")
    expected: ExpectedShape | None = Field(
        description="这一页预计多少条是真的；这些来源的判断不满 10 条时是 null。"
    )
    near: NearnessShape | None = Field(
        default=None, description="整个搜索里附近和可能在附近各几条；不限地点时是 null。"
    )


class Leads(BaseModel):
    """Leads in an order of their own."""

    items: list[LeadShape]
    next: str | None


class MentionShape(PostShape):
    """A post that names a clinic."""

    id: str
    clinic_id: str
    term: str = Field(description="叫出的名字。")
    how: How
    score: float = Field(description="有多确定说的是这家，0 到 1。")
    sentiment: SentimentShape
    support: list[str]
    state: MentionState = Field(description="处理到哪一步；not_us：说的是别家。")
    assignee: str = Field(description="负责人的用户名；空的是没有。")
    version: int = Field(description="处理的版本；0：还没有人动过。")
    lead_status: CaseStatus | None = Field(description="这条帖子也是线索时，跟进到哪一步；不是就是 null。")


class Mentions(BaseModel):
    """A page of mentions, in the order asked for."""

    items: list[MentionShape]
    next: str | None


class CaseShape(BaseModel):
    """The clinic's work on a lead."""

    lead_id: str
    status: CaseStatus
    reason: str
    assignee: str
    clinic_id: str
    due_on: date | None
    value_yuan: int | None
    snoozed_until: date | None = Field(default=None, description="暂缓到哪天；到那天自己回来。")
    version: int = Field(description="0：还没有人动过。")
    opened_at: datetime | None
    changed_at: datetime | None


class Cases(BaseModel):
    """A page of cases, the most pressing first."""

    items: list[CaseShape]
    next: str | None


class EventShape(BaseModel):
    """One change; `before` and `after` as text."""

    at: datetime
    who: str
    field: str
    before: str
    after: str
    version: int


class Events(BaseModel):
    """A case's history, the first change first."""

    items: list[EventShape]
    next: str | None


class NoteShape(BaseModel):
    """A note."""

    id: int
    lead_id: str
    at: datetime
    who: str
    text: str


class Notes(BaseModel):
    """The notes of a case, the first one first."""

    items: list[NoteShape]
    next: str | None


class MentionNoteShape(BaseModel):
    """A note about a mention."""

    id: int
    mention_id: str
    at: datetime
    who: str
    text: str


class MentionNotes(BaseModel):
    """The notes of a mention, the first one first."""

    items: list[MentionNoteShape]
    next: str | None


class JudgementShape(BaseModel):
    """What somebody said of the tags, and what the model had said."""

    id: int
    lead_id: str
    at: datetime
    who: str
    kind: str
    intent: str
    reason: str
    said: dict[str, object]


class Judgements(BaseModel):
    """What was said of a lead, the first judgement first."""

    items: list[JudgementShape]
    next: str | None


# --- values ------------------------------------------------------------


def hit(found: Hit, case: Case | None) -> dict[str, object]:
    """A hit; the records know a case's state, the index may hear of it a moment later."""
    return {**hit_to_dict(found), **_state(found.lead, case)}


def expected(found: Expected) -> dict[str, object] | None:
    """The range, where it can be told."""
    return asdict(found) if found.told else None


def nearness(found: Mapping[Precision, int]) -> dict[str, int] | None:
    """None without a place."""
    return {"sure": found["sure"], "maybe": found["likely"]} if found else None


def lead(found: Lead, case: Case | None) -> dict[str, object]:
    """A lead."""
    return {**lead_view(found), **_state(found, case)}


def _state(found: Lead, case: Case | None) -> dict[str, object]:
    if case is None:
        return {"status": found.status, "assignee": found.assignee, "snoozed_until": None, "case_version": 0}
    return {
        "status": case.status,
        "assignee": case.assignee,
        "snoozed_until": case.snoozed_until,
        "case_version": case.version,
    }


def mention(found: Mention, work: MentionWork | None, lead_status: object) -> dict[str, object]:
    """A mention with the work on it; `lead_status` is None where its post is no lead."""
    values = mention_to_dict(found)
    post = values.pop("post")
    assert isinstance(post, dict)  # noqa: S101 - what the codec makes
    post.pop("author_key", None)
    return {
        "id": found.id,
        **post,
        **values,
        "state": work.state if work else "open",
        "assignee": work.assignee if work else "",
        "version": work.version if work else 0,
        "lead_status": lead_status,
    }


def case(lead_id: str, row: Case | None) -> dict[str, object]:
    """A case; that of a lead nobody has touched is new."""
    if row is None:
        blank: dict[str, object] = dict.fromkeys(CaseShape.model_fields)
        return blank | {
            "lead_id": lead_id,
            "status": "new",
            "reason": "",
            "assignee": "",
            "clinic_id": "",
            "version": 0,
        }
    return {name: getattr(row, name) for name in CaseShape.model_fields}


def event(row: CaseEvent | MentionEvent) -> dict[str, object]:
    """A change."""
    return {name: getattr(row, name) for name in EventShape.model_fields}


def note(row: Note) -> dict[str, object]:
    """A note."""
    return {name: getattr(row, name) for name in NoteShape.model_fields}


def mention_note(row: MentionNote) -> dict[str, object]:
    """A note about a mention."""
    return {name: getattr(row, name) for name in MentionNoteShape.model_fields}


def judgement(row: Judgement) -> dict[str, object]:
    """A judgement, without the text it was made of."""
    return {name: getattr(row, name) for name in JudgementShape.model_fields}
