"""Cards of doctors: one line each, and what is complained of."""

from __future__ import annotations

import pytest

from leads.clinics.doctors import card_lines, card_of, read_cards
from leads.errors import InputError
from leads.models import DoctorCard

DOCTORS = ("林知远医生", "周大夫")
LIN = DoctorCard(
    name="林知远医生",
    title="主任医师",
    specialties=("dental", "pediatrics"),
    hours="周一、周三上午",
    booking="https://example.com/lin",
)


def test_a_line_is_a_card_and_back() -> None:
    text = "林知远医生 | 主任医师 | 口腔科、儿科 | 周一、周三上午 | https://example.com/lin\n周大夫"
    cards = read_cards(text, DOCTORS)
    assert cards == (LIN, DoctorCard(name="周大夫"))
    assert card_lines(cards) == text


def test_full_width_lines_and_codes_are_understood() -> None:
    (card,) = read_cards(" 周大夫｜｜dental，眼科 \n\n", DOCTORS)
    assert card.specialties == ("dental", "ophthalmology")


def test_what_the_records_keep_is_a_card() -> None:
    kept = {"name": "周大夫", "specialties": ["tcm"], "hours": "周二"}
    assert card_of(kept) == DoctorCard(name="周大夫", specialties=("tcm",), hours="周二")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("王医生 | 医师", "不在“医生”里"),
        ("周大夫\n周大夫", "两行"),
        ("周大夫 | | 魔法科", "魔法科"),
        ("周大夫 | | | | javascript:alert(1)", "预约网址"),
        ("周大夫 | | | | https://user@example.com/", "预约网址"),
        (f"周大夫 | {'长' * 41}", "太长"),
        ("周大夫 | 医\x00师", "看不见的字符"),
        ("周大夫 | 1 | 眼科 | 2 | https://example.com | 3", "最多五段"),
    ],
)
def test_what_cannot_be_a_card_is_said(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_cards(text, DOCTORS)
