"""Counts and filtered searches over the columns in memory (`leads.index.sqlite.columns`).

Words are asked of the full-text table, everything else of the columns. Keys of the asked order are computed
as `SqliteIndex` computes them row by row, to the last bit: a cursor of either goes on in the other.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from leads.index.base import Facet, Tile
from leads.index.spread import MAX_ZOOM, MERCATOR_EDGE, chain_of, city_of, day_of
from leads.index.sqlite.columns import Area, Codes, Columns, Flags, Floats, Ints, Table
from leads.index.sqlite.match import ROWID_BITS, conjuncts, first_rowid, in_fts, words_match
from leads.models import PRECISIONS, All, AnyOf, LeadQuery, Near, Needs, Precision, Rule, Tagged, Without
from leads.scoring.distance import EARTH_KM, TAKEN, distance_km, reach, reach_factor, same_city
from leads.scoring.need import HALF_LIFE_HOURS

_NEWEST = (1 << 15, 1 << 18)  # so many of the newest leads are looked at before all are
KEPT_WORDS = 32  # answers of the full-text table, at a million leads about a megabyte each
_EPOCH = date(1970, 1, 1)
_POINT = 4  # a class beside the PRECISIONS: of its leads each lies somewhere else
Classes = NDArray[np.int8]
_Kind = TypeVar("_Kind", bound=np.generic)
_EDGE_KM = 1e-6  # nearer than this to a border, a distance is computed again as everywhere else
_COMPARE: Mapping[str, Callable[[Floats, float], Flags]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal
}  # fmt: skip
_COLUMN = {"symptom": "symptoms", "specialty": "specialties"}  # others are called as their field
_TRUE_OF: Mapping[str, Callable[[Any, str], bool]] = {
    "area": lambda area, code: code in chain_of(area.code),
    "symptom": lambda codes, code: code in codes.split(" "),
    "specialty": lambda codes, code: code in codes.split(" "),
}


class ColumnsFound(NamedTuple):
    """A match with its place in the asked order; larger keys come first."""

    key: float
    rowid: int
    factor: float
    distance: float | None
    precision: Precision | None


class _Worded(NamedTuple):
    """Places of the leads that an expression finds among those from the first to the last place."""

    first: int
    last: int
    at: Ints


@dataclass(frozen=True, slots=True)
class _Areas:
    """The areas of the vocabulary as columns."""

    lat: Floats
    lon: Floats
    radius: Floats
    province: Codes  # the first two digits of the adcode; 0: no place
    point: Flags


@dataclass(frozen=True, slots=True)
class _AreasNear:
    """How the areas of the vocabulary lie to a point; 0 is not near, 1 … 3 are PRECISIONS."""

    classes: Classes
    distances: Floats
    same_city: Flags


class Counter:
    """Everything that is counted for `SqliteIndex`."""

    def __init__(self, path: Path | str, reader: Callable[[], sqlite3.Connection]) -> None:
        self._reader = reader
        self._columns = Columns(path)
        self._kept: dict[tuple[int, str], _Worded] = {}
        self._known_areas = lru_cache(maxsize=2)(self._read_areas)
        self._flags = lru_cache(maxsize=512)(self._look_up)
        self._areas_near = lru_cache(maxsize=256)(self._judge_areas)

    @property
    def ready(self) -> bool:
        """The columns are in memory, or soon are."""
        return self._columns.ready()

    def total(self) -> int:
        """How many leads are searchable; 0 while the columns are not in memory."""
        return len(self._columns.table().rows) if self.ready else 0

    def renew(self) -> None:
        """What was erased is left in no file of the columns."""
        self._columns.renew()

    def keep(self) -> None:
        """The columns on disk for the next start, where many leads came."""
        self._columns.keep()

    def close(self) -> None:
        self._columns.close()

    def count(self, query: LeadQuery) -> int:
        table = self._columns.table()
        return len(self._near(table, self._matching(table, query), query)[0])

    def facets(self, query: LeadQuery, names: Sequence[Facet]) -> dict[Facet, dict[str, int]]:
        table = self._columns.table()
        at = self._near(table, self._matching(table, query), query)[0]
        return {name: self._facet(table, at, name) for name in names}

    def precisions(self, query: LeadQuery) -> dict[Precision, int]:
        if query.near is None:
            return {}
        table = self._columns.table()
        everyone = replace(query, precision="possible")
        classes = self._near(table, self._matching(table, query), everyone)[1]
        counted = np.bincount(classes, minlength=4)
        return {precision: int(counted[number + 1]) for number, precision in enumerate(PRECISIONS)}

    def counts_since(self, query: LeadQuery, moments: Sequence[datetime]) -> tuple[int, ...]:
        if not moments:
            return ()
        first = replace(query, since=min(moments))
        table = self._columns.table()
        rows = table.rows[self._near(table, self._matching(table, first), first)[0]]
        borders = [first_rowid(moment.timestamp()) for moment in moments]
        return tuple(len(rows) - int(start) for start in np.searchsorted(rows, borders))

    def tiles(self, query: LeadQuery, zoom: int) -> list[Tile]:
        table = self._columns.table()
        at = self._near(table, self._matching(table, query), query)[0]
        at = at[self._areas().province[table.codes["area"][at]] > 0]
        x, y = _tiles(table.numbers["lat"][at], table.numbers["lon"][at], zoom)
        keys, counts = np.unique(x << MAX_ZOOM | y, return_counts=True)
        return [
            Tile(zoom=zoom, x=key >> MAX_ZOOM, y=key & (1 << MAX_ZOOM) - 1, count=count)
            for key, count in zip(keys.tolist(), counts.tolist(), strict=True)
        ]

    def on_tiles(
        self, query: LeadQuery, zoom: int, tiles: Collection[tuple[int, int]], limit: int
    ) -> list[int]:
        """The newest rowids on these tiles."""
        table = self._columns.table()
        at = self._near(table, self._matching(table, query), query)[0]
        at = at[self._areas().province[table.codes["area"][at]] > 0]
        x, y = _tiles(table.numbers["lat"][at], table.numbers["lon"][at], zoom)
        wanted = np.array([x << MAX_ZOOM | y for x, y in tiles], dtype=np.int64)
        rows: list[int] = np.sort(table.rows[at[np.isin(x << MAX_ZOOM | y, wanted)]])[::-1][:limit].tolist()
        return rows

    def best(self, query: LeadQuery, after: tuple[float, int]) -> list[ColumnsFound]:
        """The limit + 1 first in the asked order after a key and rowid.

        The newest leads are looked at first, and no others where none of them can be among these: a common
        word at a million leads takes 1 ms instead of 18.
        """
        table = self._columns.table()
        low, high = _span(table, query)
        if query.sort == "newest" and math.isfinite(after[0]):
            high = min(high, int(np.searchsorted(table.rows, after[1])))
        for size in () if query.sort == "nearest" else _NEWEST:
            if high - low > 4 * size:
                found = self._best_of(table, high - size, high, query, after)
                if len(found) > query.limit and (
                    query.sort == "newest"
                    or highest_hot(int(table.rows[high - size - 1])) < found[query.limit].key
                ):
                    return found
        return self._best_of(table, low, high, query, after)

    def _best_of(
        self, table: Table, low: int, high: int, query: LeadQuery, after: tuple[float, int]
    ) -> list[ColumnsFound]:
        """`best` among the leads at the places from `low` to before `high`."""
        at, classes = self._near(table, self._among(table, low, high, query), query)
        keys = self._keys(table, at, classes, query)
        rows = table.rows[at]
        if math.isfinite(after[0]):
            later = (keys < after[0]) | ((keys == after[0]) & (rows < after[1]))
            at, classes, keys, rows = at[later], classes[later], keys[later], rows[later]
        if len(at) > query.limit + 1:
            # Ties at the border stay in until rowids decide.
            border = np.partition(keys, -(query.limit + 1))[-(query.limit + 1)]
            chosen = keys >= border
            at, classes, keys, rows = at[chosen], classes[chosen], keys[chosen], rows[chosen]
        order = np.lexsort((-rows, -keys))[: query.limit + 1].tolist()
        return [self._found(table, int(at[i]), int(classes[i]), float(keys[i]), query) for i in order]

    # --- which leads

    def _matching(self, table: Table, query: LeadQuery) -> Ints:
        """Places in the table of the leads that satisfy everything but the query's point, in their order."""
        return self._among(table, *_span(table, query), query)

    def _among(self, table: Table, low: int, high: int, query: LeadQuery) -> Ints:
        """`_matching` from one place to before another; both lie in the query's stretch of time."""
        rules = list(conjuncts(query.words))
        at = np.arange(low, max(low, high))
        worded = [rule for rule in rules if in_fts(rule)]
        if worded:
            at = self._worded(table, at, worded[0] if len(worded) == 1 else All(tuple(worded)))
        for rule in _fields(query):
            at = at[self._holds(table, at, rule)]
        for rule in rules:
            if not in_fts(rule):
                at = at[self._holds(table, at, rule)]
        return at

    def _worded(self, table: Table, at: Ints, rule: Rule) -> Ints:
        """Places of the leads that the full-text table finds, from the first of these to the last."""
        if not len(at):
            return at
        expression, first, last = words_match(rule), int(at[0]), int(at[-1])
        found = self._kept.get((table.stamp, expression))
        if found is None or found.first > first or found.last < last:
            rows = self._asked(table, expression, int(table.rows[first]), int(table.rows[last]))
            found = _Worded(first, last, rows)
            self._keep((table.stamp, expression), found)
        low, high = np.searchsorted(found.at, (first, last + 1))
        return found.at[low:high]

    def _asked(self, table: Table, expression: str, first: int, last: int) -> Ints:
        rows = self._reader().execute(
            "SELECT rowid FROM fts WHERE fts MATCH ? AND rowid BETWEEN ? AND ?", (expression, first, last)
        )
        rowids = np.fromiter(chain.from_iterable(rows), np.int64)
        places = np.searchsorted(table.rows, rowids)
        # The full-text table may have been read a moment later than the columns.
        known = places < len(table.rows)
        known[known] = table.rows[places[known]] == rowids[known]
        return places[known]

    def _keep(self, key: tuple[int, str], found: _Worded) -> None:
        """A page asks many questions about the same words; a change of the index makes them new ones."""
        self._kept = {its: value for its, value in self._kept.items() if its[0] == key[0]}
        if len(self._kept) >= KEPT_WORDS:
            self._kept.clear()
        self._kept[key] = found

    def _holds(self, table: Table, at: Ints, rule: Rule) -> Flags:
        """For each of these leads whether the rule is true."""
        match rule:
            case Tagged(field, _):
                column = _COLUMN.get(field, field)
                size = len(self._columns.vocabularies[column].values)
                return self._flags(rule, column, size)[_at(table.codes[column], at)]
            case Needs(sign, value):
                return _COMPARE[sign](_at(table.numbers["need"], at), value)
            case All(parts):
                return _all([self._holds(table, at, part) for part in parts])
            case AnyOf(parts):
                return ~_all([~self._holds(table, at, part) for part in parts])
            case Without(part):
                return ~self._holds(table, at, part)
            case _:
                return np.isin(at, self._worded(table, at, rule), assume_unique=True)

    def _look_up(self, rule: Tagged, column: str, size: int) -> Flags:
        """For each value of a vocabulary whether the rule is true of it."""
        good = _TRUE_OF.get(rule.field, str.__eq__)
        values = self._columns.vocabularies[column].values[:size]
        return np.fromiter((good(value, rule.value) for value in values), np.bool_, size)

    # --- how near

    def _near(self, table: Table, at: Ints, query: LeadQuery) -> tuple[Ints, Classes]:
        """Of these places those that are near enough, and their classes; without a point all, with 0."""
        if query.near is None:
            return at, np.zeros(len(at), np.int8)
        near = query.near
        areas = self._areas_near(near, len(self._columns.vocabularies["area"].values))
        classes = areas.classes[_at(table.codes["area"], at)]
        points = np.flatnonzero(classes == _POINT)
        classes[points] = self._point_classes(table, at[points], near, areas)
        taken = np.zeros(len(PRECISIONS) + 1, np.bool_)
        taken[[PRECISIONS.index(each) + 1 for each in TAKEN[query.precision]]] = True
        enough = np.flatnonzero(taken[classes])
        return at[enough], classes[enough]

    def _areas(self) -> _Areas:
        return self._known_areas(len(self._columns.vocabularies["area"].values))

    def _read_areas(self, size: int) -> _Areas:
        areas: list[Area] = self._columns.vocabularies["area"].values[:size]
        return _Areas(
            lat=np.array([area.lat for area in areas], np.float64),
            lon=np.array([area.lon for area in areas], np.float64),
            radius=np.array([area.radius_km for area in areas], np.float64),
            province=np.array([int(area.code[:2] or 0) for area in areas], np.int32),
            point=np.array([area.level == "point" for area in areas], np.bool_),
        )

    def _judge_areas(self, near: Near, size: int) -> _AreasNear:
        areas: list[Area] = self._columns.vocabularies["area"].values[:size]
        known = self._known_areas(size)
        distances = _distances(near, known.lat, known.lon)
        classes, city = np.where(known.point, _POINT, 0).astype(np.int8), np.zeros(size, np.bool_)
        # Looked at closely is what may be near: within reach and its own radius, or in the same province.
        close = (distances <= near.km + known.radius + 1) | (known.province == int(near.adcode[:2]))
        for number in np.flatnonzero(close & (known.province > 0)).tolist():
            area = areas[number]
            city[number] = same_city(area.code, near.adcode)
            distances[number] = distance_km(near.lat, near.lon, area.lat, area.lon)
            precision = reach(area, near, float(distances[number]))
            if not known.point[number]:
                classes[number] = PRECISIONS.index(precision) + 1 if precision else 0
        return _AreasNear(classes, distances, city)

    def _point_classes(self, table: Table, at: Ints, near: Near, areas: _AreasNear) -> Classes:
        """`distance.reach` for points: sure within reach, likely a radius beyond it in the same city.

        Most of a country lies too far north or south, which one subtraction tells: a third of the time.
        """
        found = np.zeros(len(at), np.int8)
        widest = near.km + float(self._areas().radius.max(initial=0.0, where=self._areas().point)) + 1
        north = np.abs(table.numbers["lat"][at] - near.lat)
        level = np.flatnonzero(north <= math.degrees(widest / EARTH_KM))
        found[level] = self._level_classes(table, at[level], near, areas)
        return found

    def _level_classes(self, table: Table, at: Ints, near: Near, areas: _AreasNear) -> Classes:
        lat, lon, codes = table.numbers["lat"][at], table.numbers["lon"][at], table.codes["area"][at]
        radius = self._areas().radius[codes]
        distances = _distances(near, lat, lon)
        beyond = areas.same_city[codes] & (distances <= near.km + radius)
        classes = np.where(distances <= near.km, 1, np.where(beyond, 2, 0)).astype(np.int8)
        edge = np.minimum(abs(distances - near.km), abs(distances - near.km - radius)) < _EDGE_KM
        for place in np.flatnonzero(edge):
            area: Area = self._columns.vocabularies["area"].values[codes[place]]
            exact = distance_km(near.lat, near.lon, float(lat[place]), float(lon[place]))
            precision = reach(area, near, exact)
            classes[place] = PRECISIONS.index(precision) + 1 if precision else 0
        return classes

    # --- in which order

    def _keys(self, table: Table, at: Ints, classes: Classes, query: LeadQuery) -> Floats:
        if query.sort == "newest":
            return table.rows[at].astype(np.float64)
        if query.near is None:
            return table.numbers["hot"][at]
        codes = table.codes["area"][at]
        if query.sort == "score":
            return table.numbers["hot"][at] + self._logs(codes, classes)
        areas = self._areas_near(query.near, len(self._columns.vocabularies["area"].values))
        distances = areas.distances[codes]
        points = np.flatnonzero(self._areas().point[codes])
        lat, lon = table.numbers["lat"][at[points]], table.numbers["lon"][at[points]]
        distances[points] = [
            distance_km(query.near.lat, query.near.lon, one, other)
            for one, other in zip(lat.tolist(), lon.tolist(), strict=True)
        ]
        return -distances

    def _logs(self, codes: Codes, classes: Classes) -> Floats:
        """log2 of the reach factor; each pair of area and class is computed once."""
        values: list[Area] = self._columns.vocabularies["area"].values
        pairs, inverse = np.unique(codes.astype(np.int64) * 4 + classes, return_inverse=True)
        logs = [
            math.log2(reach_factor(PRECISIONS[pair % 4 - 1], values[pair // 4].radius_km))
            for pair in pairs.tolist()
        ]
        return np.array(logs, np.float64)[inverse]

    def _found(self, table: Table, place: int, number: int, key: float, query: LeadQuery) -> ColumnsFound:
        rowid = int(table.rows[place])
        if query.near is None:
            return ColumnsFound(key, rowid, 1.0, None, None)
        area: Area = self._columns.vocabularies["area"].values[table.codes["area"][place]]
        lat, lon = float(table.numbers["lat"][place]), float(table.numbers["lon"][place])
        precision = PRECISIONS[number - 1]
        distance = distance_km(query.near.lat, query.near.lon, lat, lon)
        return ColumnsFound(key, rowid, reach_factor(precision, area.radius_km), distance, precision)

    # --- how they spread

    def _facet(self, table: Table, at: Ints, name: Facet) -> dict[str, int]:
        if name == "day":
            return _days(table.rows[at] >> ROWID_BITS)
        column, values_of = _FACETS[name]
        counted = np.bincount(table.codes[column][at])
        values = self._columns.vocabularies[column].values
        out: dict[str, int] = {}
        for number in np.flatnonzero(counted).tolist():
            for value in values_of(values[number]):
                out[value] = out.get(value, 0) + int(counted[number])
        return out


_FACETS: Mapping[str, tuple[str, Callable[[Any], Sequence[str]]]] = {
    "symptom": ("symptoms", str.split),
    "specialty": ("specialties", str.split),
    "city": ("area", lambda area: [city] if (city := city_of(area.code)) else []),
    "source": ("source", lambda text: [text]),
    "status": ("status", lambda text: [text]),
    "assignee": ("assignee", lambda text: [text]),
    "intent": ("intent", lambda text: [text]),
    "level": ("area", lambda area: [area.level]),
}


_PLAIN_SINCE = 1992 * 31_556_952 - 1970 * 31_556_952  # Beijing has kept UTC+8 all year since 1992


def _days(seconds: Ints) -> dict[str, int]:
    """How many fall on each day in Beijing; seconds rise."""
    plain = int(np.searchsorted(seconds, _PLAIN_SINCE))
    out: dict[str, int] = {}
    for second in seconds[:plain].tolist():
        out[day_of(second)] = out.get(day_of(second), 0) + 1
    rest = seconds[plain:]
    if len(rest):
        first, last = (int(second + 8 * 3600) // 86400 for second in (rest[0], rest[-1]))
        midnights = np.arange(first, last + 2) * 86400 - 8 * 3600
        counts = np.diff(np.searchsorted(rest, midnights)).tolist()
        for day, count in enumerate(counts, first):
            name = (_EPOCH + timedelta(days=day)).isoformat()
            if count:
                out[name] = out.get(name, 0) + count
    return out


def _at(column: NDArray[_Kind], at: Ints) -> NDArray[_Kind]:
    """The values at these places, which rise; where they leave nothing out, without copying."""
    if len(at) and int(at[-1]) - int(at[0]) + 1 == len(at):
        return column[int(at[0]) : int(at[-1]) + 1]
    return column[at]


def _all(flags: Sequence[Flags]) -> Flags:
    out: Flags = np.logical_and.reduce(flags)
    return out


def _tiles(lat: Floats, lon: Floats, zoom: int) -> tuple[Ints, Ints]:
    """(x, y) of the map tiles that hold points (WGS-84): the "slippy map" formula of OpenStreetMap."""
    side = 1 << zoom
    phi = np.radians(np.clip(lat, -MERCATOR_EDGE, MERCATOR_EDGE))
    x = np.floor((lon + 180) / 360 * side).astype(np.int64)
    y = np.floor((1 - np.arcsinh(np.tan(phi)) / math.pi) / 2 * side).astype(np.int64)
    return np.clip(x, 0, side - 1), np.clip(y, 0, side - 1)


def highest_hot(rowid: int) -> float:
    """What `hot` of a row can be at most: that of a need of 1 at its time of publication."""
    return ((rowid >> ROWID_BITS) + 1) / 3600 / HALF_LIFE_HOURS


def _span(table: Table, query: LeadQuery) -> tuple[int, int]:
    """The first place in the query's stretch of time, and the first after it."""
    low, high = 0, len(table.rows)
    if query.since is not None:
        low = int(np.searchsorted(table.rows, first_rowid(query.since.timestamp())))
    if query.until is not None:
        high = int(np.searchsorted(table.rows, first_rowid(query.until.timestamp())))
    return low, high


def _fields(query: LeadQuery) -> list[Rule]:
    """The query's own fields as rules; the cheap ones that leave little come first."""
    lists: Mapping[str, Sequence[str]] = {
        "status": query.statuses,
        "assignee": query.assignees,
        "source": query.sources,
        "intent": query.intents,
        "symptom": query.symptoms,
        "specialty": query.specialties,
        "area": (query.area,) if query.area else (),
    }
    rules: list[Rule] = [
        AnyOf(tuple(Tagged(field, value) for value in values))  # type: ignore[arg-type]  # the keys above
        for field, values in lists.items()
        if values
    ]
    return [*rules, Needs(">=", query.min_need)] if query.min_need > 0 else rules


def _distances(near: Near, lat: Floats, lon: Floats) -> Floats:
    """`leads.scoring.distance.distance_km` for many points; the last bits may differ."""
    phi1, phi2 = math.radians(near.lat), np.radians(lat)
    half_phi, half_lambda = (phi2 - phi1) / 2, np.radians(lon - near.lon) / 2
    h = np.sin(half_phi) ** 2 + math.cos(phi1) * np.cos(phi2) * np.sin(half_lambda) ** 2
    distances: Floats = 2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(h)))
    return distances
