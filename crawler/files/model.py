"""What reading a file gives: records, rejected records, and problems of the whole file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Fields = Mapping[str, object]

MAX_RAW = 2_000  # characters of a rejected record that are kept
MAX_RECORD = 16 * 1024 * 1024  # characters of one record; beyond this it is rejected unread

# Who wrote a post is dropped from quarantined records too.
_PERSONAL = re.compile(
    r"用户|昵称|作者|评论人|user|nick|screen_name|author|avatar|profile|creator|gender|^uid$|^html$",
    re.IGNORECASE,
)
_PERSONAL_JSON = re.compile(
    r'"(?:[a-z_]*(?:nick_?name|screen_name|avatar|user_?id|user_link|profile_url|creator)[a-z_]*|uid|gender)"\s*:\s*'
    r'(?:"(?:[^"\\]|\\.)*"?|-?\d+)\s*,?\s*',
    re.IGNORECASE,
)


class ImportProblem(ValueError):  # noqa: N818  # a problem of the user's file, not of ours
    """A file that cannot be read at all: one sentence (zh-CN) with its name and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record that could not be read.

    `line` counts from 1: the line it starts on in a text file, the row of a sheet, the number of the record
    in a JSON array or a table. `reason` is a zh-CN sentence, `raw` the record's text cut at 2,000 characters,
    without its author where the fields could be told apart.
    """

    line: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as its file has it. `table` is the SQLite table or the JSON key it came from, `parent`
    what the JSON object around the list said before it (weibo-crawler's `user`)."""

    line: int
    fields: Fields
    table: str = ""
    parent: Fields = field(default_factory=dict)

    def rejected(self, reason: str) -> Rejected:
        shown = {name: value for name, value in self.fields.items() if not _PERSONAL.search(name)}
        return rejected(self.line, reason, json.dumps(shown, ensure_ascii=False, default=str))


def rejected(line: int, reason: str, raw: str) -> Rejected:
    """A `Rejected` whose `raw` is cut, scrubbed of JSON author fields, and free of lone surrogates."""
    scrubbed = _PERSONAL_JSON.sub("", raw[: MAX_RAW * 4])[:MAX_RAW]
    return Rejected(line=line, reason=reason, raw=scrubbed.encode("utf-8", "replace").decode("utf-8"))
