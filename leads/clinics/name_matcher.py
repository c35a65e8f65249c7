"""Who is spoken of: names of clinics and doctors found in a text, with what speaks for and against. Pure.

A clinic's full name, alias or short name counts by itself. A name that only sounds like it counts unless the
writer is elsewhere; one with a wrong character, a very short alias and a doctor's name need support: points
from what stands in the text (see `_support`). Commoner names need more: 林知远 1, 王建国 2, 张伟 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ahocorasick_rs import AhoCorasick, MatchKind

from leads.clinics.name_forms import HAN, TITLES, Name, names
from leads.clinics.strangers import Stranger, Strangers
from leads.models import Clinic, How
from leads.scoring.distance import same_city
from nlp.models import Region
from nlp.places.gazetteer import Gazetteer
from nlp.symptoms import lexicon
from nlp.text.dictionary import is_word
from nlp.text.normal import borders, normalise
from nlp.text.pinyin import sounds
from nlp.text.tokens import cut

_COMMON = 20  # times a word was seen by jieba's makers; rarer ones (叫安) are accidents beside a name
_NEAR = 8  # characters between a name and a word that says who it is
_AFTER_TITLE = re.compile(f"(?:{'|'.join(TITLES)})")
# After a short name these make it a place's; before or after a person's name, somebody else's.
_PLACE = re.compile("[县市区镇乡村路街巷桥山湖河江寺站港岛]|小区|广场|大厦|小学|中学|大道|社区|公园|机场")
_OTHERS = re.compile(
    "羽毛球|乒乓|足球|篮球|排球|教练|球员|选手|冠军|奥运|运动员|主演|演员|导演|歌手|唱|电影|电视剧|综艺|角色"
    "|律师|法官|警官|民警|记者|主播|书记|市长|县长|局长|经理|董事长|同学|老师|班主任|校长|作家|诗人|小说"
)
_BASE: Mapping[How, float] = {
    "exact": 1.0, "alias": 1.0, "short": 0.9, "homophone": 0.7, "typo": 0.6, "doctor": 0.6,
}  # fmt: skip
_RANK: Sequence[How] = ("exact", "alias", "short", "doctor", "homophone", "typo")
_FIRM = ("exact", "alias", "short")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a post besides its words."""

    specialties: tuple[str, ...] = ()  # of the symptoms in it
    region: Region | None = None  # where the writer is
    named: frozenset[str] = frozenset()  # clinics that its thread names or that wrote what it answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A name found in a text: whose it is, how it was found, and what speaks for it."""

    clinic_id: str
    term: str  # as the clinic writes it
    how: How
    score: float  # 0..1
    support: tuple[str, ...] = ()
    said: str = ""  # as it stands in the text


@dataclass(frozen=True, slots=True)
class _Hit:
    name: Name
    start: int
    end: int
    how: How
    need: int


@dataclass(frozen=True, slots=True)
class _Rival:
    clinic_id: str
    term: str


@dataclass(slots=True)
class _Text:
    """A text that has a name in it; its words are cut only when somebody asks."""

    text: str
    tokens: list[str] = field(default_factory=list)
    edges: frozenset[int] = frozenset()

    def splits(self, at: int) -> bool:
        """Cutting here would tear a word of the dictionary: 平安 in 保平安和口腔健康."""
        if not self.tokens:
            self.tokens = cut(self.text)
            self.edges = borders(self.tokens)
        if at in self.edges:
            return False
        start = max(edge for edge in self.edges if edge < at)
        end = min(edge for edge in self.edges if edge > at)
        return is_word(self.text[start:end], at_least=_COMMON) or any(
            is_word(self.text[low:high], at_least=_COMMON)
            for low in range(max(start, at - 2), at)
            for high in range(at + 1, min(end, at + 2) + 1)
        )

    def border(self, at: int) -> bool:
        """A word ends or begins here."""
        self.splits(at)
        return at in self.edges


