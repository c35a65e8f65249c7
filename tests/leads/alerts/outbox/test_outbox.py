"""The outbox on both databases: taken once, in order, tried again, given up, cancelled; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from leads.alerts.outbox import outbox
from leads.alerts.outbox.claims import claim, has_work
from leads.alerts.outbox.outbox import Delivery
from leads.records import Records, cancellations
from leads.records.tables.alerts import Alert, Channel, Subscription
from leads.records.tables.clinics import ClinicRow
from leads.records.tables.people import User
from tests.support.outbox_people import NOW, alert, channel, person, states, subscription

SOON = NOW + timedelta(seconds=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def taken(records: Records, now: datetime = SOON, *, worker: str = "w", limit: int = 50) -> list[Delivery]:
    with records.transaction() as session:
        return claim(session, worker, now, limit)


def told(records: Records, now: datetime = SOON) -> list[tuple[str, int]]:
    """Sends all that may go at `now`: the ids of the messages and how many alerts each tells."""
    found: list[tuple[str, int]] = []
    while deliveries := taken(records, now):
        for each in deliveries:
            found.append((each.id, each.total))
            with records.transaction() as session:
                assert outbox.sent(session, each.id, worker="w", now=now)
    return found


def people(records: Records, count: int = 0, **wishes: Any) -> int:
    """A person with a channel, a subscription and `count` alerts; the subscription's id."""
    with records.transaction() as session:
        made = subscription(session, channel(session, person(session)), **wishes)
        for number in range(count):
            alert(session, number, made)
        return made.id


def of(records: Records, kind: type[Any], key: Any) -> Any:
    with records.reading() as session:
        return session.get(kind, key)


def counts(records: Records) -> dict[str, int]:
    with records.reading() as session:
        found = list(states(session).values())
    return {state: found.count(state) for state in sorted(set(found))}


def test_the_same_cause_is_one_alert(records: Records) -> None:
    with records.transaction() as session:
        by = subscription(session, channel(session, person(session)))
        first = Alert(
            id=outbox.alert_id("mention:forum/1#anhe", by.id),
            kind="mention",
            user_id=by.user_id,
            channel_id=by.channel_id,
            created_at=NOW,
            next_at=NOW,
            payload={},
        )
        assert outbox.add(session, first)
        again = Alert(**{name: getattr(first, name) for name in ("id", "kind", "user_id", "channel_id")},
                      created_at=NOW, next_at=NOW, payload={})  # fmt: skip
        assert not outbox.add(session, again)
    assert outbox.alert_id("a", 1) != outbox.alert_id("a", 2) != outbox.alert_id("b", 2)


def test_alerts_go_one_by_one_in_their_order(records: Records) -> None:
    people(records, 3)
    (first,) = taken(records)
    assert (first.id, first.total, first.attempt) == ("a1-0000", 1, 1)
    assert taken(records, worker="other") == []  # one at a time for a channel
    with records.transaction() as session:
        assert outbox.sent(session, first.id, worker="w", now=SOON)
    assert told(records) == [("a1-0001", 1), ("a1-0002", 1)]
    assert counts(records) == {"sent": 3}
    with records.reading() as session:
        assert not has_work(session, SOON)


def test_each_channel_goes_by_itself(records: Records) -> None:
    with records.transaction() as session:
        user = person(session)
        for number in range(3):
            by = subscription(session, channel(session, user), name=str(number))
            alert(session, 1, by)
    assert [each.id for each in taken(records, limit=2)] == ["a1-0001", "a2-0001"]
    assert [each.id for each in taken(records, limit=2)] == ["a3-0001"]


def test_after_a_restart_two_hundred_alerts_are_ten_messages(records: Records) -> None:
    people(records, 200)
    assert [total for _, total in told(records)] == [*[1] * 9, 191]
    assert counts(records) == {"merged": 190, "sent": 10}
    with records.transaction() as session:
        by = session.scalars(select(Subscription)).one()
        for number in range(300, 305):
            alert(session, number, by)
    assert told(records, SOON + 59 * MINUTE) == []
    assert told(records, SOON + HOUR) == [(f"a1-0{number}", 1) for number in range(300, 305)]


