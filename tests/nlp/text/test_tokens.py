"""Tokens: rjieba's speed with jieba's cuts. The text set is the project's own corpus."""

from __future__ import annotations

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.intent import corpus
from nlp.text.normal import blank_noise, normalise
from nlp.text.tokens import cut, words


def test_nearly_every_post_is_cut_as_jieba_cuts_it() -> None:
    jieba.setLogLevel(60)
    texts = [normalise(example.text) for example in corpus.load()[::4]]
    same = sum(cut(text) == jieba.lcut(text) for text in texts)
    assert len(texts) > 1500
    assert same / len(texts) >= 0.999


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("智齿发炎怎么办", ["智齿", "发炎", "怎么办"]),
        ("moo1-3", ["moo1", "-", "3"]),
        ("tsang_leon", ["tsang", "_", "leon"]),
        ("3.5%的糖", ["3.5%", "的", "糖"]),
        ("c++", ["c++"]),
        ("", []),
    ],
)
def test_cut(text: str, tokens: list[str]) -> None:
    assert cut(text) == tokens


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    clean = blank_noise(normalise(text))
    assert "".join(cut(clean)) == clean


def test_words_are_tokens_with_something_to_say() -> None:
    assert words(["牙疼", ",", " ", "c++", "😀", "3.5"]) == ["牙疼", "c++", "3.5"]
