"""Real answers and pages of Weibo and Tieba, kept beside the project; none of them is part of it.

Counts, times, places and short text starts only, never names.
"""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.files.personal_fields import HIDDEN
from crawler.importers import Post, Rejected, detect, read
from crawler.items import PlaceHint
from crawler.parsing.charset import decode
from crawler.parsing.outcomes import Blocked, Refusal
from crawler.parsing.times import BEIJING
from crawler.parsing.weibo_ids import mid_from_bid
from crawler.spiders.tieba.pages import BarPage, BarThread, list_posts, read_list, read_thread, thread_posts
from crawler.spiders.weibo.pages import ResultPage, read_cards, read_long_text, read_search
from crawler.spiders.weibo_api.pages import StatusPage, error_code, read_error, read_page
from crawler.spiders.weibo_status import posts_of
from tests.support.paths import PAYLOADS

pytestmark = pytest.mark.skipif(not PAYLOADS.is_dir(), reason="../shared/payloads is not here")
NOW = datetime(2024, 8, 8, 12, 0, tzinfo=BEIJING)  # when the Tieba pages were saved
SECRET = b"a secret of this test only"


def saved(name: str) -> str:
    return decode((PAYLOADS / name).read_bytes(), "")


def cards(name: str, year: int) -> ResultPage:
    page = read_cards(saved(f"weibo_mobile/{name}"), now=datetime(year, 9, 1, tzinfo=UTC))
    assert isinstance(page, ResultPage)
    return page


def test_cards_of_2022_with_a_region() -> None:
    page = cards("cirplan_user_cards_2022_region.json", 2022)
    posts, _, _ = posts_of(page.statuses, now=datetime(2022, 9, 1, tzinfo=UTC), secret=SECRET)
    assert len(page.statuses) == 1
    first, original = posts
    assert first.post_id == mid_from_bid("M1VT3jzNX") == "4804608494665869"
    assert first.published_at.astimezone(BEIJING).isoformat() == "2022-08-20T18:29:52+08:00"
    assert first.place_hints == (PlaceHint(kind="ip", text="北京"),)
    assert first.repost_of == original.id


def test_cards_of_2019_without_a_year() -> None:
    page = cards("weiboapi_cards1.json", 2019)
    assert len(page.statuses) == 10
    assert page.statuses[0].published_at.astimezone(BEIJING).isoformat() == "2019-06-14T00:00:00+08:00"
    assert not [status for status in page.statuses if status.hints]
    assert page.odd == ()


def test_a_long_text() -> None:
    text = read_long_text(saved("weibo_mobile/weiboapi_statuses1.json"))
    assert isinstance(text, str)
    assert len(text) > 900
    assert "<br" not in text


def test_twenty_statuses_of_the_official_api() -> None:
    page = read_page(saved("weibo_open_api/weiboclient4j_statuses.json"), now=NOW, system="wgs84")
    assert isinstance(page, StatusPage)
    assert (len(page.statuses), page.odd) == (20, ())
    assert len([status for status in page.statuses if status.original_mid]) == 7
    first = page.statuses[0]
    assert first.published_at.astimezone(BEIJING).isoformat() == "2011-09-16T10:55:41+08:00"
    assert {hint.kind for status in page.statuses for hint in status.hints} == {"profile"}


def test_one_status_with_a_total_and_an_error() -> None:
    page = read_page(saved("weibo_open_api/huginn_one_weibo.json"), now=NOW, system="wgs84")
    assert isinstance(page, StatusPage)
    assert (len(page.statuses), page.total) == (1, 81655)
    code = error_code(saved("weibo_open_api/weiboclient4j_error.json"))
    assert code == 20502
    assert isinstance(read_error(code, now=NOW), Refusal)


@pytest.mark.parametrize("number", range(3))
def test_pages_that_block_are_blocked(number: int) -> None:
    path = sorted((PAYLOADS / "weibo_blocked").iterdir())[number]
    text = decode(path.read_bytes(), "")
    assert isinstance(read_search(text, now=NOW), Blocked)
    assert isinstance(read_cards(text, now=NOW), Blocked)


def test_a_board_of_tieba() -> None:
    page = read_list(saved("tieba/mediacrawler_tieba_note_list.html"), now=NOW)
    assert isinstance(page, BarPage)
    assert len(page.entries) == len(list_posts(page, now=NOW, secret=SECRET)) == 48
    days = [entry.created_at.astimezone(BEIJING) for entry in page.entries[:2] if entry.created_at]
    assert [f"{day:%Y-%m-%d}" for day in days] == ["2024-07-06", "2020-05-01"]


def test_a_thread_of_tieba() -> None:
    page = read_thread(saved("tieba/mediacrawler_note_comments.html"), now=NOW)
    assert isinstance(page, BarThread)
    floors = [floor for floor in page.floors if floor.floor]
    assert [floor.floor for floor in floors] == list(range(1, 31))
    assert (page.adverts, page.pages, page.replies) == (1, 4, 251)
    assert all(floor.ip for floor in floors)
    assert floors[0].ip == "福建"
    assert floors[0].published_at.astimezone(BEIJING).isoformat() == "2024-08-06T22:09:00+08:00"
    posts, odd = thread_posts(page, now=NOW, secret=SECRET)
    assert (posts[0].post_id, odd) == (page.tid, ())
    assert len([floor for floor in page.floors if floor.floor is None]) == 26


@pytest.mark.parametrize(
    ("name", "importer", "count"),
    [
        ("weibo_mobile/cirplan_user_cards_2022_region.json", "weibo-json", 2),
        ("weibo_mobile/weiboapi_cards1.json", "weibo-json", 11),
        ("weibo_open_api/weiboclient4j_statuses.json", "weibo-json", 27),
        ("weibo_open_api/huginn_one_weibo.json", "weibo-json", 1),
        ("tieba/mediacrawler_tieba_note_list.html", "tieba-html", 48),
        ("tieba/mediacrawler_note_comments.html", "tieba-html", 53),
    ],
)
def test_held_files_are_imported(tmp_path: Path, name: str, importer: str, count: int) -> None:
    path = Path(shutil.copyfile(PAYLOADS / name, tmp_path / Path(name).name))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    items = list(read(path, now=NOW, secret=SECRET))
    assert detect(path) == importer
    assert [item for item in items if isinstance(item, Rejected)] == []
    assert len(items) == count


@pytest.mark.parametrize("number", range(3))
def test_a_held_page_that_blocks_is_quarantined_with_its_reason(tmp_path: Path, number: int) -> None:
    path = sorted((PAYLOADS / "weibo_blocked").iterdir())[number]
    (item,) = read(path, now=NOW, secret=SECRET)
    assert isinstance(item, Rejected)
    assert "这一页没有微博" in item.reason
    assert json.loads(item.raw) == {"html": HIDDEN}


def test_held_and_crawled_are_one_post() -> None:
    path = PAYLOADS / "weibo_mobile/cirplan_user_cards_2022_region.json"
    held = [item for item in read(path, now=datetime.now(UTC), secret=SECRET) if isinstance(item, Post)]
    page = cards("cirplan_user_cards_2022_region.json", 2022)
    crawled, _, _ = posts_of(page.statuses, now=datetime(2022, 9, 1, tzinfo=UTC), secret=SECRET)
    assert [(p.id, p.author_key, p.url) for p in held] == [(p.id, p.author_key, p.url) for p in crawled]
