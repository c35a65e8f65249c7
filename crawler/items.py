"""The records a crawl produces: the contract of this package. Standard library only.

A `Post` is what a person wrote in public, already stripped of names and cleaned of markup. Everything
downstream (`nlp`, `leads`) takes `Post` and nothing else from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, get_args

HintKind = Literal["geo", "checkin", "board", "ip", "profile"]
AuthorKind = Literal["person", "professional", "organisation", "unknown"]


class RecordError(ValueError):
    """A record that cannot be read; the message names the key and what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHint:
    """Where a source says a post comes from.

    `text` is the source's own wording ("四川", "成都·春熙路"); `lat`, `lon` are WGS-84 degrees.
    """

    kind: HintKind
    text: str = ""
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One public post, reply or note. Times are aware and in UTC.

    `f"{source}/{post_id}"` is the id everywhere, so the same post by two routes must get the same pair
    (Weibo posts are named by their decimal mid, whatever the route called them).
    """

    source: str
    post_id: str
    url: str = ""  # public address, without a user id where the site has one
    title: str = ""
    text: str  # plain text, line breaks kept
    author_key: str = (
        ""  # keyed hash of the site's user id (crawler.parsing.authors); never the id or the name
    )
    author_kind: AuthorKind = "unknown"
    published_at: datetime
    fetched_at: datetime
    place_hints: tuple[PlaceHint, ...] = ()
    thread_id: str = ""  # id of the thread this floor belongs to; "" when it stands alone
    floor: int | None = None  # 1 is the opening post
    query: str = ""  # the search words or board that found it
    repost_of: str = ""  # id of the original, "source/post_id"
    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None

    @property
    def id(self) -> str:
        return f"{self.source}/{self.post_id}"

    @property
    def full_text(self) -> str:
        """Title and text as one, which is what tagging reads; a title the text repeats is not doubled."""
        if not self.title or self.text.startswith(self.title):
            return self.text
        return f"{self.title}\n{self.text}"


def _as_utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def post_to_dict(post: Post) -> dict[str, object]:
    """`post` as JSON-ready values, empty fields left out. Times are ISO 8601 in UTC."""
    out: dict[str, object] = {}
    for field in fields(post):
        value = getattr(post, field.name)
        if value is None or value == "" or value == ():
            continue
        if isinstance(value, datetime):
            out[field.name] = _as_utc(value)
        elif field.name == "place_hints":
            out[field.name] = [_hint_to_dict(hint) for hint in value]
        else:
            out[field.name] = value
    return out


def _hint_to_dict(hint: PlaceHint) -> dict[str, object]:
    out: dict[str, object] = {"kind": hint.kind}
    if hint.text:
        out["text"] = hint.text
    if hint.lat is not None and hint.lon is not None:
        out["lat"], out["lon"] = hint.lat, hint.lon
    return out


def post_from_dict(data: Mapping[str, object]) -> Post:
    """The reverse of `post_to_dict`.

    Raises:
        RecordError: a key is missing, unknown or of the wrong kind.
    """
    known = {field.name for field in fields(Post)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise RecordError(f"unknown key {unknown[0]!r}")
    for key in ("source", "post_id", "published_at", "fetched_at"):
        if not data.get(key):
            raise RecordError(f"key {key!r} is missing")
    return Post(
        source=_text(data, "source"),
        post_id=_text(data, "post_id"),
        url=_text(data, "url"),
        title=_text(data, "title"),
        text=_text(data, "text"),
        author_key=_text(data, "author_key"),
        author_kind=_one_of(get_args(AuthorKind), data.get("author_kind", "unknown"), "author_kind"),
        published_at=_time(data, "published_at"),
        fetched_at=_time(data, "fetched_at"),
        place_hints=hints_from_list(data.get("place_hints", ())),
        thread_id=_text(data, "thread_id"),
        floor=_count(data, "floor"),
        query=_text(data, "query"),
        repost_of=_text(data, "repost_of"),
        likes=_count(data, "likes"),
        replies=_count(data, "replies"),
        reposts=_count(data, "reposts"),
    )


def hints_from_list(value: object) -> tuple[PlaceHint, ...]:
    """Place hints from JSON values: a list of `{"kind", "text", "lat", "lon"}`.

    Raises:
        RecordError: not a list of such tables, an unknown kind, or a coordinate out of range.
    """
    if not isinstance(value, (list, tuple)):
        raise RecordError("key 'place_hints' must be a list")
    return tuple(_hint_from_dict(item) for item in value)


def _hint_from_dict(item: object) -> PlaceHint:
    if not isinstance(item, Mapping):
        raise RecordError("key 'place_hints' must hold tables")
    kind = _one_of(get_args(HintKind), item.get("kind"), "place_hints.kind")
    text = item.get("text", "")
    if not isinstance(text, str):
        raise RecordError("place_hints: 'text' must be text")
    lat, lon = _degrees(item.get("lat"), 90, "lat"), _degrees(item.get("lon"), 180, "lon")
    if (lat is None) != (lon is None):
        raise RecordError("place_hints: 'lat' and 'lon' go together")
    return PlaceHint(kind=kind, text=text, lat=lat, lon=lon)


def _degrees(value: object, limit: float, key: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -limit <= value <= limit:
        raise RecordError(f"place_hints: {key!r} must be a number between -{limit} and {limit}")
    return float(value)


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise RecordError(f"key {key!r} must be text, not {type(value).__name__}")
    return value


def _count(data: Mapping[str, object], key: str) -> int | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise RecordError(f"key {key!r} must be a whole number")
    return value


def _one_of(allowed: tuple[Any, ...], value: object, key: str) -> Any:
    """`value` if it is one of a Literal's values; typed Any because get_args is."""
    if value not in allowed:
        raise RecordError(f"key {key!r}: {value!r} is not one of {', '.join(allowed)}")
    return value


def _time(data: Mapping[str, object], key: str) -> datetime:
    value = data.get(key)
    if isinstance(value, datetime):
        parsed = value
    elif isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError as error:
            raise RecordError(f"key {key!r}: {value!r} is not an ISO 8601 time") from error
    else:
        raise RecordError(f"key {key!r} must be a time")
    if parsed.tzinfo is None:
        raise RecordError(f"key {key!r}: {value!r} has no time zone")
    return parsed.astimezone(UTC)
