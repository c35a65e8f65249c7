"""What a clinic sees: leads, mentions and the questions asked of them.

Frozen records; times are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

from crawler.items import Post
from nlp.models import IntentLabel, Sentiment, Tags

BEIJING = ZoneInfo("Asia/Shanghai")  # the time zone of clinics: their days, hours and reports
Clock = Callable[[], datetime]  # what tells now; tests bring their own
Precision = Literal["sure", "likely", "possible"]
PRECISIONS: tuple[Precision, ...] = ("sure", "likely", "possible")
# Which of these a search takes: as far down as one of them, or "maybe", those alone that are likely.
DownTo = Literal["sure", "likely", "maybe", "possible"]
DOWN_TO: tuple[DownTo, ...] = ("sure", "likely", "maybe", "possible")
Sort = Literal["score", "newest", "nearest"]
SORTS: tuple[Sort, ...] = ("score", "newest", "nearest")
# How a name was found. "comment": not at all, but the post answers one of the clinic's own.
How = Literal["exact", "alias", "short", "homophone", "typo", "doctor", "comment"]
HOWS: tuple[How, ...] = ("exact", "alias", "short", "homophone", "typo", "doctor", "comment")
# Of the ten questions of a day: why a post was asked about, and what was said of its symptoms or place.
Drawn = Literal["doubt", "chance"]
Assent = Literal["", "right", "wrong"]
ReasonKind = Literal["intent", "symptom", "urgency", "place", "words", "reader"]

T = TypeVar("T")


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorCard:
    """A doctor of a clinic, for who looks for one; the clinic's own words, "" where it says nothing."""

    name: str  # as among the clinic's `doctors`
    title: str = ""
    specialties: tuple[str, ...] = ()  # codes; empty: what the clinic treats
    hours: str = ""
    booking: str = ""  # a web address


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A clinic that looks for leads and wants to know when it is spoken of. Degrees are WGS-84."""

    id: str
    name: str
    lat: float
    lon: float
    adcode: str  # 6-digit code of the district it stands in
    reach_km: float = 5.0
    aliases: tuple[str, ...] = ()
    doctors: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()  # empty: treats everything
    exclude: tuple[str, ...] = ()  # words that make a brand hit somebody else's
    competitors: tuple[str, ...] = ()  # names counted for the share of voice
    own_accounts: tuple[str, ...] = ()  # author keys of the clinic's own accounts
    cards: tuple[DoctorCard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One cause of a score, as shown to a person."""

    kind: ReasonKind
    text: str  # zh-CN
    words: str = ""  # the words of the post behind it, for highlighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A post whose writer seems to need care."""

    post: Post
    tags: Tags
    need: float  # 0..1, see leads.scoring.need
    reasons: tuple[Reason, ...]
    folded: int = 0  # near-duplicates kept under this one
    status: str = "new"
    assignee: str = ""  # login name of who works on it; "": nobody

    @property
    def id(self) -> str:
        return self.post.id


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMark:
    """What the index has to know of a clinic's work on a lead, for filters and counts."""

    lead_id: str
    status: str
    assignee: str  # login name; "": nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A post that names a clinic or one of its doctors."""

    post: Post
    clinic_id: str
    term: str  # the name that was found, as the clinic writes it
    sentiment: Sentiment
    how: How = "exact"
    support: tuple[str, ...] = ()  # words of the post that say which of the same name is meant
    score: float = 1.0  # 0..1, how sure it is that this clinic is meant; see leads.clinics.name_matcher
    said: str = ""  # the name as it stands in the post, normalised; "" where there is none

    @property
    def id(self) -> str:
        return f"{self.post.id}#{self.clinic_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A point, how far to look around it, and the division it stands in."""

    lat: float  # WGS-84 degrees
    lon: float
    km: float
    adcode: str  # of the district that holds the point; leads.scoring.distance.near fills it


