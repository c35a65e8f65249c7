"""Where the writer is. The two tables beside this file are invented sentences, one a line; failures are listed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import PlaceHint
from nlp.gazetteer import Division, Gazetteer
from nlp.models import Evidence, Hint, PlaceHintLike, Region
from nlp.places import PlaceWords
from nlp.regions import RegionTagger
from nlp.text import blank_noise, borders, normalise
from nlp.tokens import cut

HERE = Path(__file__).parent
GAZETTEER = Gazetteer.load()
TAGGER = RegionTagger.load()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    want: Division | None
    text: str
    hints: tuple[Hint, ...]


def _find(text: str, *hints: PlaceHintLike) -> Region | None:
    clean = blank_noise(normalise(text))
    return TAGGER.find(clean, borders(cut(clean)), hints)


def _lines(name: str) -> Iterator[list[str]]:
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            yield [part.strip() for part in line.split("|")]


def _hints(text: str) -> tuple[Hint, ...]:
    out = []
    for part in filter(None, text.split(";")):
        kind, _, words = part.strip().partition("=")
        assert kind in ("geo", "checkin", "board", "ip", "profile")
        out.append(Hint(kind=kind, text=words))
    return tuple(out)


def _places() -> list[Case]:
    out = []
    for want, text, *hints in _lines("region_places.txt"):
        division = GAZETTEER.resolve(want)
        assert division, want
        out.append(Case(want=division, text=text, hints=_hints("".join(hints))))
    return out


def _tempting() -> list[Case]:
    return [
        Case(want=None, text=text, hints=_hints("".join(hints)))
        for text, *hints in _lines("region_tempting.txt")
    ]


def _shown(region: Region | None) -> str:
    return f"{region.province}{region.city}{region.district} ({region.evidence_text})" if region else "nothing"


PLACES, TEMPTING = _places(), _tempting()


def test_tables_are_large_enough() -> None:
    assert len(PLACES) >= 350
    assert len(TEMPTING) >= 150


@pytest.mark.parametrize(("level", "share"), [("province", 0.99), ("city", 0.98), ("district", 0.95)])
def test_places_are_right_by_level(level: str, share: float) -> None:
    wrong, total = [], 0
    for case in PLACES:
        assert case.want
        province, city, district = GAZETTEER.names(case.want)
        wanted = {"province": province, "city": city, "district": district}[level]
        if not wanted:
            continue
        total += 1
        region = _find(case.text, *case.hints)
        if region is None or getattr(region, level) != wanted:
            wrong.append(f"{case.text} -> {_shown(region)}, want {wanted}")
    assert 1 - len(wrong) / total >= share, "\n".join(wrong)


def test_nothing_finer_than_said() -> None:
    wrong = []
    for case in PLACES:
        region = _find(case.text, *case.hints)
        if region and case.want and case.want.level != "district" and region.code != case.want.code:
            wrong.append(f"{case.text} -> {_shown(region)}, want {case.want.name}")
    assert len(wrong) <= 0.02 * len(PLACES), "\n".join(wrong)


def test_tempting_sentences_have_no_place() -> None:
    tagged = [f"{case.text} -> {_shown(r)}" for case in TEMPTING if (r := _find(case.text, *case.hints))]
    assert len(tagged) <= 0.01 * len(TEMPTING), "\n".join(tagged)