def test_a_daily_subscription_is_one_message(records: Records) -> None:
    people(records, 30, frequency="daily")
    assert told(records) == [("a1-0000", 30)]


def test_a_message_spells_out_the_gravest(records: Records) -> None:
    by_id = people(records, 30, frequency="daily")
    with records.transaction() as session:
        by = session.get_one(Subscription, by_id)
        alert(session, 99, by, severity="critical")
    (delivery,) = taken(records)
    assert delivery.total == 31
    assert len(delivery.said) == 20
    assert delivery.said[0]["title"] == "第99条"


def test_a_message_that_failed_tells_the_same_again(records: Records) -> None:
    """A receiver may drop it by its id, so nothing may be added to it."""
    by_id = people(records, 5, frequency="daily")
    (first,) = taken(records)
    with records.transaction() as session:
        outbox.failed(session, first.id, worker="w", now=SOON, reason="超时")
        alert(session, 9, session.get_one(Subscription, by_id))
    assert told(records, SOON + MINUTE) == [(first.id, 5), ("a1-0009", 1)]


def test_pauses_double_up_to_an_hour_and_the_twelfth_failure_ends_it(records: Records) -> None:
    people(records, 1)
    now, pauses = SOON, []
    for attempt in range(1, outbox.MOST_ATTEMPTS + 1):
        (delivery,) = taken(records, now)
        assert delivery.attempt == attempt
        with records.transaction() as session:
            outbox.failed(session, delivery.id, worker="w", now=now, reason="服务器出错（500）")
        row = of(records, Alert, delivery.id)
        pauses.append((row.next_at - now).total_seconds())
        assert taken(records, row.next_at - timedelta(milliseconds=1)) == []
        now = max(now, row.next_at)
    assert pauses[:9] == [10 * 2**each for each in range(9)]
    assert pauses[9:11] == [3600, 3600]
    assert row.state == "dead"
    assert row.reason == "试了 12 次都没有送到：服务器出错（500）"
    assert taken(records, now + 24 * HOUR) == []


def test_what_is_tried_again_holds_up_the_later_ones_of_its_channel_only(records: Records) -> None:
    people(records, 2)
    with records.transaction() as session:
        other = channel(session, session.scalars(select(User)).one())
        alert(session, 7, subscription(session, other, name="另"))
    for each in taken(records):
        with records.transaction() as session:
            if each.channel_id == other.id:
                outbox.sent(session, each.id, worker="w", now=SOON)
            else:
                outbox.failed(session, each.id, worker="w", now=SOON, reason="超时")
    assert taken(records, SOON + timedelta(seconds=5)) == []
    assert [each for each, _ in told(records, SOON + MINUTE)] == ["a1-0000", "a1-0001"]


@pytest.mark.parametrize(
    ("asked", "waited"),
    [(timedelta(seconds=42), timedelta(seconds=42)), (timedelta(days=30), timedelta(hours=6))],
)
def test_a_service_says_when_to_come_again(records: Records, asked: timedelta, waited: timedelta) -> None:
    people(records, 1)
    (delivery,) = taken(records)
    with records.transaction() as session:
        outbox.failed(session, delivery.id, worker="w", now=SOON, reason="太频繁", retry_after=asked)
    assert of(records, Alert, delivery.id).next_at == SOON + waited


