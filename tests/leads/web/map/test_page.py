"""The map's page and its answers to scripts: what is counted, for whom, and from where pictures may come."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from leads.index.sqlite.index import SqliteIndex
from leads.web.app import create_app
from leads.web.headers import HEADERS
from leads.web.map.cells import COARSEST, FINEST, LEAST
from leads.web.map.page import LISTED
from tests.support.builders import point
from tests.support.seeds import fresh, login_cookie, seed, settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("map")
    seed(made)
    with SqliteIndex(made / "leads.sqlite") as index:
        index.upsert(
            [
                fresh(
                    1000 + n, f"{n}号智齿发炎{n}", hours=1 + n,
                    place=point(30.60 + n % 7 * 0.012, 104.0 + n % 11 * 0.01),
                )
                for n in range(150)
            ]
        )  # fmt: skip
    return made


def test_the_map_shows_what_the_list_shows_and_tells_who_may_be_near_apart(client: TestClient) -> None:
    found = re.compile(r"共 <strong>(\d+)</strong> 条线索，.*?<a href=\"[^\"]+\">可能在附近（(\d+)）</a>")
    of_list, of_map = (found.search(client.get(f"{path}?near=anhe").text) for path in ("/", "/map"))
    assert of_list is not None
    assert of_map is not None
    assert of_map.groups() == of_list.groups()
    alone = client.get("/map?near=anhe&precision=maybe").text
    assert f"共 <strong>{of_map[2]}</strong> 条线索，画出" in alone


@pytest.mark.parametrize("zoom", range(COARSEST, FINEST + 1))
@pytest.mark.parametrize("query", ["", "near=all", "near=all&since=3d", "near=all&q=%E7%89%99%E7%96%BC"])
def test_no_cell_is_smaller_than_five_and_nothing_goes_missing(
    client: TestClient, query: str, zoom: int
) -> None:
    view = client.get(f"/map/cells?{query}&zoom={zoom}").json()
    drawn = [bubble["count"] for bubble in view["bubbles"]]
    assert drawn
    assert min(drawn) >= LEAST
    assert sum(drawn) + view["left_out"] + view["unplaced"] == view["total"]
    (total,) = {view["total"], client.get(f"/map/cells?{query}").json()["total"]}
    assert f"共 <strong>{total}</strong>" in client.get(f"/map?{query}&zoom={zoom}").text


def test_the_page_draws_the_cells_without_scripts(client: TestClient) -> None:
    view = client.get("/map/cells?near=anhe").json()
    page = client.get("/map?near=anhe").text
    assert len(re.findall('<a href="[^"]+" class="bubble', page)) == len(view["bubbles"]) > 5
    assert view["reach"] is not None
    assert '<circle class="reach"' in page
    assert "style=" not in page
    assert "武侯区" in page
    assert len(page) < 150_000


def test_a_search_that_finds_few_draws_nobody(client: TestClient) -> None:
    view = client.get("/map/cells?near=all&q=7%E5%8F%B7&zoom=15").json()
    assert 0 < view["total"] < LEAST
    assert (view["bubbles"], view["left_out"]) == ([], view["total"])
    assert "没有画出" in client.get("/map?near=all&q=7%E5%8F%B7").text


def test_the_map_and_the_list_link_to_each_other_with_the_same_search(client: TestClient) -> None:
    page = client.get("/map?q=智齿&since=7d&zoom=11").text
    assert 'href="/leads?q=%E6%99%BA%E9%BD%BF&amp;since=7d"' in page
    assert "since=7d&amp;zoom=8" in page


@pytest.mark.parametrize(
    "query",
    ["zoom=3", "zoom=16", "zoom=x", "zoom=" + "9" * 5000, "q=(", "near=nowhere", "cell=x", "cell=1-2"],
)
def test_what_cannot_be_understood_is_a_400(client: TestClient, query: str) -> None:
    assert client.get(f"/map?{query}").status_code == 400
    if "cell" in query:
        return  # means nothing to a script
    answer = client.get(f"/map/cells?{query}")
    assert (answer.status_code, bool(answer.json()["problem"])) == (400, True)


def test_a_doctor_sees_the_surroundings_of_own_clinics_only(client_of: Callable[..., TestClient]) -> None:
    doctor = client_of("doctor", ("qingmu",))
    own = doctor.get("/map/cells").json()
    assert own["total"] == client_of("admin").get("/map/cells?near=qingmu").json()["total"]
    assert doctor.get("/map/cells?near=qingmu&radius=500km").json()["reach"] == own["reach"]
    assert doctor.get("/map/cells?near=anhe").status_code == 400
    assert "不限地点" not in doctor.get("/map").text
    nobody = client_of("doctor", ())
    assert nobody.get("/map/cells").status_code == 400


def test_a_place_opens_its_leads(client: TestClient) -> None:
    view = client.get("/map/cells?near=all&since=3d").json()
    links = [
        unescape(link)
        for link in re.findall(r'<a href="([^"]+)" class="bubble', client.get("/map?near=all&since=3d").text)
    ]
    assert len(links) == len(view["bubbles"])
    for bubble, link in zip(view["bubbles"], links, strict=True):
        assert f"cell={bubble['key']}" in link
        page = client.get(link).text
        assert f"{bubble['name']}一带 {bubble['count']} 条" in page
        assert len(re.findall(r'<a href="/leads/[^"]+">', page)) == min(bubble["count"], LISTED)


def test_a_place_that_is_not_drawn_any_more_says_so(client: TestClient) -> None:
    answer = client.get("/map?near=all&zoom=11&cell=11-0-0")
    assert answer.status_code == 200
    assert "不单独列出" in answer.text


def test_pictures_may_come_from_the_configured_tile_server_on_these_pages_only(folder: Path) -> None:
    web = settings(folder).web.model_copy(
        update={"tiles": "https://user:pw@tiles.example:8443/{z}/{x}/{y}.png"}
    )
    configured = settings(folder).model_copy(update={"web": web})
    cookies = login_cookie(folder)
    with TestClient(create_app(configured), base_url="http://127.0.0.1", cookies=cookies) as client:
        for page in ("/map", "/clinics/new"):
            policy = client.get(page).headers["Content-Security-Policy"]
            assert "img-src 'self' data: https://tiles.example:8443;" in policy
            assert (
                policy.replace(" data: https://tiles.example:8443", "") == HEADERS["Content-Security-Policy"]
            )
        assert client.get("/").headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


def test_without_tiles_the_policy_is_the_usual_one(client: TestClient) -> None:
    assert client.get("/map").headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
