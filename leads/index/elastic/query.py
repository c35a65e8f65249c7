"""A query as Elasticsearch's query DSL. Pure.

Bodies are built as values and serialised by the client: nothing a user types is ever spliced into JSON, a
query string or a script. Words are terms of letters and digits (`leads.index.terms`).

"Near" depends on each lead's own uncertainty, which no filter without a script can compare. But leads share
their places: all leads of one district have the same point and radius. So the distinct places among the
candidates are asked first (one terms aggregation), judged by `leads.scoring.distance.reach`, and become a
plain filter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from leads.errors import QueryError
from leads.index.daily import Daily
from leads.index.elastic.docs import Body, fit
from leads.index.terms import city_codes, word_term
from leads.models import (
    BEIJING,
    PRECISIONS,
    All,
    AnyOf,
    DownTo,
    LeadQuery,
    Near,
    Nearby,
    Needs,
    Phrase,
    Precision,
    Rule,
    Tagged,
    Without,
)
from leads.scoring.distance import distance_km, precise_enough, reach, reach_factor, same_city
from nlp.text.dictionary import subwords

MAX_PLACES = 10_000  # distinct places of one answer: the country has 3,300 divisions
_SLACK_KM = 0.05  # geo_point keeps about a centimetre; candidates are judged exactly afterwards


def matching(query: LeadQuery) -> list[Body]:
    """Filters for everything the query says but its point.

    Raises:
        QueryError: the text is not a rule, or distance order without a point.
    """
    if query.sort == "nearest" and query.near is None:
        raise QueryError("按距离排序需要先给出位置（--near 纬度,经度）。")
    out: list[Body] = [{"term": {"head": ""}}]
    if query.words is not None:
        out.append(words(query.words))
    lists: Mapping[str, tuple[str, ...]] = {
        "symptoms": query.symptoms,
        "specialties": query.specialties,
        "intent": query.intents,
        "source": query.sources,
        "status": query.statuses,
        "assignee": query.assignees,
        "areas": (query.area,) if query.area else (),
    }
    out += [{"terms": {field: list(values)}} for field, values in lists.items() if values]
    if query.min_need > 0:
        out.append({"range": {"need": {"gte": query.min_need}}})
    if query.since is not None:
        out.append(published("gte", query.since))
    if query.until is not None:
        out.append(published("lt", query.until))
    return out


def published(border: str, moment: datetime) -> Body:
    """Published from ("gte") or before ("lt") a moment; times are stored in seconds, so fractions round up.

    A bare number would be read as milliseconds, whatever the field's format.
    """
    second = str(math.ceil(moment.timestamp()))
    return {"range": {"published": {border: second, "format": "epoch_second"}}}


def words(rule: Rule) -> Body:
    """The rule as a filter; what `leads.query.holds.holds` means."""
    match rule:
        case Phrase((token,)):
            term = fit(word_term(token))
            return any_of([{"term": {"words": term}}, {"term": {"subwords": term}}])
        case Phrase(tokens):
            return {"match_phrase": {"words": {"query": _terms(tokens)}}}
        case Nearby(left, right) if left == right:
            # Intervals would want it twice; one is near itself.
            return {"match_phrase": {"words": {"query": _terms(left)}}}
        case Nearby(left, right, within):
            sides = [
                {"match": {"query": _terms(side), "ordered": True, "max_gaps": 0}} for side in (left, right)
            ]
            near = {"ordered": False, "max_gaps": within, "intervals": sides}
            return {"intervals": {"words": {"all_of": near}}}
        case Tagged(field, value):
            return {"term": {_RULE_FIELDS.get(field, field): value}}
        case Needs(sign, value):
            return {"range": {"need": {_SIGNS[sign]: value}}}
        case AnyOf(parts):
            return any_of([words(part) for part in parts])
        case All(parts):
            return all_of([words(part) for part in parts])
        case Without(part):
            return {"bool": {"must_not": [words(part)]}}


_RULE_FIELDS = {"symptom": "symptoms", "specialty": "specialties", "area": "areas"}
_SIGNS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def _terms(tokens: tuple[str, ...]) -> str:
    return " ".join(fit(word_term(token)) for token in tokens)


def any_of(parts: list[Body]) -> Body:
    return {"bool": {"should": parts, "minimum_should_match": 1}}


def all_of(parts: list[Body]) -> Body:
    return {"bool": {"filter": parts}}


def within(near: Near, km: float) -> Body:
    """Leads whose place lies within `km` of the point."""
    return {"geo_distance": {"distance": f"{km}km", "place": {"lat": near.lat, "lon": near.lon}}}


def candidates(near: Near, asked: DownTo) -> Body:
    """All leads that may be near at this precision, and some more."""
    parts = [within(near, near.km + _SLACK_KM)]
    if asked != "sure":
        parts.append({"terms": {"areas": list(city_codes(near.adcode))}})
    if asked == "possible":
        parts.append({"term": {"code": near.adcode[:2] + "0000"}})
    return any_of(parts)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place as reach sees it."""

    code: str
    level: str
    lat: float
    lon: float
    radius_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How the leads of one place lie to the query's point."""

    precision: Precision
    distance: float  # km
    factor: float  # leads.scoring.distance.reach_factor


