"""es_mappings/*.json are the only mappings: what is stored, what is mapped and what SQLite keeps agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from leads.index.elastic.admin import expected_meta, mapping
from leads.index.elastic.docs import lead_document, mention_document
from leads.index.sqlite.schema import open_database
from tests.support.builders import lead, mention, region
from tests.support.paths import ROOT

FOLDER = ROOT / "es_mappings"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
# A change of a mapping is a new version: raise "version" in the file and pin the new hash here.
PINNED = {
    ("leads", 1): "0b8af7db37bbae35",
    ("leads", 2): "2a06aea7026f7c16",  # assignee
    ("leads", 3): "b9b21e51ce4e67a7",  # what is counted a day: district, answered, stage
    ("mentions", 1): "293f5efbfd0e9c8d",
    ("state", 1): "35022c15da0d2e52",
}
# What SQLite keeps in its full-text and fold tables, and under other names.
ELSEWHERE = {"words", "subwords", "bands", "symptoms", "specialties", "areas"}
# Derived from code, level, lat, lon and doc; of district, answered and stage SQLite keeps counts a day.
ONLY_ELASTIC = {"place", "place_key", "city", "digest", "district", "answered", "stage"}


def content_hash(name: str) -> str:
    bare = {key: value for key, value in mapping(name).items() if key != "_meta"}
    return sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()[:16]


def fields(name: str) -> set[str]:
    return set(mapping(name)["properties"])


def columns(table: str) -> set[str]:
    with TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "leads.sqlite")
        found = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        database.close()
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_mapping_has_a_new_version(name: str) -> None:
    assert PINNED[(name, mapping(name)["_meta"]["version"])] == content_hash(name)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_guessed_by_the_server(name: str) -> None:
    assert mapping(name)["dynamic"] == "strict"
    assert list(_dynamic(mapping(name)["properties"])) == []


def _dynamic(properties: dict[str, Any]) -> Iterator[str]:
    """Fields whose inner fields would be guessed."""
    for name, field in properties.items():
        if "type" not in field or field["type"] in ("object", "nested"):
            yield name


def test_the_file_says_what_this_version_writes() -> None:
    assert mapping("leads")["_meta"] == expected_meta("leads")
    assert mapping("mentions")["_meta"] == expected_meta("mentions")


@pytest.mark.parametrize("place", [None, region("武侯区"), region("四川省")])
def test_a_lead_document_has_exactly_the_mapped_fields(place: Any) -> None:
    assert set(lead_document(lead(place=place))) == fields("leads")


def test_a_mention_document_has_exactly_the_mapped_fields() -> None:
    assert set(mention_document(mention())) == fields("mentions")


def test_sqlite_keeps_the_same() -> None:
    assert columns("leads") - {"rowid", "folded"} == fields("leads") - ELSEWHERE - ONLY_ELASTIC
    assert columns("mentions") == fields("mentions") - ONLY_ELASTIC


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ("place", "geo_point"),
        ("areas", "keyword"),
        ("published", "date"),
        ("need", "double"),
        ("words", "text"),
    ],
)
def test_kinds(field: str, kind: str) -> None:
    assert mapping("leads")["properties"][field]["type"] == kind


def test_words_are_cut_by_us_alone() -> None:
    texts = {name: f for name, f in mapping("leads")["properties"].items() if f["type"] == "text"}
    assert {field["analyzer"] for field in texts.values()} == {"whitespace"}
