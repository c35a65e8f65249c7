"""Commands about the audit: whether anybody changed it."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from leads.cli import state
from leads.cli.state import Json
from leads.errors import InputError

group = typer.Typer(
    help="操作记录（谁做过什么）：有没有被人改过。",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@group.callback()
def commands() -> None:
    """A group although there is one command: `audit verify`."""


@group.command()
def verify(
    known: Annotated[
        str, typer.Option("--known", help="以前记下的末尾，如 1204:9f3c0a…；看它还对不对得上。")
    ] = "",
    as_json: Json = False,
) -> None:
    """逐条核对操作记录；对不上就说出第一条，并以 1 结束。"""
    from leads.actions import check  # late: SQLAlchemy
    from leads.terminal import tables

    found = check.audit_chain(state.settings(), known=_known(known))
    tables.audit_chain(found, as_json=as_json)
    if found.problem:
        raise typer.Exit(1)


def _known(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    read = re.fullmatch(r"([1-9]\d{0,17}):([0-9a-f]{8,64})", text.strip())
    if read is None:
        raise InputError(f"{text!r} 看不懂：请写 audit verify 打印过的末尾，如 1204:9f3c0a1b。")
    return int(read[1]), read[2]
