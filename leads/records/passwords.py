"""Passwords: which are good enough, hashed with argon2id, compared."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from leads.errors import CrowdError
from leads.records.secrets import new_secret

SHORTEST, LONGEST = 10, 1000  # characters
_OWN_PART = 6  # characters beside the login: more than a year or "123"
# Of the passwords that leak most, those that are long enough to pass; and what people here would think of.
_COMMON = frozenset(Path(__file__).with_name("common_passwords.txt").read_text("ascii").split())
_hasher = PasswordHasher()  # the library's defaults follow RFC 9106's second choice: 64 MiB, 3 passes
# Comparisons under way, each of 64 MiB; callers who wait for their turn, a second at most.
AT_ONCE, WAITING = 2, 8


class Queue:
    """A crowd at the door waits, and beyond a number is asked to come back.

    So it fills neither the memory nor all the threads that answer pages.
    """

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._working = threading.BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One's turn.

        Raises:
            CrowdError: too many wait already.
        """
        if not self._places.acquire(blocking=False):
            raise CrowdError("现在登录的人太多：请过几秒再试一次。")
        try:
            with self._working:
                yield
        finally:
            self._places.release()


_queue = Queue()


def problem(password: str, login: str = "") -> str:
    """Why this cannot be this person's password, in zh-CN; "" when it can."""
    plain = _plain(password).casefold()
    if len(plain) < SHORTEST:
        return f"密码太短：至少 {SHORTEST} 个字符。"
    if len(password) > LONGEST:
        return f"密码太长：最多 {LONGEST} 个字符。"
    if plain in _COMMON or len(set(plain)) < 4:
        return "这个密码太常见：请换一个别人猜不到的，比如几个不相干的词。"
    if login and login.casefold() in plain and len(plain.replace(login.casefold(), "")) < _OWN_PART:
        return "密码和用户名太像：请换一个。"
    return ""


def hashed(password: str) -> str:
    """What is stored; raises CrowdError."""
    with _queue.turn():
        return _hasher.hash(_plain(password))


def fits(stored: str, password: str) -> bool:
    """The password is the stored one; takes as long when nothing is stored (""); raises CrowdError."""
    try:
        with _queue.turn():
            nobody = _nobody()  # made before the first comparison, whoever it is for
            return _hasher.verify(stored or nobody, _plain(password)) and bool(stored)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    """Compared for unknown logins, so that the answer takes as long and tells nothing. Not made where nobody
    logs in: it takes a tenth of a second of each command."""
    return _hasher.hash(new_secret())


def outdated(stored: str) -> bool:
    """Hashed with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)


def _plain(password: str) -> str:
    """A keyboard in full-width mode types other characters for the same keys."""
    return unicodedata.normalize("NFKC", password)
