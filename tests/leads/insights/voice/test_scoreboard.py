"""What the clinic's own accounts did: answers count for whoever was first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crawler.items import Post
from leads.clinics.mentions import hear
from leads.clinics.name_matcher import BrandMatcher
from leads.config import Settings
from leads.index.sqlite.index import SqliteIndex
from leads.insights.voice.scoreboard import Scoreboard, find
from leads.models import Mention
from leads.records import Records, accounts, open_records
from nlp import Tagger
from nlp.text.normal import normalise
from tests.support.builders import NOW, clinic, mention, post, tags

ANHE = clinic(own_accounts=("front-desk", "doctor-lin"))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with open_records(Settings(data_dir=tmp_path)) as opened:
        yield opened


def threads(count: int) -> list[Mention]:
    """Mentions that each open a thread, ten hours ago."""
    made = [mention(number, hours=10) for number in range(count)]
    return [replace(each, post=replace(each.post, thread_id=each.post.post_id, floor=1)) for each in made]


def answer(number: int, thread: int, account: str, *, after: float) -> Post:
    """Of an own account, so many hours after the thread was opened."""
    at = NOW - timedelta(hours=10 - after)
    return post(number, "您好", author_key=account, thread_id=str(thread), floor=2, published_at=at)


def board(records: Records, folder: Path, written: list[Post], found: list[Mention]) -> Scoreboard:
    texts = [normalise(each.full_text) for each in written]
    heard = hear(
        written, [tags(text) for text in texts], texts, brands=BrandMatcher([ANHE]), tagger=Tagger.load()
    )
    with records.transaction() as session:
        accounts.keep_own(session, heard.own)
        accounts.keep_own(session, heard.own)  # the same page read again
    with SqliteIndex(folder / "leads.sqlite") as index:
        index.upsert_mentions(found)
        return find(index, records, ANHE, now=NOW)


def test_the_first_answer_counts_and_how_long_it_took(records: Records, tmp_path: Path) -> None:
    written = [answer(100 + n, n, "front-desk", after=2 + n) for n in range(5)]
    written += [answer(200 + n, n, "doctor-lin", after=9) for n in range(5)]
    written += [post(300, "今天义诊", author_key="doctor-lin", published_at=NOW - timedelta(hours=3))]
    told = board(records, tmp_path, written, threads(6))
    front, lin = told.each
    assert (told.mentions, told.all.answered, told.all.hours) == (6, 5, 4.0)
    assert (front.account, front.posts, front.answers, front.answered, front.hours) == (
        "front-",
        0,
        5,
        5,
        4.0,
    )
    assert (lin.posts, lin.answers, lin.answered, lin.hours) == (1, 5, 0, None)


def test_an_answer_before_the_mention_answers_nothing(records: Records, tmp_path: Path) -> None:
    written = [answer(100 + n, n, "front-desk", after=-1) for n in range(6)]
    assert board(records, tmp_path, written, threads(6)).all.answered == 0


def test_nothing_is_told_of_few_mentions(records: Records, tmp_path: Path) -> None:
    written = [answer(100 + n, n, "front-desk", after=1) for n in range(4)]
    told = board(records, tmp_path, written, threads(4))
    assert (told.mentions, told.all.answers, told.all.answered, told.all.hours) == (None, 4, None, None)


def test_an_erased_question_and_an_erased_account_leave_the_board(records: Records, tmp_path: Path) -> None:
    written = [answer(100 + n, n, "front-desk", after=1) for n in range(5)]
    written += [answer(200, 0, "doctor-lin", after=2)]
    assert board(records, tmp_path, written, threads(5)).all.answers == 6
    with records.transaction() as session:
        accounts.drop(session, ["forum/0"])
        accounts.drop_author(session, "doctor-lin")
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        assert find(index, records, ANHE, now=NOW).all.answers == 4
