"""Whatever is typed behind the address gives a page or a clear "no", never a fault of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.routes import parameters_of, routes_of
from tests.support.visitors import PEOPLE, browser_of, desk

ODD = (
    *(
        "anhe",
        "qingmu",
        "all",
        "forum/1",
        "牙痛",
        "toothache",
        "dental",
        "成都武侯",
        "510107",
        "30.6,104.0",
        "90,180",
    ),
    *("5km", "0.001m", "1e9km", "7d", "999999999999d", "2026-11-22", "0001-01-01", "9999-12-31", "24:60"),
    *("newest", "nearest", "sure", "possible", "new", "dismissed", "1", "0", "-1", "2147483648", "9" * 30),
    *(
        "nan",
        "inf",
        "-inf",
        "1e309",
        "0x10",
        "１２",
        "true",
        "null",
        "[]",
        "{}",
        "%",
        "_",
        "'",
        '"',
        "\\",
        "*",
        "?",
    ),
    *(
        "a:b",
        "need:>x",
        "NEAR/0",
        "(",
        ")",
        "NOT",
        "AND OR",
        "牙疼 NEAR/3",
        "//evil.example",
        "../../etc/passwd",
    ),
    *("\x00", "\r\nX: y", "\u202e", "\U0001f9b7", "é", "\ufeff", "\ud7ff", "x" * 5000, "<script>", ""),
)
VALUES = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=30),
    st.lists(st.sampled_from(ODD), min_size=2, max_size=3).map(" ".join),
).map(lambda text: quote(text.encode("utf-8", "surrogatepass"), safe=""))
RAW = st.binary(max_size=8).map(lambda data: "".join(f"%{each:02x}" for each in data))  # not even UTF-8
NAMES = st.one_of(st.text("abcdefgh_[]", max_size=8), RAW)


STREAM = "/events"  # goes on until its reader leaves; has tests of its own


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return desk(tmp_path_factory.mktemp("roles"))


@pytest.fixture(scope="module")
def clients(app: FastAPI) -> Iterator[dict[str, TestClient]]:
    opened = {login: browser_of(app, login) for login in ("", *PEOPLE)}
    yield {login: context.__enter__() for login, context in opened.items()}
    for context in opened.values():
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def pages(app: FastAPI) -> list[str]:
    """Paths that are asked for with GET; the API has its own test."""
    found = [route.removeprefix("GET ") for route in routes_of(app) if route.startswith("GET ")]
    return [path for path in found if not path.startswith(("/api", "/static", STREAM)) and "*" not in path]


@pytest.fixture(scope="module")
def names(app: FastAPI) -> list[str]:
    return parameters_of(app)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_address_gives_a_page_or_a_clear_no(
    clients: dict[str, TestClient], pages: list[str], names: list[str], data: st.DataObject
) -> None:
    login, url = _draw(data, pages, names)
    answer = clients[login].get(url)
    assert answer.status_code < 500, url
    if answer.status_code >= 400 and "text/html" in answer.headers["Content-Type"]:
        assert 'role="alert"' in answer.text or 'class="problem"' in answer.text, url


def _draw(data: st.DataObject, pages: list[str], names: list[str]) -> tuple[str, str]:
    login = data.draw(st.sampled_from(["", *PEOPLE]))
    path = data.draw(st.sampled_from(pages))
    while hole := re.search(r"\{\w+\}", path):
        path = path[: hole.start()] + data.draw(st.one_of(VALUES, RAW)) + path[hole.end() :]
    pairs = data.draw(
        st.lists(st.tuples(st.one_of(st.sampled_from(names), NAMES), st.one_of(VALUES, RAW)), max_size=6)
    )
    query = "&".join(f"{name}={value}" for name, value in pairs)
    return login, path + (f"?{query}" if query else "")
