"""sources.toml → `Source` records. A second site on a known engine is a table, not a class.

Every complaint is a sentence (zh-CN) with file, table and key.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from pkgutil import resolve_name

from pydantic import TypeAdapter, ValidationError

from crawler.sources.engines import ENGINES, Engine
from crawler.sources.permission import is_loopback_host, is_private_address
from crawler.sources.source import DELAY_FLOOR, EngineOptions, Source
from crawler.system_errors import os_reason

PACKAGED = Path(__file__).with_name("sources.toml")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_KEYS = {each.name for each in fields(Source)} - {"options"}
_COMMON = TypeAdapter(Source)


class SourceError(ValueError):
    """A sources file that cannot be used; the message names file, table and key (zh-CN)."""


def load_sources(path: Path | str = PACKAGED) -> tuple[Source, ...]:
    """All sources of a file, the disabled ones too.

    Raises:
        SourceError: the file is missing, is no TOML, or a table has a wrong key or value.
    """
    path = Path(path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"读不到来源文件 {path}：{os_reason(error)}。请检查路径或 TINGZHEN_SOURCES"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} 不是有效的 UTF-8 TOML：{error}") from error
    return tuple(_source(path.name, name, table) for name, table in tables.items())


@cache
def _own(engine: Engine) -> tuple[set[str], TypeAdapter[EngineOptions]]:
    """The keys that only this engine knows, and what reads them."""
    kind: type[EngineOptions] = resolve_name(engine.options)
    return {each.name for each in fields(kind)}, TypeAdapter(kind)


def _source(file: str, name: str, values: object) -> Source:
    if not isinstance(values, dict):
        raise SourceError(f"{file} 的 [{name}]：应是一个表，例如 [chengdu-forum]")
    if not _NAME.fullmatch(name):
        raise SourceError(f"{file} 的 [{name}]：名称只能用小写字母、数字、- 和 _，最长 40 个字符")
    engine = next((ENGINES[each] for each in ENGINES if each == values.get("engine")), Engine())
    own, reader = _own(engine)
    given = {"engine": "", "url": "", "enabled": not engine.off_by_default, **values, "name": name}
    try:
        source = _COMMON.validate_python({key: given[key] for key in given if key in _KEYS})
        options = reader.validate_python({key: given[key] for key in given if key in own})
    except ValidationError as error:
        raise SourceError(f"{file} 的 {_sentence(name, error)}") from error
    unknown = next((key for key in values if key == "name" or key not in _KEYS | own), "")
    missing = engine.needs.partition(" = ")[0]
    wrong = f"不认识的键 {unknown!r}" if unknown else _wrong(source)
    if not wrong and missing and not given.get(missing):
        wrong = f"缺少 {missing}，例如 {engine.needs}"
    wrong = wrong or options.wrong(source)
    if wrong:
        raise SourceError(f"{file} 的 [{name}]：{wrong}")
    if source.permission.missing():
        missing = "、".join(source.permission.missing())
        raise SourceError(f'{file} 的 [{name}.permission]：ground = "consent" 还需要 {missing}')
    return replace(source, options=options)


def _wrong(source: Source) -> str:
    """What is wrong with a source of any engine as a whole."""
    if is_private_address(source.host) and not source.allow_private:
        return f"url 的主机 {source.host} 在内网；确是自己的站点时写 allow_private = true"
    if source.news and source.engine != "feed":
        return f'news 只用于订阅源（engine = "feed"），而这是 {source.engine}'
    floor = 0.0 if source.allow_private and is_loopback_host(source.host) else DELAY_FLOOR
    if not floor <= source.delay <= 3600:
        return f"delay 应在 {floor:g} 到 3600 秒之间，而不是 {source.delay:g}（下限不能关闭）"
    return ""


# ── pydantic's complaints in our words ────────────────────────────────────────────────────────────────────

_PROBLEMS = {
    "value_error": "{key} {error}",
    "unexpected_keyword_argument": "不认识的键 {key!r}",
    "greater_than_equal": "{key} 至少是 {ge}，而不是 {value}",
    "less_than_equal": "{key} 最大是 {le}，而不是 {value}",
    "literal_error": "{key} 不能是 {value!r}，可选：{choices}",
    "string_type": "{key} 应是 文字，而不是 {value!r}",
    "int_type": "{key} 应是 整数，而不是 {value!r}",
    "float_type": "{key} 应是 数字，而不是 {value!r}",
    "bool_type": "{key} 应是 true 或 false，而不是 {value!r}",
    "tuple_type": "{key} 应是 列表，而不是 {value!r}",
    "dict_type": "{key} 应是 表，而不是 {value!r}",
    "dataclass_type": "{key} 应是 表，而不是 {value!r}",
    "date_type": "{key} 应是日期，例如 2026-11-22，而不是 {value!r}",
}


def _sentence(name: str, error: ValidationError) -> str:
    """The first complaint. Its place is a path of keys, with numbers for the parts of lists."""
    first = error.errors()[0]
    *tables, key = [part for part in first["loc"] if isinstance(part, str)]
    about = first.get("ctx", {})
    choices = "、".join(re.findall("'(.*?)'", about.get("expected", "")))
    told = _PROBLEMS[first["type"]].format(key=key, value=first["input"], choices=choices, **about)
    return f"[{'.'.join((name, *tables))}]：{told}"
