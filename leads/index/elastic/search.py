"""Reads of `ElasticIndex`: ordered ids first, then the documents as they are this moment.

A page's order comes from a search, from the third page on over a point in time taken with the second, so that
writes do not shift it; its documents are fetched by id from the present, and erasing refreshes: what was
erased a moment ago is not shown, even from an older point in time.

Order by score needs no script: `hot` (log2 of need plus age in half-lives) is stored, and reach only lowers
it by a factor of the place. So rows are read in the order of `hot` until no later one can enter the page.
"""

from __future__ import annotations

import heapq
import math
from bisect import insort
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from elasticsearch import Elasticsearch, NotFoundError

from crawler.items import Post
from leads.index.base import Digest, Facet, Kind, MentionHead, Names, Record, Stored, Tile
from leads.index.cursors import Cursor
from leads.index.daily import Counts, Daily
from leads.index.elastic.client import translated
from leads.index.elastic.docs import LEAD, Body, lead_of, mention_head_of, mention_of
from leads.index.elastic.query import (
    MAX_PLACES,
    Around,
    Judged,
    Spot,
    alike,
    all_of,
    any_of,
    candidates,
    daily_filters,
    daily_sources,
    facet,
    judge,
    matching,
    on_tile,
    published,
    spot_of,
    tile_grid,
)
from leads.index.elastic.snapshots import KEEP, Snapshots
from leads.models import PRECISIONS, DownTo, Hit, Lead, LeadQuery, Mention, Near, Page, Precision
from leads.scoring.need import freshness

_POSTS = 500  # asked for at once
CELLS = 10_000  # combinations a page of daily counts; servers give 65,535 at most
KEPT_POINTS = 256
STEP = 250  # rows read at once while looking for the best
_PLACE: list[Body] = [{"field": field} for field in ("place_key", "lat", "lon")]


class IdsFound(NamedTuple):
    """A match at its place in the asked order: larger keys first, then smaller ids."""

    key: float
    id: str

    @property
    def rank(self) -> tuple[float, str]:
        return -self.key, self.id


