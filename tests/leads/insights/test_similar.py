"""Similar cases: what is about the same trouble comes first, on either index, and only what one may see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.similar import NOW, judged, measure
from leads.config import Settings
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.insights import similar
from nlp import Tagger
from tests.support.builders import lead, symptom
from tests.support.indexes import backends, elastic_settings, wipe


@pytest.fixture
def index(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LeadIndex]:
    """An empty index of this backend."""
    if backend == "sqlite":
        with open_backend(Settings(data_dir=tmp_path)) as opened:
            yield opened
        return
    made = elastic_settings(request.getfixturevalue("elastic_url"), tmp_path)
    with open_backend(made) as opened:
        yield opened
    wipe(made)


@backends
def test_it_is_better_than_bm25_alone_for_leads_and_for_descriptions(index: LeadIndex) -> None:
    lines = judged()
    tags = Tagger.load().tag_many([line.text for line in lines])
    found = measure(index, lines, tags)
    assert found.keys() == {"lead", "free"}
    for means in found.values():
        assert means["ours"] >= 0.6
        assert means["ours"] >= means["bm25"] + 0.15


@backends
def test_other_words_for_the_same_are_found_and_never_the_lead_itself(index: LeadIndex) -> None:
    own = lead(1, "蛀牙好大一个洞", symptoms=(symptom("tooth_decay"),))
    others = [
        lead(2, "虫牙黑了想补", symptoms=(symptom("tooth_decay"),)),
        lead(3, "失眠三个月", symptoms=(symptom("insomnia", "mental"),)),
    ]
    index.upsert([own, *others])
    found = similar.find(index, similar.of_lead(own), now=NOW, besides=own.id)
    assert [each.id for each in found] == ["forum/2"]


@backends
def test_only_what_the_reader_may_see(index: LeadIndex) -> None:
    index.upsert([lead(n, f"{n}号牙疼，求推荐", symptoms=(symptom(),)) for n in range(6)])
    about = similar.of_lead(lead(9, "牙疼", symptoms=(symptom(),)))
    found = similar.find(index, about, now=NOW, may_see=lambda each: each.id != "forum/3", limit=20)
    assert {each.id for each in found} == {f"forum/{n}" for n in (0, 1, 2, 4, 5)}


@backends
def test_a_text_that_says_nothing_is_like_nothing(index: LeadIndex) -> None:
    index.upsert([lead(1, "牙疼", symptoms=(symptom(),))])
    assert similar.find(index, similar.described("", Tagger.load().tag("")), now=NOW) == ()
