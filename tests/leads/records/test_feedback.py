"""Feedback: what people say of the tags, kept beside what the model said; what training learns from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leads.errors import InputError
from leads.records import Records, cases, feedback, notes
from leads.scoring.expected import JudgedLead
from nlp.models import OwnWords
from tests.support.builders import lead, region

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def said(records: Records, number: int, kind: feedback.FeedbackKind, **values: str) -> None:
    with records.transaction() as session:
        feedback.add(session, lead(number, f"{number}号牙疼"), kind, who="lin", now=NOW, **values)


def learnt(records: Records) -> dict[str, str]:
    with records.reading() as session:
        return dict(feedback.judgements(session))


def test_a_judgement_stands_beside_what_the_model_said(records: Records) -> None:
    found = lead(1, "武侯区牙疼", place=region("武侯区"))
    with records.transaction() as session:
        feedback.add(session, found, "place", reason="其实在绵阳", who="lin", now=NOW)
    with records.reading() as session:
        (row,) = feedback.of(session, found.id)
    assert (row.kind, row.reason, row.who, row.at) == ("place", "其实在绵阳", "lin", NOW)
    assert row.text == found.post.full_text
    assert row.said == {
        "intent": "seeker",
        "seeker": 0.9,
        "need": 0.8,
        "symptoms": ["toothache"],
        "place": "510107",
        "evidence": "self",
    }


def test_only_what_says_what_a_post_is_is_learnt(records: Records) -> None:
    said(records, 1, "lead")
    said(records, 2, "not_lead", intent="advert")
    said(records, 3, "symptom")
    said(records, 4, "place")
    assert learnt(records) == {"1号牙疼": "seeker", "2号牙疼": "advert"}


def test_the_last_judgement_of_a_text_counts(records: Records) -> None:
    said(records, 1, "not_lead", intent="figurative")
    said(records, 1, "lead")
    assert learnt(records) == {"1号牙疼": "seeker"}


def test_characters_a_database_refuses_are_no_fault(records: Records) -> None:
    with records.transaction() as session:
        found = lead(1)
        found = replace(found, post=replace(found.post, text="牙\x00疼\ud800"))
        feedback.add(session, found, "lead", reason="a\x00", who="lin", now=NOW)
        notes.add(session, found.id, "b\x00\udfff", who="lin", now=NOW)
    assert learnt(records) == {"牙疼?": "seeker"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda s, found: feedback.kind_of("liar"),
        lambda s, found: feedback.add(s, found, "not_lead", who="lin", now=NOW),
        lambda s, found: feedback.add(s, found, "not_lead", intent="seeker", who="lin", now=NOW),
        lambda s, found: feedback.add(s, found, "not_lead", intent="patient", who="lin", now=NOW),
        lambda s, found: feedback.add(s, found, "place", reason="远" * 201, who="lin", now=NOW),
        lambda s, found: feedback.judge(s, found, "patient", who="lin", now=NOW),
    ],
)
def test_what_is_no_judgement_is_refused(records: Records, wrong: Callable[..., object]) -> None:
    with pytest.raises(InputError), records.transaction() as session:
        wrong(session, lead(1))
    assert learnt(records) == {}


def test_who_made_a_judgement_may_take_it_back(records: Records) -> None:
    said(records, 1, "lead")
    with records.transaction() as session:
        (row,) = feedback.of(session, "forum/1")
        assert not feedback.take_back(session, row.id, lead_id="forum/1", who="chen")
        assert not feedback.take_back(session, row.id, lead_id="forum/2", who="lin")
        assert feedback.take_back(session, row.id, lead_id="forum/1", who="lin")
    assert learnt(records) == {}


def test_what_a_writer_wants_forgotten_is_gone(records: Records) -> None:
    said(records, 1, "lead")
    said(records, 2, "lead")
    with records.transaction() as session:
        cases.forget(session, ["forum/1"])
    assert learnt(records) == {"2号牙疼": "seeker"}


def test_an_older_file_is_taken_over_once(records: Records, tmp_path: Path) -> None:
    later = (NOW + timedelta(days=1)).isoformat()
    path = tmp_path / "feedback.jsonl"
    path.write_text(
        '{"text": "1号牙疼", "intent": "advert"}\n'
        f'{{"at": "{later}", "text": "2号牙疼", "intent": "advert"}}\n'
        '{"text": "2号牙疼", "intent": "other"}\n'
        '{"text": "3号\u2028牙疼", "intent": "seeker"}\n',
        encoding="utf-8",
    )
    said(records, 1, "lead")  # said later than the undated line of the file
    said(records, 2, "lead")
    assert feedback.adopt_file(records, tmp_path) == 4
    assert learnt(records) == {"1号牙疼": "seeker", "2号牙疼": "advert", "3号\u2028牙疼": "seeker"}
    assert feedback.adopt_file(records, tmp_path) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"text": "牙疼"}',
        '{"text": 1, "intent": "seeker"}',
        "[]",
        '{"text": "牙疼", "intent": "patient"}',
        '{"text": "牙疼", "intent": "seeker", "at": "gestern"}',
        '{"text": "牙疼", "intent": "seeker", "at": "2026-11-20T04:00:00"}',
    ],
)
def test_a_broken_line_is_named_and_nothing_taken_over(records: Records, tmp_path: Path, line: str) -> None:
    path = tmp_path / "feedback.jsonl"
    path.write_text('{"text": "牙疼", "intent": "seeker"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="第 2 行"):
        feedback.adopt_file(records, tmp_path)
    assert learnt(records) == {}
    assert path.exists()


def test_what_is_known_of_a_source_are_the_last_words_of_late(records: Records) -> None:
    said(records, 1, "lead")
    said(records, 2, "not_lead", intent="advert")
    said(records, 2, "lead")
    said(records, 3, "not_lead", intent="other")
    said(records, 4, "place", reason="其实在绵阳")  # says nothing of need
    with records.transaction() as session:
        feedback.add(session, lead(5), "lead", who="lin", now=NOW - timedelta(days=91))
    with records.reading() as session:
        known = feedback.judged(session, since=NOW - timedelta(days=90))
    assert known == {
        "forum": [
            JudgedLead(share=0.9, real=True),
            JudgedLead(share=0.9, real=True),
            JudgedLead(share=0.9, real=False),
        ]
    }


def corrected(records: Records, number: int, kind: feedback.FeedbackKind, words: str, code: str) -> None:
    with records.transaction() as session:
        right = {"words": words, "code": code}
        feedback.add(session, lead(number), kind, right=right, who="lin", now=NOW + timedelta(hours=number))


def test_a_word_is_the_clinics_own_when_two_posts_say_so(records: Records) -> None:
    corrected(records, 1, "symptom", "蹦迪", "toothache")
    corrected(records, 1, "symptom", "蹦迪", "toothache")  # the same post again
    corrected(records, 2, "place", "小鹿湾", "510107")
    corrected(records, 3, "place", "小鹿湾", "510107")
    said(records, 4, "symptom", reason="不知道")
    with records.reading() as session:
        assert feedback.own_words(session) == OwnWords(symptoms={}, places={"小鹿湾": "510107"})
    corrected(records, 5, "symptom", "蹦迪", "toothache")
    corrected(records, 6, "symptom", "蹦迪", "dizziness")
    with records.reading() as session:
        assert feedback.own_words(session).symptoms == {"蹦迪": "toothache"}
    corrected(records, 7, "symptom", "蹦迪", "dizziness")
    with records.reading() as session:
        assert feedback.own_words(session).symptoms == {"蹦迪": "dizziness"}
