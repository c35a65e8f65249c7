"""Cutting text into words: jieba's dictionary and rules, run by rjieba's engine.

rjieba (jieba-rs) cuts 17 times faster than jieba and differs in one thing that matters: jieba's HMM step
splits ASCII runs again, jieba-rs keeps `moo1-3` whole. `cut` adds that step, and then agrees with jieba on
99.9 % of posts (tests/nlp/text/test_tokens.py holds it). Neither engine can be pickled: make one per process.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import rjieba

# Stored with every index: text and query must be cut alike. Change it when `cut` changes.
TOKENIZER = "rjieba-0.2+ascii-1"

_ASCII_PARTS = re.compile(r"([a-zA-Z0-9]+(?:\.\d+)?%?)")
# A mark beside another printable ASCII character: only there can the engines differ.
_JOINED = re.compile(r"[!-/:-@\[-`{-~][!-~]|[!-~][!-/:-@\[-`{-~]")
_DICTIONARY_ASCII = frozenset({"AT&T", "C++", "C#", "c++", "c#"})
_SPACE = re.compile(r"\s+")


# The engine that rjieba loads anyway when it is imported: one of our own would weigh 20 MB more.
_cut: Callable[[str], list[str]] = rjieba.cut


def cut(text: str) -> list[str]:
    """Tokens of `text` in order; joined they are `text` again, blanks included."""
    tokens = _cut(text)
    return _split_ascii(tokens) if _JOINED.search(text) else tokens


def _split_ascii(tokens: list[str]) -> list[str]:
    out: list[str] = []
    for token in tokens:
        if len(token) > 1 and token.isascii() and token.isprintable() and not token.isalnum():
            if token in _DICTIONARY_ASCII or token.isspace():
                out.append(token)
            else:
                out.extend(part for part in _ASCII_PARTS.split(token) if part)
        else:
            out.append(token)
    return out


def words(tokens: list[str]) -> list[str]:
    """The tokens worth indexing: everything with a letter, a digit or a Chinese character in it."""
    return [token for token in tokens if token.isalnum() or any(map(str.isalnum, token))]
