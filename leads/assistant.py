"""`tingzhen mcp`: read-only tools for an assistant on this machine."""

from __future__ import annotations

from leads.config import Settings
from leads.errors import ConfigError


def serve(settings: Settings) -> None:
    """Until standard input ends.

    Raises:
        ConfigError: the extra is not installed.
    """
    try:
        import mcp as _  # noqa: F401 - is it there?
    except ImportError as error:
        raise ConfigError('缺少 MCP 的库：请运行 pip install "tingzhen[assistant]"。') from error
