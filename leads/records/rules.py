"""What to look out for, and who hears of it how: rules and subscriptions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from leads.errors import ConflictError, InputError
from leads.models import FREQUENCIES, RULE_KINDS, SEVERITIES, Frequency, RuleKind, Severity
from leads.query import alert_conditions
from leads.records.clinics import clinics
from leads.records.tables.alerts import Channel, Rule, Subscription
from leads.records.tables.people import Audit, User

LONGEST_NAME = 80
MOST = 200  # rules one person has made and that are still there
MOST_PER_HOUR = 1000
Check = Callable[[object], str]  # what is wrong with a value, "" for nothing
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class SubscriptionWishes(TypedDict, total=False):
    """How somebody wants to hear of a rule; see `Subscription`. What is left out keeps its value."""

    frequency: Frequency
    at_time: str  # "08:00"
    weekday: int  # weekly: 0 is Monday
    weekdays: Sequence[int]  # delivered on these
    quiet_from: str  # "" together with quiet_to: no quiet hours
    quiet_to: str
    timezone: str  # IANA name
    max_per_hour: int
    break_through: Severity | str  # this and graver ignores quiet hours; "": nothing does
    enabled: bool


# --- rules ------------------------------------------------------------


def add(session: Session, *, name: str, kind: RuleKind, query: str, who: str, now: datetime) -> Rule:
    """A new rule; it sees what is stored from now on.

    Raises:
        InputError: no name, no such kind of rule, or the person has too many.
        QueryError: the query string does not fit the kind; names the key.
    """
    if (session.scalar(select(func.count()).where(Rule.created_by == who)) or 0) >= MOST:
        raise InputError(f"一个人最多建 {MOST} 条规则：请先删掉不用的。")
    rule = Rule(
        name=_name(name),
        kind=_kind(kind),
        query=_query(session, kind, query, now),
        created_by=who,
        created_at=now,
        changed_at=now,
    )
    session.add(rule)
    session.flush()
    _audit(session, "rule.add", rule, who, now)
    return rule


def same_or_new(session: Session, *, name: str, kind: RuleKind, query: str, who: str, now: datetime) -> Rule:
    """The rule that asks for the same and is switched on, or a new one. Raises as `add`."""
    wanted = alert_conditions.tidied(kind, query)
    found = (rule for rule in all(session) if rule.kind == kind and rule.enabled and rule.query == wanted)
    return next(found, None) or add(session, name=name, kind=kind, query=query, who=who, now=now)


def change(
    session: Session,
    rule_id: int,
    *,
    version: int,
    who: str,
    now: datetime,
    name: str | None = None,
    query: str | None = None,
) -> Rule:
    """The rule with another name or query; its kind stays.

    Raises:
        ConflictError: somebody changed or removed the rule since `version` was read.
        InputError, QueryError: as `add`.
    """
    rule = _rule(session, rule_id)
    if rule.version != version:
        raise ConflictError(f"规则「{rule.name}」刚被别人改过：请刷新后再改。")
    rule.name = rule.name if name is None else _name(name)
    rule.query = rule.query if query is None else _query(session, rule.kind, query, now)
    rule.version, rule.changed_at = version + 1, now
    _audit(session, "rule.change", rule, who, now)
    return rule


def set_enabled(session: Session, rule_id: int, enabled: bool, *, who: str, now: datetime) -> Rule:
    """Switch a rule on or off; what waits to be delivered stays.

    Raises:
        ConflictError: the rule is gone.
    """
    rule = _rule(session, rule_id)
    if rule.enabled != enabled:
        rule.enabled, rule.version, rule.changed_at = enabled, rule.version + 1, now
        _audit(session, "rule.on" if enabled else "rule.off", rule, who, now)
    return rule


def remove(session: Session, rule_id: int, *, who: str, now: datetime) -> None:
    """Remove a rule with its subscriptions; removing it twice is fine. Alerts already written stay."""
    rule = session.get(Rule, rule_id)
    if rule is not None:
        _audit(session, "rule.remove", rule, who, now)
        session.execute(delete(Subscription).where(Subscription.rule_id == rule_id))
        session.delete(rule)
        session.flush()


def get(session: Session, rule_id: int) -> Rule | None:
    """The rule of this number."""
    return session.get(Rule, rule_id)


def all(session: Session) -> list[Rule]:  # noqa: A001 - read as rules.all(session)
    """Every rule in the order of names."""
    return list(session.scalars(select(Rule).order_by(Rule.name, Rule.id)))


def _rule(session: Session, rule_id: int) -> Rule:
    rule = session.get(Rule, rule_id)
    if rule is None:
        raise ConflictError("这条规则已被删除：请刷新页面。")
    return rule


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InputError(f"规则的名称不可用：请写 1 到 {LONGEST_NAME} 个字。")
    return name


def _kind(kind: str) -> RuleKind:
    if kind not in RULE_KINDS:
        raise InputError(f"规则的种类 {kind!r} 不认识：可用 {'、'.join(RULE_KINDS)}。")
    return kind


def _query(session: Session, kind: RuleKind, query: str, now: datetime) -> str:
    alert_conditions.read(kind, query, clinics=clinics(session), now=now)
    return alert_conditions.tidied(kind, query)


def _audit(session: Session, action: str, rule: Rule, who: str, now: datetime) -> None:
    session.add(Audit(at=now, who=who, action=action, subject=f"rule:{rule.id}", detail={"name": rule.name}))


# --- subscriptions ------------------------------------------------------------


def subscribe(
    session: Session, rule_id: int, user_id: int, channel_id: int, **wishes: Unpack[SubscriptionWishes]
) -> Subscription:
    """Somebody hears of a rule by one of the own channels.

    Raises:
        InputError: a wish cannot be met, the channel is not the user's, or there is such a subscription.
        ConflictError: the rule or the user is gone.
    """
    _rule(session, rule_id)
    if session.get(User, user_id) is None:
        raise ConflictError("这个用户已被删除：请刷新页面。")
    channel = session.get(Channel, channel_id)
    if channel is None or channel.removed or channel.user_id != user_id:
        raise InputError("这个通道不可用：请先在提醒页添加自己的通道。")
    if subscriptions(session, rule_id=rule_id, user_id=user_id, channel_id=channel_id):
        raise InputError("这条规则已经订阅到这个通道：请直接修改原有的订阅。")
    made = Subscription(rule_id=rule_id, user_id=user_id, channel_id=channel_id, **_checked(wishes))
    _quiet_hours_fit(made)
    session.add(made)
    session.flush()
    return made


def change_subscription(
    session: Session, subscription_id: int, **wishes: Unpack[SubscriptionWishes]
) -> Subscription:
    """The subscription with other wishes.

    Raises:
        InputError: a wish cannot be met.
        ConflictError: the subscription is gone.
    """
    found = session.get(Subscription, subscription_id)
    if found is None:
        raise ConflictError("这个订阅已被取消：请刷新页面。")
    for field, value in _checked(wishes).items():
        setattr(found, field, value)
    _quiet_hours_fit(found)
    return found


def unsubscribe(session: Session, subscription_id: int) -> None:
    """Nothing new by this subscription; twice is fine. Alerts already written stay."""
    session.execute(delete(Subscription).where(Subscription.id == subscription_id))


def subscriptions(
    session: Session,
    *,
    rule_id: int | None = None,
    user_id: int | None = None,
    channel_id: int | None = None,
) -> list[Subscription]:
    """Those for which all that is given holds, in the order they were made."""
    chosen = select(Subscription).order_by(Subscription.id)
    if rule_id is not None:
        chosen = chosen.where(Subscription.rule_id == rule_id)
    if user_id is not None:
        chosen = chosen.where(Subscription.user_id == user_id)
    if channel_id is not None:
        chosen = chosen.where(Subscription.channel_id == channel_id)
    return list(session.scalars(chosen))


def _checked(wishes: SubscriptionWishes) -> dict[str, Any]:  # the columns of a row, each of its own type
    given = dict(wishes)
    for field, value in given.items():
        problem = _PROBLEMS[field](value)
        if problem:
            raise InputError(f"订阅的 {field}（现在是 {value!r}）{problem}。")
    if "weekdays" in wishes:
        given["weekdays"] = sorted(set(wishes["weekdays"]))
    return given


def _quiet_hours_fit(made: Subscription) -> None:
    if bool(made.quiet_from) != bool(made.quiet_to):
        raise InputError("免打扰时段只写了一半：请把开始和结束都写上，或都留空。")
    if made.quiet_from and made.quiet_from == made.quiet_to:
        raise InputError("免打扰时段的开始和结束相同：请改开，或都留空。")


def _hour(value: object) -> str:
    good = isinstance(value, str) and _HOUR.fullmatch(value)
    return "" if good else "看不懂：请写成 08:00 这样的时刻"


def _hour_or_none(value: object) -> str:
    return "" if value == "" else _hour(value)


def _weekday(value: object) -> str:
    return "" if type(value) is int and 0 <= value <= 6 else "不可用：请用 0（周一）到 6（周日）"


def _weekdays(value: object) -> str:
    days = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    return "不可用：请至少选一天" if not days else next(filter(None, map(_weekday, days)), "")


def _zone(value: object) -> str:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ValueError: an absolute path or "..": OSError: the name of a folder.
        return "不是时区：请写成 Asia/Shanghai 这样的名字"
    return ""


def _per_hour(value: object) -> str:
    good = type(value) is int and 1 <= value <= MOST_PER_HOUR
    return "" if good else f"不可用：请给 1 到 {MOST_PER_HOUR} 之间的整数"


def _truth(value: object) -> str:
    return "" if isinstance(value, bool) else "不可用：请用是或否"


def _word_of(words: Sequence[str]) -> Check:
    return lambda value: "" if value in words else f"不认识：可用 {'、'.join(filter(None, words))}"


_PROBLEMS: Mapping[str, Check] = {
    "frequency": _word_of(FREQUENCIES),
    "at_time": _hour,
    "weekday": _weekday,
    "weekdays": _weekdays,
    "quiet_from": _hour_or_none,
    "quiet_to": _hour_or_none,
    "timezone": _zone,
    "max_per_hour": _per_hour,
    "break_through": _word_of(("", *SEVERITIES)),
    "enabled": _truth,
}


def subscription(session: Session, subscription_id: int) -> Subscription | None:
    """None when it is not there."""
    return session.get(Subscription, subscription_id)
