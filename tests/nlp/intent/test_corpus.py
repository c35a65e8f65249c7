"""The corpus: large enough, labelled with what exists, varied, and nobody else's words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

import pytest

from nlp.evaluate import place_code
from nlp.intent import corpus
from nlp.intent.corpus import CorpusError
from nlp.models import INTENTS
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon
from nlp.text.normal import normalise
from tests.support.paths import SAMPLE

EXAMPLES = corpus.load()
RUN = 16  # characters in a row that would be a quotation

# The surface of real Weibo and forum posts: shares of posts, and quartiles of length in characters. Files
# called surface_* were written to look like them; the band is how far they may be off.
SURFACE = [example.text for example in EXAMPLES if example.group.startswith("surface_")]
REAL = {"hashtag": 0.352, "question": 0.183, "emoji code": 0.128, "handle": 0.142}
REAL_QUARTILES = (34, 60, 105)
BAND = 0.06
MARKS = {
    "hashtag": r"#[^#]+#",
    "question": r"[?？]",
    "emoji code": r"\[[\u4e00-\u9fffa-zA-Z]{1,6}\]",
    "handle": r"@",
}


def grams(text: str, size: int = 5) -> frozenset[str]:
    plain = "".join(filter(str.isalnum, normalise(text)))
    return frozenset(plain[start : start + size] for start in range(max(1, len(plain) - size + 1)))


def test_size_and_balance() -> None:
    counts = Counter(example.intent for example in EXAMPLES)
    assert len(EXAMPLES) >= 5000
    assert set(counts) == set(INTENTS)
    assert min(counts.values()) >= 500


def test_symptom_codes_exist() -> None:
    known = lexicon.load().concepts
    assert {code for example in EXAMPLES for code in example.symptoms} <= set(known)


def test_every_specialty_is_sought() -> None:
    words = lexicon.load()
    sought = {
        words.concepts[code].specialty
        for example in EXAMPLES
        if example.intent == "seeker"
        for code in example.symptoms
    }
    # Paediatrics is a matter of whose symptom it is; its own diseases are among the codes too.
    assert sought == set(words.specialties)


def test_files_are_small() -> None:
    for path in corpus.CORPUS.glob("*.jsonl"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 210, path.name


def shares(texts: Sequence[str]) -> dict[str, float]:
    return {
        name: sum(re.search(mark, text) is not None for text in texts) / len(texts)
        for name, mark in MARKS.items()
    }


def quartiles(texts: Sequence[str]) -> list[float]:
    return quantiles(map(len, texts), n=4)


class TestSurface:
    """Files called surface_* look like real posts do: a model trained on clean, short texts met neither."""

    def test_marks_are_as_frequent_as_in_real_posts(self) -> None:
        assert shares(SURFACE) == pytest.approx(REAL, abs=BAND)

    def test_texts_are_as_long_as_real_ones(self) -> None:
        short, median, long = quartiles(SURFACE)
        assert short > REAL_QUARTILES[0]  # what is shorter stands in the other files
        assert median == pytest.approx(REAL_QUARTILES[1], rel=0.3)
        assert long == pytest.approx(REAL_QUARTILES[2], rel=0.15)

    def test_the_figures_are_those_of_the_real_sample(self) -> None:
        if not SAMPLE.exists():
            pytest.skip("the real sample is not beside the project")
        with SAMPLE.open(encoding="utf-8") as lines:
            posts = [json.loads(line) for line in lines]
        texts = [post["text"] for post in posts if post["kind"] in ("weibo", "forum_qa")]
        assert shares(texts) == pytest.approx(REAL, abs=0.01)
        assert quartiles(texts) == pytest.approx(REAL_QUARTILES, abs=2)


def test_places_are_written_from_province_to_district() -> None:
    """ "四川/成都/武侯区"; a municipality may leave its city out or empty ("上海//徐汇区")."""
    gazetteer = Gazetteer.load()
    for place in {example.place for example in EXAMPLES if example.group.startswith("surface_")} - {""}:
        assert place.count("/") <= 2
        assert place_code(place, gazetteer), place


def test_no_text_stands_twice() -> None:
    assert len({example.text for example in EXAMPLES}) == len(EXAMPLES)


def test_hardly_any_two_texts_are_alike() -> None:
    """Share of posts that have a near-duplicate: Jaccard similarity of character 5-grams above 0.5."""
    sets = [grams(example.text) for example in EXAMPLES]
    holders: dict[str, list[int]] = {}
    for number, parts in enumerate(sets):
        for part in parts:
            holders.setdefault(part, []).append(number)
    alike = {
        number
        for numbers in holders.values()
        if 1 < len(numbers) <= 50
        for number in numbers
        for other in numbers
        if other != number and 2 * len(sets[number] & sets[other]) > len(sets[number] | sets[other])
    }
    assert len(alike) / len(EXAMPLES) <= 0.005


def test_openings_vary() -> None:
    """A repost begins with whom it repeats; what it says begins after that."""
    repeated = re.compile(r"(//)?@[^:\s]+:?\s*")
    openings = Counter(repeated.sub("", normalise(example.text))[:6] for example in EXAMPLES)
    assert openings.most_common(1)[0][1] / len(EXAMPLES) < 0.01


def test_no_sentence_is_taken_from_the_real_sample() -> None:
    if not SAMPLE.exists():
        pytest.skip("the real sample is not beside the project")
    foreign = set[str]()
    with SAMPLE.open(encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            foreign.update(text[start : start + RUN] for start in range(len(text) - RUN + 1))
    for example in EXAMPLES:
        runs = (example.text[start : start + RUN] for start in range(len(example.text) - RUN + 1))
        assert not any(run in foreign for run in runs), example.text


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "不是 JSON"),
        ('{"intent": "seeker"}', "没有 text"),
        ('{"text": "  ", "intent": "seeker"}', "没有 text"),
        ('{"text": "牙疼", "intent": "patient"}', "patient"),
        ("[]", "没有 text"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"text": "牙疼", "intent": "seeker"}\n' + line + "\n", encoding="utf-8"
    )
    with pytest.raises(CorpusError, match=rf"x\.jsonl 第 2 行.*{complaint}"):
        corpus.load(tmp_path)
