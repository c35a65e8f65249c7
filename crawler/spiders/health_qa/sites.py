"""How the pages of health sites look: the tables of health_sites.toml, beside this file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSite:
    """One table of health_sites.toml; its comments say what each key means."""

    list: str
    question: str
    only: str
    links: str
    next: str
    title: tuple[str, ...]
    text: tuple[str, ...]
    labels: tuple[str, ...]
    facts: str
    section: str
    asker: str
    anonymous: tuple[str, ...]
    answer: str
    answer_text: tuple[str, ...]
    answer_author: str
    answer_time: str
    answer_id: str

    def number(self, url: str) -> str:
        """The question's number where `url` is a question's address; "" for any other page."""
        found = re.match(self.only, urlsplit(url).path)
        return found["id"] if found else ""


@cache
def _sites() -> Mapping[str, HealthSite]:
    text = Path(__file__).with_name("health_sites.toml").read_text(encoding="utf-8")
    return TypeAdapter(dict[str, HealthSite]).validate_python(tomllib.loads(text))


def health_sites() -> tuple[str, ...]:
    """Names of the sites that can be read."""
    return tuple(_sites())


def health_site(name: str) -> HealthSite:
    """The site's description. Raises KeyError where there is none of that name."""
    return _sites()[name]
