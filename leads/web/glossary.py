"""The first use of each term that is not everyday Chinese has its explanation beside it, on every page. Pure.

Done to the finished page, so that none can forget it: the button stands behind the text that uses the term
first, what it opens is a popover, which needs no script. What people wrote (posts, notes) is left alone, and
so is what may hold no button: links, buttons, choices, messages. A label may hold none either: a term that
stands in labels only is explained behind the first one.

What is left alone is blanked in a copy first, and the copy searched: so few tags have to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

_MAIN = re.compile(r'(?<=<main id="main">).*(?=</main>)', re.S)
# Elements that never hold one of their own kind, and no button.
_CLOSED = (
    "a|button|select|textarea|script|style|svg|summary|code|pre|noscript|blockquote|dialog|time|mark|datalist"
    "|output"
)
# Words of people, and messages that are read out as they are.
_OTHERS = "text|said|what|story|done|problem|hidden|toast|reasons|tag|chips?"
_CLOSED_WHOLE = re.compile(rf"<({_CLOSED})\b[^>]*>.*?</\1>", re.S)
_SHUT = (
    re.compile(rf'class="(?:[^"]* )?(?:{_OTHERS})[ "]'),
    re.compile(r'role="(?:alert|status)"'),
    re.compile(r"\shidden[\s>]"),
)
_NAME = re.compile(r"<(\w+)")


def explained(html: str, terms: Mapping[str, str]) -> str:
    """The page with the explanation of each of these terms beside its first use."""
    found = _MAIN.search(html)
    if found is None:
        return html
    body, pieces, copied = found[0], list[str](), 0
    for end, used in _first_uses(body, [term for term in terms if term in body]):
        pieces += [body[copied:end], *(_help(term, terms[term]) for term in used)]
        copied = end
    return html[: found.start()] + "".join([*pieces, body[copied:]]) + html[found.end() :]


def _help(term: str, sentence: str) -> str:
    name = f"term-{term}"
    said = f'<span class="hidden">什么是“{escape(term)}”</span><span aria-hidden="true">?</span>'
    button = f'<button type="button" class="term" popovertarget="{name}">{said}</button>'
    return f'{button}<span popover id="{name}" class="term-said">{escape(sentence)}</span>'


def _first_uses(body: str, sought: Sequence[str]) -> list[tuple[int, list[str]]]:
    """Behind which places which of these terms are to be explained, from the first place on."""
    free, places = _blanked(body) if sought else "", dict[int, list[str]]()
    for term in sought:
        at = _in_a_text(free, term)
        if at >= 0:
            places.setdefault(_behind(body, free, at), []).append(term)
    return sorted(places.items())


def _in_a_text(free: str, term: str) -> int:
    """Where the term stands first outside of a tag, and of a label if it can be; -1 for nowhere."""
    at, labelled = free.find(term), -1
    while at >= 0:
        if free.rfind("<", 0, at) < free.rfind(">", 0, at):
            if not _in_a_label(free, at):
                return at
            labelled = at if labelled < 0 else labelled
        at = free.find(term, at + 1)
    return labelled


def _in_a_label(free: str, at: int) -> bool:
    return free.rfind("<label", 0, at) > free.rfind("</label>", 0, at)


def _behind(body: str, free: str, at: int) -> int:
    """The end of the text, or of the label it stands in."""
    return body.index("</label>", at) + len("</label>") if _in_a_label(free, at) else body.index("<", at)


def _blanked(body: str) -> str:
    """As long as the body, without what is left alone."""
    free = _CLOSED_WHOLE.sub(lambda found: " " * len(found[0]), body)
    pieces, copied = list[str](), 0
    for at in sorted(found.start() for mark in _SHUT for found in mark.finditer(free)):
        if at > copied:
            start = free.rindex("<", 0, at)
            end = _end_of(free, start)
            pieces += [free[copied:start], " " * (end - start)]
            copied = end
    return "".join([*pieces, free[copied:]])


def _end_of(free: str, start: int) -> int:
    """Behind the element that begins there; behind its tag where it holds nothing."""
    name, depth = _NAME.match(free, start), 0
    for tag in re.compile(rf"<(/?){name[1]}\b[^>]*>").finditer(free, start) if name else ():
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return free.index(">", start) + 1
