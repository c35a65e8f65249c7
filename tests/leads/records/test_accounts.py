"""Public accounts: houses and the trade, never a private person, and nothing of who they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import select

from crawler.items import AuthorKind, Post
from leads.clinics.public_accounts import PUBLIC
from leads.config import Settings
from leads.records import Records, accounts, erasures, open_records
from leads.records.accounts import PublicAccount
from leads.records.tables.heard import PublicPost
from tests.support.builders import NOW, post

KINDS: tuple[AuthorKind, ...] = get_args(AuthorKind)
DAY = timedelta(days=1)
TOOTH = ("toothache",)


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with open_records(Settings(data_dir=tmp_path)) as opened:
        yield opened


def written(number: int, key: str, kind: AuthorKind = "organisation", **changes: object) -> Post:
    url = f"https://forum.example/{number}"
    return post(number, author_key=key, author_kind=kind, published_at=NOW, url=url, **changes)


def shown(records: Records, *symptoms: str) -> list[PublicAccount]:
    with records.reading() as session:
        return accounts.public_accounts(session, symptoms=symptoms, since=NOW - DAY, until=NOW + DAY, least=5)


def test_reach_replies_and_focus_are_of_what_was_asked_for(records: Records) -> None:
    with records.transaction() as session:
        about = [(written(n, "house", replies=4, likes=10, reposts=1), TOOTH) for n in range(5)]
        other = [(written(n, "house", replies=1), ("fever", "cough")) for n in range(10, 13)]
        loud = [(written(n, "trade", "professional", replies=100), TOOTH) for n in range(20, 25)]
        few = [(written(n, "rare", replies=900), TOOTH) for n in range(30, 34)]
        for _ in range(2):  # read again
            accounts.keep_public(session, about + other + loud + few)
    first, second = shown(records, "toothache")
    assert (first.kind, first.posts, first.reach, first.replies, first.spread) == (
        "professional", 5, 500, 500, None,
    )  # fmt: skip
    assert (second.kind, second.posts, second.all_posts, second.reach) == ("organisation", 5, 8, 75)
    assert (second.topic, second.source, len(second.urls)) == ("toothache", "forum", 3)
    everything = shown(records)
    assert [(each.posts, each.reach) for each in everything] == [(5, 500), (8, 78)]
    assert shown(records, "fever") == []


@pytest.mark.parametrize("kind", [each for each in KINDS if each not in PUBLIC])
def test_nothing_is_kept_of_anybody_else(records: Records, kind: AuthorKind) -> None:
    with records.transaction() as session:
        accounts.keep_public(session, [(written(n, "somebody", kind), TOOTH) for n in range(9)])
        assert accounts.taken_for_public(session, ["somebody"]) == frozenset()
    assert shown(records) == []


def test_a_doubted_account_is_shown_no_more_whatever_it_is_read_as(records: Records) -> None:
    posts = [(written(n, "house"), TOOTH) for n in range(6)]
    with records.transaction() as session:
        accounts.keep_public(session, posts)
        accounts.doubt(session, ["house"], now=NOW)
        accounts.keep_public(session, posts)
        assert session.scalars(select(PublicPost.account)).all() == []
        assert accounts.taken_for_public(session, ["house", "other"]) == {"house"}
    assert shown(records) == []


def test_what_is_kept_says_no_word_and_no_name(records: Records) -> None:
    with records.transaction() as session:
        accounts.keep_public(session, [(written(1, "house", title="种植牙优惠", query="牙"), TOOTH)])
        row = session.scalars(select(PublicPost)).one()
    assert set(PublicPost.__table__.columns.keys()) == {
        "post", "symptom", "account", "kind", "source", "url", "at", "replies", "spread",
    }  # fmt: skip
    assert "forum/1" not in (row.post, row.account)


def test_erasure_takes_posts_and_accounts_out_and_a_backup_does_not_bring_them_back(records: Records) -> None:
    posts = [(written(n, "house"), TOOTH) for n in range(6)] + [
        (written(n, "trade"), TOOTH) for n in range(10, 15)
    ]
    with records.transaction() as session:
        accounts.keep_public(session, posts)
        accounts.drop(session, ["forum/0"])
        accounts.drop_author(session, "trade")
    assert [each.posts for each in shown(records)] == [5]
    with records.transaction() as session:
        accounts.keep_public(session, posts)  # as they were in a backup
        erasures.bury(session, "author", "trade", who="lin", now=NOW)
        erasures.bury_posts(session, ["forum/0"], ())
        accounts.drop_buried(session)
    assert [each.posts for each in shown(records)] == [5]


def test_what_is_old_goes(records: Records) -> None:
    with records.transaction() as session:
        accounts.keep_public(session, [(written(n, "house"), TOOTH) for n in range(5)])
        accounts.doubt(session, ["somebody"], now=NOW)
        accounts.forget(session, NOW + DAY)
    assert shown(records) == []
    with records.reading() as session:
        assert accounts.taken_for_public(session, ["house", "somebody"]) == frozenset()
