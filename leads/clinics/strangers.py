"""Names that are somebody else's, as people said of mentions that were not the clinic. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from leads.errors import InputError
from leads.models import Mention
from nlp.text.normal import normalise

AROUND = 6  # characters before and after a name by which its place in a text is known again
LONGEST_WORD = 20
_SHORTEST_WORD = 2
_FIRM = ("exact", "alias")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """When a name is not the clinic's: with `word` in the same text, or beside the same characters.

    Neither is given for a way of writing the name that is never the clinic.
    """

    clinic_id: str
    said: str  # the name as it stands in a text, normalised
    word: str = ""  # normalised
    beside: str = ""  # a hash of the characters around the name: no text is kept


def learnt(mention: Mention, *, word: str = "", always: bool = False) -> Stranger | None:
    """What a mention of somebody else teaches; None where it has no name (a comment).

    `word` is what shows that another is meant, `always` that this way of writing never means the clinic;
    without either the very same words around the name do.

    Raises:
        InputError: a word of less than 2 or more than 20 characters, one that is part of the name or not in
            the text, or `always` for a name as the clinic gave it.
    """
    said = mention.said
    if not said:
        return None
    if always:
        if mention.how in _FIRM:
            raise InputError(f"“{mention.term}”是你们自己登记的名字，不能整个排除：请写一个词。")
        return Stranger(clinic_id=mention.clinic_id, said=said)
    text, plain = normalise(mention.post.full_text), normalise(word).strip()
    if plain:
        return Stranger(clinic_id=mention.clinic_id, said=said, word=_checked(plain, said, text))
    places = _places(text, said)
    return Stranger(clinic_id=mention.clinic_id, said=said, beside=min(places)) if places else None


def _checked(word: str, said: str, text: str) -> str:
    if not _SHORTEST_WORD <= len(word) <= LONGEST_WORD:
        raise InputError(f"说明是别家的词要有 {_SHORTEST_WORD} 到 {LONGEST_WORD} 个字。")
    if word in said:
        raise InputError(f"“{word}”是名字的一部分：请写帖子里另外一个词，例如别的城市。")
    if word not in text:
        raise InputError(f"帖子里没有“{word}”：请写帖子里说明是别家的那个词。")
    return word


class Strangers:
    """All that was learnt, by clinic: is a name in a text somebody else's?"""

    def __init__(self, known: Iterable[Stranger]) -> None:
        self._forms: dict[str, set[str]] = {}
        self._rest: dict[str, list[Stranger]] = {}
        for each in known:
            if each.word or each.beside:
                self._rest.setdefault(each.clinic_id, []).append(each)
            else:
                self._forms.setdefault(each.clinic_id, set()).add(each.said)

    def is_one(self, clinic_id: str, said: str, text: str) -> bool:
        """Whether this name in this text (both normalised) is not the clinic's."""
        if said in self._forms.get(clinic_id, ()):
            return True
        return any(_holds(each, text) for each in self._rest.get(clinic_id, ()))


def _holds(stranger: Stranger, text: str) -> bool:
    """The whole text is then about somebody else: other forms of the name in it do not count either."""
    if stranger.said not in text:
        return False
    if stranger.word:
        return stranger.word in text
    return stranger.beside in _places(text, stranger.said)


def _places(text: str, said: str) -> set[str]:
    """Hashes of the characters around each place of the name."""
    found, start = set[str](), text.find(said)
    while start >= 0:
        end = start + len(said)
        around = f"{text[max(0, start - AROUND) : start]}\n{text[end : end + AROUND]}"
        found.add(blake2b(around.encode("utf-8", "replace"), digest_size=16).hexdigest())
        start = text.find(said, end)
    return found
