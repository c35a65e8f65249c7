"""The words behind a lead's reasons, marked in its text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.models import Reason
from leads.web.leads.highlight import Segment, segments, style_of
from tests.support.builders import symptom

KINDS = st.sampled_from(["symptom", "place", "words"])
REASONS = st.lists(st.builds(Reason, kind=KINDS, text=st.just(""), words=st.text(max_size=4)), max_size=4)


def reason(words: str, kind: str = "symptom") -> Reason:
    return Reason(kind=kind, text="", words=words)  # type: ignore[arg-type]  # kind is a Literal


@given(st.text(), REASONS)
def test_joined_segments_are_the_text(text: str, reasons: list[Reason]) -> None:
    assert "".join(run.text for run in segments(text, reasons)) == text


@given(st.text(alphabet="牙疼，ＡaＢb\u200b\ud800", max_size=30), REASONS)
def test_no_segment_is_empty_and_neighbours_differ(text: str, reasons: list[Reason]) -> None:
    runs = segments(text, reasons)
    assert all(run.text for run in runs)
    assert all(one.kind != other.kind for one, other in pairwise(runs))


@pytest.mark.parametrize(
    ("text", "reasons", "marked"),
    [
        ("", [reason("牙疼")], []),
        ("右边牙疼", [], [("右边牙疼", "")]),
        ("右边牙疼", [reason("")], [("右边牙疼", "")]),
        ("右边牙疼啊", [reason("牙疼")], [("右边", ""), ("牙疼", "symptom"), ("啊", "")]),
        ("牙疼，牙疼", [reason("牙疼")], [("牙疼", "symptom"), ("，", ""), ("牙疼", "symptom")]),
        ("戴INVISALIGN", [reason("invisalign")], [("戴", ""), ("INVISALIGN", "symptom")]),  # width and case
        ("牙齒疼", [reason("牙齿疼")], [("牙齒疼", "symptom")]),
        ("牙\u200b疼牙疼", [reason("牙疼")], [("牙\u200b疼", ""), ("牙疼", "symptom")]),  # positions shifted
        ("牙疼<b>", [reason("<b>")], [("牙疼", ""), ("<b>", "symptom")]),  # escaping is the template's
        ("武侯牙疼", [reason("牙疼"), reason("武侯", "place")], [("武侯", "place"), ("牙疼", "symptom")]),
    ],
)
def test_marks(text: str, reasons: list[Reason], marked: list[tuple[str, str]]) -> None:
    assert segments(text, reasons) == [Segment(*run) for run in marked]


@pytest.mark.parametrize(
    ("words", "kind", "style"),
    [
        ("牙疼", "symptom", "symptom urgent-week"),
        ("大出血", "symptom", "symptom urgent-now"),
        ("牙不齐", "symptom", "symptom"),  # can wait
        ("摔过", "symptom", "symptom"),  # is over
        ("没找到", "symptom", "symptom"),
        ("牙疼", "words", "words"),
    ],
)
def test_a_symptom_is_coloured_by_how_soon_it_wants_care(words: str, kind: str, style: str) -> None:
    symptoms = [
        symptom(surface="牙疼", urgency="days"),
        symptom(surface="牙疼", urgency="elective"),
        symptom(surface="大出血", urgency="hours"),
        symptom(surface="牙不齐", urgency="elective"),
        symptom(surface="摔过", urgency="hours", past=True),
    ]
    assert style_of(reason(words, kind), symptoms) == style
    assert [run.kind for run in segments(words, [reason(words, kind)], symptoms)] == [style]
