"""The data map: what every field that is kept holds, why, for how long, on what ground (`data_map.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).with_name("data_map.toml")
STORES: Mapping[str, str] = {
    "records": "记录",
    "index": "索引（搜索用）",
    "post": "帖子",
    "coverage": "采集的账",
    "files": "数据目录",
}
ABOUT: Mapping[str, str] = {"writers": "发帖的人", "staff": "使用者", "nobody": "不涉及个人"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """One kind of thing that is kept. Words are zh-CN; `fields` are names with what each holds."""

    store: str  # a key of STORES
    name: str
    purpose: str
    period: str
    ground: str
    about: str  # a key of ABOUT
    fields: Mapping[str, str]


def data_map(*, expire_days: int, child_days: int) -> tuple[DataTable, ...]:
    """The whole map, periods as they are set here."""
    return tuple(_tables({"expire_days": expire_days, "child_days": child_days}))


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    purpose: str
    period: str
    ground: str
    about: str
    plain: tuple[str, ...] = ()
    fields: dict[str, str] = {}


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    common: dict[str, str]
    records: dict[str, _Table]
    index: dict[str, _Table]
    post: dict[str, _Table]
    coverage: dict[str, _Table]
    files: dict[str, _Table]


def _tables(periods: Mapping[str, int]) -> Iterator[DataTable]:
    read = _read()
    for store in STORES:
        for name, table in getattr(read, store).items():
            yield DataTable(
                store=store,
                name=name,
                purpose=table.purpose,
                period=table.period.format_map(periods),
                ground=table.ground,
                about=table.about,
                fields={each: read.common[each] for each in table.plain} | table.fields,
            )


@cache
def _read() -> _File:
    return _File.model_validate(tomllib.loads(FILE.read_text(encoding="utf-8")))
