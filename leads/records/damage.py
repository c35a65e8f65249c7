"""Damaged files: what SQLite itself says of them, and what to do. Reads only; waits for nobody."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

MOST = 3  # complaints a file; the first ones name the place, the others follow from them
PUT_AWAY = ".damaged"  # what the name of a damaged file ends in, once a sound one has its place
# What stands in the data folder, and how one gets it back.
REMEDIES: Mapping[str, str] = {
    "leads.sqlite": "请停下听诊，运行 tingzhen check --repair：能读的留下，其余再采集、再导入一次就有",
    "records.sqlite": "请停下听诊，从备份恢复它；没有备份就运行 tingzhen check --repair，留下能读的",
    "coverage.sqlite": "请停下听诊，运行 tingzhen check --repair：丢了的下次采集从头读，什么也不会存两遍",
}
_TREE = re.compile(r"\b(?:[Tt]ree|Page) (\d+)")  # the page a tree begins with, or one that cannot be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A file that SQLite finds fault with. `parts` are tables and indices, as far as it names them."""

    file: str
    parts: tuple[str, ...]
    said: str  # SQLite's first complaint

    @property
    def remedy(self) -> str:
        return REMEDIES[self.file]


def damaged(folder: Path, *, deep: bool = False) -> Iterator[Damage]:
    """The damaged ones among our SQLite files in a data folder.

    Every page is read and its structure looked at; `deep` also holds rows against indices and reads the words
    of the search index, which takes several times as long.
    """
    for name in REMEDIES:
        if (folder / name).exists():
            found = _look(folder / name, deep=deep)
            if found is not None:
                yield found


def _look(path: Path, *, deep: bool) -> Damage | None:
    names: dict[int, str] = {}
    try:
        with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as database:
            names = {
                root: name for name, root in database.execute("SELECT name, rootpage FROM sqlite_schema")
            }
            check = "integrity_check" if deep else "quick_check"
            said = [str(row[0]) for row in database.execute(f"PRAGMA {check}({MOST})")]
            if said == ["ok"] and deep and "fts" in names.values():
                database.execute("INSERT INTO fts (fts) VALUES ('integrity-check')")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return None  # in use by somebody, who would have met the damage
        said = [str(error)]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said == ["ok"]:
        return None
    return Damage(file=path.name, parts=_parts(said, names), said=" ".join(said[0].split())[:120])


def _parts(said: list[str], names: Mapping[int, str]) -> tuple[str, ...]:
    text = "\n".join(said)
    by_tree = [names.get(int(root), "") for root in _TREE.findall(text)]
    by_name = [name for name in names.values() if re.search(rf"\b{re.escape(name)}\b", text)]
    return tuple(dict.fromkeys(filter(None, [*by_tree, *by_name])))
