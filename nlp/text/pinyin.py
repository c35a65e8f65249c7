"""How Chinese characters sound, one syllable for one character: texts that sound alike become equal.

The reading is the commonest one of pypinyin's table, without its tone; 和 is always "he". That is wrong for
some words, but wrong alike in a name and in the text that misspells it.
"""

from __future__ import annotations

import os
import unicodedata
from functools import cache

_FIRST, _LAST = 0x4E00, 0x9FFF  # the basic block of Chinese characters
_PRIVATE = 0xE000  # one private-use character for each syllable


@cache
def _table() -> dict[int, int]:
    syllables: dict[str, int] = {}
    return {code: syllables.setdefault(read, _PRIVATE + len(syllables)) for code, read in _readings().items()}


def _readings() -> dict[int, str]:
    """The syllable of each character, without its tone."""
    # Its readings of phrases, which are not used here, would weigh 43 MB: pypinyin takes this way to be told.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin.pinyin_dict import pinyin_dict  # 0.3 s and 12 MB: only who looks for names needs it

    return {
        code: _toneless(readings.split(",")[0])
        for code, readings in pinyin_dict.items()
        if _FIRST <= code <= _LAST
    }


def _toneless(reading: str) -> str:
    """ "lǜ" → "lü", "ān" → "an": the four tones go, the dots of ü stay."""
    letters = unicodedata.normalize("NFD", reading)
    bare = "".join(letter for letter in letters if letter not in "\u0304\u0301\u030c\u0300")
    return unicodedata.normalize("NFC", bare)


def sounds(text: str) -> str:
    """`text` (normalised) with a sign for its sound in place of each character; other characters stay."""
    return text.translate(_table())


def letters(text: str) -> str:
    """`text` with the letters of its sound in place of each character; ü is v, other characters stay."""
    return text.translate(_readings()).replace("ü", "v")
