"""The key behind `author_key`: given from outside, or made once and kept with the data."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from crawler import owner_only

NAME = "author.key"
SECRETS_DIR = "TINGZHEN_SECRETS_DIR"  # names a folder with one file a secret, as containers are given them
NEXT = "author.key.next"  # while the key is being changed: the way from one to the next


def load_secret(folder: Path) -> bytes:
    """TINGZHEN_SECRET when given, else the folder's own key file, made on first use (owner may read only).

    Losing the file means that the same author gets a new pseudonym; nothing else breaks.
    """
    path = folder / NAME
    return given("TINGZHEN_SECRET") or kept_key(path) or _broken(path)


def given(variable: str) -> bytes:
    """A key from outside: the variable's value, or the file of its name, in small letters, in the folder of
    secrets; b"" where there is neither. Raises OSError."""
    value = os.environ.get(variable, "").encode()
    folder = os.environ.get(SECRETS_DIR, "")
    file = Path(folder) / variable.lower()
    return value or (file.read_bytes().strip() if folder and file.exists() else b"")


def kept_key(path: Path) -> bytes:
    """The key in this file, made on first use (owner may read only); b"" for a file that is empty."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=owner_only.FOLDER)
    if not path.exists():
        _make(path)
    owner_only.own(path)
    return path.read_bytes().strip()


def put_key(path: Path, key: bytes) -> None:
    """This key in the place of what is there (owner may read only): whole and synced, or not at all."""
    _written(path, key).replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _make(path: Path) -> None:
    """Whole or not at all, also when two processes start together: the first one's key stays."""
    made = _written(path, secrets.token_hex(32).encode())
    with contextlib.suppress(FileExistsError):
        os.link(made, path)
    made.unlink()


def _written(path: Path, key: bytes) -> Path:
    """A file of another name beside it, readable by the owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())  # an empty key after a power cut would make everybody somebody else
    return Path(name)


def _broken(path: Path) -> bytes:
    raise ValueError(f"{path} 是空的；删掉它会重新生成（作者代号随之改变）")
