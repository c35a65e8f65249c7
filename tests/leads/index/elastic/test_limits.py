"""What keeps the Elasticsearch index within bounds: requests, slices, points in time, clocks, old servers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from leads.config import Settings
from leads.errors import StorageError
from leads.index import open_backend
from leads.index.elastic import bulk as elastic_bulk
from leads.index.elastic import store as elastic_store
from leads.index.elastic.bulk import CHUNK_ACTIONS, CHUNK_BYTES, Action, chunks, index_action, write
from leads.index.elastic.client import Servers, connect
from leads.index.elastic.index import ElasticIndex
from leads.models import LeadQuery
from tests.support.builders import LONG, NOW, lead, mention
from tests.support.indexes import elastic_settings

elastic = pytest.mark.elastic


@pytest.fixture
def settings(settings_for: Callable[[str], Settings]) -> Settings:
    return settings_for("elastic")


@pytest.fixture
def index(settings: Settings) -> Iterator[ElasticIndex]:
    with open_backend(settings) as opened:
        assert isinstance(opened, ElasticIndex)
        yield opened


class TestRequests:
    def test_a_request_is_bounded_and_the_next_is_not_built_before_it_is_taken(self) -> None:
        built = 0

        def actions() -> Iterator[Action]:
            nonlocal built
            for number in range(10 * CHUNK_ACTIONS):
                built += 1
                yield index_action("leads", str(number), {"id": str(number)})

        taken = 0
        for chunk in chunks(actions()):
            taken += len(chunk)
            assert len(chunk) <= CHUNK_ACTIONS
            assert built <= taken + 1
        assert taken == 10 * CHUNK_ACTIONS

    def test_large_documents_make_small_requests(self) -> None:
        large = [index_action("leads", str(n), {"doc": "x" * (CHUNK_BYTES // 3)}) for n in range(7)]
        sizes = [sum(action.size for action in chunk) for chunk in chunks(large)]
        assert len(sizes) == 4
        assert max(sizes) <= CHUNK_BYTES
        assert [
            len(chunk) for chunk in chunks([index_action("leads", "1", {"doc": "x" * 2 * CHUNK_BYTES})])
        ] == [1]

    def test_only_what_the_server_turned_away_is_sent_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """429 for single documents; the others of the request are done."""
        monkeypatch.setattr(elastic_bulk, "FIRST_WAIT", 0.01)
        with _Answering(bulk) as server, connect(Servers(address=server.address)) as client:
            actions = [index_action("leads", str(n), {"id": str(n)}) for n in range(4)]
            write(client, actions, refused=pytest.fail, alias=False)
            sent = [body.count(b'"index"') for body in server.bodies]
        assert sent == [4, 2, 1]


def bulk(body: bytes) -> dict[str, Any]:
    """A busy server's answer: it takes the first half of a request, and a single document always."""
    count = body.count(b'"index"')
    done = max(1, count // 2)
    items = [{"index": {"status": 201}}] * done
    busy = {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "queue full"}}
    return {"errors": done < count, "items": items + [{"index": busy}] * (count - done)}


def test_a_server_that_is_too_old(tmp_path: Path) -> None:
    answer = {"nodes": {"a": {"version": "8.11.3"}}}
    with _Answering(lambda body: answer) as server, pytest.raises(StorageError, match=r"8\.11\.3 太旧.*升级"):
        open_backend(elastic_settings(server.address, tmp_path))


