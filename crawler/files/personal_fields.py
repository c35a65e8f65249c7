"""Who wrote a record, taken out of what is kept of it when it could not be read.

Keys stay, so that the record can be mended; what they held of a person becomes `HIDDEN`, in other fields too,
where it stands once more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

HIDDEN = "[已隐去]"

_WORDS = (
    r"用户|昵称|作者|评论人|博主|楼主|发布者|发帖人|姓名|头像|user|nick|screen_name|author|avatar|portrait|profile"
    r"|creator|owner|poster|gender|verified_reason|html"
)
_PERSONAL = re.compile(rf"{_WORDS}|^(?:.*_)?uid$|^name$|^un$", re.IGNORECASE)
_STRING = r'"(?:[^"\\]|\\.)*"?'
# In JSON that breaks off: a whole object or list under such a key, as far as it goes, or one value.
_FLAT = r"[^{}\[\]]*"
_IN_JSON = re.compile(
    rf'("(?:[^"\\]{{0,40}}(?:{_WORDS})[^"\\]{{0,40}}|(?:[^"\\]{{0,40}}_)?uid|name|un)"\s*:\s*)'
    rf"(?:[{{\[]{_FLAT}(?:[{{\[]{_FLAT}[}}\]]{_FLAT})*[}}\]]?|{_STRING}|-?\d+)",
    re.IGNORECASE,
)
_LONGEST = 40  # characters of a cell that may be a name or number; a longer one is text, or a link


def without_person(fields: Mapping[str, object]) -> str:
    """A record as JSON."""
    said = sorted(set(_said(fields, personal=False)), key=len, reverse=True)
    return json.dumps(_hidden(fields, said, personal=False), ensure_ascii=False, default=str)


def without_person_in_json(text: str) -> str:
    """JSON that cannot be read, as far as keys can be seen in it."""
    return _IN_JSON.sub(rf'\1"{HIDDEN}"', text)


def without_person_in_row(cells: Sequence[str], names: Sequence[str]) -> list[str]:
    """A row with too many or too few cells: each is hidden that may have been in a column that says who. Long
    cells are the text.
    """
    low, high = sorted((0, len(names) - len(cells)))
    suspect = [any(map(_is_personal, names[max(0, at + low) : at + high + 1])) for at in range(len(cells))]
    return [
        HIDDEN if cell and personal and _short(cell) else cell
        for cell, personal in zip(cells, suspect, strict=True)
    ]


def _short(cell: str) -> bool:
    return len(cell) <= _LONGEST or cell.startswith(("http://", "https://", "//"))


def _hidden(value: object, said: Sequence[str], *, personal: bool) -> object:
    if isinstance(value, Mapping):
        return {
            name: _hidden(item, said, personal=personal or _is_personal(name)) for name, item in value.items()
        }
    if isinstance(value, list):
        return [_hidden(item, said, personal=personal) for item in value]
    if value in ("", None) or isinstance(value, bool):
        return value
    if personal or str(value) in said:
        return HIDDEN
    if isinstance(value, str):
        return reduce(lambda text, each: text.replace(each, HIDDEN), said, value)
    return value


def _said(value: object, *, personal: bool) -> Iterator[str]:
    """What a record says of a person, as far as it is long enough to be nothing else."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _said(item, personal=personal or _is_personal(name))
    elif isinstance(value, list):
        for item in value:
            yield from _said(item, personal=personal)
    elif personal and isinstance(value, str | int) and len(str(value)) >= (5 if str(value).isdigit() else 3):
        yield str(value)


def _is_personal(name: object) -> bool:
    return _PERSONAL.search(str(name)) is not None
