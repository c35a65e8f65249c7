"""What the operating system says, in the operator's words."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from crawler.system_errors import os_reason


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        (tmp_path / "no").read_text(encoding="utf-8")
    assert os_reason(caught.value) == "没有这个文件或文件夹"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "磁盘满了"),
        (PermissionError(errno.EACCES, "Permission denied"), "没有权限"),
        (OSError(errno.EPIPE, "Broken pipe"), "Broken pipe"),
        (OSError("odd"), "OSError"),
    ],
)
def test_what_is_said(error: OSError, words: str) -> None:
    assert os_reason(error) == words