# --- the words of a search as a tree: leaves are Phrase, Nearby, Tagged and Needs, branches All and AnyOf
# (two parts or more) and Without. `leads.query.words` reads one, `leads.query.holds` says what it means.

TagField = Literal["symptom", "specialty", "intent", "area", "source", "status", "assignee"]
Sign = Literal[">", ">=", "<", "<="]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that stand one after the other; a single one is also looked for inside longer tokens."""

    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nearby:
    """Two phrases with at most `within` tokens between them, in either order; they may overlap."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    within: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """Something known of the lead: a code of symptom (present), specialty, intent or area (an adcode of any
    level), or the name of source, status or assignee ("": nobody)."""

    field: TagField
    value: str


@dataclass(frozen=True, slots=True)
class Needs:
    """The lead's need compared with a value, 0..1."""

    sign: Sign
    value: float


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Without:
    part: Rule


Rule = Phrase | Nearby | Tagged | Needs | All | AnyOf | Without


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadQuery:
    """A search. Empty fields do not restrict; all given fields must hold.

    `since` is inclusive, `until` exclusive. `area` is an adcode of any level: leads known to lie in it.
    """

    words: Rule | None = None  # as leads.query.words reads them
    symptoms: tuple[str, ...] = ()  # any of these codes, present
    specialties: tuple[str, ...] = ()  # any of these
    intents: tuple[IntentLabel, ...] = ()
    sources: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()  # login names; "" among them: also what nobody works on
    area: str = ""
    near: Near | None = None
    precision: DownTo = "likely"  # how surely near, when `near` is given
    min_need: float = 0.0
    since: datetime | None = None
    until: datetime | None = None
    sort: Sort = "score"
    limit: int = 20
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A lead as an answer to a query."""

    lead: Lead
    score: float  # need x freshness x reach, 0..1
    distance_km: float | None = None  # from the query's point to the lead's place; None without either
    precision: Precision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Part of an answer; `cursor` asks for the next part, "" when there is none."""

    items: tuple[T, ...]
    cursor: str = ""
    total: int | None = None  # all that match, where it was counted


Role = Literal["admin", "marketer", "doctor"]
ROLES: tuple[Role, ...] = ("admin", "marketer", "doctor")
CaseStatus = Literal["new", "seen", "replied", "talking", "booked", "visited", "shared", "dismissed"]
CASE_STATUSES: tuple[CaseStatus, ...] = (
    "new",
    "seen",
    "replied",
    "talking",
    "booked",
    "visited",
    "shared",
    "dismissed",
)
# How far the work on a mention is. "not_us": somebody else of the name is meant.
MentionState = Literal["open", "working", "done", "not_us"]
MENTION_STATES: tuple[MentionState, ...] = ("open", "working", "done", "not_us")
RuleKind = Literal["mention", "lead", "spike", "silent", "blocked"]
RULE_KINDS: tuple[RuleKind, ...] = ("mention", "lead", "spike", "silent", "blocked")
Frequency = Literal["now", "hourly", "daily", "weekly"]
FREQUENCIES: tuple[Frequency, ...] = ("now", "hourly", "daily", "weekly")
Period = Literal["daily", "weekly", "monthly", "quarterly"]
PERIODS: tuple[Period, ...] = ("daily", "weekly", "monthly", "quarterly")
# How grave a cause is: of a mention, the severity of its sentiment, 0 to 3.
Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
AlertState = Literal["waiting", "sending", "sent", "merged", "dead", "cancelled"]
ALERT_STATES: tuple[AlertState, ...] = ("waiting", "sending", "sent", "merged", "dead", "cancelled")

Verdict = Literal["delivered", "retry", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a message. `reason` is zh-CN for people; `revoked`: the channel itself is no good."""

    verdict: Verdict
    reason: str = ""
    retry_after: timedelta | None = None
    revoked: bool = False


DELIVERED = Outcome(verdict="delivered")
