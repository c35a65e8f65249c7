"""A table of sources.toml being read: keys taken out one by one, every complaint with file, table and key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_T = TypeVar("_T")


class SourceError(ValueError):
    """A sources file that cannot be used; the message names file, table and key (zh-CN)."""


class Table:
    """One table being read: takes keys out and, at the end, complains about what nobody asked for."""

    def __init__(self, file: str, name: str, values: object) -> None:
        self.file, self.name = file, name
        if not isinstance(values, Mapping):
            raise self.error("应是一个表，例如 [chengdu-forum]")
        self.values = dict(values)

    def error(self, text: str) -> SourceError:
        return SourceError(f"{self.file} 的 [{self.name}]：{text}")

    def take(self, key: str, kind: type[_T], default: _T) -> _T:
        value = self.values.pop(key, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return kind(value)  # type: ignore[call-arg]  # kind is float here
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(f"{key} 应是 {KINDS[kind]}，而不是 {value!r}")
        return value

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.take(key, str, default)
        if value not in allowed:
            raise self.error(f"{key} 不能是 {value!r}，可选：{'、'.join(allowed)}")
        return value

    def count(self, key: str, default: int, least: int = 1) -> int:
        value = self.take(key, int, default)
        if value < least:
            raise self.error(f"{key} 至少是 {least}，而不是 {value}")
        return value

    def done(self) -> None:
        if self.values:
            raise self.error(f"不认识的键 {next(iter(self.values))!r}")


KINDS = {str: "文字", int: "整数", float: "数字", bool: "true 或 false", list: "列表", dict: "表"}
