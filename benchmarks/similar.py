"""Similar cases beside BM25 alone: nDCG@10 on judged queries, on either index. Prints figures.

    python -m benchmarks.similar [--index http://127.0.0.1:9200]

Posts, queries and judgements are our own (tests/fixtures/insights/similar.tsv): 168 posts of 42 needs, 60
queries, half of them posts themselves ("lead"), half descriptions as somebody at a desk writes them ("free").
A post of the same need and concern is worth 3, of the same need 2, of a kin need 1; gains are 2^worth - 1.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.items import Post
from leads.config import Settings
from leads.index import open_backend
from leads.index.base import LeadIndex
from leads.insights import similar
from leads.models import Lead
from nlp import Tagger
from nlp.models import Tags

FIXTURE = Path(__file__).parents[1] / "tests" / "fixtures" / "insights" / "similar.tsv"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
AT = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A line of the fixture."""

    kind: str  # post, lead or free
    need: str
    kin: str
    who: str
    concern: str
    text: str

    def worth(self, post: Judged) -> int:
        """How much a post is worth to this query, 0 to 3."""
        if post.need == self.need:
            return 3 if post.concern == self.concern else 2
        return int(post.kin == self.kin)


def judged() -> list[Judged]:
    """All lines, in order."""
    lines = FIXTURE.read_text(encoding="utf-8").splitlines()
    return [Judged(*line.split("\t")) for line in lines if not line.startswith("#")]


def measure(
    index: LeadIndex, lines: Sequence[Judged], tags: Sequence[Tags]
) -> Mapping[str, Mapping[str, float]]:
    """Kind of query → {"ours": mean nDCG@10, "bm25": the same}; `index` is empty, `tags` the texts'."""
    posts = {number: line for number, line in enumerate(lines) if line.kind == "post"}
    index.upsert([_lead(number, line.text, tags[number]) for number, line in posts.items()])
    found: dict[str, dict[str, list[float]]] = {}
    for line, its in zip(lines, tags, strict=True):
        if line.kind == "post":
            continue
        about = similar.described(line.text, its)
        ranking = {
            "ours": similar.find(index, about, now=NOW, limit=AT),
            "bm25": [lead for lead, _ in index.alike(its.tokens, limit=AT)],
        }
        for name, leads in ranking.items():
            worth = [line.worth(posts[int(lead.post.post_id)]) for lead in leads]
            best = sorted(map(line.worth, posts.values()), reverse=True)
            found.setdefault(line.kind, {}).setdefault(name, []).append(_gain(worth) / _gain(best[:AT]))
    return {
        kind: {name: sum(values) / len(values) for name, values in by_name.items()}
        for kind, by_name in found.items()
    }


def _gain(worths: Sequence[int]) -> float:
    return sum((2.0**worth - 1) / math.log2(place + 2) for place, worth in enumerate(worths))


def _lead(number: int, text: str, tags: Tags) -> Lead:
    post = Post(
        source="forum",
        post_id=str(number),
        url=f"https://forum.example/{number}",
        text=text,
        published_at=NOW - timedelta(hours=number),
        fetched_at=NOW,
    )
    return Lead(post=post, tags=tags, need=0.7, reasons=())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--index", default="sqlite", help="address of a cluster; indices are left behind there"
    )
    given = parser.parse_args()
    lines = judged()
    tags = Tagger.load().tag_many([line.text for line in lines])
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), index=given.index)
        with open_backend(settings) as index:
            for kind, means in measure(index, lines, tags).items():
                print(f"{kind}: nDCG@{AT} " + ", ".join(f"{name} {mean:.3f}" for name, mean in means.items()))


if __name__ == "__main__":
    main()
