"""Commands about sources: what there is, what was got, and looking at a new site."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leads.cli import state
from leads.cli.state import Json
from leads.errors import ConfigError

if TYPE_CHECKING:
    pass

group = typer.Typer(
    help="来源：列出，或看一个网站并加进来源文件。",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@group.callback()
def sources(context: typer.Context, as_json: Json = False) -> None:
    """来源：列出全部；sources add 看一个网站，把它的表写进来源文件。"""
    if context.invoked_subcommand is not None:
        return
    from leads import storage  # late: SQLAlchemy
    from leads.terminal import sources as show_sources

    show_sources.listing(storage.sources(state.settings()), as_json=as_json)


@group.command()
def add(
    url: Annotated[str, typer.Argument(help="论坛首页、版块或 feed 的地址。")],
    name: Annotated[str, typer.Option(help="来源的名字；默认取自主机名。")] = "",
    file: Annotated[Path | None, typer.Option(help="写进哪个来源文件；默认是配置里的。")] = None,
    enable: Annotated[bool, typer.Option("--enable", help="写成启用的；默认停用，等人看过。")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="地址在内网，是自己的站点。")
    ] = False,
    as_json: Json = False,
) -> None:
    """看一个网站（先看 robots.txt，每秒一页），说出看到了什么，把它的表写进来源文件。"""
    from leads.sources import add as adding  # late: rich and the records
    from leads.terminal import sources as show_sources

    done = adding.add(state.settings(), url, name=name, file=file, enable=enable, allow_private=allow_private)
    show_sources.added(done, as_json=as_json)
    if not done.table:
        raise typer.Exit(3)


def coverage(
    source: Annotated[str | None, typer.Argument(help="只看这一个来源。")] = None,
    as_json: Json = False,
) -> None:
    """采集情况：每个来源抓到了什么、缺了什么、凭什么抓、什么时候能再抓。"""
    from leads import storage  # late: SQLAlchemy
    from leads.sources.states import states
    from leads.terminal import sources as show_sources

    settings = state.settings()
    known = storage.sources(settings)
    chosen = [each for each in known if source in (None, each.name)]
    if not chosen:
        raise ConfigError(f"没有叫 {source!r} 的来源：可用 {'、'.join(each.name for each in known)}。")
    now = datetime.now(UTC)
    with storage.coverage(settings, create=False) as opened:
        found = states(chosen, opened, now)
    show_sources.coverage(found, now=now, as_json=as_json)
