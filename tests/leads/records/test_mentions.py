"""The work on mentions: states, two people at once, notes, what is taught, what is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from leads.clinics.strangers import learnt
from leads.errors import ConflictError, InputError
from leads.records import Records, erasures, heard, mentions, origins, strangers
from leads.records.mentions import KEPT, MentionChange, Stand
from tests.support.builders import NOW, mention, post
from tests.support.outbox_people import person

SAID = replace(mention(1), post=post(1, "绵阳的安河口腔洗牙"), said="安河口腔", how="homophone")


def change(records: Records, **wanted: object) -> bool:
    with records.transaction() as session:
        return mentions.change(session, SAID, MentionChange(**wanted), who="lin", now=NOW)  # type: ignore[arg-type]  # by name


def told(records: Records) -> list[str]:
    with records.reading() as session:
        events = mentions.history(session, SAID.id)
        return [mentions.describe_change(event, {"lin": "小林"}) for event in events]


def test_a_mention_nobody_touched_is_open(records: Records) -> None:
    with records.reading() as session:
        assert mentions.get(session, SAID.id) is None
        assert mentions.stands(session, ["anhe"]).get(SAID.id, Stand()) == ("open", "")


def test_every_change_is_kept_and_what_was_so_leaves_no_trace(records: Records) -> None:
    with records.transaction() as session:
        login = person(session).login
    assert change(records, state="working", assignee=login)
    assert not change(records, state="working")
    assert change(records, state="done", assignee="")
    assert told(records) == [
        "状态：待处理 → 处理中", "负责人：未分配 → 小林",
        "状态：处理中 → 已处理", "负责人：小林 → 未分配",
    ]  # fmt: skip


def test_who_is_late_is_told_by_whom(records: Records) -> None:
    assert change(records, state="working", version=0)
    with pytest.raises(ConflictError, match="待处理 → 处理中"):
        change(records, state="done", version=0)
    assert change(records, state="done", version=1)


@pytest.mark.parametrize("wanted", [{"state": "gone"}, {"assignee": "nobody"}])
def test_what_cannot_be_is_refused(records: Records, wanted: dict[str, str]) -> None:
    with pytest.raises(InputError):
        change(records, **wanted)


@pytest.mark.parametrize("text", ["", "  ", "长" * 2001])
def test_a_note_says_something_and_not_too_much(records: Records, text: str) -> None:
    with records.transaction() as session, pytest.raises(InputError):
        mentions.add_note(session, SAID, text, who="lin", now=NOW)


def voices(records: Records) -> int:
    with records.reading() as session:
        shares = heard.shares(session, "anhe", since=date(2000, 1, 1), until=date(2100, 1, 1))
        return shares[""].posts if "" in shares else 0


def test_not_us_teaches_the_names_and_can_be_taken_back(records: Records) -> None:
    with records.transaction() as session:
        heard.keep_voices(session, [heard.voice(SAID.post, "anhe", "", SAID.sentiment)])
    assert change(records, state="not_us", stranger=learnt(SAID, word="绵阳"))
    with records.reading() as session:
        assert [each.word for each in strangers.known(session)] == ["绵阳"]
        assert mentions.others(session) == {SAID.id}
    assert voices(records) == 0
    assert change(records, state="open")
    with records.reading() as session:
        assert strangers.known(session) == []
        assert mentions.others(session) == frozenset()
    assert voices(records) == 1


def test_erasure_leaves_no_word(records: Records) -> None:
    with records.transaction() as session:
        mentions.add_note(session, SAID, "他说洗了很久", who="lin", now=NOW)
    change(records, state="not_us", stranger=learnt(SAID, word="绵阳"))
    with records.transaction() as session:
        erasures.clean(session, [SAID.post.id])
    with records.reading() as session:
        assert mentions.notes_of(session, SAID.id) == []
        assert strangers.known(session) == []
        assert mentions.get(session, SAID.id) is not None, "the work stays, without a word of the post"


def test_its_author_is_known_as_long_as_something_is_left(records: Records) -> None:
    change(records, state="done")
    with records.transaction() as session:
        origins.keep(session, [SAID.post])
        origins.forget(session, NOW + timedelta(days=400))
        assert origins.author_of(session, SAID.post.id) == SAID.post.author_key


def test_what_nobody_touched_for_two_years_goes(records: Records) -> None:
    change(records, state="done")
    with records.transaction() as session:
        mentions.add_note(session, SAID, "记一下", who="lin", now=NOW)
        assert mentions.purge(session, now=NOW + KEPT - timedelta(days=1)) == 0
        assert mentions.purge(session, now=NOW + KEPT + timedelta(days=1)) == 1
        assert mentions.get(session, SAID.id) is None
        assert mentions.notes_of(session, SAID.id) == []
        assert mentions.history(session, SAID.id) == []
