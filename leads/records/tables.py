"""The system of record: every table, as SQLAlchemy classes.

A row is the record: there are no relationships and nothing loads lazily, so a row that was read stays a plain
value after its transaction. Changes go through the functions of this package, which also write the history.

Times are aware and in UTC; both databases keep them as such (`Moment`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeDecorator

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
RuleKind = Literal["mention", "lead", "spike", "silent", "blocked"]
RULE_KINDS: tuple[RuleKind, ...] = ("mention", "lead", "spike", "silent", "blocked")
Frequency = Literal["now", "hourly", "daily", "weekly"]
FREQUENCIES: tuple[Frequency, ...] = ("now", "hourly", "daily", "weekly")
Period = Literal["daily", "weekly", "monthly"]
PERIODS: tuple[Period, ...] = ("daily", "weekly", "monthly")
# How grave a cause is: of a mention, the severity of its sentiment, 0 to 3.
Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
AlertState = Literal["waiting", "sending", "sent", "merged", "dead", "cancelled"]
ALERT_STATES: tuple[AlertState, ...] = ("waiting", "sending", "sent", "merged", "dead", "cancelled")


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite forgets the zone, so it is given back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Every table; constraints have names, so that a migration can speak of them on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment,
        list[str]: JSON,
        list[int]: JSON,
        dict[str, Any]: JSON,
        Role: String(16),
        CaseStatus: String(16),
        RuleKind: String(16),
        Frequency: String(16),
        Period: String(16),
        AlertState: String(16),
    }


# --- people ------------------------------------------------------------


class User(Base):
    """Somebody who works with the desk. `password` is an argon2 hash; "" until the first one is set."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role]
    created_at: Mapped[datetime]
    password: Mapped[str] = mapped_column(String(255), default="")
    clinic_ids: Mapped[list[str]] = mapped_column(default_factory=list)  # a doctor sees these only
    disabled: Mapped[bool] = mapped_column(default=False)


class LoginLink(Base):
    """A one-time way in: for the first admin and for who forgot a password. The secret is stored hashed.

    `direct` ones, of the demo, open the desk without asking for a password first.
    """

    __tablename__ = "login_links"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    direct: Mapped[bool] = mapped_column(default=False)


class Session(Base):
    """A browser that is logged in. The cookie's secret is stored hashed; `csrf` goes into forms."""

    __tablename__ = "sessions"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A program's way in. `hint` is the first characters, to tell tokens apart; the secret is hashed."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    hint: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None] = mapped_column(default=None)
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)


class Audit(Base):
    """Who did what, when: logins, changes of rights, exports, erasures, permissions. Never a post's text."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(String(80))  # a login, "token:<name>", or "system"
    action: Mapped[str] = mapped_column(String(40))  # "login", "case.status", "export.csv", …
    subject: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)


class Idempotency(Base):
    """An answer already given to a write of the API, kept for a day for whoever asks again."""

    __tablename__ = "idempotency"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)  # token id and the caller's key
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)


# --- clinics ------------------------------------------------------------


class ClinicRow(Base):
    """A clinic as it is worked with. `managed_by` "file": tingzhen.toml says what it is on every start."""

    __tablename__ = "clinics"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    lat: Mapped[float]  # WGS-84 degrees
    lon: Mapped[float]
    adcode: Mapped[str] = mapped_column(String(6))
    reach_km: Mapped[float] = mapped_column(default=5.0)
    aliases: Mapped[list[str]] = mapped_column(default_factory=list)
    doctors: Mapped[list[str]] = mapped_column(default_factory=list)
    specialties: Mapped[list[str]] = mapped_column(default_factory=list)
    exclude: Mapped[list[str]] = mapped_column(default_factory=list)
    competitors: Mapped[list[str]] = mapped_column(default_factory=list)
    own_accounts: Mapped[list[str]] = mapped_column(default_factory=list)  # author keys of its own accounts
    quiet_from: Mapped[str] = mapped_column(String(5), default="")  # "22:00", Beijing time; "" for none
    quiet_to: Mapped[str] = mapped_column(String(5), default="")
    managed_by: Mapped[str] = mapped_column(String(8), default="page")  # page | file
    version: Mapped[int] = mapped_column(default=1)


# --- cases ------------------------------------------------------------


class Case(Base):
    """The clinic's work on a lead; there is one as soon as somebody did something. No text of posts here."""

    __tablename__ = "cases"

    lead_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[CaseStatus] = mapped_column(default="new")
    reason: Mapped[str] = mapped_column(String(200), default="")  # why dismissed
    assignee: Mapped[str] = mapped_column(String(64), default="")  # a login
    clinic_id: Mapped[str] = mapped_column(String(40), default="")
    due_on: Mapped[date | None] = mapped_column(default=None)
    value_yuan: Mapped[int | None] = mapped_column(default=None)
    version: Mapped[int] = mapped_column(default=1)
    # The index holds status and assignee too, for searching; true until it has been told.
    unindexed: Mapped[bool] = mapped_column(default=True, index=True)


class CaseEvent(Base):
    """One change in a case's history."""

    __tablename__ = "case_events"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    lead_id: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    field: Mapped[str] = mapped_column(String(16))  # status reason assignee due_on value_yuan clinic_id
    before: Mapped[str] = mapped_column(String(200), default="")
    after: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=0)  # of the case after this change


class Note(Base):
    """What somebody wrote down about a case."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    lead_id: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)


class Feedback(Base):
    """What a person says of the tags, beside what the model said. `text` is the masked post, for training."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    lead_id: Mapped[str] = mapped_column(String(200), index=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))  # lead | not_lead | symptom | place
    intent: Mapped[str] = mapped_column(String(16), default="")  # what it really is
    reason: Mapped[str] = mapped_column(String(200), default="")
    said: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)  # what the model thought before
    text: Mapped[str] = mapped_column(Text, default="")


