"""No nickname, user id or avatar of real files is in what would be stored of them: counted, never shown."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from crawler.files import Record
from crawler.importers import Post, read
from crawler.items import post_to_dict
from nlp.pii import mask, without_users
from tests.support.paths import PAYLOADS

PEERS = PAYLOADS / "peers"
NAMES = re.compile(r"nick|screen_name|昵称|user_?id|^uid$|avatar|头像", re.I)
NUMBERS = re.compile(r"user_?id|^uid$|avatar|头像", re.I)

pytestmark = pytest.mark.skipif(not PEERS.is_dir(), reason="../shared/payloads is not here")


def identifiers(value: object, key: str = "", fields: re.Pattern[str] = NAMES) -> Iterator[str]:
    """Everything in a record whose field says that it is a name, a number or a picture of somebody."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from identifiers(item, name, fields)
    elif isinstance(value, list):
        for item in value:
            yield from identifiers(item, key, fields)
    elif fields.search(key) and len(str(value)) > 2:
        yield str(value)


def records(path: Path) -> list[object]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    text = path.read_text(encoding="utf-8")
    return list(map(json.loads, text.splitlines())) if path.suffix == ".jsonl" else [json.loads(text)]


def objects(value: object) -> Iterator[dict[str, object]]:
    """The records of a file, wherever they stand in it."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def test_nobody_is_named_in_what_is_stored() -> None:
    named: set[str] = set()
    stored = b""
    for path in PEERS.iterdir():
        named |= set(identifiers(records(path)))
        for item in read(path, now=datetime.now(UTC), secret=b"test"):
            if isinstance(item, Post):
                kept = post_to_dict(item) | {"text": mask(item.text), "title": mask(item.title)}
                stored += orjson.dumps(kept) + b"\n"
    assert len(named) > 100
    # One account is an event's. Somebody else writes of the event, without an @: no text says that the word
    # is an account's name, too, and masking those would mask every brand and clinic people speak of.
    assert sum(each.encode() in stored for each in named) <= 1


def test_nobody_is_named_in_what_is_kept_of_a_record_that_could_not_be_read() -> None:
    named: set[str] = set()
    kept = ""
    for path in PEERS.iterdir():
        every = records(path)
        named |= set(identifiers(every))
        for line, fields in enumerate(objects(every), start=1):
            kept += without_users(Record(line=line, fields=fields).rejected("坏").raw) + "\n"
    assert len(named) > 100
    # As above: an event that somebody else writes of.
    assert sum(each in kept for each in named) <= 1


def test_nobodys_number_or_picture_is_in_what_is_stored() -> None:
    numbered, stored = set(), b""
    for path in PEERS.iterdir():
        numbered |= {each for each in identifiers(records(path), fields=NUMBERS) if len(each) > 5}
        for item in read(path, now=datetime.now(UTC), secret=b"test"):
            if isinstance(item, Post):
                stored += orjson.dumps(post_to_dict(item))
    assert len(numbered) > 50
    assert sum(each.encode() in stored for each in numbered) == 0
