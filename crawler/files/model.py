"""What reading a file gives: records, rejected records, and problems of the whole file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crawler.files.personal_fields import without_person, without_person_in_json, without_person_in_row

Fields = Mapping[str, object]

MAX_RAW = 2_000  # characters of a rejected record that are kept
MAX_RECORD = 16 * 1024 * 1024  # characters of one record; beyond this it is rejected unread


class ImportProblem(ValueError):  # noqa: N818  # a problem of the user's file, not of ours
    """A file that cannot be read at all: one sentence (zh-CN) with its name and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record that could not be read.

    `line` counts from 1: the line it starts on in a text file, the row of a sheet, the number of the record
    in a JSON array or a table. `reason` is a zh-CN sentence, `raw` the record's text cut at 2,000 characters,
    without who wrote it (`crawler.files.personal_fields`). `whole` is the same with it: for who asks to keep
    it for some days, to mend a file, and for nobody else.
    """

    line: int
    reason: str
    raw: str
    whole: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as its file has it. `table` is the SQLite table or the JSON key it came from, `parent`
    what the JSON object around the list said before it (weibo-crawler's `user`)."""

    line: int
    fields: Fields
    table: str = ""
    parent: Fields = field(default_factory=dict)

    def rejected(self, reason: str) -> Rejected:
        """It could not be made a post."""
        whole = json.dumps(self.fields, ensure_ascii=False, default=str)
        return _cut(self.line, reason, without_person(self.fields), whole)


def rejected(line: int, reason: str, raw: str) -> Rejected:
    """Something that is no record; of JSON without the values of its author's fields."""
    return _cut(line, reason, without_person_in_json(raw[: MAX_RAW * 4]), raw)


def rejected_row(
    line: int, reason: str, cells: Sequence[str], names: Sequence[str], delimiter: str
) -> Rejected:
    """A row of a table whose cells do not fit the columns called `names`."""
    return _cut(line, reason, delimiter.join(without_person_in_row(cells, names)), delimiter.join(cells))


def _cut(line: int, reason: str, raw: str, whole: str) -> Rejected:
    return Rejected(line=line, reason=reason, raw=_short(raw), whole=_short(whole))


def _short(text: str) -> str:
    """Without lone surrogates."""
    return text[:MAX_RAW].encode("utf-8", "replace").decode("utf-8")
