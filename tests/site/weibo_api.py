"""A small copy of Weibo's official API: pages and their cap, totals, places, distances, errors, an expiring
token, allowances. People and words are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import cos, hypot, radians
from urllib.parse import parse_qs, urlsplit

from crawler.sample.forum import SitePage
from tests.site.replica import Asked, Replica, as_json

TOKEN = "2.00SECRET-token-of-this-test"


@dataclass(slots=True, kw_only=True)
class Said:
    """One post. `lat`, `lon` are WGS-84."""

    mid: int
    at: datetime
    text: str
    place: str = "51-1"
    lat: float | None = None
    lon: float | None = None
    deleted: bool = False

    def json(self) -> dict[str, object]:
        geo = None if self.lat is None else {"type": "Point", "coordinates": [self.lat, self.lon]}
        return {
            "created_at": self.at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
            "id": self.mid,
            "idstr": str(self.mid),
            "mid": str(self.mid),
            "text": "此微博已被原作者删除。" if self.deleted else self.text,
            "source": '<a href="http://weibo.com" rel="nofollow">某客户端</a>',
            "geo": geo,
            "user": {"id": 90001, "idstr": "90001", "screen_name": "虚构昵称", "location": "四川 成都"},
            "reposts_count": 1,
            "comments_count": 2,
            "attitudes_count": 3,
        }


@dataclass(slots=True)
class Api(Replica):
    """`cap` is the number of pages it gives of one question; `allowed` the calls before it says 10023."""

    posts: list[Said]
    cap: int = 5
    allowed: int = 10**9
    errors: dict[str, tuple[int, int]] = field(default_factory=dict)  # path start → HTTP status, error code
    comments: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    totals: bool = True
    requests: list[Asked] = field(default_factory=list)
    url: str = ""

    def answer(self, asked: Asked) -> SitePage:
        parts = urlsplit(asked.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        for start, (status, code) in self.errors.items():
            if parts.path.startswith(start):
                return self._error(status, code)
        if asked.headers.get("Authorization") != f"OAuth2 {TOKEN}":
            return self._error(403, 21332)
        if len(self.requests) > self.allowed:
            return self._error(403, 10023)
        return self._known(parts.path, query) or self._error(404, 10020)

    def _known(self, path: str, query: Mapping[str, str]) -> SitePage | None:
        if path == "/search/statuses/limited.json":
            return self._page([said for said in self.posts if _found(said, query)], query)
        if path == "/place/nearby_timeline/biz.json":
            return self._page([said for said in self.posts if _near(said, query)], query)
        if path == "/statuses/show.json":
            found = [said for said in self.posts if str(said.mid) == query["id"]]
            return as_json(found[0].json()) if found else self._error(400, 20101)
        if path == "/comments/show_batch.json":
            all_of_them = [each for listed in self.comments.values() for each in listed]
            return as_json([each for each in all_of_them if str(each["id"]) in query["cids"].split(",")])
        if path == "/comments/show.json":
            listed = self.comments.get(query["id"], [])
            first = (int(query["page"]) - 1) * int(query["count"])
            shown = listed[first : first + int(query["count"])]
            return as_json({"comments": shown, "total_number": len(listed)})
        return None

    def _page(self, found: list[Said], query: Mapping[str, str]) -> SitePage:
        inside = [s for s in found if int(query["starttime"]) <= s.at.timestamp() <= int(query["endtime"])]
        inside.sort(key=lambda said: said.at, reverse=True)
        page, count = int(query["page"]), int(query["count"])
        shown = inside[(page - 1) * count : page * count] if page <= self.cap else []
        total = {"total_number": len(inside)} if self.totals else {}
        return as_json({"statuses": [said.json() for said in shown], **total})

    def _error(self, status: int, code: int) -> SitePage:
        # The real one may quote the request, token and all.
        told = {"request": "/2/x.json", "error_code": str(code), "error": f"told of access_token={TOKEN}"}
        return as_json(told, status)


def _found(said: Said, query: Mapping[str, str]) -> bool:
    province, _, city = said.place.partition("-")
    return (
        query.get("q", "") in said.text
        and query.get("province", province) == province
        and query.get("city", city) == city
    )


def _near(said: Said, query: Mapping[str, str]) -> bool:
    if said.lat is None or said.lon is None:
        return False
    north = (said.lat - float(query["lat"])) * 111_195
    east = (said.lon - float(query["long"])) * 111_195 * cos(radians(said.lat))
    return hypot(north, east) <= int(query["range"])


def minutes(count: int, *, every: float = 60.0, text: str = "牙疼", place: str = "51-1") -> list[Said]:
    """`count` posts, the newest two minutes old, one each `every` seconds."""
    newest = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    return [
        Said(
            mid=5_000_000_000_000_000 + n,
            at=newest - timedelta(seconds=every * n),
            text=f"{text}第{n}句",
            place=place,
        )
        for n in range(count)
    ]


def comment(number: int, at: datetime, text: str) -> dict[str, object]:
    return {
        "created_at": at.strftime("%a %b %d %H:%M:%S +0000 %Y"),
        "id": number,
        "text": text,
        "user": {"id": 90002, "screen_name": "虚构昵称", "location": "四川 绵阳"},
    }
