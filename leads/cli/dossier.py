"""The dossier for a lawyer or an authority: made, and held against its chain."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from leads.cli import state

group = typer.Typer(
    help="合规材料：来源和依据、影响评估草稿、处理规则草稿、数据地图、删除和操作记录，一个文件。",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@group.callback(invoke_without_command=True)
def make(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option(help="写成哪个文件；不写就用时间做文件名。")] = None,
) -> None:
    """生成合规材料：一个网页文件，用浏览器打开，可以打印。"""
    if context.invoked_subcommand is not None:
        return
    from leads.actions import dossier  # late: SQLAlchemy

    file, link = dossier.by_command(state.settings(), out, now=datetime.now(UTC))
    typer.echo(f"写好了 {file}。评估和规则是草稿，请补充后交律师审定。")
    typer.echo(f"校验码 {link}")


@group.command()
def verify(file: Annotated[Path, typer.Argument(help="合规材料的文件。")]) -> None:
    """核对合规材料：改动过任何一个字节，就指出是哪一部分。"""
    from leads.actions import dossier  # late: SQLAlchemy
    from leads.models import BEIJING

    found = dossier.verify(state.settings(), file)
    typer.echo(f"没有改动。校验码 {found.link}")
    if found.made_at:
        typer.echo(f"操作记录里有它：{found.made_at.astimezone(BEIJING):%Y-%m-%d %H:%M} 在这里生成。")
    else:
        typer.echo("这里的操作记录里没有它：不能确定是这里生成的。")
