"""没人回答的需求: planted gaps are found, and nothing is told of few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leads.index.sqlite.index import SqliteIndex
from leads.insights.few import LEAST
from leads.insights.needs import find, of_counts
from nlp.symptoms import lexicon
from tests.support.builders import NOW, lead, region

DISTRICTS = [f"5101{number:02}" for number in range(4, 24)]
SYMPTOMS = sorted(lexicon.load().concepts)[:40]


def test_planted_gaps_come_first() -> None:
    """A city of 20 districts and 40 needs, where a third stays unanswered; in ten cells four fifths do."""
    hits = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        cells = [(district, symptom) for district in DISTRICTS for symptom in SYMPTOMS]
        gaps = {cells[at] for at in rng.choice(len(cells), 10, replace=False)}
        counts: dict[tuple[str, ...], int] = {}
        for cell in cells:
            asked = int(rng.integers(15, 60)) if cell in gaps else int(rng.poisson(rng.gamma(1, 15)))
            waiting = int(rng.binomial(asked, 0.8 if cell in gaps else 0.33))
            counts[(*cell, "no")], counts[(*cell, "yes")] = waiting, asked - waiting
        first = [(need.district, need.symptom) for need in of_counts(counts)[:10]]
        hits.append(sum(cell in gaps for cell in first) / 10)
    assert sum(hits) / len(hits) >= 0.9


@given(
    counts=st.dictionaries(
        st.tuples(
            st.sampled_from(["510104", "510107", ""]),
            st.sampled_from(["toothache", "fever"]),
            st.sampled_from(["yes", "no", ""]),
        ),
        st.integers(1, 20),
    )
)
def test_nothing_is_told_of_few(counts: dict[tuple[str, ...], int]) -> None:
    for need in of_counts(counts):
        assert need.district
        assert need.unanswered >= LEAST
        answered = need.asked - need.unanswered
        assert answered == 0 or answered >= LEAST


def test_only_what_had_a_day_to_be_answered_counts(tmp_path: Path) -> None:
    wuhou, jinjiang = region("武侯区"), region("锦江区")
    with SqliteIndex(tmp_path / "leads.sqlite") as index:
        index.upsert(
            [
                *(lead(n, f"牙疼第{n}天", place=wuhou, hours=40 + n, replies=0) for n in range(9)),
                *(lead(n, f"牙疼第{n}天", place=wuhou, hours=1, replies=0) for n in range(20, 26)),
                *(lead(n, f"牙疼第{n}天", place=jinjiang, hours=40 + n, replies=3) for n in range(30, 60)),
            ]
        )
        (need,) = find(index, "510100", "month", now=NOW)
        assert (need.district, need.symptom, need.unanswered, need.asked) == ("510107", "toothache", 9, 9)
        assert find(index, "510100", "month", now=NOW, specialties={"tcm"}) == ()
