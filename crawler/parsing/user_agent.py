"""Who we say we are, in every request."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

PRODUCT = "tingzhen"  # what robots.txt files are matched against (RFC 9309, 2.2.1)


def user_agent(contact: str = "") -> str:
    """Product, version and how to reach whoever runs us."""
    try:
        number = version("tingzhen")
    except PackageNotFoundError:
        number = "0"
    return f"{PRODUCT}/{number} (+{contact or 'contact: the operator of this machine'})"
