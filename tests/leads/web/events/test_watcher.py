"""Open pages are told of what their own list would show, once each, whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead, Mention, Role
from leads.records import nudges, open_records, sessions, users
from leads.records.clinics import adopt_file
from leads.web.auth import visitor_of
from leads.web.desk import Desk
from leads.web.events import watcher as watching
from leads.web.events.watcher import Listener, PageNews, TooManyError, Watcher
from leads.web.leads.search_form import LeadForm, lead_query
from tests.support.builders import LONG, lead, mention, region, symptom
from tests.support.coming import comes
from tests.support.coroutines import finish
from tests.support.seeds import settings


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    chosen = settings(tmp_path)
    with SqliteIndex(tmp_path / "leads.sqlite") as index, open_records(chosen) as records:
        with records.transaction() as session:
            adopt_file(session, chosen)
        yield Desk(settings=chosen, index=index, records=records)


def fresh(number: int, place: str = "武侯区", text: str = "") -> Lead:
    made = lead(number, text or f"{number}号牙疼，求推荐", place=region(place), symptoms=(symptom(),))
    return replace(made, post=replace(made.post, published_at=datetime.now(UTC) - timedelta(hours=1)))


def heard(number: int, clinic_id: str = "anhe") -> Mention:
    made = mention(number, clinic_id)
    return replace(made, post=replace(made.post, published_at=datetime.now(UTC) - timedelta(hours=1)))


def listener(
    desk: Desk, query: str = "near=anhe&status=new&since=7d", role: Role = "marketer", *own: str
) -> Listener:
    now = datetime.now(UTC)
    with desk.records.transaction() as session:
        login = f"{role}-{'-'.join(own)}"
        user = users.by_login(session, login) or users.add_user(
            session, login=login, name=login, role=role, now=now, clinic_ids=own
        )
        secret = sessions.open_session(session, user, now=now)
    visitor = visitor_of(user, desk.clinics())
    asked = lead_query(LeadForm.read(query), visitor, limit=1, now=now)
    return Listener(visitor=visitor, secret=secret, query=asked, after=now)


def told(watcher: Watcher, *listeners: Listener) -> list[PageNews]:
    watcher._look()  # what its task does every two seconds
    return [each.news for each in listeners]


def join(watcher: Watcher, *listeners: Listener) -> None:
    for each in listeners:
        watcher._enter(each)


def test_each_page_is_told_of_what_its_own_search_lists(desk: Desk) -> None:
    watcher = Watcher(desk)
    near, far, all_of_it = listener(desk), listener(desk, "near=30.0,100.0"), listener(desk, "near=all")
    join(watcher, near, far, all_of_it)
    comes(desk, fresh(1), fresh(2, "朝阳区"))
    assert [each.leads for each in told(watcher, near, far, all_of_it)] == [1, 0, 2]
    comes(desk, fresh(3))
    assert [each.leads for each in told(watcher, near, far, all_of_it)] == [2, 0, 3]
    assert [each.leads for each in told(watcher, near, far, all_of_it)] == [2, 0, 3]


def test_what_a_list_filters_by_time_status_and_person_is_not_news_to_it(desk: Desk) -> None:
    watcher = Watcher(desk)
    pages = [
        listener(desk, query)
        for query in ("near=all&status=seen", "near=all&assignee=wang", "near=all&q=智齿")
    ]
    hour = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()
    pages.append(listener(desk, f"near=all&since={hour.replace('+', '%2B')}"))
    join(watcher, *pages)
    comes(desk, fresh(1))
    assert [each.leads for each in told(watcher, *pages)] == [0] * len(pages)


def test_a_doctor_is_told_of_own_leads_and_mentions_only(desk: Desk) -> None:
    watcher = Watcher(desk)
    own = listener(desk, "near=anhe", "doctor", "anhe")
    other = listener(desk, "near=qingmu", "doctor", "qingmu")
    join(watcher, own, other)
    comes(desk, heard(5), heard(6, "qingmu"), heard(7, "qingmu"))
    assert [each.mentions for each in told(watcher, own, other)] == [1, 2]


def test_what_was_there_when_the_page_opened_is_no_news_and_what_it_missed_is(desk: Desk) -> None:
    watcher = Watcher(desk)
    comes(desk, fresh(1))
    late, earlier = listener(desk), listener(desk)
    earlier.after -= timedelta(minutes=5)
    join(watcher, late, earlier)
    assert [late.news.leads, earlier.news.leads] == [0, 1]
    comes(desk, fresh(2))
    assert [each.leads for each in told(watcher, late, earlier)] == [1, 2]
    again = listener(desk)
    again.after = late.after  # the same page, after its stream broke
    join(watcher, again)
    assert again.news.leads == 1


def test_a_duplicate_folded_under_another_is_no_news(desk: Desk) -> None:
    watcher, page = Watcher(desk), listener(desk)
    join(watcher, page)
    comes(desk, fresh(2, text=LONG), fresh(3, text=LONG))
    assert told(watcher, page)[0].leads == 1


def test_what_colleagues_want_one_to_know_is_counted(desk: Desk) -> None:
    watcher, page, other = Watcher(desk), listener(desk), listener(desk, "near=anhe", "admin")
    join(watcher, page, other)
    with desk.records.transaction() as session:
        nudges.assigned(session, "forum/1", page.visitor.login, who="wang", now=datetime.now(UTC))
    assert [each.unseen for each in told(watcher, page, other)] == [1, 0]


def test_a_page_whose_session_ended_is_ended(desk: Desk) -> None:
    watcher, page, other = Watcher(desk), listener(desk), listener(desk, "near=anhe", "admin")
    join(watcher, page, other)
    with desk.records.transaction() as session:
        user = users.by_login(session, page.visitor.login)
        assert user is not None
        sessions.close_all(session, user)
    for _ in range(watching.SESSIONS_EVERY):
        told(watcher)
    assert (page.ended, other.ended) == (True, False)


def test_one_person_opens_so_many_pages_and_no_more(desk: Desk) -> None:
    async def crowd() -> int:
        watcher = Watcher(desk)
        pages = [listener(desk) for _ in range(watching.MOST_OF_ONE + 1)]
        for number, page in enumerate(pages):
            try:
                await watcher.join(page)
            except TooManyError:
                watcher.leave(pages[0])
                await watcher.join(page)
                watcher.close()
                assert all(each.ended for each in pages[1:])
                return number
        return len(pages)

    assert finish(crowd()) == watching.MOST_OF_ONE
