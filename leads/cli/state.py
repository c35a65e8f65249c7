"""Options given before the command, and the settings they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # pydantic is slow to start, and --help needs none of it
    from leads.config import Settings

Json = Annotated[bool, typer.Option("--json", help="每行输出一个 JSON。")]


class State:
    """Options given before the command."""

    config: Path | None = None
    debug: bool = False


def settings() -> Settings:
    """The settings as the options say; raises ConfigError."""
    from crawler.telemetry import logs, traces  # late: structlog
    from leads.config import load_settings  # late: pydantic and the tagger's data

    found = load_settings(State.config)
    said = found.log
    traces.begin("command")
    logs.begin("command", form=said.format, level=said.level, whole_errors=State.debug)
    return found
