"""Running `tingzhen` in tests: in this process where that is enough, as a real process where it is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from typer.testing import CliRunner

from leads.cli.app import app

TINGZHEN = Path(sys.executable).with_name("tingzhen")
TIMEOUT = 600  # seconds; nothing here takes more than a few, it only ends a hang
CONFIG = """
[[clinics]]
id = "anhe"
name = "安和口腔"
lat = 30.6386
lon = 104.0536
doctors = ["林知远医生"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def said(self) -> str:
        """The complaint, on one line whatever the terminal's width."""
        return self.err.replace("\n", "")


def run(*words: str, stdin: bytes = b"") -> Ran:
    """The command in this process."""
    result = CliRunner().invoke(app, list(words), input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(code=result.exit_code, out=result.stdout, err=result.stderr)


def start(
    *words: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> subprocess.Popen[bytes]:
    """The command as a process of its own; `before` runs in it first."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [str(TINGZHEN), *words],
        cwd=cwd,
        env=env,
        preexec_fn=before,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes], stdin: bytes = b"") -> Ran:
    """Wait for a started command."""
    out, err = process.communicate(stdin, timeout=TIMEOUT)
    return Ran(code=process.returncode, out=out.decode(), err=err.decode())


def post_line(number: int, text: str, *, hours: float = 1.0, **more: object) -> dict[str, object]:
    """One record of our own format, `hours` old."""
    now = datetime.now(UTC)
    return {
        "source": "forum",
        "post_id": str(number),
        "text": text,
        "published_at": (now - timedelta(hours=hours)).isoformat(),
        "fetched_at": now.isoformat(),
        **more,
    }


def write_lines(file: Path, records: Sequence[object]) -> Path:
    """JSON lines; text and bytes go in as they are."""
    with file.open("wb") as out:
        for record in records:
            line = record if isinstance(record, bytes) else json.dumps(record).encode()
            out.write(line + b"\n")
    return file


SEEKER = "坐标成都武侯，右边大牙疼了三天，晚上疼得睡不着，求推荐靠谱的口腔诊所"
OTHER = "今天路过河边，看到有人放风筝，天气真好"
GOOD = post_line(1, SEEKER)
NOBODY = 65534


def ingested(*records: object, name: str = "posts.jsonl") -> Ran:
    """`tingzhen ingest --json` of these records in this process."""
    return run("ingest", "--json", str(write_lines(Path(name), records)))


def quarantined() -> list[dict[str, object]]:
    file = Path("data/quarantine.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def found() -> list[object]:
    """Ids of all leads."""
    return [record["id"] for record in run("search", "--json").records]
