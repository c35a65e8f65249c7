"""Finding place names in a text: one automaton over all names, then only what lies on word borders.

What a name may mean (`Name`) and where it stands (`Mention`) are settled here; whether the writer is there is
`nlp.places.region`' business. Data: data/gazetteer.csv and data/places.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, TypeAlias

from ahocorasick_rs import AhoCorasick

from nlp.places.gazetteer import Division, Gazetteer
from nlp.text.normal import DATA, normalise

Kind = Literal["division", "landmark", "weak", "code", "foreign", "block"]
# How much company a name needs: none; a parent, a hint or a phrase that gives places; both.
Need = Literal[0, 1, 2]

_CHAIN_GAP = re.compile(r"[\s·,、/|\-—>的()省市]{0,2}")
# Characters the cutter likes to glue to a name before them: 岳阳治|牙, 四川人.
_GLUED = frozenset("人治看做补洗拔种整哪有的这那求找雨雪风地小娃")
# Behind a place name they make another name: 海南岛, 昆明池.
_OTHER_NAME = frozenset("岛池滩路街湖山寺派话菜帮系式版道军党腔戏剧")
# A town or street that begins with 长 behind a city's full name: no mayor (江阴市|长泾镇).
_LONG_STREET = re.compile(r"长(?![到去在说来给带为的])[\u4e00-\u9fff]{1,3}?(?:镇|乡|街|路|大道|村)")
_LEVELS = {"province": 0, "city": 1, "district": 2, "point": 3}
TomlTable: TypeAlias = Mapping[str, Any]  # of our own data files


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name and all it may mean."""

    text: str
    kind: Kind
    divisions: tuple[Division, ...] = ()
    need: Need = 0
    default: Division | None = None  # what it means where nothing else tells
    full: bool = False  # carries its own suffix: 朝阳区


_Hit = tuple[int, int, Name]  # start, end, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name, or a chain of them (成都市武侯区), in a text."""

    start: int
    end: int
    kind: Kind
    divisions: tuple[Division, ...]
    need: Need
    default: Division | None
    full: bool = False


class PlaceWords:
    """All names and the rules' word lists; immutable. `PlaceWords.load()` reads the shipped ones once."""

    def __init__(self, gazetteer: Gazetteer, data: TomlTable, own: Mapping[str, str] | None = None) -> None:
        """`own` are further names (name → adcode), which outweigh the shipped ones."""
        self.gazetteer = gazetteer
        self.data = data
        names = _Builder(gazetteer, data).names()
        for name, code in (own or {}).items():
            division = gazetteer.by_code(code)
            if name and division is not None:
                names[name] = Name(text=name, kind="landmark", divisions=(division,), default=division)
        self._names = list(names.values())
        self._automaton = AhoCorasick(list(names))

    @classmethod
    def load(cls, own: Mapping[str, str] | None = None) -> PlaceWords:
        shipped = _shipped()
        return cls(shipped.gazetteer, shipped.data, own) if own else shipped

    def words(self, section: str, key: str) -> list[str]:
        """A word list of places.toml."""
        return str(self.data[section][key]).split()

    def mentions(self, text: str, borders: frozenset[int] | None) -> list[Mention]:
        """Mentions in order, chains joined, longest name first; words that only contain a name take it away.

        `borders` None takes any position (short hints).
        """
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not found:
            return []
        hits = [(start, end, self._names[index]) for index, start, end in found]
        if borders is not None:
            hits = self._admit(text, hits, borders)
        return self._chains(text, _longest(hits))

    def _admit(self, text: str, hits: list[_Hit], borders: frozenset[int]) -> list[_Hit]:
        """Hits on word borders, and names right behind one they lie in, whatever the cutting (西|宁海|湖)."""
        whole = {start for start, end, _ in hits if start in borders and end in borders}
        out = [
            hit
            for hit in hits
            if _on_borders(*hit, text, borders)
            and (hit[1] in borders or hit[0] not in whole or _before_street(hit, text))
        ]
        admitted = {hit[:2] for hit in out}
        ends: dict[int, list[_Hit]] = {}
        for hit in hits:
            if hit[0] in borders and hit[2].need == 0:
                ends.setdefault(hit[1], []).append(hit)
        for hit in hits:
            outers = [outer for outer in ends.get(hit[0], ()) if self._inside(hit[2], outer[2])]
            if outers:
                out.extend(glued for glued in (*outers, hit) if glued[:2] not in admitted)
        return out

    def _joins(self, name: Name, inner: Division, outer: Division) -> bool:
        finer = inner.code != outer.code or name.kind in ("landmark", "weak")  # 武昌徐东: both in 武昌区
        return finer and self.gazetteer.within(inner, outer)

    def _inside(self, name: Name, parent: Name) -> bool:
        return any(
            inner is not outer and self.gazetteer.within(inner, outer)
            for inner in name.divisions
            for outer in parent.divisions
        )

    def _chains(self, text: str, hits: Sequence[_Hit]) -> list[Mention]:
        out: list[Mention] = []
        country_end = -1
        for start, end, name in hits:
            if name.kind == "block" or (name.kind != "foreign" and start == country_end):
                continue
            if name.kind == "foreign":
                country_end = end
            joined = self._join(out[-1], start, end, name, text) if out else None
            if joined:
                out[-1] = joined
            elif out and _swallowed(out[-1], start, name):  # 天津奥体中心, 武昌南湖: the first name tells
                out[-1] = replace(out[-1], end=end)
            else:
                out.append(_mention(start, end, name))
        return out

    def _join(self, last: Mention, start: int, end: int, name: Name, text: str) -> Mention | None:
        """`last` and a name after it as one, if the name lies inside it (成都 + 武侯区) or repeats it."""
        if not last.divisions or not name.divisions or not _CHAIN_GAP.fullmatch(text, last.end, start):
            return None
        inside = tuple(
            inner
            for inner in name.divisions
            if any(self._joins(name, inner, outer) for outer in last.divisions)
        )
        if not inside:
            return None
        default = name.default if name.default in inside else None
        kind: Kind = "division" if name.kind == "weak" and last.need == 0 else name.kind
        return Mention(
            start=last.start,
            end=end,
            kind=kind,
            divisions=inside,
            need=0,
            default=default,
            full=name.full or (name.kind == "landmark" and last.full),  # 渝中区菜园坝|大桥
        )


