"""What somebody writes into the form of a clinic, checked. Pure; every complaint names its field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leads.clinics.doctors import checked, read_cards
from leads.clinics.pasted_place import read_place, valid_point
from leads.errors import InputError
from leads.models import DoctorCard
from leads.scoring.distance import MAX_KM, distance_km
from nlp.places.gazetteer import Division, Gazetteer
from nlp.symptoms import lexicon
from nlp.text.pinyin import letters

MOST = 100  # entries of one list
LONGEST = 60  # characters of an entry
FAR_KM = 60.0  # a place further from a district's seat does not lie in it
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_BETWEEN = re.compile(r"[\n\r、，,；;]+")
# Names that are looked for in every post: a single character would be found everywhere.
SHORTEST: Mapping[str, int] = {"aliases": 2, "doctors": 2, "competitors": 2, "exclude": 1}
FIELD_NAMES: Mapping[str, str] = {
    "name": "名称",
    "aliases": "别名",
    "doctors": "医生",
    "competitors": "竞争对手",
    "exclude": "排除词",
    "reach_km": "服务半径",
    "quiet_from": "安静时段的开始",
    "quiet_to": "安静时段的结束",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicDraft:
    """Everything about a clinic that can be edited. Degrees are WGS-84; hours are Beijing time."""

    name: str
    lat: float
    lon: float
    adcode: str  # of the district that holds the point
    reach_km: float
    aliases: tuple[str, ...] = ()
    doctors: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    own_accounts: tuple[str, ...] = ()
    cards: tuple[DoctorCard, ...] = ()
    quiet_from: str = ""
    quiet_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The form as text. Lists have one entry a line; 、 and commas separate too."""

    name: str = ""
    aliases: str = ""
    doctors: str = ""
    cards: str = ""  # as leads.clinics.doctors.read_cards
    exclude: str = ""
    competitors: str = ""
    specialties: tuple[str, ...] = ()
    lat: str = ""
    lon: str = ""
    coordinate: str = ""  # pasted; stands above lat and lon
    system: str = "gcj02"
    district: str = ""  # stands above the one derived from the place
    reach_km: str = ""
    quiet_from: str = ""
    quiet_to: str = ""


def draft(
    written: Written, *, own_accounts: tuple[str, ...] = (), cards: Iterable[DoctorCard] | None = None
) -> ClinicDraft:
    """The clinic that was meant; `cards` stand above those written as lines.

    Raises:
        InputError: names the field and what to write instead.
    """
    lat, lon = _place(written)
    doctors = _list(written.doctors, "doctors")
    return ClinicDraft(
        name=_name(written.name),
        lat=lat,
        lon=lon,
        adcode=_district(written.district, lat, lon),
        reach_km=_reach(written.reach_km),
        aliases=_list(written.aliases, "aliases"),
        doctors=doctors,
        cards=read_cards(written.cards, doctors) if cards is None else checked(cards, doctors),
        exclude=_list(written.exclude, "exclude"),
        competitors=_list(written.competitors, "competitors"),
        specialties=_specialties(written.specialties),
        own_accounts=own_accounts,
        **_quiet(written),
    )


def checked_id(clinic_id: str) -> str:
    """An id for a new clinic, or "" for any.

    Raises:
        InputError: other characters than an id has.
    """
    clinic_id = clinic_id.strip()
    if clinic_id and not _ID.fullmatch(clinic_id):
        raise InputError(f"诊所 id {clinic_id[:40]!r} 不可用：只能用小写字母、数字、- 和 _，最长 40 个字符。")
    return clinic_id


def id_of(name: str) -> str:
    """An id after the name as it sounds: 安和口腔 → "anhekouqiang"; "" where nothing can be spelled."""
    spelled = letters(unicodedata.normalize("NFKC", name)).lower()
    return re.sub(r"[^a-z0-9]+", "-", spelled).strip("-")[:30].strip("-")


