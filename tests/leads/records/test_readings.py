"""What the second reader said is kept without a word of the post, and nothing is asked beyond the budget."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from leads.records import Records, erasures, feedback, readings
from leads.records.readings import MOST_TRIES, PENDING, DailyBudget, Leave
from leads.records.tables.readings import ReaderDay
from tests.support.builders import lead
from tests.support.doubts import doubtful

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MODEL = "reader-7b"
BUDGET = DailyBudget(requests=3, characters=1000)


def reserve(
    records: Records, key: str, *, characters: int = 100, now: datetime = NOW, model: str = MODEL
) -> Leave:
    with records.transaction() as session:
        return readings.reserve(
            session, key, model=model, post_id="forum/1", characters=characters, budget=BUDGET, now=now
        )


def day(records: Records, now: datetime = NOW) -> ReaderDay:
    with records.reading() as session:
        return readings.today_of(session, now)


def test_an_answered_question_is_not_asked_again(records: Records) -> None:
    assert reserve(records, "a") == "go"
    with records.transaction() as session:
        readings.keep(session, "a", model=MODEL, intent="advert", now=NOW)
    assert reserve(records, "a", now=NOW + timedelta(days=3)) == "known"
    assert reserve(records, "a", model="another") == "go"
    with records.reading() as session:
        assert readings.known(session, MODEL, ["a", "b"])["a"].intent == "advert"


def test_a_question_under_way_is_not_asked_by_another(records: Records) -> None:
    assert [reserve(records, "a"), reserve(records, "a")] == ["go", "known"]
    assert day(records).requests == 1


def test_a_question_without_an_answer_is_asked_some_times(records: Records) -> None:
    asked = [reserve(records, "a", now=NOW + number * PENDING) for number in range(MOST_TRIES + 2)]
    assert asked == ["go"] * MOST_TRIES + ["known"] * 2


@pytest.mark.parametrize(("sizes", "left"), [((100, 100, 100, 1), "spent"), ((500, 501), "spent")])
def test_a_day_has_a_budget_of_requests_and_of_characters(
    records: Records, sizes: tuple[int, ...], left: Leave
) -> None:
    asked = [reserve(records, str(number), characters=size) for number, size in enumerate(sizes)]
    assert asked == ["go"] * (len(sizes) - 1) + [left]
    midnight = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # in Beijing
    late = reserve(records, "late", characters=501, now=midnight - timedelta(seconds=1))
    assert late == left
    assert reserve(records, "early", now=midnight) == "go"
    assert day(records, midnight).requests == 1


def test_several_at_once_ask_nothing_twice_and_stay_within_the_budget(records: Records) -> None:
    with ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda _: reserve(records, "same"), range(8)))
        others = list(pool.map(lambda number: reserve(records, str(number)), range(8)))
    assert sorted(same) == ["go"] + ["known"] * 7
    assert sorted(others) == ["go"] * 2 + ["spent"] * 6
    assert (day(records).requests, day(records).characters) == (3, 300)


def test_a_trouble_makes_the_pause_longer_until_there_is_an_answer(records: Records) -> None:
    pauses = []
    for _ in range(9):
        with records.transaction() as session:
            readings.rest(session, reason="它出了问题", wait=None, now=NOW)
        until = day(records).rest_until
        assert until is not None
        pauses.append(int((until - NOW).total_seconds() // 60))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert reserve(records, "a", now=NOW + timedelta(minutes=59)) == "resting"
    assert reserve(records, "a", now=NOW + timedelta(minutes=60)) == "go"
    with records.transaction() as session:
        readings.keep(session, "a", model=MODEL, intent="other", now=NOW)
    assert (day(records).troubles, day(records).rest_until, day(records).reason) == (0, None, "")


def test_a_pause_that_the_service_asks_for_holds_over_midnight(records: Records) -> None:
    with records.transaction() as session:
        readings.rest(session, reason="它说问得太多了", wait=timedelta(hours=20), now=NOW)
    assert reserve(records, "a", now=NOW + timedelta(hours=19)) == "resting"
    assert day(records, NOW + timedelta(hours=19)).reason == "它说问得太多了"
    assert reserve(records, "a", now=NOW + timedelta(hours=20)) == "go"


def test_an_unusable_answer_is_counted_and_is_no_pause(records: Records) -> None:
    reserve(records, "a")
    with records.transaction() as session:
        readings.unusable(session, reason="模型拒绝回答", now=NOW)
    assert (day(records).unusable, day(records).rest_until) == (1, None)


def test_erasure_takes_what_was_said_of_a_post_and_no_late_answer_brings_it_back(records: Records) -> None:
    reserve(records, "a")
    with records.transaction() as session:
        erasures.clean(session, ["forum/1"])
    with records.transaction() as session:
        readings.keep(session, "a", model=MODEL, intent="advert", now=NOW)
    with records.reading() as session:
        assert readings.known(session, MODEL, ["a"]) == {}


def test_what_is_older_than_leads_are_kept_is_forgotten(records: Records) -> None:
    reserve(records, "a")
    reserve(records, "b", now=NOW + timedelta(days=2))
    with records.transaction() as session:
        readings.forget(session, NOW + timedelta(days=1))
    with records.reading() as session:
        assert list(readings.known(session, MODEL, ["a", "b"])) == ["b"]
    assert day(records).requests == 0


# --- judgements to measure by


def unseen(records: Records) -> list[tuple[str, bool, bool]]:
    with records.reading() as session:
        return [(each.lead_id, each.own, each.meant) for each in readings.unseen(session, below=0.8)]


def test_judgements_of_doubtful_leads_measure_the_second_reader(records: Records) -> None:
    with records.transaction() as session:
        feedback.judge(session, doubtful(1, "一号牙疼"), "seeker", who="lin", now=NOW)
        feedback.judge(session, doubtful(2, "二号牙疼"), "advert", who="lin", now=NOW)
        feedback.judge(session, lead(3, "三号牙疼"), "advert", who="lin", now=NOW)  # the model was sure
        feedback.add(session, doubtful(4, "四号牙疼"), "place", who="lin", now=NOW)
    assert unseen(records) == [("forum/1", True, True), ("forum/2", True, False)]


def test_who_saw_its_answer_does_not_measure_it(records: Records) -> None:
    with records.transaction() as session:
        feedback.add(session, doubtful(1, "一号牙疼"), "lead", who="lin", now=NOW, shown="advert")
        feedback.judge(session, doubtful(2, "二号牙疼"), "seeker", who="lin", now=NOW)
        feedback.add(session, doubtful(2, "二号牙疼"), "lead", who="wu", now=NOW, shown="advert")
    assert unseen(records) == [("forum/2", True, True)]


def test_the_last_word_of_a_person_holds_a_lead(records: Records) -> None:
    with records.transaction() as session:
        feedback.judge(session, doubtful(1, "一号牙疼"), "advert", who="lin", now=NOW)
        feedback.judge(session, doubtful(1, "一号牙疼"), "seeker", who="wu", now=NOW + timedelta(hours=1))
        feedback.judge(session, doubtful(2, "二号牙疼"), "seeker", who="lin", now=NOW)
        feedback.judge(session, doubtful(2, "二号牙疼"), "other", who="wu", now=NOW + timedelta(hours=1))
    with records.reading() as session:
        assert readings.held(session, ["forum/1", "forum/2", "forum/3"]) == {"forum/1"}
