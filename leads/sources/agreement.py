"""Whether all machines read the same sources.toml: an older one must not crawl what was withdrawn since."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel

from crawler.coverage.store import Coverage
from crawler.coverage.tasks import Scope
from crawler.system_errors import os_reason
from leads.errors import ConfigError

_SCOPE = Scope("sources")


class _Newest(BaseModel):
    """The file that was edited last, of all that machines came with."""

    sha256: str
    edited: AwareDatetime
    machine: str


def agree(coverage: Coverage, file: Path, machine: str) -> None:
    """This machine is about to crawl by `file`. The one edited last is what all others are held against from
    now on; a machine with an older one that differs does not crawl. Whoever is alone agrees.

    Raises:
        ConfigError: the file is older than another machine's, or cannot be read.
    """
    if not coverage.shared or not file.exists():
        return
    try:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        edited = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError as error:
        raise ConfigError(f"{file} 读不了（{os_reason(error)}）：请检查权限。") from error
    with coverage.transaction(alone=True):
        said = coverage.cursor("", _SCOPE)
        newest = _Newest.model_validate_json(said) if said else None
        if newest is None or (newest.sha256 != sha256 and newest.edited < edited):
            own = _Newest(sha256=sha256, edited=edited, machine=machine)
            coverage.set_cursor("", _SCOPE, own.model_dump_json())
        elif newest.sha256 != sha256:
            raise ConfigError(
                f"这台机器的 {file.name} 比 {newest.machine} 上的旧，两份不一样：请把那一份复制过来再抓取，"
                "免得已经停用的来源还在抓。"
            )
