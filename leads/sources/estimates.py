"""How much of a source was read, in words: "约 88 %（81–94）", and what the site says itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.coverage.estimate import Estimate
from crawler.coverage.views import BoardCoverage
from crawler.sources.source import Source

LITTLE = 0.95  # an interval that ends below says for sure that something is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardTold:
    """A board's line: its name, about how many of its threads are read, and the site's own totals."""

    name: str
    about: str  # "" where there are not two views, or too little in the second
    own: str


def board_name(source: Source, board_id: str) -> str:
    """A board by its name, with its id."""
    board = source.board(board_id)
    return f"{board.name}（{board_id}）" if board and board.name else board_id or "全站"


def about(found: Estimate | None) -> str:
    """A share with its interval, in per cent; "" where there is none."""
    if found is None:
        return ""
    share, low, high = (round(100 * each) for each in (found.share, found.low, found.high))
    return f"约 {share} %（{low}–{high}）"


def told(source: Source, boards: Sequence[BoardCoverage]) -> tuple[BoardTold, ...]:
    """A line for each board that says anything."""
    lines = (
        BoardTold(name=board_name(source, each.board), about=about(each.threads), own=_own(each))
        for each in boards
    )
    return tuple(line for line in lines if line.about or line.own)


def _own(board: BoardCoverage) -> str:
    threads = f"版块自己说有 {board.said_threads} 个主题，近 30 天见到 {board.listed} 个"
    posts = f"读全的主题：列表说 {board.said_posts} 帖，页面上见到 {board.read_posts} 帖"
    shown = (threads if board.said_threads is not None else "", posts if board.said_posts else "")
    return "；".join(filter(None, shown))


def short(source: Source, boards: Sequence[BoardCoverage], posts: Estimate | None) -> list[str]:
    """A sentence for each board, and for the posts, of which surely something is missing."""
    found = [
        f"{board_name(source, board.board)} 的主题只读到{about(estimate)}"
        for board in boards
        if (estimate := board.threads) is not None and estimate.high < LITTLE
    ]
    if posts is not None and posts.high < LITTLE:
        found.append(f"读过的页上，帖子只留下{about(posts)}")
    return found


def records(source: Source, boards: Sequence[BoardCoverage]) -> list[dict[str, object]]:
    """JSON-ready values of each board."""
    return [
        {
            "board": each.board,
            "name": board_name(source, each.board),
            "threads": record(each.threads),
            "listed_threads": each.listed,
            "said_threads": each.said_threads,
            "said_posts": each.said_posts,
            "read_posts": each.read_posts,
        }
        for each in boards
    ]


def record(found: Estimate | None) -> dict[str, object] | None:
    """JSON-ready values of an estimate; shares from 0 to 1."""
    if found is None:
        return None
    return {
        "share": round(found.share, 4),
        "low": round(found.low, 4),
        "high": round(found.high, 4),
        "held": found.held,
        "total": round(found.total, 1),
    }
