"""Where leads are stored and searched. `BACKENDS` names every one there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from leads.index.base import LeadIndex
from leads.index.sqlite import SqliteIndex

BACKENDS: dict[str, Callable[[Path], LeadIndex]] = {
    "sqlite": lambda data_dir: SqliteIndex(data_dir / "leads.sqlite"),
}