class ElasticReader:
    """Searches over the aliases, or over the indices `names` gives."""

    def __init__(self, client: Elasticsearch, names: Names) -> None:
        self._client, self._names = client, names
        self.snapshots = Snapshots(client, names["leads"])
        self._places = _Places(client, names["leads"])

    def search(self, query: LeadQuery, now: datetime) -> Page[Hit]:
        cursor = Cursor.decode(query, str)
        filters = matching(query)
        snapshot = self.snapshots.find(cursor.snapshot) if cursor else ""
        try:
            found = list(islice(self._found(query, filters, cursor, snapshot), query.limit + 1))
        except _SnapshotGoneError:
            snapshot = ""
            found = list(islice(self._found(query, filters, cursor, snapshot), query.limit + 1))
        shown = found[: query.limit]
        more = len(found) > query.limit and query.limit > 0
        return Page(
            items=tuple(self._hits(shown, query, now)),
            cursor=self._next(query, shown[-1], cursor) if more else "",
        )

    def _next(self, query: LeadQuery, last: IdsFound, cursor: Cursor[str] | None) -> str:
        # Few turn a page: who does gets a point in time. Till then the order alone keeps pages from shifting.
        token = "" if cursor is None else cursor.snapshot or self.snapshots.open()
        return Cursor(last.key, last.id, token).encode(query)

    def _found(
        self, query: LeadQuery, filters: list[Body], cursor: Cursor[str] | None, snapshot: str
    ) -> Iterator[IdsFound]:
        """Matches in the asked order, after the cursor."""
        asking = _Asking(self._client, self._names["leads"], snapshot)
        if query.near is None:
            return asking.ordered(query, filters, cursor)
        if query.sort == "score":
            return iter(asking.best(query, filters, cursor))
        around = asking.around(query, filters)
        if query.sort == "newest":
            return asking.ordered(query, [*filters, around.filter()], cursor)
        return asking.nearest(query, filters, around, cursor)

    def _hits(self, found: Sequence[IdsFound], query: LeadQuery, now: datetime) -> Iterator[Hit]:
        """The documents behind the ids; one that is gone by now is left out."""
        leads = self._leads([item.id for item in found])
        for item in found:
            lead = leads.get(item.id)
            if lead is not None:
                yield _hit(lead, query, now)

    def _leads(self, ids: Sequence[str]) -> dict[str, Lead]:
        """Searchable leads by id, each with the count of what is folded under it."""
        if not ids:
            return {}
        wanted = list(ids)
        with translated():
            reply = self._client.search(
                index=self._names["leads"], size=len(wanted), track_total_hits=False,
                query=any_of([{"ids": {"values": wanted}}, {"terms": {"head": wanted}}]),
                post_filter=all_of([{"ids": {"values": wanted}}, {"term": {"head": ""}}]),
                aggs={"heads": {"terms": {"field": "head", "include": wanted, "size": len(wanted)}}},
                source_includes=LEAD,
            )  # fmt: skip
        folded = {b["key"]: b["doc_count"] for b in reply["aggregations"]["heads"]["buckets"]}
        hits = reply["hits"]["hits"]
        return {hit["_id"]: lead_of(hit["_source"], folded.get(hit["_id"], 0)) for hit in hits}

    def _folded(self, ids: list[str]) -> Mapping[str, int]:
        if not ids:
            return {}
        with translated():
            reply = self._client.search(
                index=self._names["leads"], query={"terms": {"head": ids}}, size=0,
                aggs={"heads": {"terms": {"field": "head", "size": len(ids)}}}, track_total_hits=False,
            )  # fmt: skip
        return {bucket["key"]: bucket["doc_count"] for bucket in reply["aggregations"]["heads"]["buckets"]}

    def count(self, query: LeadQuery) -> int:
        if query.near is not None:
            return int(self._aggregated(query, {})["doc_count"])
        with translated():
            return int(self._client.count(index=self._names["leads"], query=self._all(query))["count"])

    def _all(self, query: LeadQuery) -> Body:
        """One filter for everything the query says."""
        filters = matching(query)
        if query.near is not None:
            asking = _Asking(self._client, self._names["leads"], "")
            filters.append(asking.around(query, filters).filter())
        return all_of(filters)

    def facets(self, query: LeadQuery, names: Sequence[Facet]) -> dict[Facet, dict[str, int]]:
        found = self._aggregated(query, {name: facet(name) for name in names})
        return {
            name: {str(b.get("key_as_string", b["key"])): b["doc_count"] for b in found[name]["buckets"]}
            for name in names
        }

    def precisions(self, query: LeadQuery) -> dict[Precision, int]:
        if query.near is None:
            return {}
        every = replace(query, precision="possible")
        found = self._near(
            every, query.near, lambda around: {"classes": {"filters": {"filters": around.classes()}}}
        )
        buckets = found["classes"]["buckets"]
        return {precision: buckets[precision]["doc_count"] for precision in PRECISIONS}

    def counts_since(self, query: LeadQuery, moments: Sequence[datetime]) -> tuple[int, ...]:
        if not moments:
            return ()
        ranges = [published("gte", moment) for moment in moments]
        first = replace(query, since=min(moments))
        found = self._aggregated(first, {"since": {"filters": {"filters": ranges}}})["since"]["buckets"]
        return tuple(bucket["doc_count"] for bucket in found)

    def tiles(self, query: LeadQuery, zoom: int) -> list[Tile]:
        buckets = self._aggregated(query, {"tiles": tile_grid(zoom)})["tiles"]["buckets"]
        keys = [(*map(int, bucket["key"].split("/")[1:]), bucket["doc_count"]) for bucket in buckets]
        return [Tile(zoom=zoom, x=x, y=y, count=count) for x, y, count in sorted(keys)]

    def on_tiles(
        self, query: LeadQuery, zoom: int, tiles: Collection[tuple[int, int]], limit: int
    ) -> list[Lead]:
        if not tiles:
            return []
        among = all_of([self._all(query), any_of([on_tile(zoom, x, y) for x, y in tiles])])
        with translated():
            reply = self._client.search(
                index=self._names["leads"], query=among, size=limit, source_includes=LEAD,
                sort=[{"published": "desc"}, {"id": "asc"}], track_total_hits=False,
            )  # fmt: skip
        return [lead_of(hit["_source"]) for hit in reply["hits"]["hits"]]

    def daily(self, asked: Daily) -> Counts:
        found: dict[tuple[str, ...], int] = {}
        wanted = asked.symptoms or asked.specialties
        for bucket in self._cells(asked):
            values = {name: "" if value is None else str(value) for name, value in bucket["key"].items()}
            # A lead that has one of the wanted symptoms comes with its others, too.
            if not wanted or values[asked.per] in wanted:
                key = tuple(values[name] for name in asked.by)
                found[key] = found.get(key, 0) + bucket["doc_count"]
        return found

    def _cells(self, asked: Daily) -> Iterator[Body]:
        """Every combination of values that has leads, page by page."""
        sources, among = daily_sources(asked), all_of(daily_filters(asked))
        if not sources:
            with translated():
                count = self._client.count(index=self._names["leads"], query=among)["count"]
            yield from [{"key": {}, "doc_count": count}] if count else []
            return
        after: Body = {}
        while True:
            cells = {"composite": {"sources": sources, "size": CELLS, **after}}
            page = self._counted(among, {"cells": cells})["cells"]
            yield from page["buckets"]
            if "after_key" not in page:
                return
            after = {"after": page["after_key"]}

    def _aggregated(self, query: LeadQuery, aggregations: Mapping[str, Body]) -> Body:
        if query.near is not None:
            return self._near(query, query.near, lambda _: aggregations)
        return self._counted(self._all(query), aggregations)

    def _near(
        self, query: LeadQuery, near: Near, aggregations: Callable[[Around], Mapping[str, Body]]
    ) -> Body:
        """What is counted around a point, in one request where its places are known from an earlier one.

        The request says itself whether a lead has another place; then places are asked for anew.
        """
        among = all_of([*matching(query), candidates(near, query.precision)])
        found = self._around(among, query, near, self._places.of(near), aggregations)
        if found["unknown"]["doc_count"]:
            places = self._places.anew(near)
            found = self._around(among, query, near, places, aggregations)
        return dict(found["near"])

    def _around(
        self,
        among: Body,
        query: LeadQuery,
        near: Near,
        places: Sequence[str],
        aggregations: Callable[[Around], Mapping[str, Body]],
    ) -> Body:
        around = Around.of(places, near, query.precision)
        inside, others = (
            aggregations(around),
            {"bool": {"must_not": [{"terms": {"place_key": list(places)}}]}},
        )
        return self._counted(
            among,
            {
                "near": {"filter": around.filter(), **({"aggs": dict(inside)} if inside else {})},
                "unknown": {"filter": others},
            },
        )

    def _counted(self, among: Body, aggregations: Mapping[str, Body]) -> Body:
        with translated():
            reply = self._client.search(
                index=self._names["leads"], query=among, size=0, aggs=aggregations, track_total_hits=False
            )
        return dict(reply["aggregations"])

    def folded(self, lead_id: str) -> list[Lead]:
        if not lead_id:
            return []
        with translated():
            reply = self._client.search(
                index=self._names["leads"], query={"term": {"head": lead_id}}, size=10_000,
                sort=[{"published": "asc"}, {"id": "asc"}], source_includes=LEAD, track_total_hits=False,
            )  # fmt: skip
        return [lead_of(hit["_source"]) for hit in reply["hits"]["hits"]]

    def alike(self, words: Sequence[str], besides: str, limit: int) -> list[tuple[Lead, float]]:
        if not words:
            return []
        with translated():
            reply = self._client.search(
                index=self._names["leads"], query=alike(words, besides), size=limit, source=False,
                track_total_hits=False,
            )  # fmt: skip
        scores = {hit["_id"]: float(hit["_score"]) for hit in reply["hits"]["hits"]}
        leads = self._leads(list(scores))
        return [(leads[key], score) for key, score in scores.items() if key in leads]

    def get(self, lead_id: str) -> Lead | None:
        if not lead_id:
            return None
        with translated():
            try:
                found = self._client.get(index=self._names["leads"], id=lead_id, source_includes=LEAD)
            except NotFoundError as error:
                if isinstance(error.body, Mapping) and "error" in error.body:
                    raise  # the index is gone, not the document
                return None
        return lead_of(found["_source"], self._folded([lead_id]).get(lead_id, 0))

    def mentions(self, clinic_id: str, since: datetime | None, limit: int) -> list[Mention]:
        return [mention_of(source) for source in self._newest(clinic_id, since, limit, ["doc"])]

    def mention_heads(self, clinic_id: str, since: datetime | None, limit: int) -> list[MentionHead]:
        found = self._newest(clinic_id, since, limit, ["id", "post_id", "clinic_id", "published", "doc"])
        return [mention_head_of(source) for source in found]

    def _newest(self, clinic_id: str, since: datetime | None, limit: int, fields: list[str]) -> list[Body]:
        """The stored fields of a clinic's mentions ("": of all), the newest first."""
        filters: list[Body] = []
        if clinic_id:
            filters.append({"term": {"clinic_id": clinic_id}})
        if since is not None:
            filters.append(published("gte", since))
        with translated():
            reply = self._client.search(
                index=self._names["mentions"], query=all_of(filters), size=min(limit, 10_000),
                sort=[{"published": "desc"}, {"id": "asc"}], source_includes=fields,
                track_total_hits=False,
            )  # fmt: skip
        return [hit["_source"] for hit in reply["hits"]["hits"]]

    def counts(self) -> dict[str, int]:
        with translated():
            heads = self._client.count(index=self._names["leads"], query={"term": {"head": ""}})["count"]
            everything = self._client.count(index=self._names["leads"])["count"]
            mentions = self._client.count(index=self._names["mentions"])["count"]
        return {"leads": heads, "folded": everything - heads, "mentions": mentions}

    def hours(self) -> dict[int, int]:
        """Leads, folded ones too, of each hour since 1970."""
        found: dict[int, int] = {}
        by_hour = {"field": "published", "fixed_interval": "1h", "format": "epoch_second"}
        sources = [{"hour": {"date_histogram": by_hour}}]
        after: Body | None = None
        while True:
            asked: Body = {"size": 1000, "sources": sources} | ({"after": after} if after else {})
            with translated():
                reply = self._client.search(
                    index=self._names["leads"], size=0, aggregations={"hours": {"composite": asked}}
                )
            page = reply["aggregations"]["hours"]
            found |= {int(each["key"]["hour"]) // 3600: each["doc_count"] for each in page["buckets"]}
            after = page.get("after_key")
            if after is None:
                return found

    def digests(self, kind: Kind) -> Iterator[Digest]:
        fields = ["digest", "status", "head", "assignee"] if kind == "leads" else ["digest"]
        for hit in self._everything(kind, fields):
            values = {name: value[0] for name, value in hit.get("fields", {}).items()}
            digest, *rest = (values.get(name, "") for name in ("digest", "status", "head", "assignee"))
            yield Digest(hit["_id"], digest, *rest)

    def _everything(self, kind: Kind, fields: list[str]) -> Iterator[Body]:
        """Every document in the order of ids, over one point in time; no sources."""
        with translated():
            pit = self._client.open_point_in_time(index=self._names[kind], keep_alive=KEEP)["id"]
        try:
            after: list[object] | None = None
            while True:
                with translated():
                    reply = self._client.search(
                        pit={"id": pit, "keep_alive": KEEP}, size=10_000, sort=[{"id": "asc"}],
                        search_after=after, source=False, track_total_hits=False,
                        docvalue_fields=[{"field": field} for field in fields],
                    )  # fmt: skip
                hits = reply["hits"]["hits"]
                yield from hits
                if len(hits) < 10_000:
                    return
                after = hits[-1]["sort"]
        finally:
            with translated():
                self._client.close_point_in_time(id=pit)

    def records(self, kind: Kind, ids: Sequence[str]) -> list[Record]:
        if not ids:
            return []
        fields = [*LEAD, "head"] if kind == "leads" else ["doc"]
        with translated():
            reply = self._client.mget(index=self._names[kind], ids=list(ids), source_includes=fields)
        sources = [doc["_source"] for doc in reply["docs"] if doc.get("found")]
        if kind == "mentions":
            return [mention_of(source) for source in sources]
        return [Stored(lead=lead_of(source), head=source["head"]) for source in sources]

    def posts(self, ids: Sequence[str]) -> list[Post]:
        found: dict[str, Post] = {}
        for start in range(0, len(ids), _POSTS):
            some = list(ids[start : start + _POSTS])
            stored = (each for each in self.records("leads", some) if isinstance(each, Stored))
            found |= {each.lead.id: each.lead.post for each in stored}
            with translated():
                reply = self._client.search(
                    index=self._names["mentions"], query={"terms": {"post_id": some}}, size=10_000,
                    collapse={"field": "post_id"}, source_includes=["doc"], track_total_hits=False,
                )  # fmt: skip
            mentions = map(mention_of, (hit["_source"] for hit in reply["hits"]["hits"]))
            found |= {each.post.id: each.post for each in mentions}
        return list(found.values())


class _SnapshotGoneError(Exception):
    """The point in time has expired; the same page is read from the present."""


class _Places:
    """The places of the leads that may be near a point, whatever else is asked of them; the last points' are
    kept. Of many leads there are few: those of one district share theirs."""

    def __init__(self, client: Elasticsearch, index: str) -> None:
        self._client, self._index = client, index
        self._known: OrderedDict[Near, tuple[str, ...]] = OrderedDict()

    def of(self, near: Near) -> tuple[str, ...]:
        """Keys as of some time, for a request that says whether there are others by now."""
        return self._known.get(near) or self.anew(near)

    def anew(self, near: Near) -> tuple[str, ...]:
        """Keys as of now."""
        found = self._known[near] = self._asked(near)
        if len(self._known) > KEPT_POINTS:
            self._known.popitem(last=False)
        return found

    def _asked(self, near: Near) -> tuple[str, ...]:
        among = all_of([{"term": {"head": ""}}, candidates(near, "possible")])
        with translated():
            reply = self._client.search(
                index=self._index, query=among, size=0, track_total_hits=False,
                aggs={"places": {"terms": {"field": "place_key", "size": MAX_PLACES}}},
            )  # fmt: skip
        return tuple(bucket["key"] for bucket in reply["aggregations"]["places"]["buckets"])


class _Asking:
    """The searches behind one page, over the present or over a point in time."""

    def __init__(self, client: Elasticsearch, index: str, snapshot: str) -> None:
        self._client = client
        self._target: Body = {"pit": {"id": snapshot, "keep_alive": KEEP}} if snapshot else {"index": index}

    def _ask(self, filters: list[Body], **options: Any) -> Body:
        with translated():
            try:
                reply = self._client.search(
                    **self._target, query=all_of(filters), track_total_hits=False, **options
                )
            except NotFoundError as error:
                if "pit" in self._target:
                    raise _SnapshotGoneError from error
                raise
        return dict(reply.body)

    def _rows(
        self,
        filters: list[Body],
        sort: list[Body],
        size: int,
        after: Sequence[object] | None = None,
        **options: Any,
    ) -> Iterator[Body]:
        """All rows in this order, page by page as they are taken."""
        while True:
            hits = self._ask(filters, sort=sort, size=size, search_after=after, source=False, **options)[
                "hits"
            ]["hits"]
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def around(self, query: LeadQuery, filters: list[Body]) -> Around:
        """The places of the candidates, judged."""
        near = query.near
        assert near is not None  # noqa: S101 - callers have looked
        reply = self._ask(
            [*filters, candidates(near, query.precision)],
            size=0, aggs={"places": {"terms": {"field": "place_key", "size": MAX_PLACES}}},
        )  # fmt: skip
        keys = (bucket["key"] for bucket in reply["aggregations"]["places"]["buckets"])
        return Around.of(keys, near, query.precision)

    def ordered(
        self, query: LeadQuery, filters: list[Body], cursor: Cursor[str] | None
    ) -> Iterator[IdsFound]:
        """Orders the server keeps: by time, or by score where there is no point."""
        field = "published" if query.sort == "newest" else "hot"
        after = None
        if cursor:
            after = [int(cursor.key) if field == "published" else cursor.key, cursor.tie]
        for hit in self._rows(filters, [{field: "desc"}, {"id": "asc"}], min(query.limit + 1, 10_000), after):
            yield IdsFound(hit["sort"][0], hit["_id"])

    def best(self, query: LeadQuery, filters: list[Body], cursor: Cursor[str] | None) -> list[IdsFound]:
        """The limit + 1 best by need, freshness and reach; exact."""
        near = query.near
        assert near is not None  # noqa: S101 - callers have looked
        after = (-math.inf, "")
        among = [*filters, candidates(near, query.precision)]
        if cursor:
            # A key is at most `hot` and at least `hot` plus the log of the least factor.
            least = math.log2(self.around(query, filters).least_factor())
            among.append({"range": {"hot": {"lte": cursor.key - least + 1e-6}}})
            after = (-cursor.key, cursor.tie)
        judge_row = _Judge(near, query.precision)
        best: list[tuple[float, str]] = []
        for hit in self._rows(among, [{"hot": "desc"}, {"id": "asc"}], STEP, docvalue_fields=_PLACE):
            hot = hit["sort"][0]
            if len(best) > query.limit and hot < -best[query.limit][0]:
                break
            judged = judge_row(hit["fields"])
            if judged is not None:
                rank = (-(hot + math.log2(judged.factor)), hit["_id"])
                if rank > after:
                    _insert(best, rank, query.limit + 1)
        return [IdsFound(-key, lead_id) for key, lead_id in best]

    def nearest(
        self, query: LeadQuery, filters: list[Body], around: Around, cursor: Cursor[str] | None
    ) -> Iterator[IdsFound]:
        """By distance: each area is one distance, points are sorted by the server; merged."""
        start = (-cursor.key, cursor.tie) if cursor else (-math.inf, "")
        points = self._points(query, filters, around, start if cursor else None)
        merged = heapq.merge(self._areas(query, filters, around, start), points)
        for distance, lead_id in merged:
            yield IdsFound(-distance, lead_id)

    def _areas(
        self, query: LeadQuery, filters: list[Body], around: Around, start: tuple[float, str]
    ) -> Iterator[tuple[float, str]]:
        """Leads of areas, nearest area first; areas at one distance together."""
        distances: dict[float, list[str]] = {}
        for key, judged in around.areas.items():
            distances.setdefault(judged.distance, []).append(key)
        for distance in sorted(distances):
            if distance < start[0]:
                continue
            after = [start[1]] if distance == start[0] else None
            here = [*filters, {"terms": {"place_key": distances[distance]}}]
            for hit in self._rows(here, [{"id": "asc"}], min(query.limit + 1, 10_000), after):
                yield distance, hit["_id"]

    def _points(
        self, query: LeadQuery, filters: list[Body], around: Around, start: tuple[float, str] | None
    ) -> Iterator[tuple[float, str]]:
        near = around.near
        by_distance = {"_geo_distance": {"place": {"lat": near.lat, "lon": near.lon}, "unit": "km"}}
        rows = self._rows(
            [*filters, around.point_filter()], [by_distance, {"id": "asc"}],
            min(query.limit + 1, 10_000), list(start) if start else None,
        )  # fmt: skip
        for hit in rows:
            yield hit["sort"][0], hit["_id"]


def _insert(best: list[tuple[float, str]], rank: tuple[float, str], size: int) -> None:
    """Keep the `size` smallest ranks, sorted."""
    if len(best) < size or rank < best[-1]:
        insort(best, rank)
        del best[size:]


class _Judge:
    """How rows lie to a point; each area is judged once."""

    def __init__(self, near: Near, asked: DownTo) -> None:
        self._near, self._asked = near, asked
        self._areas: dict[str, Judged | None] = {}

    def __call__(self, fields: Body) -> Judged | None:
        key = fields["place_key"][0]
        if key in self._areas:
            return self._areas[key]
        spot = spot_of(key)
        if spot.level == "point":
            place = Spot(spot.code, spot.level, fields["lat"][0], fields["lon"][0], spot.radius_km)
            return judge(place, self._near, self._asked)
        self._areas[key] = judge(spot, self._near, self._asked)
        return self._areas[key]


def _hit(lead: Lead, query: LeadQuery, now: datetime) -> Hit:
    score = lead.need * freshness(lead.post.published_at, now)
    region = lead.tags.region
    if query.near is None or region is None:
        return Hit(lead=lead, score=score)
    spot = Spot(region.code, region.level, region.lat, region.lon, region.radius_km)
    judged = judge(spot, query.near, "possible")
    if judged is None:
        return Hit(lead=lead, score=score)
    return Hit(
        lead=lead, score=score * judged.factor, distance_km=judged.distance, precision=judged.precision
    )
