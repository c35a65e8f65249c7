"""Answers that are kept: the last one at once while leads come in, never one with what is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from leads.errors import StorageError
from leads.index.sqlite.index import SqliteIndex
from leads.insights import kept
from leads.insights.kept import APART, KeptAnswer, KeptAnswers
from leads.models import LeadQuery
from tests.support.builders import NOW, lead

LATER = NOW + APART
SAID = ("牙疼了一晚上，求推荐", "孩子咳嗽三天了挂什么科", "膝盖老是响要不要拍片")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteIndex]:
    monkeypatch.setattr(kept, "FEW", 0)
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        opened.upsert([lead(number, SAID[number]) for number in range(3)])
        yield opened


@pytest.fixture
def other(index: SqliteIndex, tmp_path: Path) -> Iterator[SqliteIndex]:
    """The same index as another process has it."""
    with SqliteIndex(tmp_path / "leads.sqlite") as opened:
        yield opened


def counting(index: SqliteIndex) -> Callable[[], int]:
    return lambda: index.count(LeadQuery())


def test_what_did_not_change_is_not_made_again(index: SqliteIndex) -> None:
    answers, made = KeptAnswers(), list[int]()

    def make() -> int:
        made.append(1)
        return index.count(LeadQuery())

    for _ in range(3):
        assert answers.ask(index, "how many", make, now=NOW) == KeptAnswer(3)
    assert len(made) == 1
    assert answers.ask(index, "another question", counting(index), now=NOW) == KeptAnswer(3)


def test_while_leads_come_the_last_answer_is_given_and_the_next_one_made_beside(
    index: SqliteIndex, other: SqliteIndex
) -> None:
    answers = KeptAnswers()
    answers.ask(index, "how many", counting(index), now=NOW)
    other.upsert([lead(7, "七号智齿肿了")])
    assert answers.ask(index, "how many", counting(index), now=LATER) == KeptAnswer(3, NOW)
    answers.close()
    assert answers.ask(index, "how many", counting(index), now=LATER) == KeptAnswer(4)


def test_soon_after_an_answer_no_other_is_made(index: SqliteIndex) -> None:
    answers = KeptAnswers()
    answers.ask(index, "how many", counting(index), now=NOW)
    index.upsert([lead(7, "七号智齿肿了")])
    assert answers.ask(index, "how many", counting(index), now=LATER - timedelta(seconds=1)).at == NOW
    answers.close()
    assert answers.ask(index, "how many", counting(index), now=LATER - timedelta(seconds=1)).at == NOW


def test_what_was_taken_away_is_in_no_answer(index: SqliteIndex, other: SqliteIndex) -> None:
    answers = KeptAnswers()
    answers.ask(index, "how many", counting(index), now=NOW)
    other.upsert([lead(7, "七号智齿肿了")])
    other.delete(["forum/1"])
    assert answers.ask(index, "how many", counting(index), now=NOW) == KeptAnswer(3)


def test_what_is_folded_under_another_is_in_no_answer(index: SqliteIndex) -> None:
    answers = KeptAnswers()
    said = "牙疼了一个星期，晚上睡不着，吃止痛药也没有用，求推荐靠谱的牙医"
    index.upsert([lead(20, said)])
    assert answers.ask(index, "how many", counting(index), now=NOW) == KeptAnswer(4)
    index.upsert([lead(21, said, hours=48)])
    assert index.get("forum/21") is not None
    assert answers.ask(index, "how many", counting(index), now=NOW) == KeptAnswer(4)


def test_a_small_index_is_always_counted_anew(index: SqliteIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FEW", 100)
    answers = KeptAnswers()
    answers.ask(index, "how many", counting(index), now=NOW)
    index.upsert([lead(7, "七号智齿肿了")])
    assert answers.ask(index, "how many", counting(index), now=NOW) == KeptAnswer(4)


def test_an_answer_that_cannot_be_made_beside_stays_the_old_one(index: SqliteIndex) -> None:
    answers = KeptAnswers()
    answers.ask(index, "how many", counting(index), now=NOW)
    index.upsert([lead(7, "七号智齿肿了")])

    def broken() -> int:
        raise StorageError("读不了")

    assert answers.ask(index, "how many", broken, now=LATER) == KeptAnswer(3, NOW)
    answers.close()
    assert answers.ask(index, "how many", broken, now=NOW) == KeptAnswer(3, NOW)


def test_the_longest_not_asked_for_goes_first(index: SqliteIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    answers = KeptAnswers()
    for question in ("a", "b", "a", "c"):
        answers.ask(index, question, lambda: 1, now=NOW)
    assert answers.ask(index, "a", lambda: 2, now=NOW) == KeptAnswer(1)
    assert answers.ask(index, "b", lambda: 2, now=NOW) == KeptAnswer(2)
