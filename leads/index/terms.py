"""The terms under which a lead is filed, shared by every backend. Pure.

Words are stored as they are when they consist of letters, digits and Chinese characters of the basic plane;
anything else is written as hex, so that no store's own tokenizer or case folding can change it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from leads.models import DownTo, Lead, Near
from leads.scoring.distance import EARTH_KM, same_city
from leads.scoring.need import HALF_LIFE_HOURS
from nlp.text.dictionary import subwords

# Part of the stored index: change it when the terms of a document change.
TERMS_VERSION = "1"

_PLAIN = re.compile(r"[a-z0-9\u4e00-\u9fff]+")


def word_term(word: str) -> str:
    return word if _PLAIN.fullmatch(word) else "x" + word.encode("utf-8", "replace").hex() + "x"


@dataclass(frozen=True, slots=True)
class Terms:
    """One document's terms: its words in order, its sub-words, and its tags."""

    words: str
    subwords: str
    tags: str


def lead_terms(lead: Lead) -> Terms:
    tokens = lead.tags.tokens
    return Terms(
        words=" ".join(map(word_term, tokens)),
        subwords=" ".join(map(word_term, sorted(subwords(tokens)))),
        tags=" ".join(tag_terms(lead)),
    )


def tag_terms(lead: Lead) -> list[str]:
    """ "zall", symptoms "s…", specialties "p…", divisions "a510107", and cells for what has a place."""
    tags = lead.tags
    out = ["zall"]
    out += [symptom_term(symptom.code) for symptom in tags.symptoms if symptom.present]
    out += [specialty_term(code) for code in tags.specialties]
    if tags.region is not None:
        out += [area_term(code) for code in tags.region.chain]
        if tags.region.level == "province":
            out.append(province_only_term(tags.region.code))
        out += [cell_term(tags.region.lat, tags.region.lon, step) for step in CELL_STEPS]
    return list(dict.fromkeys(out))


def symptom_term(code: str) -> str:
    return "s" + code.encode().hex()


def specialty_term(code: str) -> str:
    return "p" + code.encode().hex()


def area_term(code: str) -> str:
    return f"a{code}"


def province_only_term(code: str) -> str:
    return f"o{code}"


# Cell sizes in thousandths of a degree. Each query uses the finest that keeps it under MAX_CELLS terms.
CELL_STEPS = (50, 500)
MAX_CELLS = 150


def cell_term(lat: float, lon: float, step: int) -> str:
    return f"c{step}q{math.floor(lat * 1000 / step)}q{math.floor(lon * 1000 / step)}"


def cells_around(lat: float, lon: float, km: float) -> list[str]:
    """Terms of the cells that a circle touches; empty when they would be too many to ask for."""
    north = math.degrees(km / EARTH_KM)
    east = min(180.0, north / max(0.01, math.cos(math.radians(min(89.0, abs(lat) + north)))))
    for step in CELL_STEPS:
        rows = range(math.floor((lat - north) * 1000 / step), math.floor((lat + north) * 1000 / step) + 1)
        columns = range(math.floor((lon - east) * 1000 / step), math.floor((lon + east) * 1000 / step) + 1)
        if len(rows) * len(columns) <= MAX_CELLS:
            return [f"c{step}q{row}q{column}" for row in rows for column in columns]
    return []


def near_terms(near: Near, precision: DownTo) -> list[str]:
    """Any of these terms stands in every document that can be near at this precision; empty: all may be."""
    cells = cells_around(near.lat, near.lon, near.km)
    if not cells:
        return []
    if precision == "sure":
        return cells
    out = [*cells, *(area_term(code) for code in city_codes(near.adcode))]
    if precision == "possible":
        out.append(province_only_term(near.adcode[:2] + "0000"))
    return out


def city_codes(adcode: str) -> Sequence[str]:
    """Division codes that cover every place `leads.scoring.distance.same_city` calls the same city."""
    candidates = (adcode[:2] + "0000", adcode[:4] + "00", adcode)
    return [code for code in candidates if same_city(code, adcode)]


def hot(lead: Lead) -> float:
    """log2 of need plus age in half-lives: the order by need x freshness, whatever the time is now."""
    hours = lead.post.published_at.timestamp() / 3600
    return math.log2(max(lead.need, 1e-6)) + hours / HALF_LIFE_HOURS
