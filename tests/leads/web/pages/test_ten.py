"""The page of ten questions: forms that work without scripts, one after the other, and thanks at the end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ViewportSize

from leads.learning import history
from leads.learning.history import Training
from tests.support.browsing import SIZES, fits, opened, shoot
from tests.support.seeds import ClientOf

NOW = datetime.now(UTC)
LEAD = re.compile(r'name="lead_id" value="([^"]+)"')


def question(client: TestClient) -> str:
    """The id of the lead that is asked about."""
    found = LEAD.search(client.get("/ten").text)
    assert found is not None
    return unescape(found[1])


def test_a_question_shows_the_post_and_six_answers(client_of: ClientOf) -> None:
    html = client_of("marketer").get("/ten").text
    assert "今天第 1 问，共 10 问" in html
    assert [re.search(f'data-key="{key}"', html) is not None for key in "123456s"] == [True] * 7
    assert "求诊可能性" not in html  # what the model thinks would sway who answers


def test_ten_answers_end_in_thanks_and_tell_how_many_are_real(client_of: ClientOf) -> None:
    client = client_of("doctor", ("anhe",))
    seen = set()
    for number in range(10):
        seen.add(question(client))
        answer = "skip" if number == 3 else "seeker"
        page = client.post("/ten", data={"lead_id": question(client), "answer": answer}).text
    assert len(seen) == 10
    assert "谢谢，今天的 10 问答完了" in page
    assert "大家一共答过 9 条" in page
    late = client.post("/ten", data={"lead_id": "forum/1", "answer": "seeker"})
    assert late.status_code == 400
    assert "明天再来" in late.text
    effect = client.get("/ten/effect").text  # of these, two were drawn by chance
    assert re.search(r"<td[^>]*>2</td><td[^>]*>2（100%）</td>", effect)


def test_what_was_typed_stays_when_it_cannot_be_taken(client_of: ClientOf) -> None:
    client = client_of("admin")
    form = {"lead_id": question(client), "answer": "seeker", "symptom": "wrong"}
    answer = client.post("/ten", data={**form, "symptom_words": "没有这句", "symptom_name": "牙痛"})
    assert answer.status_code == 400
    assert "原文里没有“没有这句”" in answer.text
    assert 'value="没有这句"' in answer.text
    assert question(client) == form["lead_id"]


@pytest.mark.parametrize("form", [{}, {"lead_id": "forum/none", "answer": "seeker"}])
def test_a_post_that_is_gone_is_said(client_of: ClientOf, form: dict[str, str]) -> None:
    answer = client_of("admin").post("/ten", data=form)
    assert answer.status_code == 404


def test_the_effect_is_drawn_with_its_numbers_beside(client_of: ClientOf, folder: Path) -> None:
    client = client_of("marketer")
    assert "还没有学过：满 20 条判断后" in client.get("/ten/effect").text
    trainings = [
        Training(at=NOW - timedelta(days=2), answers=40, before=0.5, after=0.75, state="installed"),
        Training(at=NOW, answers=25, before=0.25, after=1.0, state="returned"),
    ]
    for each in trainings:
        history.add(folder, each)
    html = client.get("/ten/effect").text
    assert re.findall(r'<polyline class="after" points="([^"]+)"', html) == ["54.0,62.0 626.0,14.0"]
    assert "变差了，已退回" in html
    assert "0.750" in html


@pytest.mark.browser
@SIZES
def test_one_key_answers(browser: Browser, address: str, folder: Path, size: ViewportSize) -> None:
    with opened(browser, size, folder=folder, role="marketer") as page:
        page.goto(f"{address}/ten")
        shoot(page, f"ten-{size['width']}")
        assert fits(page)
        before = page.locator("progress").get_attribute("value")
        page.keyboard.press("1")
        page.wait_for_function(f"document.querySelector('progress').getAttribute('value') != '{before}'")
        page.locator("main summary").click()
        page.locator("[name=symptom_words]").press("2")  # typed, not answered
        assert page.locator("[name=symptom_words]").input_value() == "2"