class BrandMatcher:
    """Finds clinics and doctors in normalised text, one pass for all of them."""

    def __init__(self, clinics: Sequence[Clinic], strangers: Iterable[Stranger] = ()) -> None:
        self._clinics = {clinic.id: clinic for clinic in clinics}
        self._names = [name for clinic in clinics for name in names(clinic)]
        self._rivals = [
            (text, _Rival(clinic.id, term))
            for clinic in clinics
            for term in clinic.competitors
            if (text := normalise(term).strip())
        ]
        self._pieces = [(piece, offset, name) for name in self._names for piece, offset in _pieces(name)]
        self._exact = _automaton(
            [name.text for name in self._names]
            + [text for text, _ in self._rivals]
            + [piece for piece, _, _ in self._pieces]
        )
        self._spoken = [name for name in self._names if _has_sound(name)]
        self._excluded = {
            clinic.id: tuple(filter(None, map(normalise, clinic.exclude))) for clinic in clinics
        }
        self._strangers = Strangers(strangers)
        self._words = {clinic.id: _surroundings(clinic) for clinic in clinics}
        self.own_accounts: Mapping[str, tuple[str, ...]] = _accounts(clinics)

    @cached_property
    def _sounding(self) -> AhoCorasick | None:
        return _automaton([sounds(name.text) for name in self._spoken])

    def __bool__(self) -> bool:
        return bool(self._clinics)

    def name_of(self, clinic_id: str) -> str:
        """The clinic's own name."""
        return self._clinics[clinic_id].name

    def find(self, text: str, context: Context | None = None) -> list[Brand]:
        """At most one brand a clinic, its surest name in the text; `text` is normalised."""
        return self.read(text, context)[0]

    def read(self, text: str, context: Context | None = None) -> tuple[list[Brand], list[tuple[str, str]]]:
        """The brands of a text, and the competitors in it as (whose, which)."""
        hits, rivals = self._scan(text)
        if not hits and not rivals:
            return [], []
        context = context or Context()
        whole = _Text(text)
        firm = {
            hit.name.clinic_id
            for hit in hits
            if hit.how in _FIRM and not hit.need and self._stands(hit, whole)
        }
        found: dict[str, tuple[tuple[float, int, int], Brand]] = {}
        for hit in hits:
            brand = self._judge(hit, whole, context, firm)
            if brand is not None:
                order = (-brand.score, _RANK.index(brand.how), hit.start)
                if brand.clinic_id not in found or order < found[brand.clinic_id][0]:
                    found[brand.clinic_id] = (order, brand)
        brands = sorted(found.values(), key=lambda each: each[0][2])
        return [brand for _, brand in brands], list(dict.fromkeys(rivals))

    # --- finding

    def _scan(self, text: str) -> tuple[list[_Hit], list[tuple[str, str]]]:
        hits, others, typos = list[_Hit](), list[tuple[int, int, _Rival]](), list[_Hit]()
        count, last = len(self._names), len(self._names) + len(self._rivals)
        if self._exact is not None:
            for index, start, end in self._exact.find_matches_as_indexes(text, overlapping=True):
                if index < count:
                    name = self._names[index]
                    hits.append(_Hit(name, start, end, name.how, name.need))
                elif index < last:
                    others.append((start, end, self._rivals[index - count][1]))
                else:
                    typos += _typo(text, start, *self._pieces[index - last][1:])
        hits = [hit for hit in hits if not any(_inside(hit, start, end) for start, end, _ in others)]
        hits = [hit for hit in hits if not any(_longer(other, hit) for other in hits)]
        taken = [(start, end) for start, end, _ in others]
        hits += [
            hit
            for hit in (*self._heard(text), *typos)
            if not any(_overlaps(hit, start, end) for start, end in taken)
            and not any(_overlaps(hit, each.start, each.end) and not _longer(hit, each) for each in hits)
        ]
        named = [(hit.start, hit.end) for hit in hits if hit.how in _FIRM]
        rivals = [
            (rival.clinic_id, rival.term)
            for start, end, rival in others
            if not any(low <= start and end <= high and high - low > end - start for low, high in named)
        ]
        return hits, rivals

    def _heard(self, text: str) -> Iterator[_Hit]:
        """Names that only sound like one of ours."""
        if self._sounding is None or not self._spoken:
            return
        for index, start, end in self._sounding.find_matches_as_indexes(sounds(text), overlapping=True):
            name = self._spoken[index]
            if text[start:end] != name.text and HAN.fullmatch(text[start:end]):
                yield _Hit(name, start, end, "homophone", name.need + (name.how == "doctor"))

    # --- judging

    def _judge(self, hit: _Hit, whole: _Text, context: Context, firm: set[str]) -> Brand | None:
        clinic = self._clinics[hit.name.clinic_id]
        if not self._stands(hit, whole):
            return None
        support, points = self._support(hit, whole.text, context, firm)
        away = _elsewhere(clinic, context.region)
        person = hit.name.how == "doctor"
        if person:
            points -= 2 * away + 3 * bool(_OTHERS.search(_around(whole.text, hit, _NEAR)))
        elif away and hit.how not in ("exact", "alias"):
            return None
        if points < hit.need:
            return None
        # What is not written as it should be is never as sure as what is.
        most = 1.0 if hit.how in _FIRM or person else 0.9
        score = min(most, _BASE[hit.how] + 0.1 * max(0, points - hit.need)) - 0.2 * away
        return Brand(
            clinic_id=clinic.id,
            term=hit.name.term,
            how=hit.how,
            score=round(max(0.1, score), 2),
            support=support,
            said=whole.text[hit.start : hit.end],
        )

    def _stands(self, hit: _Hit, whole: _Text) -> bool:
        """The name is not a piece of other words, and the clinic did not say it is somebody else's."""
        text, name = whole.text, hit.name
        if any(word in text for word in self._excluded[name.clinic_id]):
            return False
        if self._strangers.is_one(name.clinic_id, text[hit.start : hit.end], text):
            return False
        if not HAN.search(name.text):
            around = text[hit.start - 1 : hit.start] + text[hit.end : hit.end + 1]
            return not any(letter.isascii() and letter.isalnum() for letter in around)
        if whole.splits(hit.start) or (name.how == "doctor" and whole.splits(hit.end)):
            return False
        if name.short and name.how != "doctor":
            after = text[hit.end : hit.end + 2]
            return whole.border(hit.start) and whole.border(hit.end) and not _PLACE.match(after)
        return True

    def _support(self, hit: _Hit, text: str, context: Context, firm: set[str]) -> tuple[tuple[str, ...], int]:
        """Words that say which of the same name is meant, and their points.

        3 the clinic is named in the text, 2 in its thread; 2 its district, 1 its city (in the text or by what
        is known of the writer); 1 a title beside the name; 1 a word of its field, or a symptom it treats.
        """
        clinic, found, points = self._clinics[hit.name.clinic_id], list[str](), 0
        words = self._words[clinic.id]
        if clinic.id in firm and hit.how not in _FIRM:
            found, points = [*found, clinic.name], points + 3
        if clinic.id in context.named:
            found, points = [*found, "同帖提到诊所"], points + 2
        place, worth = words.place(text, context.region)
        if place:
            found, points = [*found, place], points + worth
        title = _AFTER_TITLE.search(_around(text, hit, 4)) if hit.name.how == "doctor" else None
        if title:
            found, points = [*found, title[0]], points + 1
        field_word = words.field_word(text, hit, context.specialties)
        if field_word:
            found, points = [*found, field_word], points + 1
        return tuple(found), points


