"""Pieces of replies: checked when saved, filled when used; the shipped ones are careful."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.errors import ConflictError, InputError
from leads.records import Records, snippets
from leads.records.tables.clinics import ClinicRow
from leads.replies.compliance import check
from leads.replies.starters import VARIABLES, ReplyDraft, Starter, fill, fitting_starters, starters
from nlp.symptoms import lexicon

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
GOOD = ReplyDraft(title="问候", text="您好，我是{clinic}的，离您{distance}。", symptom="toothache")


@pytest.fixture(autouse=True)
def clinic(records: Records) -> None:
    with records.transaction() as session:
        session.add(ClinicRow(id="anhe", name="安和口腔", lat=30.6, lon=104.0, adcode="510107"))


def added(records: Records, draft: ReplyDraft = GOOD) -> int:
    with records.transaction() as session:
        return snippets.add(session, draft, who="lin", now=NOW).id


def test_a_piece_is_kept_changed_and_removed(records: Records) -> None:
    made = added(records)
    with records.transaction() as session:
        changed = snippets.edit(
            session, made, ReplyDraft(title="新", text="{symptom}"), version=1, who="chen", now=NOW
        )
        assert changed is not None
        assert (changed.title, changed.text, changed.symptom, changed.version) == ("新", "{symptom}", "", 2)
    with records.transaction() as session:
        assert [each.changed_by for each in snippets.everything(session)] == ["chen"]
        assert snippets.remove(session, made)
        assert not snippets.remove(session, made)
        assert snippets.edit(session, made, GOOD, version=2, who="lin", now=NOW) is None
        assert snippets.everything(session) == []


def test_two_at_once_do_not_overwrite_each_other(records: Records) -> None:
    made = added(records)
    with records.transaction() as session:
        snippets.edit(session, made, GOOD, version=1, who="chen", now=NOW)
    with pytest.raises(ConflictError, match="chen"), records.transaction() as session:
        snippets.edit(session, made, GOOD, version=1, who="lin", now=NOW)


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (ReplyDraft(title="", text="您好"), "标题"),
        (ReplyDraft(title="问候", text=" \n"), "正文"),
        (ReplyDraft(title="问候", text="您好{name}"), r"\{name\}"),
        (ReplyDraft(title="问候", text="您好{}"), "不认识"),
        (ReplyDraft(title="问候", text="您好{clinic"), "成对"),
        (ReplyDraft(title="问候", text="您好clinic}"), "成对"),
        (ReplyDraft(title="问候", text="长" * 2001), "太长"),
        (ReplyDraft(title="长" * 61, text="您好"), "太长"),
        (ReplyDraft(title="问候", text="您好", symptom="lovesick"), "lovesick"),
        (ReplyDraft(title="问候", text="您好", clinic_id="nowhere"), "nowhere"),
    ],
)
def test_a_piece_that_cannot_be_used_is_refused(records: Records, draft: ReplyDraft, said: str) -> None:
    with pytest.raises(InputError, match=said):
        added(records, draft)


def test_the_more_particular_pieces_come_first(records: Records) -> None:
    for title, symptom, clinic_id in (
        ("a", "", ""), ("b", "", "anhe"), ("c", "toothache", ""), ("d", "toothache", "anhe"),
        ("e", "fever", ""),
    ):  # fmt: skip
        added(records, ReplyDraft(title=title, text="您好", symptom=symptom, clinic_id=clinic_id))
    with records.reading() as session:
        pieces = snippets.everything(session)
    assert [each.title for each in snippets.fitting(pieces, {"toothache"}, {"anhe"})] == ["d", "c", "b", "a"]
    assert [each.title for each in snippets.fitting(pieces, {"toothache"}, set())] == ["c", "a"]


def test_variables_are_filled_and_what_nobody_knows_is_named() -> None:
    text = "我是{clinic}的，{doctor}在，离您{distance}，{distance}不远"
    filled = fill(text, {"clinic": "安和口腔", "doctor": "林医生", "distance": ""})
    assert filled.text == "我是安和口腔的，林医生在，离您（距离），（距离）不远"
    assert filled.missing == ("距离",)
    assert fill("没有变量", {}).missing == ()


@given(st.dictionaries(st.sampled_from(sorted(VARIABLES)), st.text(max_size=10)))
def test_a_value_is_never_read_as_a_variable(values: dict[str, str]) -> None:
    text = "".join(f"<{{{name}}}>" for name in VARIABLES)
    filled = fill(text, values)
    expected = "".join(f"<{values.get(name) or f'（{title}）'}>" for name, title in VARIABLES.items())
    assert filled.text == expected


@pytest.mark.parametrize("starter", starters(), ids=lambda each: each.key)
def test_what_is_shipped_is_careful(records: Records, starter: Starter) -> None:
    assert check(starter.text) == ()
    assert "就医" in starter.text or "120" in starter.text
    assert starter.symptom == "" or starter.symptom in lexicon.load().concepts
    added(records, ReplyDraft(title=starter.title, text=starter.text, symptom=starter.symptom))


def test_shipped_pieces_have_names_of_their_own() -> None:
    keys = [each.key for each in starters()]
    assert len(keys) == len(set(keys)) >= 15
    assert fitting_starters({"toothache"})[0].key == "toothache"
