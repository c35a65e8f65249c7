"""Which lead is asked about next: eight of ten where the model wavers, two by chance."""

from __future__ import annotations

import pytest

from leads.learning.questions import A_DAY, drawn_by, next_id, pool_of, word_rows
from leads.models import Lead
from tests.support.builders import lead, tags


def wavering(number: int, text: str, seeker: float) -> Lead:
    """A lead whose p(seeker) is `seeker`."""
    made = lead(number, text)
    return Lead(post=made.post, tags=tags(text, seeker=seeker), need=made.need, reasons=())


LEADS = [
    wavering(1, "牙疼了一晚上，求推荐诊所", 0.95),
    wavering(2, "膝盖响，要不要去看看呢", 0.41),
    wavering(3, "膝盖老是响，要不要去看", 0.42),
    wavering(4, "孩子咳嗽了三天，挂哪个科", 0.60),
]
POOL = pool_of(LEADS)


def test_the_post_the_model_wavers_about_comes_first() -> None:
    assert next_id(POOL, (), number=0, seed="x") == "forum/2"


def test_after_an_answer_something_unlike_it_is_asked() -> None:
    assert next_id(POOL, {"forum/2"}, number=1, seed="x") == "forum/4"


def test_two_of_ten_are_drawn_by_chance_and_the_same_ones_again() -> None:
    assert [drawn_by(number) for number in range(A_DAY)].count("chance") == 2
    drawn = {next_id(POOL, (), number=4, seed=f"person {n}") for n in range(40)}
    assert drawn == {each.id for each in LEADS}
    assert len({next_id(POOL, (), number=4, seed="lin") for _ in range(3)}) == 1


@pytest.mark.parametrize("number", [0, 4])
def test_when_all_are_settled_nothing_is_asked(number: int) -> None:
    assert next_id(POOL, {each.id for each in LEADS}, number=number, seed="x") is None
    assert next_id(pool_of([]), (), number=number, seed="x") is None


def test_a_post_without_words_can_be_asked_about() -> None:
    assert next_id(pool_of([wavering(1, "", 0.5)]), (), number=0, seed="x") == "forum/1"
    assert word_rows([[], []]).shape == (2, 0)
