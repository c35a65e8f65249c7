"""What trainings did: a JSON line each in `models/history.jsonl` of the data folder, for the chart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import orjson

from crawler.system_errors import os_reason
from leads.errors import StorageError

FILE = "history.jsonl"
TrainingState = Literal["installed", "kept", "returned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One training, or a return to the model before.

    `before` and `after` are seeker F1 on answers not learnt: of the shipped model and of the clinic's; of a
    return, of the model given up and of the one in its place, on the answers that came since.
    """

    at: datetime
    answers: int
    before: float
    after: float
    state: TrainingState


def read(data_dir: Path) -> list[Training]:
    """All of them, the first one first; a line that a power cut tore is passed over.

    Raises:
        StorageError: the file cannot be read.
    """
    path = data_dir / "models" / FILE
    try:
        lines = path.read_bytes().splitlines() if path.exists() else []
    except OSError as error:
        raise StorageError(f"{path} 读不了（{os_reason(error)}）：请检查权限。") from error
    return [found for found in map(_training, lines) if found is not None]


def add(data_dir: Path, training: Training) -> None:
    """Write one down; raises StorageError."""
    path = data_dir / "models" / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(b"\n" + orjson.dumps(asdict(training)))
    except OSError as error:
        raise StorageError(f"{path} 写不了（{os_reason(error)}）：请检查磁盘空间和权限。") from error


def _training(line: bytes) -> Training | None:
    try:
        data = orjson.loads(line)
        return Training(**{**data, "at": datetime.fromisoformat(data["at"])})
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
