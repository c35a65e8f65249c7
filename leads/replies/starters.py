"""Pieces of replies: what one is, {variables} filled in, and the starters that are shipped. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VARIABLES = {"clinic": "诊所名", "doctor": "医生", "distance": "距离", "symptom": "症状"}
LONGEST = 2000
LONGEST_TITLE = 60
_SHIPPED = Path(__file__).with_name("starters.toml")
BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDraft:
    """A piece of a reply as it is written: `symptom` is a code ("" fits all), `clinic_id` "" is for all."""

    title: str
    text: str
    symptom: str = ""
    clinic_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter(ReplyDraft):
    """A piece that is shipped; a clinic makes it its own by copying it."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A reply with its variables filled in; `missing` are those nobody knew, shown as （…）."""

    text: str
    missing: tuple[str, ...] = ()


@cache
def starters() -> tuple[Starter, ...]:
    """The pieces that are shipped."""
    data = tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))
    return tuple(Starter(**{**row, "text": row["text"].strip()}) for row in data["snippet"])


def fitting_starters(symptoms: Collection[str]) -> list[Starter]:
    """Those for one of these symptoms, then those for all."""
    fit = [each for each in starters() if not each.symptom or each.symptom in symptoms]
    return sorted(fit, key=lambda each: not each.symptom)


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """The text with its variables filled in; an empty value counts as not known."""
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        known = values.get(match[1], "")
        if not known:
            missing.append(VARIABLES.get(match[1], match[1]))
        return known or f"（{VARIABLES.get(match[1], match[1])}）"

    return Filled(text=BRACES.sub(value, text), missing=tuple(dict.fromkeys(missing)))