def _mention(start: int, end: int, name: Name) -> Mention:
    return Mention(
        start=start,
        end=end,
        kind=name.kind,
        divisions=name.divisions,
        need=name.need,
        default=name.default,
        full=name.full,
    )


def _swallowed(last: Mention, start: int, name: Name) -> bool:
    """Whether a name that needs company stands right behind one in which it does not lie."""
    known = last.kind == "division" and last.need == 0 and last.end == start
    return known and (name.kind == "landmark" or (name.kind == "division" and name.need > 0))


def _on_borders(start: int, end: int, name: Name, text: str, borders: frozenset[int]) -> bool:
    left, right = start in borders, end in borders
    if left and (right or (name.kind == "block" and end - start > 3)):
        return True
    if name.need == 0 and name.kind != "block" and end - start > 2:
        return left or right  # 成都市武侯区 may be one token; 上海|门市|部 has neither border
    if name.need == 0 and left and name.kind == "division":
        after = text[end : end + 1]
        whole = start + 1 not in borders and after not in _OTHER_NAME  # 大庆油田 is one token, 长|沙发 two
        return after in _GLUED or whole
    return name.need == 0 and right and start > 0 and text[start - 1] in "在到来去回住我于:·"


def _before_street(hit: _Hit, text: str) -> bool:
    """Whether a full name ends where the cutter sees a 市长, and a street's name begins."""
    _, end, name = hit
    return name.full and text[end - 1] == "市" and _LONG_STREET.match(text, end) is not None


def _longest(hits: list[_Hit]) -> list[_Hit]:
    hits.sort(key=lambda hit: (hit[0], -hit[1]))
    out: list[_Hit] = []
    reached = 0
    for hit in hits:
        if hit[0] >= reached:
            out.append(hit)
            reached = hit[1]
        elif (
            hit[1] > reached and hit[0] > out[-1][0] and (hit[2].kind == "block" or out[-1][2].kind == "code")
        ):
            out[-1] = hit  # 河|南京路, 坐标宁|波: a stop word, or a name behind a code, takes over
            reached = hit[1]
    return out


