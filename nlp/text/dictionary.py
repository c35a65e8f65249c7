"""Words that jieba's dictionary has, and those inside longer ones. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import rjieba  # the engine it loads when imported: each of our own would weigh 20 MB more


def is_word(text: str, *, at_least: int = 0) -> bool:
    """jieba's dictionary has it, as a word seen `at_least` so often in its corpus (平安 1438, 叫安 7)."""
    return bool(rjieba.has_word(text)) and (at_least == 0 or rjieba.suggest_freq(text) >= at_least)


def subwords(tokens: tuple[str, ...]) -> set[str]:
    """Dictionary words of two or three characters inside longer tokens, as jieba's search mode adds them."""
    return {part for token in tokens if len(token) > 2 for part in _parts(token)}


def _parts(token: str) -> Iterator[str]:
    has_word = rjieba.has_word
    for size in (2, 3):
        if len(token) > size:
            for start in range(len(token) - size + 1):
                part = token[start : start + size]
                if has_word(part):
                    yield part
