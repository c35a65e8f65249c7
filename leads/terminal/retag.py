"""Tagging anew, on a terminal."""

from __future__ import annotations

import sys

import orjson
import typer

from leads.records.retags import Retagging


def progress(found: Retagging) -> None:
    """How far it has come, on one line of standard error that is written over."""
    if sys.stderr.isatty():
        typer.echo(f"\r重新打标：{found.done:,} / {found.leads:,} 条", err=True, nl=False)


def ended(found: Retagging, *, as_json: bool) -> None:
    """What was done, and what could not be."""
    if as_json:
        typer.echo(_json(found))
        return
    if sys.stderr.isatty():
        typer.echo("", err=True)
    typer.echo(f"重新打标完成：{found.leads:,} 条线索，{found.changed:,} 条的标签变了。")
    if found.unlike:
        typer.echo(f"按新模型不像求诊的有 {found.unlike:,} 条：没有删，需求分低，排到后面。")
    if found.wordless:
        typer.echo(f"没有原文的有 {found.wordless:,} 条：重打不了，标签照旧。")
    typer.echo("当初没留下的帖子没有原文，补不回来：想要它们就把文件再导入一次。提醒没有重发。")


def standing(found: Retagging | None, due: bool, *, as_json: bool) -> None:
    """How far it is, or that one is due."""
    if as_json:
        typer.echo(_json(found) if found else orjson.dumps({"due": due}).decode())
    elif found and found.ended_at is None:
        typer.echo(
            f"正在重新打标：{found.done:,} / {found.leads:,} 条。"
            "没有进程在做的话，运行 tingzhen retag 接着做。"
        )
    elif due:
        typer.echo("存着的线索还是旧模型打的标：运行 tingzhen retag 全部重打一遍。")
    else:
        typer.echo("存着的线索都是现在的模型打的标。")


def _json(found: Retagging) -> str:
    names = ("leads", "done", "changed", "unlike", "wordless", "open_pieces")
    return orjson.dumps(
        {
            **{name: getattr(found, name) for name in names},
            "begun_at": found.begun_at.isoformat(),
            "ended_at": found.ended_at.isoformat() if found.ended_at else None,
        }
    ).decode()
