"""Text that every database takes."""

from __future__ import annotations


def storable(text: str) -> str:
    """The text without what PostgreSQL or UTF-8 refuses: NUL characters go, lone surrogates become "?"."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
