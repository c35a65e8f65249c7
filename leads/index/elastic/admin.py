"""Indices, mappings and aliases of one installation: made, checked, swapped, dropped.

Names: alias `tingzhen-leads` → index `tingzhen-leads-v1-000001` (mapping version, running number).
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import orjson
from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError

from leads.errors import StorageError
from leads.index.base import KINDS, Kind, Names
from leads.index.elastic.client import Servers, forbidden, translated
from leads.index.elastic.docs import Body
from leads.index.stamp import Changes
from leads.index.terms import TERMS_VERSION
from leads.scoring.need import HALF_LIFE_HOURS
from nlp.text.tokens import TOKENIZER

HEALTH_WAIT = "10s"  # a cluster that has just started is red for a moment
_NUMBER = re.compile(r"-v(\d+)-(\d{6})$")


@cache
def mapping(name: str) -> Body:
    """One of es_mappings/*.json: the only mappings there are."""
    found: Body = orjson.loads(files("es_mappings").joinpath(f"{name}.json").read_bytes())
    return found


def expected_meta(kind: Kind) -> Body:
    """What an index must say of itself to be read and written by this version."""
    meta: Body = {"version": mapping(kind)["_meta"]["version"]}
    if kind == "leads":
        meta |= {"tokenizer": TOKENIZER, "terms": TERMS_VERSION, "half_life": HALF_LIFE_HOURS}
    return meta


class Admin:
    """See the module. Every method raises StorageError when the cluster says no."""

    def __init__(self, client: Elasticsearch, servers: Servers) -> None:
        self._client, self._servers = client, servers

    def alias(self, kind: Kind) -> str:
        return f"{self._servers.prefix}-{kind}"

    @property
    def state(self) -> str:
        return f"{self._servers.prefix}-state"

    def ready(self) -> None:
        """Make what is missing, check what is there.

        Raises:
            StorageError: an alias of two indices, another tokenizer or mapping version, a red index.
        """
        with translated():
            if not self._client.indices.exists(index=self.state):
                self._create(self.state, mapping("state"), alias="")
        for kind in KINDS:
            index = self.behind(kind)
            if index is None:
                self.create(kind, 1, alias=True)
            else:
                self.check(kind, index)
        self._healthy()

    def _healthy(self) -> None:
        with translated():
            # 408 says that the status was not reached in time, and what it is.
            health = self._client.options(ignore_status=408).cluster.health(
                index=[self.alias(kind) for kind in KINDS], wait_for_status="yellow", timeout=HEALTH_WAIT
            )
        if health["status"] == "red":
            raise StorageError(
                "Elasticsearch 集群是红色：有分片不可用，请先修复集群（GET _cluster/allocation/explain）。"
            )

    def behind(self, kind: Kind) -> str | None:
        """The index behind the alias; None when there is none yet.

        Raises:
            StorageError: the alias points at several, or an index took the alias's name.
        """
        alias = self.alias(kind)
        with translated():
            try:
                found: list[str] = sorted(self._client.indices.get_alias(name=alias).body)
            except NotFoundError:
                if self._client.indices.exists(index=alias):
                    raise StorageError(
                        f"Elasticsearch 里 {alias} 是一个索引，不是别名：请改名或删除它，再重新打开。"
                    ) from None
                return None
        if len(found) > 1:
            raise StorageError(
                f"别名 {alias} 同时指向 {'、'.join(found)}：请用 _aliases 接口只留下一个，再重新打开。"
            )
        return found[0]

    def all(self, kind: Kind) -> dict[int, str]:
        """Every index of this kind by its number."""
        with translated():
            names = self._client.indices.get_alias(index=f"{self.alias(kind)}-v*").body
        return {int(match[2]): name for name in names if (match := _NUMBER.search(name))}

    def create(self, kind: Kind, number: int, *, alias: bool) -> str:
        """Make an index of the present mapping; one that is there already is taken as it is."""
        meta = expected_meta(kind)
        name = f"{self.alias(kind)}-v{meta['version']}-{number:06}"
        self._template(kind)
        self._create(name, {**mapping(kind), "_meta": meta}, alias=self.alias(kind) if alias else "")
        return name

    def _create(self, name: str, mappings: Body, *, alias: str) -> None:
        settings = {"number_of_shards": self._servers.shards, "number_of_replicas": self._servers.replicas}
        if name == self.state:
            settings = {"number_of_shards": 1, "number_of_replicas": self._servers.replicas}
        with translated():
            try:
                self._client.indices.create(
                    index=name,
                    mappings=mappings,
                    settings=settings,
                    aliases={alias: {}} if alias else None,
                )
            except BadRequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise

    def _template(self, kind: Kind) -> None:
        """For whoever makes such an index by hand (restore, copy): the same mapping, never a guessed one."""
        template = {"mappings": {**mapping(kind), "_meta": expected_meta(kind)}}
        with translated():
            try:
                self._client.indices.put_index_template(
                    name=self.alias(kind),
                    index_patterns=[f"{self.alias(kind)}-v*"],
                    template=template,
                    priority=500,
                    version=expected_meta(kind)["version"],
                )
            except ApiError as error:
                # A key for these indices alone may not touch templates; the index gets its mapping anyway.
                if not forbidden(error):
                    raise

    def check(self, kind: Kind, index: str) -> None:
        """Raises StorageError when this version cannot use the index."""
        check_meta(self.meta(index), expected_meta(kind), index)

    def meta(self, index: str) -> Body:
        """What it was made with."""
        return {key: value for key, value in self._meta(index).items() if key != "id"}

    def _meta(self, index: str) -> Body:
        with translated():
            found = self._client.indices.get_mapping(index=index)[index]["mappings"]
        return dict(found.get("_meta", {}))

    def id(self, index: str) -> str:
        """The name that an index keeps when it is rebuilt; "" for one that has none yet."""
        return str(self._meta(index).get("id", ""))

    def changes(self, kind: Kind) -> Changes:
        """Writes count when they are sent and again when a refresh lets searches see them."""
        with translated():
            stats = self._client.indices.stats(
                index=self.alias(kind), metric=["indexing", "refresh"], filter_path="_all.primaries"
            )["_all"]["primaries"]
        removed = int(stats["indexing"]["delete_total"])
        written = int(stats["indexing"]["index_total"]) + int(stats["refresh"]["external_total"])
        return Changes(written + removed, removed)

    def give_id(self, index: str, name: str) -> None:
        with translated():
            self._client.indices.put_mapping(index=index, meta=self._meta(index) | {"id": name})

    def swap(self, names: Names) -> None:
        """Point every alias at its new index, all at once."""
        actions: list[Body] = []
        for kind, name in names.items():
            old = self.behind(kind)
            if old is not None and old != name:
                actions.append({"remove": {"index": old, "alias": self.alias(kind)}})
            actions.append({"add": {"index": name, "alias": self.alias(kind)}})
        with translated():
            self._client.indices.update_aliases(actions=actions)

    def drop_old(self) -> list[str]:
        """Delete what stands before the index in use; returns the names."""
        gone = [name for kind in KINDS for name in self._older(kind)]
        with translated():
            for name in gone:
                self._client.indices.delete(index=name, ignore_unavailable=True)
        return gone

    def _older(self, kind: Kind) -> list[str]:
        current = self.behind(kind)
        known = self.all(kind)
        number = next((number for number, name in known.items() if name == current), 0)
        return [name for its, name in sorted(known.items()) if its < number]

    def next_number(self, kind: Kind) -> int:
        """The number of an unfinished rebuild, or of a new one."""
        current = self.behind(kind)
        known = self.all(kind)
        number = next((number for number, name in known.items() if name == current), 0)
        unfinished = [its for its, name in known.items() if its > number and self._present(kind, name)]
        return min(unfinished, default=max(known, default=0) + 1)

    def _present(self, kind: Kind, name: str) -> bool:
        return self.meta(name) == expected_meta(kind)


def check_meta(stored: Body, expected: Body, index: str) -> None:
    """Raises StorageError when an index was made by another mapping, tokenizer or half-life. Pure."""
    if stored == expected:
        return
    version = stored.get("version")
    if not isinstance(version, int):
        raise StorageError(f"索引 {index} 不是听诊建立的：请在 [elastic] 里换一个 prefix。")
    if version > expected["version"]:
        raise StorageError(
            f"索引 {index} 是更新版本的听诊建立的（{version} > {expected['version']}）：请升级 tingzhen。"
        )
    changed = [key for key in expected if stored.get(key) != expected[key]]
    was = "、".join(f"{key} {stored.get(key)} → {expected[key]}" for key in changed)
    raise StorageError(f"索引 {index} 是旧版本建立的（{was}）：请运行 tingzhen reindex，期间搜索不受影响。")