def _automaton(terms: Sequence[str]) -> AhoCorasick | None:
    return AhoCorasick(terms, matchkind=MatchKind.Standard) if terms else None


def _inside(hit: _Hit, start: int, end: int) -> bool:
    """Part of a longer name."""
    return start <= hit.start and hit.end <= end and end - start > hit.end - hit.start


def _longer(hit: _Hit, other: _Hit) -> bool:
    """A longer name of the same clinic holds this one."""
    return hit.name.clinic_id == other.name.clinic_id and _inside(other, hit.start, hit.end)


def _overlaps(hit: _Hit, start: int, end: int) -> bool:
    return hit.start < end and start < hit.end


def _around(text: str, hit: _Hit, reach: int) -> str:
    """What stands beside a name, without the name."""
    return text[max(0, hit.start - reach) : hit.start] + "\n" + text[hit.end : hit.end + reach]


def _elsewhere(clinic: Clinic, region: Region | None) -> bool:
    """The writer is known to be in another city, by more than an address of the network."""
    if region is None or region.evidence in ("ip", "profile", "board"):
        return False
    if region.level == "province":
        return region.code[:2] != clinic.adcode[:2]
    return not same_city(region.code, clinic.adcode)


# --- misspelt names ------------------------------------------------------------


def _has_sound(name: Name) -> bool:
    return len(name.text) >= 3 and HAN.fullmatch(name.text) is not None


