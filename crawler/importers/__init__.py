"""Files that people already hold → `Post`: one module a foreign format, all in `IMPORTERS`.

    for item in read(path, now=now, secret=secret):
        match item:
            case Post(): ...      # keep it
            case Rejected(): ...  # quarantine it, with its line and reason

Reading streams and is repeatable: the same file gives the same posts in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.files import Container, ImportProblem, Rejected, open_container
from crawler.importers import (
    fourcat,
    held_pages,
    mediacrawler,
    own,
    table,
    weibo_crawler,
    weibo_search,
    weibospider,
)
from crawler.importers.base import BadRecord, Context, Convert, Importer
from crawler.importers.table import parse_columns
from crawler.items import Post

__all__ = [
    "IMPORTERS",
    "ImportProblem",
    "Importer",
    "Post",
    "Rejected",
    "Sight",
    "detect",
    "look",
    "parse_columns",
    "read",
]

# Asked in this order; the generic table takes what no other knows.
IMPORTERS: dict[str, Importer] = {
    importer.name: importer
    for importer in (
        own.IMPORTER,
        held_pages.TIEBA_HTML,
        held_pages.WEIBO_HTML,
        held_pages.WEIBO_JSON,
        weibospider.IMPORTER,
        fourcat.IMPORTER,
        mediacrawler.IMPORTER,
        weibo_search.IMPORTER,
        weibo_crawler.IMPORTER,
        table.IMPORTER,
    )
}


def _silent(message: str) -> None:
    """The default `notice`: nobody listens."""


def detect(path: Path) -> str:
    """The name in `IMPORTERS` of the format `path` is in.

    Raises:
        ImportProblem: the file cannot be read, or no format fits; the sentence lists them.
    """
    return _detect(open_container(path)).name


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a file looks like: its format for people ("" for none that fits), its columns in the order of
    their names, and which of them a table's map would take for what."""

    label: str
    is_table: bool
    columns: tuple[str, ...]
    guessed: Mapping[str, str]


def look(path: Path) -> Sight:
    """A look at a file before it is read.

    Raises:
        ImportProblem: the file cannot be read at all.
    """
    container = open_container(path)
    fitting = next((each for each in IMPORTERS.values() if each.fits(container)), None)
    return Sight(
        label=fitting.label if fitting else "",
        is_table=fitting in (None, table.IMPORTER) and container.kind not in ("sqlite", "html"),
        columns=tuple(sorted(container.columns)),
        guessed=table.guess(container.columns),
    )


def read(
    path: Path,
    *,
    now: datetime,
    secret: bytes,
    format: str | None = None,  # noqa: A002  # the command's option is --format
    columns: Mapping[str, str] | None = None,
    notice: Callable[[str], None] = _silent,
) -> Iterator[Post | Rejected]:
    """Every record of `path`, as a post or with the reason why it is none.

    `format` forces an importer, `columns` is the generic table's map (which it implies), `secret` keys the
    authors' hashes. `notice` gets zh-CN sentences: format and encoding, and what was assumed. A repost's
    original that the file holds in full follows directly after its repost.

    Raises:
        ImportProblem: the file as a whole cannot be read. All that can be known before the first record is
            raised by the call itself, a file that breaks on the way while iterating.
        ValueError: `now` is naive or `secret` is empty.
    """
    if now.tzinfo is None or not secret:
        raise ValueError("read: now must be aware and secret not empty")
    container = open_container(path)
    importer = _chosen(container, format, columns)
    notice(f"{path.name}：{_description(container, importer)}")
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0)
    context = Context(
        now=now,
        collected=min(written, now.astimezone(UTC)),
        secret=secret,
        notice=notice,
        columns=columns or {},
        container=container,
    )
    convert = importer.start(context)
    return _run(container, importer, convert)


def _run(container: Container, importer: Importer, convert: Convert) -> Iterator[Post | Rejected]:
    tables = tuple(name for name in importer.tables if name in container.tables)
    for record in container.records(ragged=importer.ragged, tables=tables):
        if isinstance(record, Rejected):
            yield record
            continue
        try:
            posts = tuple(convert(record))
        except BadRecord as error:
            yield record.rejected(str(error))
        else:
            yield from posts


def _detect(container: Container) -> Importer:
    for importer in IMPORTERS.values():
        if importer.fits(container):
            return importer
    raise ImportProblem(
        f"{container.path.name}：认不出是哪种格式。能读的有 {_formats()}；"
        f"其他表格请用 --columns text=列名,time=列名 指定列。{_columns_seen(container)}"
    )


def _chosen(container: Container, name: str | None, columns: Mapping[str, str] | None) -> Importer:
    if name is None:
        return table.IMPORTER if columns else _detect(container)
    if name not in IMPORTERS:
        raise ImportProblem(f"没有叫 {name!r} 的格式；--format 可用的有 {_formats()}。")
    importer = IMPORTERS[name]
    # The table says better itself which column it misses, and the map may supply it.
    if importer is not table.IMPORTER and not importer.fits(container):
        raise ImportProblem(
            f"{container.path.name}：不是 {importer.label}（{name}）。{_columns_seen(container)}"
        )
    if importer is table.IMPORTER and container.kind == "sqlite":
        raise ImportProblem(f"{container.path.name}：SQLite 里没有认得的表；请先把要导入的表导出为 CSV。")
    return importer


def _formats() -> str:
    return "、".join(f"{importer.name}（{importer.label}）" for importer in IMPORTERS.values())


def _columns_seen(container: Container) -> str:
    names = sorted(container.columns)[:30]
    return f"文件里的列有 {'、'.join(names)}。" if names else "文件里没有认得出的列。"


def _description(container: Container, importer: Importer) -> str:
    parts = [f"识别为 {importer.label}"]
    if container.encoding is not None:
        parts.append(f"按 {container.encoding.label} 读取")
        if container.encoding.broken:
            parts.append(f"有 {container.encoding.broken} 处字节读不出来，已用 � 代替")
    return "，".join(parts) + "。"
