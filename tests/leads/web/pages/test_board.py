"""The board: columns by step, a card moved by drag, keys or a form, and two people at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, ViewportSize, expect

from leads.index.sqlite.index import SqliteIndex
from leads.records import cases, open_records
from leads.records.cases import CaseChange
from leads.records.clinics import adopt_file
from tests.support.browsing import PHONE, SIZES, fits, opened, shoot
from tests.support.seeds import ClientOf, fresh, settings

BOARD = "/cases?view=board&who=all"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("board")
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert([fresh(number, f"{number}号牙疼", hours=5) for number in range(1, 9)])
    with open_records(settings(made)) as records, records.transaction() as session:
        adopt_file(session, settings(made))
        change = {
            f"forum/{number}": CaseChange(status="seen", clinic_id="anhe") for number in (*range(1, 7), 8)
        }
        change["forum/7"] = CaseChange(status="seen", clinic_id="qingmu")
        cases.change(session, change, who="lin", now=datetime.now(UTC))
    return made


def where(text: str) -> dict[str, list[str]]:
    """Status → the numbers of the cards in its column."""
    columns = re.findall(r'data-status="(\w+)".+?<ol>(.*?)</ol>', text, re.S)
    return {status: re.findall(r'id="forum/(\d+)"', cards) for status, cards in columns}


def status(app: FastAPI, number: int) -> str:
    with app.state.desk.records.reading() as session:
        return cases.get(session, f"forum/{number}").status  # type: ignore[union-attr]  # it is there


def test_each_step_has_its_column(client: TestClient) -> None:
    found = where(client.get(BOARD).text)
    assert list(found) == ["new", "seen", "replied", "talking", "booked", "visited", "shared"]
    assert {"5", "6", "7"} <= set(found["seen"])


def test_a_form_moves_a_card_and_comes_back_to_the_board(client: TestClient, app: FastAPI) -> None:
    answer = client.post(
        "/board/forum/1", data={"status": "replied", "version": "1", "query": "who=all&clinic=anhe"}
    )
    assert answer.url.query == b"who=all&clinic=anhe&view=board&moved=replied"
    assert "已移到“已回复”" in answer.text
    assert "1" in where(answer.text)["replied"]
    assert status(app, 1) == "replied"


def test_who_is_late_sees_the_board_as_it_is_and_why(client: TestClient, app: FastAPI) -> None:
    client.post("/board/forum/2", data={"status": "replied", "version": "1"})
    late = client.post("/board/forum/2", data={"status": "booked", "version": "1", "query": "who=all"})
    assert late.status_code == 409
    assert "已看 → 已回复" in late.text
    assert 'href="/leads/forum/2"' in late.text
    assert "2" in where(late.text)["replied"]
    assert status(app, 2) == "replied"


@pytest.mark.parametrize("wrong", ["dismissed", "", "x"])
def test_a_step_that_is_not_on_the_board_is_refused(client: TestClient, wrong: str) -> None:
    assert client.post("/board/forum/3", data={"status": wrong}).status_code == 400


def test_a_doctor_moves_own_cards_only(client_of: ClientOf) -> None:
    doctor = client_of("doctor", ("qingmu",))
    assert where(doctor.get(BOARD).text)["seen"] == ["7"]
    assert doctor.post("/board/forum/7", data={"status": "replied"}).status_code == 200


def test_list_and_board_lead_to_each_other(client: TestClient) -> None:
    assert 'href="/cases?who=all&amp;view=board"' in client.get("/cases?who=all").text
    assert 'href="/cases?who=all"' in client.get(BOARD).text


def dropped(page: Page, card: str, column: str) -> None:
    page.locator(f"[id='{card}']").drag_to(page.locator(f"[data-status={column}]"))


@pytest.mark.browser
@SIZES
def test_cards_are_dragged_and_moved_by_keys(
    browser: Browser, address: str, folder: Path, size: ViewportSize
) -> None:
    wide = size["width"] > 600
    card = "forum/5" if wide else "forum/6"
    with opened(browser, size, folder=folder, complain=False) as page:
        page.goto(address + BOARD)
        assert fits(page)
        shoot(page, f"board-{size['width']}")
        said, one = page.locator("#board-said"), page.locator(f"[id='{card}']")
        if wide:
            dropped(page, card, "replied")
        else:
            one.locator("select").select_option("replied")
        expect(said).to_have_text("已移到“已回复”。")
        expect(said).to_be_in_viewport()
        expect(page.locator(f"[data-status=replied] [id='{card}']")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(said).to_have_text("已移到“沟通中”。")
        other = page.context.new_page()
        other.goto(address + BOARD)
        other.locator(f"[id='{card}'] select").select_option("booked")
        expect(other.locator("#board-said")).to_have_text("已移到“已预约”。")
        page.keyboard.press("ArrowLeft")
        expect(said).to_contain_text("沟通中 → 已预约")
        expect(said).to_be_in_viewport()
        expect(page.locator(f"[data-status=booked] [id='{card}']")).to_be_visible()
        shoot(page, f"board-late-{size['width']}")


class Finger:
    """A finger on the page's glass."""

    def __init__(self, page: Page) -> None:
        self._wire = page.context.new_cdp_session(page)

    def _touch(self, kind: str, *points: dict[str, float]) -> None:
        self._wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    def down(self, x: float, y: float) -> None:
        self._touch("touchStart", {"x": x, "y": y})

    def to(self, x: float, y: float) -> None:
        self._touch("touchMove", {"x": x, "y": y})

    def up(self) -> None:
        self._touch("touchEnd")

    def call(self) -> None:
        """Something else takes the touch: a call comes in."""
        self._touch("touchCancel")


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + 60


@pytest.mark.browser
def test_a_finger_drags_a_card_by_its_grip(
    browser: Browser, address: str, folder: Path, app: FastAPI
) -> None:
    with opened(browser, ViewportSize(width=820, height=1180), folder=folder, touch=True) as page:
        page.goto(address + BOARD)
        box = page.locator("[id='forum/8'] .grip").bounding_box()
        assert box is not None
        assert box["width"] >= 44 <= box["height"]
        finger = Finger(page)
        finger.down(box["x"] + 20, box["y"] + 20)
        finger.to(box["x"] + 50, box["y"] + 25)
        finger.to(*middle(page, "[data-status=replied]"))
        expect(page.locator("[data-status=replied]")).to_have_class("column over")
        shoot(page, "board-finger")
        finger.up()
        expect(page.locator("#board-said")).to_have_text("已移到“已回复”。")
        expect(page.locator("[data-status=replied] [id='forum/8']")).to_be_focused()
        assert status(app, 8) == "replied"


@pytest.mark.browser
def test_at_the_edge_of_a_phone_the_board_moves_on_and_a_call_puts_the_card_back(
    browser: Browser, address: str, folder: Path, app: FastAPI
) -> None:
    with opened(browser, PHONE, folder=folder, touch=True) as page:
        page.goto(address + BOARD)
        page.locator("[id='forum/3']").scroll_into_view_if_needed()
        before = page.evaluate("document.getElementById('board').scrollLeft")
        box = page.locator("[id='forum/3'] .grip").bounding_box()
        assert box is not None
        finger = Finger(page)
        finger.down(box["x"] + 20, box["y"] + 20)
        finger.to(380, box["y"] + 20)
        page.wait_for_function("was => document.getElementById('board').scrollLeft > was + 100", arg=before)
        finger.call()
        expect(page.locator("#board .held, #board .over")).to_have_count(0)
        assert fits(page)
        assert status(app, 3) == "seen"
