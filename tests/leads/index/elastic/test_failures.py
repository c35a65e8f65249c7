"""What goes wrong with a server, made to go wrong on a real one: one clear sentence, and nothing lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from elasticsearch import Elasticsearch

from leads.config import Settings
from leads.errors import ConfigError, QueryError, StorageError
from leads.index import open_backend
from leads.index.elastic import admin as elastic_admin
from leads.index.elastic import bulk as elastic_bulk
from leads.index.elastic import index as elastic
from leads.index.elastic import lock
from leads.index.elastic.admin import check_meta, expected_meta
from leads.index.elastic.bulk import Refused, index_action, write
from leads.index.elastic.client import Servers, check_new_enough, connect, from_status, split_addresses
from leads.index.elastic.index import ElasticIndex
from leads.index.elastic.lock import WriterLock
from leads.models import CaseMark, LeadQuery
from leads.query.words import parse
from tests.support.builders import NOW, lead, mention
from tests.support.elastic_server import Server, free_port, scratch
from tests.support.indexes import elastic_settings

pytestmark = pytest.mark.elastic


@pytest.fixture
def settings(settings_for: Callable[[str], Settings]) -> Settings:
    return settings_for("elastic")


@pytest.fixture
def index(settings: Settings) -> Iterator[ElasticIndex]:
    with opened(settings) as found:
        yield found


def opened(settings: Settings) -> ElasticIndex:
    found = open_backend(settings)
    assert isinstance(found, ElasticIndex)
    return found


def quarantined(settings: Settings) -> list[dict[str, Any]]:
    file = settings.data_dir / "quarantine.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


class TestOpening:
    def test_nobody_listens(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="连不上 Elasticsearch"):
            open_backend(elastic_settings(f"http://127.0.0.1:{free_port()}", tmp_path))

    def test_a_host_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="连不上 Elasticsearch"):
            open_backend(elastic_settings("http://no-such-host.invalid:9200", tmp_path))

    def test_something_else_listens(self, tmp_path: Path) -> None:
        with _other_service() as url, pytest.raises(StorageError, match="不是 Elasticsearch"):
            open_backend(elastic_settings(url, tmp_path))

    def test_https_where_http_is_spoken(self, elastic_url: str, tmp_path: Path) -> None:
        url = elastic_url.replace("http://", "https://")
        with pytest.raises(StorageError, match=r"证书|连不上"):
            open_backend(elastic_settings(url, tmp_path))

    def test_a_ca_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"找不到.*ca_file"):
            open_backend(
                elastic_settings("https://127.0.0.1:9200", tmp_path, ca_file=str(tmp_path / "no.pem"))
            )

    def test_an_alias_of_two(self, index: ElasticIndex, settings: Settings) -> None:
        prefix = settings.elastic.prefix
        extra = index.admin.create("leads", 2, alias=False)
        index.client.indices.put_alias(index=extra, name=f"{prefix}-leads")
        with pytest.raises(StorageError, match="同时指向"):
            open_backend(settings)

    def test_an_index_with_the_name_of_the_alias(self, settings: Settings) -> None:
        with Elasticsearch(settings.index) as client:
            client.indices.create(index=f"{settings.elastic.prefix}-leads")
        with pytest.raises(StorageError, match="不是别名"):
            open_backend(settings)

    def test_a_mapping_of_a_newer_version(self, index: ElasticIndex, settings: Settings) -> None:
        meta = {**expected_meta("leads"), "version": 99}
        index.client.indices.put_mapping(index=f"{settings.elastic.prefix}-leads", meta=meta)
        with pytest.raises(StorageError, match="请升级 tingzhen"):
            open_backend(settings)

    def test_a_red_index(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(elastic_admin, "HEALTH_WAIT", "1s")
        with opened(settings):
            pass
        with Elasticsearch(settings.index) as client:
            name = f"{settings.elastic.prefix}-mentions"
            client.indices.delete(index=f"{name}-v1-000001")
            client.indices.create(
                index=f"{name}-v1-000001", mappings={"_meta": expected_meta("mentions")}, aliases={name: {}},
                settings={"index.routing.allocation.require._name": "nowhere", "number_of_replicas": 0},
                wait_for_active_shards=0,
            )  # fmt: skip
        with pytest.raises(StorageError, match="红色"):
            open_backend(settings)


@pytest.mark.parametrize(
    ("version", "good"),
    [("8.18.4", False), ("7.17.0", False), ("8.19.0", True), ("9.1.2", True), ("10.0.0", True)],
)
def test_the_server_is_new_enough(version: str, good: bool) -> None:
    if good:
        check_new_enough(version)
    else:
        with pytest.raises(StorageError, match="太旧"):
            check_new_enough(version)


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({}, "不是听诊建立的"),
        ({"version": 2, "tokenizer": "a"}, "请升级"),
        ({"version": 1, "tokenizer": "b"}, "tokenizer b → a.*reindex"),
        ({"version": 0, "tokenizer": "a"}, "version 0 → 1.*reindex"),
    ],
)
def test_what_an_index_says_of_itself(stored: dict[str, object], sentence: str) -> None:
    with pytest.raises(StorageError, match=sentence):
        check_meta(stored, {"version": 1, "tokenizer": "a"}, "x")


@pytest.mark.parametrize(
    ("address", "hosts", "login"),
    [
        ("https://es.example", ["https://es.example:9200"], None),
        ("https://u:p%40ss@a:9243,https://b/path/", ["https://a:9243", "https://b:9200/path"], ("u", "p@ss")),
        ("http://[::1]:9200", ["http://[::1]:9200"], None),
    ],
)
def test_addresses(address: str, hosts: list[str], login: tuple[str, str] | None) -> None:
    assert split_addresses(address) == (hosts, login)


def test_what_is_sent_to_get_in() -> None:
    key = connect(Servers(address="https://u:p@es.example:9200", api_key="abc"))
    assert key._headers["authorization"] == "ApiKey abc"
    login = connect(Servers(address="https://u:p@es.example:9200"))
    assert login._headers["authorization"] == "Basic dTpw"
    cloud = connect(Servers(address="cloud:name:ZXMuZXhhbXBsZSRhYmM=", api_key="abc"))
    [node] = cloud.transport.node_pool.all()
    assert (node.config.scheme, node.config.host, node.config.port) == ("https", "abc.es.example", 443)
    assert node.config.verify_certs
    for client in (key, login, cloud):
        client.close()


@pytest.mark.parametrize(
    ("status", "reason", "sentence"),
    [
        (401, "", "不认这个用户名"), (403, "action denied", "权限不够"), (404, "no such index", "不见了"),
        (413, "", "允许的大小"), (429, "", "太忙"), (503, "", "太忙"), (400, "odd", "拒绝了请求"),
        (429, "index has read-only-allow-delete block", "磁盘快满了"),
    ],
)  # fmt: skip
def test_statuses(status: int, reason: str, sentence: str) -> None:
    assert sentence in str(from_status(status, reason))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secured(
    server_home: Path, authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with scratch() as folder:
        server = Server(
            server_home, folder, users={"tingzhen": "right pass:word"},
            settings={
                "xpack.security.enabled": True, "xpack.security.http.ssl.enabled": True,
                "xpack.security.http.ssl.key": "key.pem", "xpack.security.http.ssl.certificate": "cert.pem",
            },
        )  # fmt: skip
        (folder / "config").mkdir()
        issued = authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(str(folder / "config" / "key.pem"))
        for blob in issued.cert_chain_pems:
            blob.write_to_path(str(folder / "config" / "cert.pem"), append=True)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


class TestSecurity:
    """A wrong password, a certificate nobody signed, a host that is not in it."""

    def test_the_right_password_over_tls(self, secured: Server, ca_file: str, tmp_path: Path) -> None:
        url = secured.address.replace("https://", "https://tingzhen:right%20pass%3Aword@")
        with open_backend(elastic_settings(url, tmp_path, ca_file=ca_file)) as index:
            index.upsert([lead(1)])
            assert index.counts()["leads"] == 1

    def test_a_wrong_password(self, secured: Server, ca_file: str, tmp_path: Path) -> None:
        url = secured.address.replace("https://", "https://tingzhen:wrong@")
        with pytest.raises(StorageError, match="不认这个用户名") as caught:
            open_backend(elastic_settings(url, tmp_path, ca_file=ca_file))
        assert "wrong" not in str(caught.value)

    def test_no_password(self, secured: Server, ca_file: str, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="不认这个用户名"):
            open_backend(elastic_settings(secured.address, tmp_path, ca_file=ca_file))

    def test_an_unknown_signer(self, secured: Server, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match=r"证书验证不了.*ca_file"):
            open_backend(elastic_settings(secured.address, tmp_path))

    def test_plain_http_to_a_tls_port(self, secured: Server, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match=r"连不上|通信中断|读不懂|不是 Elasticsearch"):
            open_backend(elastic_settings(secured.address.replace("https", "http"), tmp_path))


class TestWriting:
    def test_a_document_the_mapping_refuses_goes_to_quarantine(
        self, index: ElasticIndex, settings: Settings
    ) -> None:
        bad = lead(2, "牙疼", post_id="x" * 600)
        index.upsert([lead(1), bad, lead(3, "头晕")])
        assert index.counts()["leads"] == 2
        [record] = quarantined(settings)
        assert "512" in record["reason"]
        assert "牙疼" in record["raw"]

    def test_one_wrong_field_does_not_cost_the_batch(self, index: ElasticIndex) -> None:
        name = index.admin.alias("mentions")
        refused: list[Refused] = []
        documents = [{"id": str(n), "published": "soon" if n == 1 else 5} for n in range(3)]
        write(index.client, (index_action(name, d["id"], d) for d in documents), refused=refused.append)  # type: ignore[arg-type]  # ids are text
        assert [item.action.id for item in refused] == ["1"]
        assert "published" in refused[0].reason

    def test_an_unmapped_field_is_refused(self, index: ElasticIndex) -> None:
        refused: list[Refused] = []
        write(
            index.client, [index_action(index.admin.alias("mentions"), "1", {"nickname": "x"})],
            refused=refused.append,
        )  # fmt: skip
        assert "nickname" in refused[0].reason

    def test_a_request_the_server_finds_too_large_is_halved(self, index: ElasticIndex) -> None:
        """Elasticsearch's own limit is 100 MB; a proxy before it often has a smaller one."""
        refused: list[Refused] = []
        with _limiting_proxy(index, 5000) as client:
            name = index.admin.alias("mentions")
            actions = [
                index_action(name, str(n), {"id": str(n), "doc": "x" * (9000 if n == 3 else 900)})
                for n in range(8)
            ]
            write(client, actions, refused=refused.append)
        index.client.indices.refresh(index=name)
        assert index.client.count(index=name)["count"] == 7
        assert [item.action.id for item in refused] == ["3"]
        assert "too large" in refused[0].reason

    def test_a_busy_server_is_asked_again(self, index: ElasticIndex, quick: None) -> None:
        with _limiting_proxy(index, 10_000, busy=3) as client:
            name = index.admin.alias("mentions")
            write(client, [index_action(name, "1", {"id": "1"})], refused=pytest.fail)
        index.client.indices.refresh(index=name)
        assert index.client.count(index=name)["count"] == 1

    def test_a_server_that_stays_busy_is_given_up(self, index: ElasticIndex, quick: None) -> None:
        with _limiting_proxy(index, 10_000, busy=1000) as client, pytest.raises(StorageError, match="太忙"):
            write(client, [index_action(index.admin.alias("mentions"), "1", {})], refused=pytest.fail)

    def test_a_vanished_index_is_not_made_anew_by_writing(
        self, index: ElasticIndex, settings: Settings
    ) -> None:
        prefix = settings.elastic.prefix
        index.client.indices.delete(index=f"{prefix}-mentions-v1-000001")
        with pytest.raises(StorageError, match="不见了"):
            index.upsert_mentions([mention(1)])
        assert not index.client.indices.exists(index=f"{prefix}-mentions")

    def test_a_read_only_block_spools_and_recovers(
        self, index: ElasticIndex, settings: Settings, quick: None
    ) -> None:
        """What the server does when its disk is nearly full."""
        name = f"{settings.elastic.prefix}-leads"
        block = "index.blocks.read_only_allow_delete"
        index.client.indices.put_settings(index=name, settings={block: True})
        index.upsert([lead(1)])
        assert index.counts()["leads"] == 0
        with pytest.raises(StorageError, match="磁盘快满了"):
            index.set_case([CaseMark(lead_id="forum/1", status="seen", assignee="")])
        index.client.indices.put_settings(index=name, settings={block: None})
        index.upsert([lead(2, "头晕")])
        assert index.counts()["leads"] == 2

    def test_query_text_is_only_a_value(self, index: ElasticIndex) -> None:
        index.upsert([lead(1, 'query match_all "} 牙疼')])
        hostile = ('"},{"match_all":{}}', "*", "doc:*", "_exists_:doc", "牙疼~", "a\\u0022", "[* TO *]")
        for text in hostile:
            try:
                found = index.search(LeadQuery(words=parse(text), sources=("forum",)), now=NOW).items
            except QueryError:
                continue
            assert len(found) <= 1
        assert index.search(LeadQuery(sources=('forum"}}',), statuses=("*",)), now=NOW).items == ()


