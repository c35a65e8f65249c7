"""Text in: one normal form that every matcher reads.

`normalise` folds width, case, traditional characters and control characters one for one and drops
zero-width characters; `blank_noise` then hides what is not the writer's own wording (handles, links, emoji
codes) behind blanks of the same length. Positions therefore stay comparable between the two.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"

# Zero-width characters, direction marks, variation selectors, BOM and Weibo's private-use link glyphs.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff\ue627]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")

_NOISE = re.compile(
    r"https?://[a-z0-9./?&=_%#:~!,+\-]{1,300}"  # links
    r"|(?<![a-z0-9.])@[\w\-·]{1,30}"  # handles
    r"|\[[^\[\]\s]{1,8}\]"  # Weibo emoji codes
    r"|<[a-z/!][^<>]{0,200}>"  # HTML leftovers
    r"|&(?:nbsp|amp|lt|gt|quot|#\d{1,6});"
)

_LONG = 1000  # characters; longer texts are not kept

TAG = re.compile(r"#[^#\n]{1,40}#")  # a #hashtag#


@cache
def _fold_table() -> dict[int, int | None]:
    """str.translate table: full width → half, upper → lower (one for one), traditional → simplified."""
    table: dict[int, int | None] = {}
    for code in range(0xFF01, 0xFF5F):
        table[code] = code - 0xFEE0
    table[0x3000] = table[0xA0] = 0x20
    for code in [*range(0x41, 0x5B), *range(0xFF21, 0xFF3B), *range(0xC0, 0x250), *range(0x391, 0x430)]:
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        if len(folded) == 1:
            table[code] = ord(folded)
    # Punctuation keeps its Chinese form where the width carries meaning to the matchers' borders.
    for full, half in zip("，。！？；：（）", ",。!?;:()", strict=True):
        table[ord(full)] = ord(half)
    pairs = json.loads((DATA / "simplified.json").read_text(encoding="utf-8"))
    for old, new in zip(pairs["traditional"], pairs["simplified"], strict=True):
        table[ord(old)] = ord(new)
    return table


def normalise(text: str) -> str:
    """The form all matchers read. Idempotent; never raises; lone surrogates become U+FFFD."""
    return _normalise_once(text) if len(text) < _LONG else _normalise(text)


def _normalise(text: str) -> str:
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", text))
        text = text.translate(_fold_table())
    else:
        text = text.lower()
    return _CONTROL.sub(" ", text)


# Tagging, scoring and folding of a batch ask for the same texts one after the other.
_normalise_once = lru_cache(maxsize=2048)(_normalise)


def blank_noise(text: str) -> str:
    """`text` (normalised) with handles, links, emoji codes and markup replaced by as many blanks."""
    return _NOISE.sub(lambda match: " " * len(match[0]), text)


def blank_tags(text: str) -> str:
    """`text` with its #hashtags# replaced by as many blanks."""
    return TAG.sub(lambda match: " " * len(match[0]), text) if "#" in text else text


def borders(tokens: list[str]) -> frozenset[int]:
    """Character positions at which a token starts or ends, 0 included."""
    return frozenset(accumulate(map(len, tokens), initial=0))
