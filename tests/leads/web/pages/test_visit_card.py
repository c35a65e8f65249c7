"""The card of an appointment: what it begins with, who may see it, and that it is gone after the visit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from leads.errors import InputError
from leads.models import CaseStatus
from leads.records import Records, cases, erasures, visit_cards
from leads.records.cases import CaseChange
from leads.replies.visit_questions import codes, questions_for
from nlp.symptoms import lexicon
from tests.support.builders import NOW
from tests.support.seeds import ClientOf


def booked(client: TestClient, number: int, status: str = "booked") -> str:
    assert (
        client.post(f"/cases/forum/{number}", data={"status": status, "clinic_id": "anhe"}).status_code == 200
    )
    return f"/visit-cards/forum/{number}"


def test_a_card_begins_with_the_post_and_the_questions_of_its_symptoms(client: TestClient) -> None:
    assert client.get("/visit-cards/forum/1").status_code == 404, "nothing is booked"
    text = client.get(booked(client, 1)).text
    for words in ("1号牙疼，求推荐", "安和口腔", "哪一颗疼", "碰冷热", "过敏", "还没有保存"):
        assert words in text


def test_what_is_written_is_kept_until_the_visit(client: TestClient, app: FastAPI) -> None:
    card = booked(client, 2)
    kept = client.post(card, data={"said": "左下牙疼", "questions": "哪一颗\n\n过敏吗"})
    assert "已保存" in kept.text
    assert "<li>过敏吗</li>" in kept.text
    booked(client, 2, "visited")
    assert client.get(card).status_code == 404
    with app.state.desk.records.reading() as session:
        assert visit_cards.get(session, "forum/2") is None


def test_a_card_that_says_nothing_is_refused(client: TestClient) -> None:
    refused = client.post(booked(client, 3), data={"said": " ", "questions": ""})
    assert refused.status_code == 400
    assert "预约卡是空的" in refused.text


def test_a_doctor_of_the_clinic_sees_it(client: TestClient, client_of: ClientOf) -> None:
    assert client_of("doctor", ("anhe",)).get(booked(client, 4)).status_code == 200


def keep(records: Records, status: CaseStatus = "booked") -> None:
    with records.transaction() as session:
        cases.change(session, {"forum/1": CaseChange(status=status)}, who="lin", now=NOW)
        visit_cards.keep(session, "forum/1", said="牙疼", questions="哪颗", who="lin", now=NOW)


def there(records: Records) -> bool:
    with records.reading() as session:
        return visit_cards.get(session, "forum/1") is not None


@pytest.mark.parametrize("status", cases.CARD_ENDS)
def test_it_goes_with_the_appointment(records: Records, status: CaseStatus) -> None:
    keep(records)
    assert there(records)
    with records.transaction() as session:
        wanted = CaseChange(status=status, reason="太远")
        cases.change(session, {"forum/1": wanted}, who="lin", now=NOW)
    assert not there(records)


def test_it_goes_by_retention_and_by_erasure(records: Records) -> None:
    keep(records)
    with records.transaction() as session:
        assert visit_cards.forget(session, NOW - timedelta(days=1)) == 0
        assert visit_cards.forget(session, NOW + timedelta(days=1)) == 1
    keep(records)
    with records.transaction() as session:
        erasures.clean(session, ["forum/1"])
    assert not there(records)


def test_without_an_appointment_there_is_no_card(records: Records) -> None:
    with pytest.raises(InputError, match="已预约"):
        keep(records, "talking")


def test_questions_are_of_codes_that_exist() -> None:
    known = lexicon.load()
    assert codes()["symptom"] <= known.concepts.keys()
    assert codes()["specialty"] == known.specialties.keys()


def test_the_most_particular_questions_come_first_and_each_once() -> None:
    asked = questions_for(["toothache", "toothache"], ["dental"])
    assert asked[0].startswith("哪一颗")
    assert asked[-1].startswith("有没有怀孕")
    assert len(asked) == len(set(asked))