def test_a_revoked_channel_is_not_asked_again_until_somebody_retries(records: Records) -> None:
    people(records, 3)
    (delivery,) = taken(records)
    with records.transaction() as session:
        outbox.dead(session, delivery.id, worker="w", now=SOON, reason="机器人被移除", revoked=True)
    assert taken(records) == []
    assert counts(records) == {"dead": 3}
    assert of(records, Alert, "a1-0001").reason == "通道失效，没有再试：机器人被移除"
    assert of(records, Channel, 1).problem == "机器人被移除"
    with records.transaction() as session:
        assert outbox.retry(session, "a1-0001", now=SOON)
        assert not outbox.retry(session, "unheard", now=SOON)
    assert told(records) == [("a1-0001", 1)]
    assert (of(records, Channel, 1).state, of(records, Channel, 1).problem) == ("ok", "")


@pytest.mark.parametrize(
    "end",
    [
        lambda session: session.execute(Channel.__table__.update().values(removed=True)),
        lambda session: session.execute(User.__table__.update().values(disabled=True)),
        lambda session: session.execute(Subscription.__table__.update().values(enabled=False)),
        lambda session: session.execute(Subscription.__table__.delete()),
        lambda session: cancellations.cancel_for_channel(session, 1),
        lambda session: cancellations.cancel_for_subscription(session, 1),
    ],
    ids=["channel removed", "user disabled", "switched off", "unsubscribed", "by channel", "by subscription"],
)
def test_what_nobody_may_hear_any_more_is_cancelled_with_a_reason(
    records: Records, end: Callable[[Any], object]
) -> None:
    people(records, 3)
    with records.transaction() as session:
        end(session)
    assert taken(records) == []
    assert counts(records) == {"cancelled": 3}
    assert of(records, Alert, "a1-0000").reason.endswith("。")


def test_a_doctor_who_lost_a_clinic_hears_of_it_no_more(records: Records) -> None:
    with records.transaction() as session:
        user = person(session, role="doctor", clinic_ids=["anhe"])
        by = subscription(session, channel(session, user))
        alert(session, 1, by, clinic_id="anhe")
        alert(session, 2, by, clinic_id="qingmu")
        alert(session, 3, by)
    assert told(records) == [("a1-0001", 1), ("a1-0003", 1)]
    assert of(records, Alert, "a1-0002").reason == "没有权限再看这家诊所。"


def test_an_erased_post_is_neither_told_nor_kept(records: Records) -> None:
    people(records, 3)
    with records.transaction() as session:
        session.get_one(Alert, "a1-0001").post_id = "forum/7"
    told(records, NOW + timedelta(milliseconds=1))  # one and two
    with records.transaction() as session:
        session.get_one(Alert, "a1-0002").post_id = "forum/7"
        assert cancellations.cancel_for_post(session, "forum/7") == 1
    assert told(records) == []
    for key in ("a1-0001", "a1-0002"):
        assert of(records, Alert, key).payload == {"title": "（帖子已删除）"}


def test_who_was_merged_into_an_erased_alert_is_told_by_itself(records: Records) -> None:
    people(records, 3, frequency="daily")
    (delivery,) = taken(records)
    with records.transaction() as session:
        session.get_one(Alert, delivery.id).post_id = "forum/7"
        outbox.failed(session, delivery.id, worker="w", now=SOON, reason="超时")
        assert cancellations.cancel_for_post(session, "forum/7") == 1
    assert told(records, SOON + MINUTE) == [("a1-0001", 2)]


def test_quiet_hours_put_off_what_does_not_break_through(records: Records) -> None:
    night = NOW + 14 * HOUR  # midnight in Beijing
    by_id = people(records, quiet_from="22:00", quiet_to="08:00", break_through="high")
    with records.transaction() as session:
        by = session.get_one(Subscription, by_id)
        for number, severity in enumerate(["low", "high", "", "critical"]):
            alert(session, number, by, at=night, severity=severity)
    assert told(records, night + MINUTE) == [("a1-0001", 1), ("a1-0003", 1)]
    assert of(records, Alert, "a1-0000").next_at == night + 8 * HOUR
    assert told(records, night + 8 * HOUR) == [("a1-0000", 1), ("a1-0002", 1)]


