"""Cards of doctors: one line each in a form, checked. Pure; every complaint names the doctor."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from leads.errors import InputError
from leads.models import DoctorCard
from nlp.symptoms import lexicon

LONGEST = {"name": 60, "title": 40, "hours": 80, "booking": 300}
_PARTS = re.compile(r"\s*[|｜]\s*")
_BETWEEN = re.compile(r"[、，,；;/\s]+")
_ADDRESS = re.compile(r"https?://[^\s/@]+\.[^\s]+")


def read_cards(text: str, doctors: Collection[str]) -> tuple[DoctorCard, ...]:
    """The cards of a form: name | title | specialties | hours | booking, what is not known left empty.

    Raises:
        InputError: names the line and what to write instead.
    """
    cards = []
    for line in filter(None, (" ".join(each.split()) for each in text.splitlines())):
        parts: list[str] = _PARTS.split(line)
        if len(parts) > 5:
            raise InputError(f"医生资料 {line[:30]!r} 看不懂：一行最多五段，用 | 分开。")
        name, title, fields, hours, booking = parts + [""] * (5 - len(parts))
        codes = tuple(_code(word, name) for word in _BETWEEN.split(fields) if word)
        cards.append(DoctorCard(name=name, title=title, specialties=codes, hours=hours, booking=booking))
    return checked(cards, doctors)


def card_lines(cards: Iterable[DoctorCard]) -> str:
    """As `read_cards` reads them."""
    names = lexicon.load().specialties
    written = []
    for card in cards:
        fields = "、".join(names[code] for code in card.specialties)
        line = " | ".join((card.name, card.title, fields, card.hours, card.booking))
        written.append(line.rstrip(" |"))
    return "\n".join(written)


def checked(cards: Iterable[DoctorCard], doctors: Collection[str]) -> tuple[DoctorCard, ...]:
    """The same cards, of doctors the clinic has, each once.

    Raises:
        InputError: somebody else's card, two of one doctor, an unknown specialty, no web address, too long.
    """
    seen: dict[str, DoctorCard] = {}
    known = lexicon.load().specialties
    for card in cards:
        if card.name not in doctors:
            raise InputError(f"医生资料里的 {card.name[:60]!r} 不在“医生”里：请先在那里加上，名字写得一样。")
        if card.name in seen:
            raise InputError(f"医生资料里有两行 {card.name!r}：请并成一行。")
        for code in card.specialties:
            if code not in known:
                raise InputError(_unknown(code, card.name))
        if card.booking and not _ADDRESS.fullmatch(card.booking):
            raise InputError(
                f"{card.name}的预约网址 {card.booking[:40]!r} 不可用：请写 https:// 开头的网址。"
            )
        for field, most in LONGEST.items():
            if len(getattr(card, field)) > most:
                raise InputError(f"{card.name[:60]}的资料太长：一段最多 {most} 个字。")
            if not getattr(card, field).isprintable():
                raise InputError(f"{card.name[:60]}的资料里有看不见的字符：请去掉。")
        seen[card.name] = card
    return tuple(seen.values())


def card_of(kept: Mapping[str, object]) -> DoctorCard:
    """A card as the records or a program has it."""
    codes = kept.get("specialties")
    return DoctorCard(
        **{field: str(kept.get(field, "")) for field in LONGEST},
        specialties=tuple(map(str, codes)) if isinstance(codes, (list, tuple)) else (),
    )


def _code(word: str, doctor: str) -> str:
    known = lexicon.load().specialties
    code = next((code for code, name in known.items() if word in (code, name)), "")
    if not code:
        raise InputError(_unknown(word, doctor))
    return code


def _unknown(word: str, doctor: str) -> str:
    return f"{doctor}的科室 {word[:40]!r} 不认识：可用 {'、'.join(lexicon.load().specialties.values())}。"
