"""What to ask somebody who comes: by symptom, by specialty, and of everybody. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("questions.toml")


def questions_for(symptoms: Iterable[str], specialties: Iterable[str]) -> tuple[str, ...]:
    """The questions for these codes, the most particular first, each once."""
    known = _known()
    chosen = [question for code in symptoms for question in known["symptom"].get(code, ())]
    chosen += [question for code in specialties for question in known["specialty"].get(code, ())]
    return tuple(dict.fromkeys([*chosen, *known["every"]]))


def codes() -> Mapping[str, frozenset[str]]:
    """The codes of "symptom" and "specialty" there are questions for."""
    known = _known()
    return {kind: frozenset(known[kind]) for kind in ("symptom", "specialty")}


@cache
def _known() -> Mapping[str, Any]:  # as in the file: lists, and tables of lists
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