def judge(spot: Spot, near: Near, asked: DownTo) -> Judged | None:
    """None: not near enough."""
    distance = distance_km(near.lat, near.lon, spot.lat, spot.lon)
    precision = reach(spot, near, distance)
    if precision is None or not precise_enough(precision, asked):
        return None
    factor = reach_factor(precision, spot.radius_km)
    return Judged(precision=precision, distance=distance, factor=factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The places that count as near, from the place keys found among the candidates."""

    near: Near
    asked: DownTo
    areas: Mapping[str, Judged]  # by place key
    points: Mapping[str, float]  # place keys of points → their radius

    @classmethod
    def of(cls, keys: Iterable[str], near: Near, asked: DownTo) -> Around:
        areas: dict[str, Judged] = {}
        points: dict[str, float] = {}
        for key in keys:
            spot = spot_of(key)
            if spot.level == "point":
                points[key] = spot.radius_km
            elif judged := judge(spot, near, asked):
                areas[key] = judged
        return cls(near=near, asked=asked, areas=areas, points=points)

    def point_filter(self) -> Body:
        """Points within reach, and in the same city a little beyond; those alone for "maybe"."""
        here = within(self.near, self.near.km)
        parts: list[Body] = [here] if self.asked != "maybe" else [{"match_none": {}}]
        if self.asked != "sure":
            for radius in sorted(set(self.points.values())):
                keys = [key for key, its in self.points.items() if its == radius and self._in_city(key)]
                beyond = within(self.near, self.near.km + radius)
                parts.append(all_of([{"terms": {"place_key": keys}}, beyond]))
        points = all_of([{"term": {"level": "point"}}, any_of(parts)])
        return {"bool": {"filter": [points], "must_not": [here]}} if self.asked == "maybe" else points

    def filter(self) -> Body:
        return any_of([self.point_filter(), {"terms": {"place_key": list(self.areas)}}])

    def classes(self) -> dict[str, Body]:
        """A filter for each precision; no lead passes two of them."""
        areas: dict[str, list[str]] = {precision: [] for precision in PRECISIONS}
        for key, judged in self.areas.items():
            areas[judged.precision].append(key)
        here = all_of([{"term": {"level": "point"}}, within(self.near, self.near.km)])
        beyond = {"bool": {"filter": [self.point_filter()], "must_not": [here]}}
        points: dict[str, list[Body]] = {"sure": [here], "likely": [beyond], "possible": []}
        return {name: any_of([{"terms": {"place_key": keys}}, *points[name]]) for name, keys in areas.items()}

    def _in_city(self, key: str) -> bool:
        return same_city(spot_of(key).code, self.near.adcode)

    def least_factor(self) -> float:
        """No lead of this answer keeps less of its score."""
        ofpoints = [reach_factor("likely", radius) for radius in self.points.values()]
        return min([judged.factor for judged in self.areas.values()] + ofpoints, default=1.0)


def spot_of(key: str) -> Spot:
    """The place behind a key of `elastic_docs.place_key`; a point's own coordinates are not in it."""
    level, code, radius, where = key.split("|")
    lat, _, lon = where.partition(",")
    return Spot(code, level, float(lat or 0), float(lon or 0), float(radius))


_FACET_FIELDS = {"symptom": "symptoms", "specialty": "specialties"}  # others are called as their facet


def facet(name: str) -> Body:
    """The aggregation of one facet. There are fewer values than MAX_PLACES of each."""
    if name == "day":
        return {
            "date_histogram": {
                "field": "published", "calendar_interval": "day", "time_zone": "Asia/Shanghai",
                "format": "yyyy-MM-dd", "min_doc_count": 1,
            }
        }  # fmt: skip
    terms: Body = {"field": _FACET_FIELDS.get(name, name), "size": MAX_PLACES}
    return {"terms": terms | ({"missing": ""} if name == "level" else {})}


def daily_sources(asked: Daily) -> list[Body]:
    """The dimensions of a question, and its symptom or specialty, as sources of a composite aggregation."""
    names = dict.fromkeys((*asked.by, *(() if asked.per == "lead" else (asked.per,))))
    return [{name: _daily_source(name)} for name in names]


def _daily_source(name: str) -> Body:
    if name == "day":
        histogram = facet("day")["date_histogram"]
        return {"date_histogram": {key: value for key, value in histogram.items() if key != "min_doc_count"}}
    missing = name not in _FACET_FIELDS  # a lead without symptoms counts for none
    return {"terms": {"field": _FACET_FIELDS.get(name, name), "missing_bucket": missing}}


def daily_filters(asked: Daily) -> list[Body]:
    """What a question of daily counts restricts; days begin at midnight in Beijing."""
    lists = {
        "city": asked.cities, "symptoms": asked.symptoms, "specialties": asked.specialties,
        "source": asked.sources,
    }  # fmt: skip
    filters: list[Body] = [{"term": {"head": ""}}]
    filters += [{"terms": {field: list(values)}} for field, values in lists.items() if values]
    for sign, day in (("gte", asked.since), ("lt", asked.until)):
        if day is not None:
            filters.append(published(sign, datetime.combine(day, time(), BEIJING)))
    return filters


def tile_grid(zoom: int) -> Body:
    return {"geotile_grid": {"field": "place", "precision": zoom, "size": 65536}}


def on_tile(zoom: int, x: int, y: int) -> Body:
    """What `tile_grid` puts into this tile, as a box: the query of that name is not in every distribution."""
    side = 1 << zoom
    north, south = (math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / side)))) for row in (y, y + 1))
    west, east = (column / side * 360 - 180 for column in (x, x + 1))
    return {
        "geo_bounding_box": {
            "place": {"top_left": {"lat": north, "lon": west}, "bottom_right": {"lat": south, "lon": east}}
        }
    }


def alike(words: Sequence[str], besides: str) -> Body:
    """more_like_this over the words: the same choice of rare words as the embedded index makes."""
    terms = dict.fromkeys(fit(word_term(word)) for word in (*words, *sorted(subwords(tuple(words)))))
    like = {
        "fields": ["words", "subwords"], "like": " ".join(terms), "min_term_freq": 1,
        "min_doc_freq": 2 if besides else 1, "max_query_terms": 24, "minimum_should_match": "1",
    }  # fmt: skip
    return {
        "bool": {
            "must": [{"more_like_this": like}],
            "filter": [{"term": {"head": ""}}],
            "must_not": [{"ids": {"values": [besides]}}] if besides else [],
        }
    }
