"""What people ask, for a glance: at least five people, no words of a post."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from leads.index.sqlite.index import SqliteIndex
from leads.models import Lead
from leads.records import open_records
from leads.web.desk import Desk
from leads.web.today.asking import often
from tests.support.builders import NOW, clinic, lead, region, symptom
from tests.support.seeds import settings

ASKED = "请问要不要紧，要不要去医院？"
SAID = (
    "昨晚吃火锅以后牙疼",
    "孩子换牙那颗一直牙疼",
    "加班到半夜又牙疼起来",
    "补过的那边牙疼了两天",
    "喝冰水就牙疼得厉害",
)
EVERY: frozenset[str] = frozenset()


def asker(number: int) -> Lead:
    made = lead(number, f"{SAID[number]}，{ASKED}", place=region("武侯区"), symptoms=(symptom(),))
    return replace(made, post=replace(made.post, published_at=NOW - timedelta(hours=3)))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    chosen = settings(tmp_path)
    with SqliteIndex(tmp_path / "leads.sqlite") as index, open_records(chosen) as records:
        index.upsert([asker(number) for number in range(4)])
        yield Desk(settings=chosen, index=index, records=records, clock=lambda: NOW)


def test_four_people_are_not_told_of_and_five_are(desk: Desk) -> None:
    assert often(desk, clinic(), specialties=EVERY) == ()
    desk.index.upsert([asker(4)])
    (found,) = often(desk, clinic(), specialties=EVERY)
    assert (found.people, found.title.partition("：")[0]) == (5, "牙痛")
    assert ASKED not in found.title
    wanted = urlsplit(found.url)
    assert wanted.path == "/questions/posts"
    assert parse_qs(wanted.query)["city"] == ["510100"]


def test_others_are_counted_for_themselves(desk: Desk) -> None:
    desk.index.upsert([asker(4)])
    assert often(desk, clinic(), specialties=frozenset({"tcm"})) == ()
    assert len(often(desk, clinic(), specialties=frozenset({"dental"}))) == 1
    assert often(desk, None, specialties=EVERY) == ()