class SavedSearch(Base):
    """A search somebody keeps: the query string of the lead page. `feed_secret` opens its Atom feed."""

    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(Text)
    feed_secret: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]


class Snippet(Base):
    """A piece of a reply, written by the clinic, with {variables}."""

    __tablename__ = "snippets"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    title: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime]
    symptom: Mapped[str] = mapped_column(String(40), default="")  # a code; "" fits every symptom
    clinic_id: Mapped[str] = mapped_column(String(40), default="")  # "" for all clinics
    version: Mapped[int] = mapped_column(default=1)


class Erasure(Base):
    """A tombstone: this post, or everything by this author, is never stored again."""

    __tablename__ = "erasures"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)  # a post's id, or an author key
    kind: Mapped[str] = mapped_column(String(8))  # post | author
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(String(200), default="")


# --- alerts ------------------------------------------------------------


class Rule(Base):
    """What to look out for.

    `query` is a query string with the names of the lead page's form (q, near, radius, symptom, min_need, …);
    for mentions `q`, `clinic`, `severity`, `polarity` and `kind`; for spikes `symptom`, `area` and `factor`;
    for sources `source`. leads.alerts.conditions reads it.
    """

    __tablename__ = "rules"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[RuleKind]
    query: Mapped[str] = mapped_column(Text)
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)


class Channel(Base):
    """A way to reach somebody. `address` is a secret: shown to nobody, written to no log."""

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(16))  # a key of leads.alerts.channels.KINDS
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(16), default="untested")  # untested | ok | failing | revoked
    problem: Mapped[str] = mapped_column(String(300), default="")  # the last failure, without secrets
    removed: Mapped[bool] = mapped_column(default=False)


class Subscription(Base):
    """Who hears of a rule, how and when. Hours are those of `timezone`."""

    __tablename__ = "subscriptions"
    __table_args__ = (UniqueConstraint("rule_id", "user_id", "channel_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    frequency: Mapped[Frequency] = mapped_column(default="now")
    at_time: Mapped[str] = mapped_column(String(5), default="08:00")  # daily and weekly
    weekday: Mapped[int] = mapped_column(default=0)  # weekly: 0 is Monday
    weekdays: Mapped[list[int]] = mapped_column(default_factory=lambda: list(range(7)))  # delivered on these
    quiet_from: Mapped[str] = mapped_column(String(5), default="")
    quiet_to: Mapped[str] = mapped_column(String(5), default="")
    timezone: Mapped[str] = mapped_column(String(40), default="Asia/Shanghai")
    max_per_hour: Mapped[int] = mapped_column(default=10)  # messages; the rest goes into one summary
    break_through: Mapped[str] = mapped_column(String(16), default="")  # severity that ignores quiet hours
    enabled: Mapped[bool] = mapped_column(default=True)


class Cause(Base):
    """Something rules were asked about once: a new mention or lead, a spike, a silent or blocked source.

    Written in one transaction with the alerts it gives, so that neither is without the other.
    """

    __tablename__ = "causes"

    id: Mapped[str] = mapped_column(
        String(300), primary_key=True
    )  # "lead:<post id>", "mention:<post id>#<clinic>", …
    kind: Mapped[RuleKind]
    at: Mapped[datetime] = mapped_column(index=True)
    post_id: Mapped[str] = mapped_column(String(200), default="", index=True)


class Alert(Base):
    """One thing to tell one person by one channel: the outbox. `id` is made of cause and subscription."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index("ix_alerts_state_next_at", "state", "next_at"),
        Index("ix_alerts_channel_id_state", "channel_id", "state"),
        Index("ix_alerts_subscription_id_sent_at", "subscription_id", "sent_at"),
        Index("ix_alerts_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # a RuleKind, "summary" or "digest"
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    next_at: Mapped[datetime]  # not to be tried before
    payload: Mapped[dict[str, Any]]  # what is said; see leads.alerts.message
    rule_id: Mapped[int | None] = mapped_column(default=None)
    subscription_id: Mapped[int | None] = mapped_column(default=None)
    cause_id: Mapped[str] = mapped_column(String(300), default="")
    post_id: Mapped[str] = mapped_column(String(200), default="", index=True)
    severity: Mapped[str] = mapped_column(String(16), default="")
    state: Mapped[AlertState] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(300), default="")  # of the last failure, without secrets
    worker: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    sent_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    # The alert whose message told this one.
    merged_into: Mapped[str] = mapped_column(String(64), default="", index=True)
    acknowledged: Mapped[str] = mapped_column(String(16), default="")  # seen | irrelevant
    acknowledged_at: Mapped[datetime | None] = mapped_column(default=None)


# --- schedule ------------------------------------------------------------


class SourceControl(Base):
    """What a person decided about a source: paused or not."""

    __tablename__ = "source_controls"

    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    paused: Mapped[bool]
    who: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]


class Job(Base):
    """A piece of work: asked for, running, or ended. A source has at most one that has not ended."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_state_due_at", "state", "due_at"),
        Index(
            "uq_jobs_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, init=False)
    kind: Mapped[str] = mapped_column(String(16))  # crawl | recheck | digest | purge | …
    subject: Mapped[str] = mapped_column(String(80))  # a source's name; "" where there is none
    due_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(80), default="schedule")
    state: Mapped[str] = mapped_column(
        String(16), default="waiting"
    )  # waiting | running | done | failed | parked
    started_at: Mapped[datetime | None] = mapped_column(default=None)
    ended_at: Mapped[datetime | None] = mapped_column(default=None)
    worker: Mapped[str] = mapped_column(String(64), default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(String(300), default="")