class _Answering:
    """A server that calls itself Elasticsearch and gives these answers; `bodies` is what it was sent."""

    def __init__(self, answer: Callable[[bytes], dict[str, Any]]) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                bodies.append(body)
                reply = json.dumps(answer(body)).encode()
                self.send_response(200)
                self.send_header("x-elastic-product", "Elasticsearch")
                self.send_header("content-type", "application/vnd.elasticsearch+json; compatible-with=8")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_POST = do_GET  # noqa: N815 - the base class's name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> _Answering:
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@elastic
class TestPaging:
    def test_what_comes_between_two_pages_shifts_nothing(self, index: ElasticIndex) -> None:
        index.upsert([lead(n, f"牙疼第{n}天", hours=n) for n in range(1, 8)])
        query = LeadQuery(limit=3)
        first = index.search(query, now=NOW)
        index.upsert([lead(n, f"头晕第{n}天", hours=0) for n in range(100, 105)])
        second = index.search(replace(query, cursor=first.cursor), now=NOW)
        third = index.search(replace(query, cursor=second.cursor), now=NOW)
        found = [hit.lead.post.post_id for page in (first, second, third) for hit in page.items]
        assert found == [str(n) for n in range(1, 8)]

    def test_a_point_in_time_that_is_gone_is_no_obstacle(self, index: ElasticIndex) -> None:
        """It lives for two minutes; who turns the page later gets the same order from the present."""
        index.upsert([lead(n, f"牙疼第{n}天", hours=n) for n in range(1, 6)])
        query = LeadQuery(limit=1)
        second = replace(query, cursor=index.search(query, now=NOW).cursor)
        third = replace(query, cursor=index.search(second, now=NOW).cursor, limit=10)
        [pit] = index._reader.snapshots._open.values()
        index.client.close_point_in_time(id=pit)
        assert [hit.lead.post.post_id for hit in index.search(third, now=NOW).items] == ["3", "4", "5"]

    def test_no_search_skips_rows_by_number(
        self, index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every page, however deep, is asked for by the place where the last one ended."""
        asked: list[dict[str, Any]] = []
        search = Elasticsearch.search

        def spied(self: Elasticsearch, **options: Any) -> Any:
            asked.append(options)
            return search(self, **options)

        index.upsert([lead(n, f"牙疼第{n}天", hours=n) for n in range(12)])
        monkeypatch.setattr(Elasticsearch, "search", spied)
        query = LeadQuery(limit=2)
        for _ in range(5):
            query = replace(query, cursor=index.search(query, now=NOW).cursor)
        assert asked
        assert not any("from_" in options for options in asked)
        after = ["pit" in options for options in asked if options.get("search_after")]
        assert after == [False, True, True, True]  # the second page, and those that follow


@elastic
class TestForgettingInSlices:
    def test_expiry_goes_on_until_nothing_is_left(
        self, index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(elastic_store, "PAGE", 3)
        old = [lead(n, f"牙疼第{n}天", hours=100 + n) for n in range(8)]
        index.upsert([*old, lead(50, LONG, hours=200), lead(51, LONG, hours=1)])
        index.upsert_mentions([mention(60 + n, hours=100) for n in range(4)])
        assert index.expire(NOW - timedelta(hours=50)) == 13
        assert index.counts() == {"leads": 1, "folded": 0, "mentions": 0}
        [hit] = index.search(LeadQuery(), now=NOW).items
        assert hit.lead.id == "forum/51"  # it was folded under one that expired

    def test_what_is_still_found_after_erasing_is_said(
        self, index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index.upsert([lead(1)])
        monkeypatch.setattr(index._store, "_write_changes", lambda known: None)
        with pytest.raises(StorageError, match="还有 1 条没有删掉"):
            index.delete(["forum/1"])


@elastic
def test_clocks_that_are_wrong_do_no_harm(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines, one years behind and one ahead, write and read by turns."""
    with open_backend(settings) as one, open_backend(settings) as other:
        for number, seconds in enumerate((0.0, 4e9, 86_400.0, 2e9)):
            monkeypatch.setattr(time, "time", lambda at=seconds: at)
            (one, other)[number % 2].upsert([lead(number, f"牙疼第{number}天", hours=number)])
            found = (other, one)[number % 2].search(LeadQuery(sort="newest"), now=NOW).items
            assert [hit.lead.post.post_id for hit in found] == [str(n) for n in range(number + 1)]


@elastic
def test_an_index_made_by_hand_gets_the_same_mapping(index: ElasticIndex, settings: Settings) -> None:
    name = f"{settings.elastic.prefix}-leads-v3-000077"
    index.client.indices.create(index=name)
    mappings = index.client.indices.get_mapping(index=name)[name]["mappings"]
    current = index.admin.behind("leads")
    assert mappings == index.client.indices.get_mapping(index=current)[current]["mappings"]
    with pytest.raises(BadRequestError, match="strict"):
        index.client.index(index=name, id="1", document={"nickname": "x"})