def _pieces(name: Name) -> list[tuple[str, int]]:
    """Halves of a name of four characters or more, with their offsets: one wrong character leaves one whole.

    A half that says only the field (口腔) stands in every text, and a name whose two own characters are not
    whole is another name.
    """
    text, core = name.text, name.core
    if name.how == "doctor" or len(text) < 4 or not HAN.fullmatch(text) or core not in text:
        return []
    first = text.index(core)
    if len(core) <= 2:
        return [(core, first)] if len(core) == 2 and len(text) > 2 else []
    middle = len(text) // 2
    halves = [(text[:middle], 0), (text[middle:], middle)]
    return [
        (half, offset)
        for half, offset in halves
        if offset < first + len(core) and offset + len(half) > first and len(half) >= 2
    ]


def _typo(text: str, start: int, offset: int, name: Name) -> list[_Hit]:
    """The name with one other character, or two neighbours exchanged, around a piece of it at `start`."""
    low = start - offset
    high = low + len(name.text)
    if low < 0 or high > len(text):
        return []
    said = text[low:high]
    wrong = [place for place, (one, other) in enumerate(zip(said, name.text, strict=True)) if one != other]
    swapped = (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and said[wrong[0]] + said[wrong[1]] == name.text[wrong[1]] + name.text[wrong[0]]
    )
    if (len(wrong) == 1 or swapped) and HAN.fullmatch(said):
        first = name.text.index(name.core)
        own = any(first <= place < first + len(name.core) for place in wrong)
        return [_Hit(name, low, high, "typo", 2 if own else 1)]
    return []


# --- surroundings ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surroundings:
    """What a text says when it means this clinic and no other of the name."""

    district: tuple[str, ...]
    city: tuple[str, ...]
    adcode: str
    fields: tuple[str, ...]
    specialties: tuple[str, ...]

    def place(self, text: str, region: Region | None) -> tuple[str, int]:
        """The words for the clinic's place, and what they are worth."""
        for names_, worth in ((self.district, 2), (self.city, 1)):
            said = next((name for name in names_ if name in text), "")
            if said:
                return said, worth
        if region is not None and region.code == self.adcode:
            return region.name, 2
        if region is not None and region.level != "province" and same_city(region.code, self.adcode):
            return region.city or region.name, 1
        return "", 0

    def field_word(self, text: str, hit: _Hit, specialties: Sequence[str]) -> str:
        """A word of the clinic's field outside of the name, or a specialty of the text's symptoms."""
        rest = text[: hit.start] + "\n" + text[hit.end :]
        said = next((word for word in self.fields if word in rest), "")
        known = lexicon.load().specialties
        shared = next((known[code] for code in specialties if code in self.specialties), "")
        return said or shared


_FIELD_WORDS: Mapping[str, tuple[str, ...]] = {
    "dental": ("口腔", "牙", "齿科", "种植", "正畸"),
    "tcm": ("中医", "针灸", "推拿", "中药", "艾灸"),
    "dermatology": ("皮肤", "痘", "祛斑"),
    "ophthalmology": ("眼睛", "近视"),
    "ent": ("耳鼻喉", "鼻炎"),
    "pediatrics": ("小儿", "孩子发烧"),
    "gynecology": ("妇科", "产科"),
    "orthopedics": ("康复科", "正骨"),
    "cosmetic": ("医美", "整形", "美容"),
    "mental": ("心理", "精神科"),
}


def _surroundings(clinic: Clinic) -> _Surroundings:
    gazetteer = Gazetteer.load()
    division = gazetteer.by_code(clinic.adcode)
    above = gazetteer.ancestry(division) if division else ()
    names_ = [tuple(dict.fromkeys((each.name, *each.shorts))) for each in above]
    known = lexicon.load().specialties
    specialties = clinic.specialties or tuple(known)
    fields = [word for code in specialties for word in (*_FIELD_WORDS.get(code, ()), known.get(code, ""))]
    return _Surroundings(
        district=names_[0] if names_ else (),
        city=names_[1] if len(names_) > 1 else (),
        adcode=clinic.adcode,
        fields=tuple(filter(None, fields)),
        specialties=specialties,
    )


def _accounts(clinics: Iterable[Clinic]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for clinic in clinics:
        for key in clinic.own_accounts:
            found[key] = (*found.get(key, ()), clinic.id)
    return found
