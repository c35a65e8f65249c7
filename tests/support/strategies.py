"""Leads and searches as hypothesis makes them up."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from leads.models import Lead
from leads.query.words import parse
from nlp.models import INTENTS
from tests.support.builders import PLACES, lead, point, region, symptom

# Words that jieba cuts in different ways, words inside words, and characters no tokenizer likes.
WORDS = [
    "牙疼",
    "智齿",
    "智齿冠周炎",
    "发炎",
    "推荐",
    "头晕",
    "成都",
    "武侯区",
    "invisalign",
    "c++",
    "3.5",
    "中华人民共和国",
    "𠮷野家",
    "é",
    "ß",
    "İ",
    "㍿",
    "٣",
    "牙",
    "疼",
    "不",
    "了",
    "😀",
    "not",
    "and",
]
STATUSES = ("new", "seen", "booked")
ASSIGNEES = ("", "chen", "lin")
SYMPTOMS = ("toothache", "fever", "gum_bleeding")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("，".join) | st.text(max_size=12)
places = (
    st.none()
    | st.sampled_from(sorted(PLACES)).map(region)
    | st.builds(point, st.floats(30.3, 31.0), st.floats(103.7, 104.4))
)


@st.composite
def leads(draw: st.DrawFn) -> list[Lead]:
    count = draw(st.integers(0, 12))
    return [
        replace(
            _lead(draw, number),
            status=draw(st.sampled_from(STATUSES)),
            assignee=draw(st.sampled_from(ASSIGNEES)),
        )
        for number in range(count)
    ]


def _lead(draw: st.DrawFn, number: int) -> Lead:
    return lead(
        number,
        # A long tail of its own keeps texts from being near-duplicates: folding has its own tests.
        draw(texts) + f" {(number + 1) * 1_234_567_891 % 9_999_999_967:010d}",
        place=draw(places),
        symptoms=tuple(
            symptom(code, "dental" if code != "fever" else "internal", negated=draw(st.booleans()))
            for code in draw(st.sets(st.sampled_from(SYMPTOMS)))
        ),
        need=draw(st.sampled_from((0.0, 0.25, 0.5, 0.75, 1.0))),
        intent=draw(st.sampled_from(INTENTS)),
        hours=draw(st.integers(0, 400)),
        source=draw(st.sampled_from(("forum", "weibo"))),
    )


words = st.sampled_from(WORDS)
spoken = st.sampled_from([word for word in WORDS if parse(word) is not None])  # NEAR takes no punctuation
sides = spoken | st.lists(spoken, min_size=2, max_size=2).map(lambda two: f'"{two[0]} {two[1]}"')
nearby = st.tuples(sides, st.sampled_from(("NEAR", "NEAR/0", "NEAR/1", "NEAR/3")), sides).map(" ".join)
fields = st.sampled_from(
    ["symptom:toothache", "symptom:(牙痛 OR fever)", "specialty:口腔科", "intent:seeker", "area:510107",
     "city:成都", "source:weibo", "status:已看", "assignee:chen", "assignee:未分配", "need:>0.5",
     "need:>=0.5", "need:<0.25", "need:[0.25 TO 0.75}"]
)  # fmt: skip
rules = st.recursive(
    words | words.map(lambda word: f'"{word}"') | nearby | fields,
    lambda inner: st.tuples(inner, st.sampled_from((" AND ", " OR ", " ", " AND NOT ")), inner).map(
        lambda parts: f"({parts[0]}{parts[1]}{parts[2]})"
    ),
    max_leaves=4,
)


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.just(()) | st.sets(st.sampled_from(values), min_size=1).map(
        lambda chosen: tuple(sorted(chosen))
    )