def test_the_clinics_quiet_hours_hold_for_its_alerts(records: Records) -> None:
    by_id = people(records)
    with records.transaction() as session:
        session.add(
            ClinicRow(
                id="anhe",
                name="安和口腔",
                lat=30.6,
                lon=104.0,
                adcode="510107",
                quiet_from="09:00",
                quiet_to="11:00",
            )
        )
        by = session.get_one(Subscription, by_id)
        alert(session, 1, by, clinic_id="anhe")
        alert(session, 2, by)
    assert told(records) == [("a1-0002", 1)]
    assert told(records, NOW + HOUR) == [("a1-0001", 1)]


def test_a_try_put_off_for_the_night_does_not_hold_up_the_channel(records: Records) -> None:
    evening = NOW + 12 * HOUR - timedelta(seconds=5)  # 21:59:55
    by_id = people(records, quiet_from="22:00", quiet_to="08:00", break_through="high")
    with records.transaction() as session:
        alert(session, 1, session.get_one(Subscription, by_id), at=evening)
    (delivery,) = taken(records, evening + timedelta(seconds=1))
    with records.transaction() as session:
        outbox.failed(session, delivery.id, worker="w", now=evening, reason="超时")
        alert(session, 2, session.get_one(Subscription, by_id), at=evening + MINUTE, severity="high")
    assert told(records, evening + 2 * MINUTE) == [("a1-0002", 1)]
    assert told(records, NOW + 22 * HOUR) == [("a1-0001", 1)]


def test_a_worker_that_died_gives_its_alert_to_another(records: Records) -> None:
    people(records, 2)
    (delivery,) = taken(records, worker="dead")
    assert taken(records, SOON + outbox.LEASE - MINUTE) == []
    (again,) = taken(records, SOON + outbox.LEASE)
    assert (again.id, again.attempt) == (delivery.id, 2)
    with records.transaction() as session:  # the first one wakes up too late
        assert not outbox.sent(session, delivery.id, worker="dead", now=SOON)
        assert not outbox.failed(session, delivery.id, worker="dead", now=SOON, reason="超时")
        assert not outbox.dead(session, delivery.id, worker="dead", now=SOON, reason="令牌不对")
        assert outbox.sent(session, delivery.id, worker="w", now=SOON)


def test_a_worker_that_stops_hands_back(records: Records) -> None:
    people(records, 1)
    taken(records, worker="w")
    with records.transaction() as session:
        assert outbox.hand_back(session, "w", now=SOON) == 1
    assert [each.id for each in taken(records, worker="other")] == ["a1-0000"]


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-5), timedelta(minutes=-2), 9 * HOUR])
def test_a_clock_that_jumps_loses_nothing(records: Records, jump: timedelta) -> None:
    people(records, 3)
    (delivery,) = taken(records)  # on its way when the clock jumps
    now = SOON + jump
    if taken(records, now):  # its lease is from another time
        assert abs(jump) > outbox.LEASE
    with records.transaction() as session:
        outbox.hand_back(session, "w", now=now)
    assert [each for each, _ in told(records, now)] == [delivery.id, "a1-0001", "a1-0002"]


def test_two_workers_at_once_take_each_alert_once(records: Records) -> None:
    with records.transaction() as session:
        user = person(session)
        for number in range(12):
            made = subscription(session, channel(session, user), name=str(number), max_per_hour=1000)
            for each in range(5):
                alert(session, each, made)
    found: list[str] = []

    def work(worker: str) -> None:
        idle = 0
        while idle < 20:
            deliveries = taken(records, worker=worker, limit=3)
            idle = 0 if deliveries else idle + 1
            for each in deliveries:
                found.append(each.id)
                with records.transaction() as session:
                    assert outbox.sent(session, each.id, worker=worker, now=SOON)

    threads = [Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts(records) == {"sent": 60}
    assert sorted(found) == sorted(set(found))
    for number in range(1, 13):
        mine = [each for each in found if each.startswith(f"a{number}-")]
        assert mine == sorted(mine)
