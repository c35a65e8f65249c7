"""The pages over a seeded index: what is shown is what was asked, and nothing a post says can act."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from leads.errors import StorageError
from leads.index.sqlite.index import SqliteIndex
from leads.query.search import to_query
from leads.web.app import create_app
from leads.web.headers import HEADERS
from leads.web.leads.page import PAGE_SIZE
from tests.support.seeds import login_cookie, seed, settings
from tests.support.seen import Seen, shown


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, {"near": "anhe", "precision": "sure"}),  # the first clinic's surroundings
        ({"near": "all"}, {}),
        ({"near": "qingmu"}, {"near": "qingmu", "precision": "sure"}),
        (
            {"near": "qingmu", "radius": "20km", "precision": "sure"},
            {"near": "qingmu", "radius": "20km", "precision": "sure"},
        ),
        (
            {"near": "30.65,104.08", "precision": "possible"},
            {"near": "30.65,104.08", "precision": "possible"},
        ),
        ({"near": "all", "q": "看牙 OR 7号"}, {"q": "看牙 OR 7号"}),
        ({"near": "all", "q": "NOT 牙疼"}, {"q": "NOT 牙疼"}),
        ({"area": "成都"}, {"area": "成都"}),
        ({"near": "all", "symptom": "牙痛"}, {"symptom": ("牙痛",)}),
        ({"near": "all", "specialty": "ent"}, {"specialty": ("ent",)}),
        ({"near": "all", "since": "7d"}, {"since": "7d"}),
        ({"near": "all", "min_need": "0.8"}, {"min_need": "0.8"}),
        ({"near": "all", "source": "forum", "sort": "newest"}, {"source": ("forum",), "sort": "newest"}),
        ({"near": "anhe", "sort": "nearest"}, {"near": "anhe", "precision": "sure", "sort": "nearest"}),
    ],
)
def test_the_page_shows_what_the_query_finds(
    client: TestClient, folder: Path, fields: dict[str, str], asked: dict[str, object]
) -> None:
    now = datetime.now(UTC)
    clinics = settings(folder).clinic_records()
    query = to_query({"limit": "1000", **asked}, clinics=clinics, now=now)
    with SqliteIndex(folder / "leads.sqlite") as index:
        expected = [hit.lead.id for hit in index.search(query, now=now).items]
    assert shown(client, **fields) == expected
    total = re.search(
        r"共 <strong>(\d+)</strong>", client.get("/leads?" + (urlencode(fields) or "near=")).text
    )
    assert total is not None
    assert int(total[1]) == len(expected)


def test_a_page_is_limited_and_the_next_one_keeps_the_filters(client: TestClient) -> None:
    answer = client.get("/leads", params={"near": "all", "q": "牙疼", "sort": "newest"})
    assert len(Seen(answer.text).all("li", "id")) == PAGE_SIZE
    (following,) = [link for link in Seen(answer.text).all("a", "href") if "cursor=" in link]
    assert "sort=newest" in following
    assert "near=all" in following
    second = Seen(client.get(following).text).all("li", "id")
    assert not set(second) & set(Seen(answer.text).all("li", "id"))


def test_the_form_keeps_what_was_asked(client: TestClient) -> None:
    fields = {"q": '牙疼 OR "智齿"', "near": "30.65,104.08", "radius": "7km", "since": "5d", "sort": "newest"}
    fields |= {"symptom": "牙痛", "min_need": "0.5", "specialty": "dental", "precision": "sure"}
    answer = client.get("/leads", params=fields)
    assert answer.status_code == 200
    inputs = [values for tag, values in Seen(answer.text).tags if tag == "input"]
    written = {values["name"]: values.get("value", "") for values in inputs if "name" in values}
    assert {name: written[name] for name in ("q", "min_need")} == {"q": fields["q"], "min_need": "0.5"}
    ticked = {(values["name"], values["value"]) for values in inputs if "checked" in values}
    assert ticked == {("symptom", "toothache"), ("specialty", "dental")}
    for chosen in ("30.65,104.08", "7km", "5d", "newest", "sure"):
        assert re.search(rf'<option(?: value="{re.escape(chosen)}")? selected>', answer.text), chosen


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"q": "(牙疼"}, "括号"),
        ({"q": "牙" * 501}, "太长"),
        ({"near": "nowhere"}, "坐标"),
        ({"near": "104.05,30.63"}, "写反"),
        ({"radius": "5 miles"}, "半径"),
        ({"radius": "0"}, "半径"),
        ({"symptom": "霍格沃茨病"}, "霍格沃茨病"),
        ({"specialty": "x"}, "specialty"),
        ({"area": "亚特兰蒂斯"}, "亚特兰蒂斯"),
        ({"since": "soon"}, "since"),
        ({"min_need": "2"}, "min_need"),
        ({"precision": "x"}, "precision"),
        ({"sort": "x"}, "sort"),
        ({"near": "all", "sort": "nearest"}, "距离"),
        ({"cursor": "x"}, "cursor"),
        ({"q": "<script>alert(1)</script>("}, "看不懂"),
    ],
)
def test_what_cannot_be_understood_is_a_400_with_a_sentence_and_the_form(
    client: TestClient, fields: dict[str, str], said: str
) -> None:
    answer = client.get("/leads", params=fields)
    assert answer.status_code == 400
    (sentence,) = re.findall(r'<p class="problem" role="alert">([^<]+)</p>', answer.text)
    assert said in unescape(sentence)
    assert '<form class="filters"' in answer.text
    assert "<script>" not in answer.text


def test_nothing_a_post_says_becomes_markup(client: TestClient) -> None:
    for address in (
        "/leads?near=all&q=100",
        "/leads?near=all&since=1d",
        "/mentions",
        "/leads?q=" + "%3Cscript%3E",
    ):
        answer = client.get(address)
        tags = {
            tag for tag, values in Seen(answer.text).tags if not values.get("src", "").startswith("/static/")
        }
        assert not tags & {"script", "img", "iframe", "object", "style"}
    since = client.get("/leads?near=all&since=1d").text
    assert "&lt;script&gt;" in since
    assert "&lt;script&gt;" in client.get("/mentions").text


def test_direction_marks_cannot_turn_the_page_round(client: TestClient) -> None:
    assert "unicode-bidi: isolate" in client.get("/static/style.css").text
    assert "反过来的字" in client.get("/leads?near=all&since=1d").text


def test_long_posts_are_cut(client: TestClient) -> None:
    answer = client.get("/leads?near=all&since=1d")
    assert len(answer.text) < 60_000
    assert "…" in answer.text


@pytest.mark.parametrize("field", ["q", "near", "radius", "area", "symptom", "min_need", "cursor"])
def test_a_question_of_twenty_thousand_characters_is_answered(client: TestClient, field: str) -> None:
    answer = client.get("/leads", params={field: "x" * 20_000})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_only_web_addresses_become_links(client: TestClient) -> None:
    for address in ("/leads?near=all&since=1d", "/mentions"):
        links = Seen(client.get(address).text).all("a", "href")
        assert links
        assert all(link.startswith(("/", "#", "http://", "https://")) for link in links)
    outside = [
        link
        for link in Seen(client.get("/leads?near=all&since=1d").text).all("a", "href")
        if "example" in link
    ]
    assert set(outside) == {"https://forum.example/t?a=1&b='\"<", "http://forum.example/long"}


def test_links_to_other_sites_do_not_tell_where_one_comes_from(client: TestClient) -> None:
    page = Seen(client.get("/leads?near=all&since=1d").text)
    for tag, values in page.tags:
        if tag == "a" and values["href"].startswith("http"):
            assert {"noreferrer", "noopener"} <= set(values["rel"].split())


@pytest.mark.parametrize("address", ["/", "/mentions", "/static/style.css", "/nowhere", "/leads?sort=x"])
def test_every_answer_has_the_headers_of_a_careful_page(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    for name, value in HEADERS.items():
        assert headers[name] == value
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_pages_need_nothing_from_elsewhere(client: TestClient) -> None:
    page = Seen(client.get("/leads").text)
    files = [values for tag, values in page.tags if tag in ("link", "script", "img")]
    needed = [values.get("src", values.get("href", "")) for values in files]
    assert needed
    assert all(address.startswith("/static/") for address in needed)
    assert all(client.get(address).status_code == 200 for address in needed)


def test_reasons_place_and_distance_are_shown(client: TestClient) -> None:
    text = client.get("/leads?near=anhe&q=0%E5%8F%B7").text
    assert '<mark class="symptom urgent-week">牙疼</mark>' in text
    assert "求诊可能性 90%" in text
    assert "武侯区内（±" in text
    assert re.search(r"<time [^>]+>1 小时前</time>", text)


def test_mentions_are_shown_with_their_mood_and_may_be_filtered(client: TestClient) -> None:
    everything = client.get("/mentions").text
    assert len(Seen(everything).all("li", "id")) == 3
    for word in ("好评", "不满", "严重程度 3/3", "提到：安和口腔", "青木中医"):
        assert word in everything
    assert len(Seen(client.get("/mentions?clinic=qingmu").text).all("li", "id")) == 1
    empty = client.get("/mentions?clinic=nobody")
    assert (empty.status_code, "还没有人提到" in empty.text) == (200, True)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("GET", "/nowhere", 404), ("POST", "/", 405), ("GET", "/static/../app.py", 404)],
)
def test_other_requests_get_one_sentence(client: TestClient, method: str, address: str, status: int) -> None:
    answer = client.request(method, address)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "10.0.0.8"])
def test_a_foreign_name_for_this_machine_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "牙疼" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_this_machines_own_names_are_served(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_a_store_that_fails_is_a_503_with_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise StorageError("磁盘读写出错：请检查磁盘。")

    monkeypatch.setattr(SqliteIndex, "search", fail)
    cookies = login_cookie(tmp_path)
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1", cookies=cookies) as client:
        answer = client.get("/leads")
    assert answer.status_code == 503
    assert "磁盘读写出错" in answer.text


def test_without_clinics_the_page_shows_everything(folder: Path) -> None:
    bare = settings(folder).model_copy(update={"clinics": ()})
    cookies = login_cookie(folder)
    with TestClient(create_app(bare), base_url="http://127.0.0.1", cookies=cookies) as client:
        assert len(shown(client)) == 65
        assert '<a href="/clinics">诊所</a>页设置' in client.get("/mentions?clinic=x").text


def test_an_empty_index_says_what_to_do(tmp_path: Path) -> None:
    cookies = login_cookie(tmp_path)
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1", cookies=cookies) as client:
        assert "没有符合条件的线索" in client.get("/leads").text