def district_at(lat: float, lon: float) -> Division:
    """The district whose seat is nearest.

    Raises:
        InputError: there is none near, as at sea.
    """
    division = Gazetteer.load().nearest(lat, lon)
    if division is None:
        raise InputError(f"坐标 {lat:.5f},{lon:.5f} 附近没有行政区：请检查坐标。")
    return division


def _district(name: str, lat: float, lon: float) -> str:
    """The code of the named district, or of the nearest seat: near a border that may be the neighbour's."""
    if not name.strip():
        return district_at(lat, lon).code
    named = Gazetteer.load().resolve(name.strip())
    if named is None:
        raise InputError(f"区县 {name.strip()[:40]!r} 找不到：请写成 四川成都武侯区 这样，或留空。")
    if distance_km(lat, lon, named.lat, named.lon) > max(FAR_KM, 3 * named.radius_km):
        raise InputError(f"区县 {named.name} 离这个坐标太远：请改正其中一个，或留空。")
    return named.code


def _place(written: Written) -> tuple[float, float]:
    if written.coordinate.strip():
        pasted = read_place(written.coordinate, written.system)
        return pasted.lat, pasted.lon
    if not written.lat.strip() and not written.lon.strip():
        raise InputError("还没有位置：请粘贴坐标，或在地图上点一下。")
    try:
        lat, lon = float(written.lat), float(written.lon)
    except ValueError:
        raise InputError("位置的经纬度不是数：请重新粘贴坐标。") from None
    if not valid_point(lat, lon):
        raise InputError(f"位置 {lat:g},{lon:g} 不在中国范围内：请重新粘贴坐标。")
    return lat, lon


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 2 <= len(name) <= 120:
        raise InputError("名称不可用：请写 2 到 120 个字。")
    return name


def _reach(text: str) -> float:
    try:
        value = float(text.strip() or 5)
    except ValueError:
        value = -1.0
    if not 0 < value <= MAX_KM:
        raise InputError(f"服务半径 {text[:20]!r} 不可用：请给大于 0、不超过 {MAX_KM:.0f} 的公里数。")
    return value


def _list(text: str, field: str) -> tuple[str, ...]:
    entries = tuple(dict.fromkeys(filter(None, (" ".join(part.split()) for part in _BETWEEN.split(text)))))
    if len(entries) > MOST:
        raise InputError(f"{FIELD_NAMES[field]}太多（{len(entries)} 个）：最多 {MOST} 个。")
    for entry in entries:
        if not SHORTEST[field] <= len(entry) <= LONGEST:
            span = f"{SHORTEST[field]} 到 {LONGEST} 个字"
            raise InputError(f"{FIELD_NAMES[field]}里的 {entry[:LONGEST]!r} 不可用：请写 {span}，一行一个。")
    return entries


def _specialties(codes: tuple[str, ...]) -> tuple[str, ...]:
    known = lexicon.load().specialties
    unknown = next((code for code in codes if code not in known), None)
    if unknown is not None:
        raise InputError(f"科室 {unknown[:40]!r} 不认识：可用 {'、'.join(known.values())}。")
    return tuple(code for code in known if code in codes)


def _quiet(written: Written) -> dict[str, str]:
    hours = {"quiet_from": written.quiet_from.strip(), "quiet_to": written.quiet_to.strip()}
    for field, hour in hours.items():
        if hour and not _HOUR.fullmatch(hour):
            raise InputError(f"{FIELD_NAMES[field]} {hour[:20]!r} 看不懂：请写成 22:00 这样的时刻。")
    if bool(hours["quiet_from"]) != bool(hours["quiet_to"]):
        raise InputError("安静时段只写了一半：请把开始和结束都写上，或都留空。")
    if hours["quiet_from"] and hours["quiet_from"] == hours["quiet_to"]:
        raise InputError("安静时段的开始和结束相同：请改开，或都留空。")
    return hours
