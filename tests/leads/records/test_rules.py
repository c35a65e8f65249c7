"""Rules and subscriptions: what is kept, and every complaint."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from leads.config import ClinicTable, Settings
from leads.errors import ConflictError, InputError, QueryError
from leads.models import RuleKind
from leads.records import Records, open_records, rules
from leads.records.clinics import adopt_file
from leads.records.tables.alerts import Channel, Rule, Subscription
from leads.records.tables.people import Audit, User

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    settings = Settings(
        data_dir=tmp_path, clinics=(ClinicTable(id="anhe", name="安和口腔", lat=30.64, lon=104.04),)
    )
    with open_records(settings) as opened:
        with opened.transaction() as session:
            adopt_file(session, settings)
        yield opened


@pytest.fixture
def session(records: Records) -> Iterator[Session]:
    with records.transaction() as opened:
        yield opened


def rule(session: Session, kind: RuleKind = "mention", query: str = "clinic=anhe") -> Rule:
    return rules.add(session, name="安和口腔", kind=kind, query=query, who="lin", now=NOW)


def person(session: Session, login: str = "lin") -> tuple[int, int]:
    """Somebody with a channel."""
    user = User(login=login, name=login, role="marketer", created_at=NOW)
    session.add(user)
    session.flush()
    channel = Channel(user_id=user.id, name="邮件", kind="mail", address="x", created_at=NOW)
    session.add(channel)
    session.flush()
    return user.id, channel.id


def subscribed(session: Session, **wishes: Any) -> Subscription:
    return rules.subscribe(session, rule(session).id, *person(session), **wishes)


@pytest.mark.parametrize(
    ("kind", "query", "kept"),
    [
        ("lead", "q=牙疼&near=anhe&min_need=0.6", "q=牙疼&near=anhe&min_need=0.6"),
        ("lead", "?near=anhe&since=7d&sort=newest&limit=5&cursor=x&status=new", "near=anhe"),
        ("lead", "symptom=牙痛&symptom=口臭&symptom=牙痛", "symptom=牙痛&symptom=口臭"),
        ("lead", "", ""),
        ("mention", "severity=high&kind=dispute&kind=伤害", "severity=high&kind=dispute&kind=伤害"),
        ("mention", "clinic=安和口腔", "clinic=安和口腔"),
        ("spike", "symptom=toothache&area=成都&factor=3", "symptom=toothache&area=成都&factor=3"),
        ("silent", "source=forum", "source=forum"),
        ("blocked", "source=&", ""),
    ],
)  # fmt: skip
def test_a_rule_keeps_what_means_something_to_it(
    session: Session, kind: RuleKind, query: str, kept: str
) -> None:
    made = rule(session, kind, query)
    assert unquote(made.query) == kept
    assert (made.version, made.enabled, made.created_by) == (1, True, "lin")


@pytest.mark.parametrize(
    ("kind", "query", "word"),
    [
        ("lead", "q=(牙疼", "引号"),
        ("lead", "clinic=anhe", "clinic"),
        ("lead", "symptom=飞天", "飞天"),
        ("lead", "near=nowhere", "nowhere"),
        ("lead", "radius=far", "far"),
        ("lead", "min_need=2", "min_need"),
        ("lead", "q=牙疼&q=口臭", "2 次"),
        ("lead", "q=" + "牙" * 3000, "太长"),
        ("mention", "clinic=other", "anhe"),
        ("mention", "severity=3", "critical"),
        ("mention", "polarity=good", "praise"),
        ("mention", "kind=joke", "media"),
        ("mention", "q=NOT", "看不懂"),
        ("mention", "near=anhe", "near"),
        ("spike", "factor=1", "factor"),
        ("spike", "factor=many", "factor"),
        ("spike", "area=火星", "火星"),
        ("silent", "q=牙疼", "source"),
    ],
)
def test_a_wrong_query_names_the_key(session: Session, kind: RuleKind, query: str, word: str) -> None:
    with pytest.raises(QueryError, match=word):
        rule(session, kind, query)


@pytest.mark.parametrize("name", ["", "  ", "长" * 81])
def test_a_rule_needs_a_name_of_some_length(session: Session, name: str) -> None:
    with pytest.raises(InputError, match="名称"):
        rules.add(session, name=name, kind="lead", query="", who="lin", now=NOW)


def test_an_unknown_kind_is_refused(session: Session) -> None:
    kind: Any = "weather"
    with pytest.raises(InputError, match="weather"):
        rules.add(session, name="x", kind=kind, query="", who="lin", now=NOW)


def test_a_change_needs_the_version_that_was_read(session: Session) -> None:
    made = rule(session)
    later = NOW + timedelta(minutes=1)
    changed = rules.change(session, made.id, version=1, who="wu", now=later, query="severity=high")
    assert (changed.name, changed.query, changed.version, changed.changed_at) == (
        "安和口腔", "severity=high", 2, later,
    )  # fmt: skip
    with pytest.raises(ConflictError, match="安和口腔"):
        rules.change(session, made.id, version=1, who="lin", now=later, name="别的")
    with pytest.raises(QueryError):
        rules.change(session, made.id, version=2, who="lin", now=later, query="severity=9")


def test_off_and_on_again(session: Session) -> None:
    made = rule(session)
    assert not rules.set_enabled(session, made.id, False, who="lin", now=NOW).enabled
    assert rules.set_enabled(session, made.id, True, who="lin", now=NOW).version == 3
    assert rules.set_enabled(session, made.id, True, who="lin", now=NOW).version == 3  # nothing to change


def test_a_removed_rule_takes_its_subscriptions_along(session: Session) -> None:
    made = subscribed(session)
    rules.remove(session, made.rule_id, who="lin", now=NOW)
    rules.remove(session, made.rule_id, who="lin", now=NOW)
    assert rules.all(session) == []
    assert rules.subscriptions(session) == []
    with pytest.raises(ConflictError, match="已被删除"):
        rules.set_enabled(session, made.rule_id, True, who="lin", now=NOW)


def test_who_did_what_is_on_record(session: Session) -> None:
    made = rule(session)
    rules.change(session, made.id, version=1, who="wu", now=NOW, name="新名")
    rules.set_enabled(session, made.id, False, who="wu", now=NOW)
    rules.remove(session, made.id, who="lin", now=NOW)
    session.flush()
    told = [(row.who, row.action) for row in session.scalars(select(Audit).order_by(Audit.id))]
    assert told == [
        ("lin", "rule.add"), ("wu", "rule.change"), ("wu", "rule.off"), ("lin", "rule.remove"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"frequency": "weekly", "at_time": "23:59", "weekday": 6},
        {"weekdays": [0, 4]},
        {"quiet_from": "22:00", "quiet_to": "07:30", "break_through": "critical"},
        {"timezone": "Europe/Berlin", "max_per_hour": 1, "enabled": False},
    ],
)
def test_wishes_are_kept(session: Session, wishes: dict[str, Any]) -> None:
    made = subscribed(session, **wishes)
    assert {field: getattr(made, field) for field in wishes} == wishes
    assert rules.subscriptions(session, user_id=made.user_id) == [made]
    assert rules.subscriptions(session, channel_id=made.channel_id + 1) == []


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        ({"frequency": "often"}, "hourly"),
        ({"at_time": "8:00"}, "08:00"),
        ({"at_time": "24:00"}, "08:00"),
        ({"at_time": ""}, "08:00"),
        ({"weekday": 7}, "周日"),
        ({"weekday": True}, "周日"),
        ({"weekdays": []}, "至少"),
        ({"weekdays": [0, 7]}, "周日"),
        ({"weekdays": "012"}, "至少"),
        ({"quiet_from": "22:00"}, "一半"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "相同"),
        ({"quiet_from": "22.00", "quiet_to": "07:00"}, "08:00"),
        ({"timezone": "Beijing"}, "时区"),
        ({"timezone": "../etc/passwd"}, "时区"),
        ({"timezone": ""}, "时区"),
        ({"max_per_hour": 0}, "1 到"),
        ({"max_per_hour": 2.5}, "1 到"),
        ({"break_through": "worst"}, "critical"),
        ({"enabled": "yes"}, "是或否"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence(
    session: Session, wishes: dict[str, Any], word: str
) -> None:
    with pytest.raises(InputError, match=word):
        subscribed(session, **wishes)


def test_a_subscription_is_changed_and_cancelled(session: Session) -> None:
    made = subscribed(session, quiet_from="22:00", quiet_to="07:00")
    assert rules.change_subscription(session, made.id, weekdays=[4, 0, 4]).weekdays == [0, 4]
    with pytest.raises(InputError, match="一半"):
        rules.change_subscription(session, made.id, quiet_to="")
    rules.unsubscribe(session, made.id)
    rules.unsubscribe(session, made.id)
    session.expire_all()
    with pytest.raises(ConflictError, match="取消"):
        rules.change_subscription(session, made.id, enabled=False)


def test_one_subscription_a_rule_person_and_channel(session: Session) -> None:
    made = subscribed(session)
    with pytest.raises(InputError, match="已经订阅"):
        rules.subscribe(session, made.rule_id, made.user_id, made.channel_id)


def test_another_persons_channel_is_not_mine(session: Session) -> None:
    mine, other = person(session, "lin"), person(session, "wu")
    with pytest.raises(InputError, match="通道"):
        rules.subscribe(session, rule(session).id, mine[0], other[1])


def test_a_removed_channel_takes_no_more(session: Session) -> None:
    user_id, channel_id = person(session)
    channel = session.get(Channel, channel_id)
    assert channel is not None
    channel.removed = True
    with pytest.raises(InputError, match="通道"):
        rules.subscribe(session, rule(session).id, user_id, channel_id)


def test_of_what_is_gone_nobody_hears(session: Session) -> None:
    user_id, channel_id = person(session)
    with pytest.raises(ConflictError, match="规则"):
        rules.subscribe(session, 99, user_id, channel_id)
    with pytest.raises(ConflictError, match="用户"):
        rules.subscribe(session, rule(session).id, 99, channel_id)


def test_one_person_makes_so_many_rules_and_no_more(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST", 2)
    first = rule(session)
    rule(session)
    with pytest.raises(InputError, match="最多建 2 条规则：请先删掉不用的。"):
        rule(session)
    rules.add(session, name="别人的", kind="mention", query="", who="chen", now=NOW)
    rules.remove(session, first.id, who="lin", now=NOW)
    rule(session)
