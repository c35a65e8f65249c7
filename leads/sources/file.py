"""sources.toml, edited in place: comments stay, all or nothing, and who was overtaken by somebody is told."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import takewhile
from pathlib import Path
from tempfile import NamedTemporaryFile

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.items import Table

from crawler.sources.load import SourceError, load_sources
from crawler.sources.source import Source
from crawler.system_errors import os_reason
from leads.errors import ConfigError, ConflictError, StorageError

# A key's new value; None takes the key away. A permission is a table of texts and dates, boards are tables.
Value = bool | str | int | list[dict[str, str]] | dict[str, str | date] | None


class SourcesFile:
    """One file of sources. Every writer is alone with it; readers see the old text or the new one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def sources(self) -> tuple[Source, ...]:
        """All of them; none where there is no file. Raises ConfigError."""
        try:
            return load_sources(self.path) if self.path.exists() else ()
        except SourceError as error:
            raise ConfigError(str(error)) from error

    def version(self, name: str) -> str:
        """What a table says, as a short text that differs when anything of it does; "" for no table."""
        return _version(tomllib.loads(self._text()), name)

    def add(self, name: str, table: str, values: Mapping[str, Value]) -> None:
        """Appends a table as text, with these keys set besides.

        Raises:
            ConfigError: the table, or the file as it was, is wrong; there is a table of this name.
            StorageError: the file cannot be written.
        """

        def append(text: str) -> str:
            if name in tomllib.loads(text):
                raise ConfigError(f"{self.path} 里已经有叫 {name!r} 的来源：请换一个名字。")
            gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
            added = tomlkit.parse(table)
            _set(added, name, values)
            return text + gap + tomlkit.dumps(added)

        self._write(append)

    def change(self, name: str, values: Mapping[str, Value], *, version: str) -> None:
        """Sets keys of a table; what is not named stays, comments too.

        Raises:
            ConflictError: somebody changed or removed it since `version` was read.
            ConfigError: the table would be wrong.
            StorageError: the file cannot be written.
        """

        def edit(text: str) -> str:
            _unchanged(text, name, version)
            document = tomlkit.parse(text)
            _set(document, name, values)
            return tomlkit.dumps(document)

        self._write(edit)

    def remove(self, name: str, *, version: str) -> None:
        """Takes a table out; raises as `change`."""

        def cut(text: str) -> str:
            _unchanged(text, name, version)
            return _without(text, name)

        self._write(cut)

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"{self.path} 读不了：请检查权限和编码。") from error

    def _write(self, edit: Callable[[str], str]) -> None:
        """The new text in a new file, read back, then put in place."""
        target = self.path.resolve()  # a link stays one
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with _alone(target.parent):
                self.sources()  # one that is broken already is not written to
                _replace(target, edit(self._text()))
        except OSError as error:
            raise StorageError(f"{self.path} 写不了（{os_reason(error)}）：请检查权限和磁盘空间。") from error
        except SourceError as error:
            raise ConfigError(f"没有写进 {self.path}：{error}") from error


def _replace(target: Path, text: str) -> None:
    with NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, suffix=".toml", delete=False) as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    made = Path(new.name)
    try:
        load_sources(made)
        if target.exists():
            made.chmod(target.stat().st_mode)
        made.replace(target)
    except SourceError as error:
        raise SourceError(str(error).replace(made.name, target.name)) from error
    finally:
        made.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The folder itself is the lock: no further file lies about."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _version(tables: Mapping[str, object], name: str) -> str:
    if name not in tables:
        return ""
    text = json.dumps(tables[name], sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _unchanged(text: str, name: str, version: str) -> None:
    found = _version(tomllib.loads(text), name)
    if not found:
        raise ConflictError(f"来源 {name} 已经被删掉了：请回到采集页。")
    if found != version:
        raise ConflictError(f"来源 {name} 刚被别人改过：请重新打开这一页，再改一次。")


def _set(document: TOMLDocument, name: str, values: Mapping[str, Value]) -> None:
    table = document[name]
    if not isinstance(table, Table):
        raise ConfigError(f"来源 {name} 不是一张表，改不了：请在文件里改。")
    for key, value in values.items():
        before = table.get(key)
        if value is None:
            table.pop(key, None)
        elif isinstance(before, Table) and isinstance(value, dict):
            # A section of its own stays one: what stands below it, comments of the next table, is its text.
            for old in set(before) - set(value):
                before.remove(old)
            before.update(value)
        else:
            table[key] = _item(value)


def _without(text: str, name: str) -> str:
    """Lines from the table's head to the next table's, less the remarks above that one.

    tomlkit would take those remarks away, too, as it counts them to the table above.
    """
    head = re.compile(rf"\s*\[\s*{re.escape(name)}\s*[\].]")
    kept: list[str] = []
    inside: list[str] = []
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            if not head.match(line):
                kept += reversed(list(takewhile(_is_remark, reversed(inside))))
                inside = []
            elif not inside:
                inside = [line]
                continue
        (inside if inside else kept).append(line)
    shorter = "".join(kept)
    wanted = tomllib.loads(text)
    del wanted[name]
    try:
        if tomllib.loads(shorter) == wanted:
            return shorter
    except tomllib.TOMLDecodeError:
        pass  # a text of several lines that looks like a table's head
    document = tomlkit.parse(text)
    document.remove(name)
    return tomlkit.dumps(document)


def _is_remark(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _item(value: Value) -> object:
    if isinstance(value, list):
        lines = tomlkit.array()
        for each in value:
            part = tomlkit.inline_table()
            part.update(each)
            lines.append(part)
        return lines.multiline(True)
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline
    return value
