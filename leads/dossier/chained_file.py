"""One HTML file of sections, each followed by a line with its link in a chain of hashes.

Whoever has the file opens it in a browser; a program finds each section's figures as JSON in it. Verifying it
needs no more than SHA-256: a section is what stands between two lines of links; its link is SHA-256 of the
link before, a newline, and {"name": …, "number": …, "sha256": …} of the section as JSON without blanks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from leads.errors import InputError
from leads.records.chain import START, link

LAST = "end"
_LINE = re.compile(rb"\n<!--tingzhen-link (\d\d) ([a-z-]{1,20}) ([0-9a-f]{64})-->\n")
_HEAD = b"<!DOCTYPE html>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chained:
    """A file and the last link of its chain, which stands for all of it."""

    content: bytes
    link: str


class TamperedError(InputError):
    """The file is not what was written; `section` is the first that is not."""

    def __init__(self, section: str) -> None:
        super().__init__(f"这份材料被改动过：“{section}”和写下时不一样。请换一份，或重新生成。")
        self.section = section


def chained(sections: Sequence[tuple[str, str]]) -> Chained:
    """Sections (name, HTML) as one file. The last is called `LAST`; names are short, a to z and hyphens."""
    before, out = START, [_HEAD]
    for number, (name, html) in enumerate(sections):
        content = html.encode()
        before = _link(before, number, name, (_HEAD if number == 0 else b"") + content)
        out += [content, f"\n<!--tingzhen-link {number:02d} {name} {before}-->\n".encode()]
    return Chained(content=b"".join(out), link=before)


def verified(content: bytes, titles: Mapping[str, str]) -> str:
    """The last link of a file in which nothing was changed; `titles` name sections for people, in order.

    Raises:
        TamperedError: a section is not what it was, is missing, or something follows the last.
    """
    before, at, number, name = START, 0, 0, ""
    names = list(titles)
    while name != LAST:
        title = titles[names[number]] if number < len(names) else f"第 {number + 1} 部分"
        found = _LINE.search(content, at)
        if found is None or int(found[1]) != number:
            raise TamperedError(title)
        name = found[2].decode()
        if found[3].decode() != _link(before, number, name, content[at : found.start()]):
            raise TamperedError(title)
        before, at, number = found[3].decode(), found.end(), number + 1
    if at != len(content):
        raise TamperedError("文件末尾")
    return before


def _link(before: str, number: int, name: str, content: bytes) -> str:
    return link(before, {"number": number, "name": name, "sha256": sha256(content).hexdigest()})