class _Builder:
    """Puts the names of all sources together; the first kind given to a word stays."""

    def __init__(self, gazetteer: Gazetteer, data: TomlTable) -> None:
        self.gazetteer = gazetteer
        self.data = data
        lists = data["names"]
        self.famous = set(lists["famous"].split())
        self.words = set(lists["words"].split()) | set(lists["phrases"].split())
        self.word_cities = set(lists["word_cities"].split())
        self.ordinary = set(lists["ordinary"].split())
        self.known, self.generic = set(lists["known"].split()), set(lists["generic"].split())

    def names(self) -> dict[str, Name]:
        out: dict[str, Name] = {}
        for word in self.data["stop"]["not_places"].split():
            out[normalise(word)] = Name(text=word, kind="block")
        self._foreign(out)
        self._divisions(out)
        self._listed(out, "codes", "code")
        self._listed(out, "aliases", "division")
        self._listed(out, "weak_landmarks", "weak")
        self._listed(out, "landmarks", "landmark")
        return out

    def _foreign(self, out: dict[str, Name]) -> None:
        for key in ("countries", "cities"):
            for word in self.data["overseas"][key].split():
                out[normalise(word)] = Name(text=word, kind="foreign")

    def _divisions(self, out: dict[str, Name]) -> None:
        bearers: dict[str, list[Division]] = {}
        for division in self.gazetteer:
            for name in (division.name, *division.shorts, *division.former):
                if len(name) > 1 and division not in bearers.setdefault(name, []):
                    bearers[name].append(division)
        for name, divisions in bearers.items():
            if name not in out:
                out[name] = self._division_name(name, divisions)

    def _division_name(self, name: str, divisions: list[Division]) -> Name:
        full = any(name == division.name or name in division.former for division in divisions)
        default = self._default(name, divisions)
        return Name(
            text=name,
            kind="division",
            divisions=tuple(divisions),
            need=self._need(name, divisions, full=full),
            default=default,
            full=full,
        )

    def _default(self, name: str, divisions: list[Division]) -> Division | None:
        path = self.data["dominant"].get(name)
        if path is not None:
            return self.gazetteer.resolve(path) if path else None
        if len(divisions) == 1:
            return divisions[0]
        current = [division for division in divisions if name not in division.former]
        if len(current) == 1:
            return current[0]
        coarsest = min(_LEVELS[division.level] for division in divisions)
        best = [division for division in divisions if _LEVELS[division.level] == coarsest]
        return best[0] if len(best) == 1 and coarsest < _LEVELS["district"] else None

    def _need(self, name: str, divisions: list[Division], *, full: bool) -> Need:
        if name in self.famous or (not full and all(division.zone for division in divisions)):
            return 0
        if full:
            return (2 if name in self.words else 0) if len(name) > 2 else 1
        if any(division.level != "district" for division in divisions):
            return 2 if name in self.word_cities else 0
        if name in self.words or not all(division.alone for division in divisions):
            return 2
        return 1

    def _listed(self, out: dict[str, Name], section: str, kind: Kind) -> None:
        for path, words in self.data[section].items():
            division = self.gazetteer.resolve(path)
            if division is None:
                raise ValueError(f"places.toml: [{section}] {path!r} names no division")
            for word in words.split():
                key = normalise(word)
                if key not in out:
                    need = self._landmark_need(word) if kind == "landmark" else 0
                    out[key] = Name(text=word, kind=kind, divisions=(division,), need=need, default=division)
                elif kind in ("landmark", "division") and out[key].divisions:
                    out[key] = _also(out[key], division)

    def _landmark_need(self, word: str) -> Need:
        if word in self.known:
            return 0
        if word in self.generic:
            return 2
        return 1 if len(word) < 3 or word in self.ordinary else 0


def _also(name: Name, division: Division) -> Name:
    """`name` with one more meaning; it keeps its default, and its need."""
    if division in name.divisions:
        return name
    return Name(
        text=name.text,
        kind=name.kind,
        divisions=(*name.divisions, division),
        need=name.need,
        default=name.default if name.kind == "division" else None,
        full=name.full,
    )


def read_places(data: bytes) -> TomlTable:
    return tomllib.loads(data.decode("utf-8"))


@cache
def _shipped() -> PlaceWords:
    return PlaceWords(Gazetteer.load(), read_places((DATA / "places.toml").read_bytes()))


def alternatives(words: Iterable[str]) -> str:
    """A regular expression's alternation, longest word first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
