"""Causes and the alerts they give, written together: neither is without the other.

A cause is asked of the rules once, when it is new. It gives no alert when its post is older than
`alerts.max_age_days` (a first crawl of old threads tells nobody of them), or is a near-duplicate of a lead
that had its alert. A person gets one alert a cause and channel, however many rules fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leads.alerts.messages.message import Payload
from leads.alerts.outbox.outbox import alert_id
from leads.alerts.triggers.news import News
from leads.alerts.triggers.rule_set import RuleSet
from leads.errors import StorageError
from leads.index.base import LeadIndex, Stored
from leads.models import FREQUENCIES, Clinic
from leads.records import Records
from leads.records.clinics import clinics
from leads.records.heard import chunks
from leads.records.tables.alerts import Alert, Cause, Channel, Rule, Subscription
from leads.records.tables.clinics import ClinicRow
from leads.records.tables.people import User

MAX_AGE = timedelta(days=7)
_TRIES = 3  # of a transaction that met another process writing the same cause


class Told(NamedTuple):
    """What was written."""

    causes: int
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """A subscription with what of its user and rule matters."""

    subscription: Subscription
    rule: str  # its name
    clinics: frozenset[str] | None  # a doctor's own; None for who sees everything

    def may_hear(self, news: News, known: Mapping[str, Clinic]) -> bool:
        own = self.clinics
        return own is None or any(news.concerns(known[each]) for each in own if each in known)

    def sees(self, known: Mapping[str, Clinic]) -> Sequence[Clinic]:
        """The clinics this person may see."""
        return [each for each in known.values() if self.clinics is None or each.id in self.clinics]

    @property
    def order(self) -> tuple[int, int]:
        """Who is told at once comes first."""
        return FREQUENCIES.index(self.subscription.frequency), self.subscription.id


class _State(NamedTuple):
    """By what one sees that rules, clinics or subscriptions are not what they were."""

    rules: tuple[int, int, datetime | None]
    clinics: tuple[int, int]


@dataclass(slots=True)
class Causes:
    """Writes causes with their alerts; keeps the rules compiled from one time to the next.

    One per process and not for several threads at once.
    """

    max_age: timedelta = MAX_AGE
    _state: _State | None = None
    _rules: RuleSet | None = None
    _clinics: Mapping[str, Clinic] = field(default_factory=dict)

    def write(
        self,
        session: Session,
        news: Sequence[News],
        *,
        now: datetime,
        index: LeadIndex | None = None,
    ) -> Told:
        """Store the causes that are new and the alerts they give, in the caller's transaction.

        `index` holds the leads already and knows near-duplicates.
        """
        fresh = _unknown(session, news)
        session.add_all(Cause(id=each.id, kind=each.kind, at=now, post_id=each.post_id) for each in fresh)
        matched = self._matched(session, [each for each in fresh if self._young(each, now)], now)
        repeats = _repeats(session, index, [each.post_id for each, _ in matched if each.kind == "lead"])
        wanted = [(each, rules) for each, rules in matched if each.post_id not in repeats]
        alerts = list(self._alerts(session, wanted, now))
        session.add_all(alerts)
        session.flush()
        return Told(causes=len(fresh), alerts=len(alerts))

    def _young(self, news: News, now: datetime) -> bool:
        return news.published_at is None or news.published_at >= now - self.max_age

    def _matched(
        self, session: Session, news: Sequence[News], now: datetime
    ) -> list[tuple[News, tuple[int, ...]]]:
        if not news:
            return []
        found = self._current(session, now).match(each.occasion for each in news)
        return [(each, rules) for each, rules in zip(news, found, strict=True) if rules]

    def _current(self, session: Session, now: datetime) -> RuleSet:
        """The rules as they are now, compiled; what did not change is not compiled again."""
        state = _state(session)
        if self._rules is None or self._state is None or state != self._state:
            known = clinics(session)
            same_clinics = self._state is not None and self._state.clinics == state.clinics
            rules = session.scalars(select(Rule).where(Rule.enabled).order_by(Rule.id))
            self._rules = RuleSet(rules, known, now=now, before=self._rules if same_clinics else None)
            self._clinics = {clinic.id: clinic for clinic in known}
            self._state = state
        return self._rules

    def _alerts(
        self, session: Session, wanted: Sequence[tuple[News, tuple[int, ...]]], now: datetime
    ) -> Iterable[Alert]:
        readers = _readers(session, sorted({rule for _, rules in wanted for rule in rules}))
        for news, rules in wanted:
            by_channel: dict[int, list[_Reader]] = defaultdict(list)
            for rule in rules:
                for reader in readers.get(rule, ()):
                    if reader.may_hear(news, self._clinics):
                        by_channel[reader.subscription.channel_id].append(reader)
            for several in by_channel.values():
                # Those of a channel are one person's, who sees the same clinics by each.
                payload = news.tell(several[0].sees(self._clinics))
                yield _alert(news, sorted(several, key=lambda each: each.order), payload, now)


def store(records: Records, work: Callable[[Session], Told]) -> Told:
    """Run `work` in a transaction, again when another process has just written the same cause.

    Raises:
        StorageError: the records cannot be written.
    """
    for tries in range(_TRIES):
        try:
            with records.transaction() as session:
                return work(session)
        except StorageError as error:
            if tries + 1 == _TRIES or not isinstance(error.__cause__, IntegrityError):
                raise
    raise AssertionError("unreachable")


def forget(session: Session, before: datetime) -> None:
    """Drop causes that are older: their posts are too old to give alerts again."""
    session.execute(delete(Cause).where(Cause.at < before))


def known(session: Session, ids: Iterable[str]) -> frozenset[str]:
    """Those of these causes that are stored."""
    return frozenset(
        found
        for part in chunks(sorted(set(ids)))
        for found in session.scalars(select(Cause.id).where(Cause.id.in_(part)))
    )


def _unknown(session: Session, news: Sequence[News]) -> list[News]:
    """The first of each id that is not stored."""
    stored = known(session, (each.id for each in news))
    return [each for each in {each.id: each for each in reversed(news)}.values() if each.id not in stored][
        ::-1
    ]


def _repeats(session: Session, index: LeadIndex | None, lead_ids: Sequence[str]) -> frozenset[str]:
    """Leads folded under another, and those over another that had its alert."""
    if index is None or not lead_ids:
        return frozenset()
    try:
        stored = [each for each in index.records("leads", lead_ids) if isinstance(each, Stored)]
        under = {
            each.lead.id: [other.id for other in index.folded(each.lead.id)]
            for each in stored
            if each.lead.folded
        }
    except StorageError:
        # An index that is away has the batch in its spool. One alert too many is better than none.
        return frozenset()
    told = _with_alerts(session, [other for others in under.values() for other in others])
    over = {head for head, others in under.items() if not told.isdisjoint(others)}
    return frozenset(over | {each.lead.id for each in stored if each.head})


def _with_alerts(session: Session, post_ids: Sequence[str]) -> frozenset[str]:
    return frozenset(
        found
        for part in chunks(post_ids)
        for found in session.scalars(select(Alert.post_id).where(Alert.post_id.in_(part)))
    )


def _state(session: Session) -> _State:
    rules = session.execute(
        select(func.count(), func.coalesce(func.sum(Rule.version), 0), func.max(Rule.changed_at))
    ).one()
    found = session.execute(select(func.count(), func.coalesce(func.sum(ClinicRow.version), 0))).one()
    return _State((rules[0], rules[1], rules[2]), (found[0], found[1]))


def _readers(session: Session, rules: Sequence[int]) -> Mapping[int, list[_Reader]]:
    """Who is to hear of these rules, by rule: who may come in, with a channel that is still there."""
    found: dict[int, list[_Reader]] = defaultdict(list)
    for part in chunks(rules):
        rows = session.execute(
            select(Subscription, Rule.name, User)
            .join(Rule, Rule.id == Subscription.rule_id)
            .join(User, User.id == Subscription.user_id)
            .join(Channel, Channel.id == Subscription.channel_id)
            .where(
                Subscription.rule_id.in_(part),
                Subscription.enabled,
                User.disabled.is_(False),
                Channel.removed.is_(False),
            )
        )
        for subscription, rule, user in rows:
            own = frozenset(user.clinic_ids) if user.role == "doctor" else None
            reader = _Reader(subscription=subscription, rule=rule, clinics=own)
            found[subscription.rule_id].append(reader)
    return found


def _alert(news: News, readers: Sequence[_Reader], payload: Payload, now: datetime) -> Alert:
    """For the reader who is told soonest; the message names every rule that fits."""
    subscription = readers[0].subscription
    names = "、".join(dict.fromkeys(reader.rule for reader in readers))
    return Alert(
        id=alert_id(news.id, subscription.id),
        kind=news.kind,
        user_id=subscription.user_id,
        channel_id=subscription.channel_id,
        created_at=now,
        next_at=now,
        payload=replace(payload, rule=names).to_json(),
        rule_id=subscription.rule_id,
        subscription_id=subscription.id,
        cause_id=news.id,
        post_id=news.post_id,
        severity=news.severity,
    )
