"""Secrets people and programs carry: made at random, shown once, stored as a hash."""

from __future__ import annotations

import hashlib
import secrets

BYTES = 32


def new_secret() -> str:
    """256 random bits for an address or a cookie."""
    return secrets.token_urlsafe(BYTES)


def hashed(secret: str) -> str:
    """What is stored instead of a secret. Random secrets need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
