"""The intent model: what it computes, what it promises, and that scikit-learn would say the same."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.naive_bayes import ComplementNB

from nlp import Tagger, prepare
from nlp.intent import corpus
from nlp.intent.features import Cues, Doc, own_words, word_grams
from nlp.intent.matrix import matrix
from nlp.intent.model import IntentModel, Vectoriser
from nlp.intent.pairs import PairTable, pair_keys, pair_text, plain
from nlp.intent.train import (
    SMOOTHING,
    best_threshold,
    count_vocabulary,
    estimator,
    fit,
    fit_temperature,
    numbers,
    train,
)
from nlp.models import INTENTS
from nlp.symptoms.find import SymptomTagger
from tests.support.paths import ROOT

SYMPTOMS = SymptomTagger.load()


def doc(text: str) -> Doc:
    return prepare([text], SYMPTOMS)[0][0]


@pytest.fixture(scope="module")
def sample() -> list[corpus.Example]:
    """A tenth of the corpus: enough to train on, quick enough for a test."""
    return corpus.load()[::10]


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load()


class TestFeatures:
    def test_words_and_numbers(self) -> None:
        assert word_grams(doc("疼了3天[泪]")) == ["疼", "了", "0", "天", " ", " ", " ", "[泪]"]

    def test_words_of_a_hashtag_are_not_the_writers(self) -> None:
        assert "#发烧" in word_grams(doc("#全国发烧门诊#我没事"))
        assert "发烧" not in word_grams(doc("#全国发烧门诊#我没事"))

    def test_characters_of_a_hashtag_are_left_out(self) -> None:
        keys, sizes = pair_keys([plain(doc("#牙疼#我 很好")), plain(doc("疼了33天"))])
        assert [pair_text(int(key)) for key in keys] == ["#我", "我很", "很好", "疼了", "了0", "0天"]
        assert sizes.tolist() == [3, 3]

    @given(st.lists(st.text(st.characters(), max_size=20), max_size=5))
    def test_pairs_of_a_batch_are_those_of_its_texts(self, texts: list[str]) -> None:
        keys, sizes = pair_keys(texts)
        wanted = [first + second for text in texts for first, second in pairwise(text)]
        assert [pair_text(int(key)) for key in keys] == wanted
        assert sizes.tolist() == [max(0, len(text) - 1) for text in texts]

    @given(st.sets(st.text(min_size=2, max_size=2), max_size=60))
    def test_the_table_finds_what_was_put_in_and_nothing_else(self, pairs: set[str]) -> None:
        known = sorted(pairs)
        table = PairTable(known, first_column=7)
        keys, _ = pair_keys([*known, "牙疼", "\U0010ffff\U0010ffff"])
        wanted = [known.index(pair) + 7 if pair in pairs else -1 for pair in [*known, "牙疼"]]
        assert table.find(keys).tolist()[:-1] == wanted

    def test_a_single_hash_opens_nothing(self) -> None:
        assert own_words(doc("#1 牙疼")) == "#1 牙疼"

    def test_cues_say_what_stands_around_a_symptom(self) -> None:
        text = doc("智齿疼怎么办")
        found = Cues.load().find(text, own_words(text))
        assert {"sym", "ask", "ask&sym", "sym:dental", "sym>怎么"} <= found
        assert "sym:none" not in found

    @given(st.text(st.characters(), max_size=300))
    def test_any_text_has_features(self, text: str) -> None:
        given_doc = doc(text)
        own = own_words(given_doc)
        word_grams(given_doc)
        assert Cues.load().find(given_doc, own)


class TestModel:
    def test_the_same_probabilities_as_scikit_learn(self, sample: list[corpus.Example]) -> None:
        docs = [doc(example.text) for example in sample]
        labels = [example.intent for example in sample]
        model = fit(docs, labels, 8.0)
        rows, wanted = matrix(model.vectoriser, docs), numbers(labels)
        logistic = estimator(8.0).fit(rows, wanted)
        bayes = ComplementNB(alpha=SMOOTHING).fit(rows, wanted)
        sharp = rows @ logistic.coef_.T
        broad = bayes.predict_joint_log_proba(rows)
        broad = broad - broad.mean(axis=1, keepdims=True)
        theirs = softmax(sharp + logistic.intercept_ + broad * (sharp.std() / broad.std()), axis=1)
        assert np.abs(model.probabilities(docs) - theirs).max() < 1e-5

    def test_each_block_of_a_row_has_length_one(self, sample: list[corpus.Example]) -> None:
        docs = [doc(example.text) for example in sample[:50]]
        cues = Cues.load()
        vectoriser = Vectoriser(*count_vocabulary(docs, cues), cues)
        rows = matrix(vectoriser, docs).toarray()
        words, pairs = len(vectoriser.vocabulary.words), len(vectoriser.vocabulary.pairs)
        for first, last in pairwise((0, words, words + pairs, rows.shape[1])):
            lengths = np.linalg.norm(rows[:, first:last], axis=1)
            assert np.allclose(lengths[lengths > 0], 1, atol=1e-5)

    def test_training_is_deterministic_and_survives_the_file(
        self, sample: list[corpus.Example], tmp_path: Path
    ) -> None:
        docs = [doc(example.text) for example in sample]
        labels = [example.intent for example in sample]
        groups = [example.group for example in sample]
        first, second = train(docs, labels, groups).model, train(docs, labels, groups).model
        assert np.array_equal(first.weights, second.weights)
        assert (first.temperature, first.threshold) == (second.temperature, second.threshold)
        first.save(tmp_path, {"posts": len(docs)})
        loaded = IntentModel.load(tmp_path)
        assert np.array_equal(loaded.probabilities(docs), first.probabilities(docs))
        assert loaded.predict(docs) == first.predict(docs)

    def test_the_file_holds_nothing_executable(self) -> None:
        with np.load(ROOT / "nlp/data/model/intent.npz", allow_pickle=False) as arrays:
            assert set(arrays.files) == {"weights", "bias", "idf"}

    def test_no_text_no_rows(self, tagger: Tagger) -> None:
        assert tagger.tag_many([]) == []


class TestTagger:
    @pytest.mark.parametrize(
        ("text", "label"),
        [
            ("智齿疼了三天，脸都肿了，成都有没有靠谱的牙科推荐", "seeker"),
            ("孩子半夜烧到三十九度二，要不要去急诊", "seeker"),
            ("看得我牙疼，这演技也太尴尬了", "figurative"),
            ("【限时特惠】种植牙特价，前五十名免费拍片，加微信预约", "advert"),
            ("蓝牙耳机又丢了一只", "other"),
        ],
    )
    def test_plain_cases(self, tagger: Tagger, text: str, label: str) -> None:
        assert tagger.tag(text).intent_label == label

    def test_a_batch_says_what_single_texts_say(self, tagger: Tagger) -> None:
        texts = [example.text for example in corpus.load()[:40]]
        for alone, together in zip(map(tagger.tag, texts), tagger.tag_many(texts), strict=True):
            assert alone.intent == pytest.approx(together.intent, abs=1e-5)
            assert alone.symptoms == together.symptoms
            assert alone.region == together.region

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.text(st.characters(), max_size=120), max_size=4))
    def test_any_text_is_tagged(self, tagger: Tagger, texts: list[str]) -> None:
        for tags in tagger.tag_many(texts):
            assert sum(tags.intent) == pytest.approx(1, abs=1e-4)
            assert tags.intent_label in INTENTS

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "疼",
            "疼" * 20_000,
            "\ud83d" * 500,
            "#" * 5_000,
            "@" * 5_000,
            "[" * 5_000,
            "成都" * 8_000,
            "<" * 9_000,
        ],
    )
    def test_odd_texts(self, tagger: Tagger, text: str) -> None:
        assert len(tagger.tag_many([text])) == 1


class TestChoosing:
    def test_the_threshold_with_the_best_f1(self) -> None:
        seeker = np.array([0.9, 0.7, 0.45, 0.3, 0.1])
        assert 0.3 < best_threshold(seeker, np.array([True, True, True, False, False])) <= 0.45

    def test_a_temperature_cools_overconfident_scores(self) -> None:
        scores = np.array([[4.0, 0, 0, 0, 0, 0]] * 10, dtype=np.float32)
        labels = np.array([0] * 6 + [1] * 4)
        assert fit_temperature(scores, labels) > 1.5
