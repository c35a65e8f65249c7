"""Channel addresses are kept encrypted: who gets hold of the records alone cannot write in anybody's name.

The key stands beside the records, not in them: `channel.key` in the data folder, or TINGZHEN_CHANNEL_KEY,
which several machines on one database must share. What else the records must not give away (the secrets of
second factors) and nobody may write unseen (the end of the audit's chain) is kept with it, too.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from crawler.author_secret import given, kept_key
from leads.errors import InputError

NAME = "channel.key"
PREFIX = "sealed:"  # before it there is none: addresses of versions that did not encrypt, and those removed


class LostKeyError(InputError):
    """An address was sealed with another key."""

    def __init__(self) -> None:
        super().__init__("这个通道存的密钥打不开了（channel.key 换过或丢了）：请移除它，再重新添加一次。")


class Seal:
    """Encrypts and decrypts with one key (Fernet: AES and HMAC, so that nothing can be changed unseen)."""

    def __init__(self, key: bytes) -> None:
        made = hmac.new(key, b"tingzhen channels", hashlib.sha256).digest()
        self._fernet = Fernet(urlsafe_b64encode(made))
        self._signing = hmac.new(key, b"tingzhen signatures", hashlib.sha256).digest()

    def sign(self, text: str) -> str:
        """What only who has the key can write beside a text, 64 hexadecimal digits."""
        return hmac.new(self._signing, text.encode(), hashlib.sha256).hexdigest()

    def signed(self, text: str, kept: str) -> bool:
        """It stands beside this text, and was made with this key."""
        return hmac.compare_digest(self.sign(text).encode(), kept.encode())

    def close(self, text: str) -> str:
        """What is kept of an address."""
        return PREFIX + self._fernet.encrypt(text.encode()).decode()

    def open(self, kept: str) -> str:
        """The address again. Raises LostKeyError where it was sealed with another key."""
        if not kept.startswith(PREFIX):
            return kept
        try:
            return self._fernet.decrypt(kept.removeprefix(PREFIX)).decode()
        except InvalidToken:
            raise LostKeyError from None


def load_seal(folder: Path) -> Seal:
    """By the key given from outside, or the folder's own, made on first use (owner may read only).

    Raises:
        OSError: the file can be neither read nor made.
    """
    shared = given("TINGZHEN_CHANNEL_KEY")
    if shared:
        return Seal(shared)
    key = kept_key(folder / NAME)
    if not key:  # a file that lost its key is as good as none
        (folder / NAME).unlink()
        key = kept_key(folder / NAME)
    return Seal(key)
