"""The examples of docs/api.md, run by curl's own rules against a served application."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fastapi import FastAPI

from leads.records.tokens import SCOPES
from leads.web.api.errors import CODES
from tests.support.paths import ROOT
from tests.support.programs import token

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```sh\n(curl .+?)```", PAGE, re.S)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("$DESK/api/v1")[1].split('"')[0])
def test_examples_run(app: FastAPI, address: str, example: str, tmp_path: Path) -> None:
    env = {**os.environ, "TOKEN": token(app), "DESK": address.rstrip("/"), "NO_PROXY": "*"}
    ran = subprocess.run(  # noqa: S602 - our own examples, as a reader would run them
        example.replace("curl ", "curl -sS -w '%{http_code}' ", 1),
        shell=True,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith(("200", "201")), ran.stdout


def test_every_scope_and_code_is_explained() -> None:
    assert [scope for scope in SCOPES if f"| `{scope}` |" not in PAGE] == []
    assert [
        code
        for status, code in CODES.items()
        if status not in (405, 421) and f"`{code}` {status}" not in PAGE
    ] == []
