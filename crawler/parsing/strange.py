"""What parsers meet and do not understand, counted by whoever listens: a new shape of page shows before posts
are lost by it.

As with warnings, a parser only tells (`note`, `note_names`), and its result is the same whether anybody
listens or not. What is known stands as data beside each parser; a name is a class, an attribute, an element
or a key, never what people wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MOST = 100  # names kept of one page: what is all new is told by its first hundred
_LONGEST = 40
_DIGITS = re.compile(r"\d+")

_listening: ContextVar[set[str] | None] = ContextVar("strange", default=None)


@contextmanager
def listened() -> Iterator[set[str]]:
    """The names noted inside of the block, each once."""
    heard: set[str] = set()
    token = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(token)


def wanted() -> bool:
    """Whether anybody listens: else there is nothing to look for."""
    return _listening.get() is not None


def note(where: str, name: str) -> None:
    """`name` stands in the part of the page called `where` and is not understood; its numbers count as
    one."""
    heard = _listening.get()
    if heard is not None and len(heard) < MOST:
        heard.add(f"{where} {_DIGITS.sub('#', name)[:_LONGEST]}")


def note_names(where: str, names: Iterable[str], known: Collection[str]) -> None:
    """Notes each of `names` (class attributes hold several, parted by blanks) that is not known; a number
    stands as "#"."""
    for attribute in set(names):
        if attribute not in known:
            for name in attribute.split():
                if _DIGITS.sub("#", name) not in known:
                    note(where, name)


def names(text: str) -> frozenset[str]:
    """A list of known names, parted by blanks."""
    return frozenset(text.split())


# The elements of HTML that people's words come in; and those that pages of forums and blogs put around them.
_ELEMENTS = names("""
    a abbr acronym address article aside audio b bdi bdo big blockquote body br button caption center cite
    code col colgroup data dd del details dfn dir div dl dt em embed fieldset figcaption figure font footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr html i iframe img input ins kbd label legend li main map mark
    menu meta meter nav noscript object ol option p param picture pre progress q rp rt ruby s samp script
    section select small source span strike strong style sub summary sup svg path use table tbody td
    template textarea tfoot th thead time tr track tt u ul var video wbr
""")
_ELEMENT = re.compile(r"<([a-zA-Z][\w:-]*)")
_CLASS = re.compile(r"""<[^<>]*?\sclass\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_MANY = re.compile(r"\b(emoji|language|lang|avatar|hashtag|fa|bbcode|poll)-[\w-]+")


def note_markup(where: str, html: str, known: Collection[str] | None = None) -> None:
    """Notes what stands in the HTML of a post and is not known: elements, and classes where `known` lists
    those of the engine. Of names that differ by what they show (emoji-smile), the kind alone counts."""
    if not wanted() or "<" not in html:
        return
    note_names(where, (name.lower() for name in _ELEMENT.findall(html)), _ELEMENTS)
    if known is not None:
        classes = ("".join(pair) for pair in _CLASS.findall(html))
        note_names(where, (_MANY.sub(r"\1-", each) for each in classes), known)
