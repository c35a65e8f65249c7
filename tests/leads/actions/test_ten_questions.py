"""每日十问: ten a day and no more, each kept as a judgement, and what was corrected beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from leads.actions import ten_questions
from leads.actions.ten_questions import Correction, DailyTurn
from leads.errors import InputError
from leads.index.sqlite.index import SqliteIndex
from leads.learning.questions import Pool
from leads.models import Lead
from leads.records import Records, cases, feedback
from leads.records.tables.work import DailyQuestion, Feedback
from tests.support.builders import lead

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SqliteIndex]:
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        opened.upsert([lead(number, f"{number}号街的后槽牙蹦迪了，疼") for number in range(14)])
        yield opened


def anything(lead: Lead) -> bool:
    return True


def turn(records: Records, index: SqliteIndex, who: str = "lin", now: datetime = NOW) -> DailyTurn:
    def pool() -> Pool:
        return ten_questions.recent(index, anything, now)

    return ten_questions.turn(records, index, who=who, may_see=anything, pool=pool, now=now)


def asked(records: Records, index: SqliteIndex, who: str = "lin", now: datetime = NOW) -> Lead:
    found = turn(records, index, who, now).lead
    assert found is not None
    return found


def rows(records: Records) -> list[Feedback]:
    with records.reading() as session:
        return list(session.scalars(select(Feedback).order_by(Feedback.id)))


def test_ten_are_asked_and_the_next_ten_tomorrow(records: Records, index: SqliteIndex) -> None:
    seen = []
    for _ in range(10):
        seen.append(asked(records, index))
        assert ten_questions.answer(records, seen[-1], "seeker", who="lin", now=NOW)
    assert len({each.id for each in seen}) == 10
    assert turn(records, index) == DailyTurn(done=10, answered=10, lead=None)
    assert turn(records, index).finished
    with pytest.raises(InputError, match="明天再来"):
        ten_questions.answer(records, lead(13), "seeker", who="lin", now=NOW)
    tomorrow = asked(records, index, now=NOW + timedelta(days=1))
    assert tomorrow.id not in {each.id for each in seen}
    with records.reading() as session:
        drawn = list(session.scalars(select(DailyQuestion.drawn).order_by(DailyQuestion.id)))
        assert len(feedback.judgements(session)) == 10
    assert drawn.count("chance") == 2


def test_looking_changes_nothing(records: Records, index: SqliteIndex) -> None:
    assert asked(records, index).id == asked(records, index).id
    assert turn(records, index).done == 0


def test_what_somebody_answered_nobody_else_is_asked(records: Records, index: SqliteIndex) -> None:
    mine = asked(records, index)
    ten_questions.answer(records, mine, "other", who="lin", now=NOW)
    assert asked(records, index, who="chen").id != mine.id


def test_what_somebody_passed_over_others_are_asked(records: Records, index: SqliteIndex) -> None:
    mine = asked(records, index)
    assert ten_questions.answer(records, mine, "skip", who="lin", now=NOW)
    assert asked(records, index).id != mine.id
    assert asked(records, index, who="chen").id == mine.id
    assert rows(records) == []


def test_the_same_answer_twice_is_one(records: Records, index: SqliteIndex) -> None:
    mine = asked(records, index)
    assert ten_questions.answer(records, mine, "advert", who="lin", now=NOW)
    assert not ten_questions.answer(records, mine, "advert", who="lin", now=NOW)
    assert [(row.kind, row.intent) for row in rows(records)] == [("not_lead", "advert")]


def test_a_word_of_the_clinics_own_and_its_meaning_are_kept(records: Records, index: SqliteIndex) -> None:
    symptom = Correction(assent="wrong", words="后槽牙蹦迪", name="牙痛")
    ten_questions.answer(
        records, lead(1, "武侯的后槽牙蹦迪了"), "seeker", who="lin", now=NOW,
        symptom=symptom, place=Correction(assent="right"),
    )  # fmt: skip
    _, row = rows(records)
    assert (row.kind, row.reason, row.said["right"]) == (
        "symptom",
        "“后槽牙蹦迪”是牙痛",
        {"words": "后槽牙蹦迪", "code": "toothache"},
    )
    with records.reading() as session:
        question = session.scalars(select(DailyQuestion)).one()
    assert (question.symptom, question.place) == ("wrong", "right")


@pytest.mark.parametrize(
    ("symptom", "place", "word"),
    [
        (Correction(assent="wrong", words="没有的话", name="牙痛"), Correction(), "原文里没有"),
        (Correction(assent="wrong", words="后槽牙", name="不是病"), Correction(), "没有叫"),
        (Correction(assent="wrong", words="后槽牙"), Correction(), "都填上"),
        (Correction(), Correction(assent="wrong", words="武侯", name="没有这个地方"), "找不到地点"),
        (Correction(), Correction(assent="wrong", words="武侯", name="鼓楼区"), "不止一个"),
    ],
)
def test_a_correction_that_cannot_be_understood_keeps_nothing(
    records: Records, symptom: Correction, place: Correction, word: str
) -> None:
    with pytest.raises(InputError, match=word):
        ten_questions.answer(
            records, lead(1, "武侯的后槽牙蹦迪了"), "seeker", who="lin", now=NOW, symptom=symptom, place=place
        )  # fmt: skip
    assert rows(records) == []


def test_no_answer_of_ours_is_refused(records: Records, index: SqliteIndex) -> None:
    with pytest.raises(InputError, match="不认识"):
        ten_questions.answer(records, asked(records, index), "patient", who="lin", now=NOW)
    assert turn(records, index).done == 0


def test_a_writer_who_wants_to_be_forgotten_is_not_in_the_questions(
    records: Records, index: SqliteIndex
) -> None:
    mine = asked(records, index)
    ten_questions.answer(records, mine, "seeker", who="lin", now=NOW)
    with records.transaction() as session:
        cases.forget(session, [mine.id])
    assert turn(records, index).done == 0
    assert rows(records) == []


def test_the_list_of_today_is_what_will_be_asked(records: Records, index: SqliteIndex) -> None:
    def listed() -> list[tuple[str, str]]:
        found = ten_questions.todays(records, index, who="lin", may_see=lambda lead: True, now=NOW)
        return [(each.lead_id, each.answer) for each in found]

    before = listed()
    assert len({lead_id for lead_id, _ in before}) == 10
    for number, answer in enumerate(("seeker", "skip", "other")):
        mine = asked(records, index)
        assert mine.id == before[number][0]
        ten_questions.answer(records, mine, answer, who="lin", now=NOW)
    assert [answer for _, answer in listed()] == ["seeker", "skip", "other", *[""] * 7]
    assert [lead_id for lead_id, _ in listed()] == [lead_id for lead_id, _ in before]


def test_what_is_gone_since_the_pool_was_made_is_not_asked(records: Records, index: SqliteIndex) -> None:
    pool = ten_questions.recent(index, anything, NOW)
    first = asked(records, index)
    index.delete([first.id])
    found = ten_questions.turn(
        records, index, who="lin", may_see=lambda lead: lead.id != "forum/3", pool=lambda: pool, now=NOW
    )
    assert found.lead is not None
    assert found.lead.id not in (first.id, "forum/3")