class TestLock:
    def test_ones_own_lock_left_behind_is_no_obstacle(self, index: ElasticIndex) -> None:
        """The server died while it was held, and came back."""
        assert index._lock._take()
        index.upsert([lead(1)])
        assert index.counts()["leads"] == 1

    def test_a_dead_holder_is_followed_after_a_while(
        self, index: ElasticIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dead = WriterLock(index.client, index.admin.state)
        assert dead._take()
        monkeypatch.setattr("leads.index.elastic.lock.STALE", 0.3)
        index.upsert([lead(1)])
        assert index.counts()["leads"] == 1

    def test_a_living_one_is_waited_for(self, index: ElasticIndex, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("leads.index.elastic.lock.PATIENCE", 0.3)
        with (
            WriterLock(index.client, index.admin.state).held(),
            pytest.raises(StorageError, match="一直在写"),
        ):
            index.upsert([lead(1)])

    def test_two_writers_fold_as_one(self, settings: Settings) -> None:
        """Chain posts stored by two writers at once have one head, the earliest."""
        text = "转给家人：智齿发炎千万别硬扛，先去正规口腔科拍片，再决定拔不拔"
        with opened(settings) as one, opened(settings) as two:
            batches = [[lead(n, text + "！" * n, hours=n)] for n in range(20)]
            threads = [
                threading.Thread(target=lambda its, i: [i.upsert(b) for b in its], args=(its, i))
                for its, i in ((batches[::2], one), (batches[1::2], two))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert one.counts() == {"leads": 1, "folded": 19, "mentions": 0}
            kept = two.get("forum/19")
            assert kept is not None
            assert kept.folded == 19


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between tries."""
    monkeypatch.setattr(elastic_bulk, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(lock, "STALE", 1.0)
    monkeypatch.setattr(elastic, "RETRY_AFTER", 0.0)


class TestDying:
    def test_a_server_killed_under_load_loses_nothing(
        self, own_server: Server, tmp_path: Path, quick: None
    ) -> None:
        settings = elastic_settings(own_server.address, tmp_path)
        total = 40
        with opened(settings) as index:
            killer = threading.Timer(0.3, own_server.kill)
            killer.start()
            for n in range(total):
                index.upsert([lead(n * 10 + k, f"牙疼{n * 10 + k}") for k in range(10)])
                index.upsert_mentions([mention(n)])
                if n == 8:
                    killer.join()
            with pytest.raises(StorageError, match="连不上"):
                index.search(LeadQuery(), now=NOW)
            with pytest.raises(StorageError, match="连不上"):
                index.delete(["forum/1"])
            assert index.expire(NOW) == 0
            assert (tmp_path / "elastic-spool.jsonl").stat().st_size > 0
        own_server.start()
        with opened(settings) as index:
            assert index.counts() == {"leads": total * 10, "folded": 0, "mentions": total}
            assert (tmp_path / "elastic-spool.jsonl").stat().st_size == 0
            index.upsert([lead(0, "后来改了", hours=1)])
            assert index.search(LeadQuery(words=parse("后来")), now=NOW).items

    def test_a_server_that_hangs_is_given_up_after_the_timeout(
        self, own_server: Server, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(elastic_bulk, "TRIES", 1)
        settings = elastic_settings(own_server.address, tmp_path)
        opened(settings).close()  # making indices may take a slow machine longer
        hasty = settings.elastic.model_copy(update={"timeout": 2.0})
        with opened(settings.model_copy(update={"elastic": hasty})) as index:
            own_server.freeze()
            try:
                with pytest.raises(StorageError, match="没有按时回答"):
                    index.search(LeadQuery(), now=NOW)
                index.upsert([lead(1)])
            finally:
                own_server.thaw()
            index.upsert([lead(2, "头晕")])
            assert index.counts()["leads"] == 2


class _Handler(BaseHTTPRequestHandler):
    """Answers like some other service, or passes on what is small enough."""

    target: Any = None
    limit = 0
    busy = 0  # how many requests are turned away first

    def do_GET(self) -> None:
        self._reply(200, b"{}", {"content-type": "application/json"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.busy:
            type(self).busy -= 1
            self._reply(503, b"", {"x-elastic-product": "Elasticsearch"})
            return
        if len(body) > self.limit:
            self._reply(413, b"", {"x-elastic-product": "Elasticsearch"})
            return
        headers = {name: self.headers[name] for name in ("content-type", "accept")}
        path, _, query = self.path.partition("?")
        params = dict(part.split("=") for part in query.split("&"))
        reply = self.target.perform_request("POST", path, params=params, headers=headers, body=body)
        kept = {name: reply.meta.headers[name] for name in ("content-type", "x-elastic-product")}
        self._reply(200, json.dumps(reply.body).encode(), kept)

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


class _other_service:  # noqa: N801 - used as a function
    """A web server that is not Elasticsearch; its address."""

    def __enter__(self) -> str:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Other", (_Handler,), {}))
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _limiting_proxy:  # noqa: N801 - used as a function
    """A client of the index's server through a proxy that takes no body above `limit` bytes."""

    def __init__(self, index: ElasticIndex, limit: int, busy: int = 0) -> None:
        handler = type("Limiting", (_Handler,), {"target": index.client, "limit": limit, "busy": busy})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> Elasticsearch:
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self._client = connect(Servers(address=f"http://127.0.0.1:{self._server.server_port}"))
        return self._client

    def __exit__(self, *exc: object) -> None:
        self._client.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
