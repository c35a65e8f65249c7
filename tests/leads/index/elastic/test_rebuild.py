"""Rebuilding the Elasticsearch index beside itself, while it is searched and written."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import pytest
from elasticsearch import Elasticsearch

from leads.actions import reindex
from leads.config import Settings
from leads.errors import ConfigError, StorageError
from leads.index import open_backend
from leads.index.copying import Progress
from leads.index.elastic.admin import mapping
from leads.models import CaseMark, LeadQuery
from leads.query.words import parse
from tests.support.builders import NOW, lead
from tests.support.index_contents import contents, fill

pytestmark = pytest.mark.elastic


@pytest.fixture
def settings(settings_for: Callable[[str], Settings]) -> Settings:
    return settings_for("elastic")


def names(settings: Settings) -> list[str]:
    with Elasticsearch(settings.index) as client:
        return sorted(client.indices.get(index=f"{settings.elastic.prefix}-leads-*").body)


def test_the_alias_is_swapped_and_the_old_index_kept_until_told(settings: Settings) -> None:
    with open_backend(settings) as index:
        fill(index)
        before, stamp = contents(index), index.stamp()
        copied = reindex.rebuild(settings, lambda step: None)
        assert (copied.leads, copied.mentions) == (45, 7)
        assert contents(index) == before
        prefix = settings.elastic.prefix
        assert names(settings) == [f"{prefix}-leads-v3-000001", f"{prefix}-leads-v3-000002"]
        index.upsert([lead(5000, "头晕")])
        assert index.counts()["leads"] == 42
        assert set(reindex.drop_old(settings)) == {
            f"{prefix}-leads-v3-000001", f"{prefix}-mentions-v1-000001",
        }  # fmt: skip
        assert names(settings) == [f"{prefix}-leads-v3-000002"]
        assert index.counts()["leads"] == 42
    with open_backend(settings) as index:
        assert index.stamp() == stamp  # the crawl's cursors are still this index's


def test_an_interrupted_rebuild_is_taken_up(settings: Settings) -> None:
    def interrupt(step: Progress) -> None:
        if step.changed and not step.compared:
            raise KeyboardInterrupt

    with open_backend(settings) as index:
        fill(index)
        with pytest.raises(KeyboardInterrupt):
            reindex.rebuild(settings, interrupt)
        assert index.counts()["leads"] == 41
        reindex.rebuild(settings, lambda step: None)
        assert len(names(settings)) == 2
        assert index.counts() == {"leads": 41, "folded": 4, "mentions": 7}


def test_searches_never_fail_and_writes_are_not_lost(settings: Settings) -> None:
    """One thread searches, one writes and erases, while the index is rebuilt twice."""
    done = Event()
    trouble: list[BaseException] = []
    with open_backend(settings) as index, open_backend(settings) as writer:
        fill(index)

        def search() -> None:
            try:
                while not done.is_set():
                    assert index.search(LeadQuery(words=parse("牙疼"), limit=5), now=NOW).items
            except BaseException as error:
                trouble.append(error)

        def write() -> None:
            try:
                number = 10_000
                while not done.is_set():
                    number += 1
                    writer.upsert([lead(number, f"头晕第{number}天")])
                    if number % 2:
                        writer.delete([f"forum/{number}"])
                written.append(number)
            except BaseException as error:
                trouble.append(error)

        written: list[int] = []
        threads = [Thread(target=search), Thread(target=write)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(2):
                reindex.rebuild(settings, lambda step: None)
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert trouble == []
        found = {item.id for item in index.digests("leads") if item.id > "forum/10000" and len(item.id) == 11}
        assert found == {f"forum/{n}" for n in range(10_001, written[0] + 1) if n % 2 == 0}


def test_an_index_of_another_tokenizer_is_cut_anew(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_backend(settings) as index:
        index.upsert([lead(1, "牙疼了一晚上")])
    with Elasticsearch(settings.index) as client:
        meta = {**mapping("leads")["_meta"], "tokenizer": "older-1"}
        client.indices.put_mapping(index=f"{settings.elastic.prefix}-leads", meta=meta)
    with pytest.raises(StorageError, match="reindex"):
        open_backend(settings)
    reindex.rebuild(settings, lambda step: None)
    with open_backend(settings) as index:
        assert [hit.lead.id for hit in index.search(LeadQuery(words=parse("牙疼")), now=NOW).items] == [
            "forum/1"
        ]


def test_an_index_without_assignees_is_brought_up_to_date(settings: Settings) -> None:
    """Mapping 1: everything is kept, and nobody is assigned."""
    with open_backend(settings) as index:
        fill(index)
        index.set_case([CaseMark(lead_id="forum/7", status="replied", assignee="")])
        before = {item.id: (item.digest, item.status, item.head) for item in index.digests("leads")}
    as_mapping_1(settings)
    with pytest.raises(StorageError, match=r"version 1 → 3.*tingzhen reindex"):
        open_backend(settings)
    assert reindex.rebuild(settings, lambda step: None).leads == 45
    with open_backend(settings) as index:
        now = list(index.digests("leads"))
        assert {item.id: (item.digest, item.status, item.head) for item in now} == before
        assert {item.assignee for item in now} == {""}
        index.set_case([CaseMark(lead_id="forum/7", status="replied", assignee="chen")])
        assert index.count(LeadQuery(assignees=("chen",))) == 1


def as_mapping_1(settings: Settings) -> None:
    """Put the leads into an index as the first version of the mapping made it."""
    alias = f"{settings.elastic.prefix}-leads"
    mapped = mapping("leads")
    later = ("assignee", "district", "stage", "answered")
    fields = {name: field for name, field in mapped["properties"].items() if name not in later}
    with Elasticsearch(settings.index) as client:
        found = client.search(index=alias, size=1000)["hits"]["hits"]
        client.indices.delete(index=f"{alias}-v3-000001")
        client.indices.create(
            index=f"{alias}-v1-000001", aliases={alias: {}}, settings={"number_of_replicas": 0},
            mappings={**mapped, "properties": fields, "_meta": {**mapped["_meta"], "version": 1}},
        )  # fmt: skip
        for hit in found:
            document = {name: value for name, value in hit["_source"].items() if name not in later}
            client.index(index=f"{alias}-v1-000001", id=hit["_id"], document=document)
        client.indices.refresh(index=alias)


def test_moving_between_the_backends_by_address(settings: Settings) -> None:
    with open_backend(settings.model_copy(update={"index": "sqlite"})) as old:
        fill(old)
        before = contents(old)
    assert reindex.move(settings, "sqlite", lambda step: None).leads == 45
    with open_backend(settings) as new:
        assert contents(new) == before


def test_an_empty_source_empties_nothing(settings: Settings) -> None:
    with open_backend(settings) as index:
        fill(index)
        with pytest.raises(StorageError, match="是空的"):
            reindex.move(settings, "sqlite", lambda step: None)
        assert index.counts()["leads"] == 41


def test_what_makes_no_sense_is_said(settings: Settings) -> None:
    embedded = settings.model_copy(update={"index": "sqlite"})
    with pytest.raises(ConfigError, match="不用重建"):
        reindex.rebuild(embedded, lambda step: None)
    with pytest.raises(ConfigError, match="就是现在用的"):
        reindex.move(embedded, "sqlite", lambda step: None)
    with pytest.raises(ConfigError, match="索引地址不对"):
        reindex.move(embedded, "postgres://x", lambda step: None)
    with pytest.raises(StorageError, match="还没有索引"):
        reindex.rebuild(settings, lambda step: None)
