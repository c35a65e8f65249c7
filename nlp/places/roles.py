"""What a place in a text is to its writer: where they are, what they ask about, where from, nothing.

A `Role` is a strength with an evidence kind. The rules read a few characters around the mention and the
shape of the whole text; word lists are in data/places.toml.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple

from nlp.models import Evidence
from nlp.places import role_cues as cue
from nlp.places.names import Mention, PlaceWords, alternatives
from nlp.text.normal import TAG

# Strengths: compared only with each other.
# PLAIN: named, and nothing says that it is not where the writer is. Gives way to hints, as WEAK does.
# PASSING counts only where a hint agrees with it.
HERE, SELF, ASKED, TEXT, PLAIN, WEAK, PASSING, NOTHING = 7, 6, 5, 4, 3, 2, 1, 0
# Taiwan, Hong Kong, Macau: on the mainland's sites mostly a topic.
_MUNICIPAL = ("11", "12", "31", "50")
_TALKED_OF = ("710000", "810000", "820000")
LEFT = -1  # the writer says they are not, or no longer, there


class Role(NamedTuple):
    strength: int
    evidence: Evidence
    start: int  # of the words that say so
    end: int
    care: bool = False  # asked of a treatment or a clinic right there
    firm: bool = False  # said in so many words: 坐标X, 家住X, X这边


class Scene:
    """What a text says as a whole; each property is read once, when a mention needs it."""

    def __init__(self, text: str, borders: frozenset[int] | None) -> None:
        self.text = text
        self.borders = borders
        self.tags = tuple(match.span() for match in TAG.finditer(text)) if "#" in text else ()
        repost = text.find("//")
        if repost >= 0 and not text[:repost].strip():  # nothing of their own: the first voice is theirs
            repost = text.find("//", repost + 2)
        self.repost_from = len(text) if repost < 0 else repost  # what follows was written by others
        own = text[: self.repost_from]
        self._bare = TAG.sub("", own) if self.tags else own

    @cached_property
    def news(self) -> bool:
        return bool(cue.NEWS.search(self._bare))

    @cached_property
    def mine(self) -> bool:
        """The writer or the family appears."""
        return bool(cue.MINE.search(self._bare))

    @cached_property
    def events(self) -> bool:
        """The epidemic and its like: a place is then a topic."""
        if cue.EVENT.search(self._bare):
            return True
        return not self.mine and bool(cue.EVENT_SOFT.search(self._bare)) and not cue.CARE.search(self._bare)

    @cached_property
    def event_tags(self) -> str:
        """Hashtags about events, in one."""
        return "".join(self.text[a:b] for a, b in self.tags if cue.EVENT.search(self.text, a, b))

    @cached_property
    def shop(self) -> bool:
        """Sells goods by post: their place is not the writer's."""
        return bool(cue.SHOP.search(self._bare))

    @cached_property
    def told(self) -> bool:
        """Tells what happened somewhere, though not as news."""
        told = not self.mine and cue.TOLD.search(self._bare)
        return bool(told) and not cue.OUR_TROUBLE.search(self._bare)

    @cached_property
    def care(self) -> bool:
        """Speaks of treatment outside its hashtags."""
        return bool(cue.CARE.search(self._bare))

    @cached_property
    def address(self) -> bool:
        """The text is one address and nothing else."""
        return bool(cue.ADDRESS.match(self.text))

    @cached_property
    def personal(self) -> bool:
        """Somebody speaks; else it informs (a headline, an encyclopaedia)."""
        bare = self._bare
        return len(self.text) < 12 or bool(cue.PERSONAL.search(bare) or cue.CARE.search(bare))

    @cached_property
    def quotes(self) -> tuple[tuple[int, int], ...]:
        return tuple(match.span() for match in cue.QUOTED.finditer(self.text))

    def border(self, position: int) -> bool:
        return self.borders is None or position in self.borders


class _Spot:
    """A mention and what stands around it."""

    __slots__ = (
        "after",
        "asked",
        "before",
        "end",
        "here",
        "left",
        "mention",
        "other",
        "right",
        "start",
        "text",
    )

    def __init__(self, mention: Mention, here: Scene) -> None:
        text, start, end = here.text, mention.start, mention.end
        self.mention, self.here = mention, here
        self.text, self.start, self.end = text, start, end
        self.before, self.after = text[max(0, start - 14) : start], text[end : end + 14]

    def read(self) -> None:
        """The clause, once the mention is no food and no street."""
        text, start, end = self.text, self.start, self.end
        self.left = cue.END.split(text[max(0, start - 24) : start])[-1]  # the rest of the clause, both sides
        self.right = cue.END.split(text[end : end + 24], 1)[0]
        self.other = bool(
            cue.OTHERS_BEFORE.search(self.left[-12:])
        )  # somebody outside the family is its subject
        self.asked = _asked(self)

    @property
    def opens(self) -> bool:
        left = self.left.rstrip("【@")
        return not left.strip() or left[-1].isspace()

    def eventful(self) -> bool:
        """Whether the text is about events, by its words or by a hashtag that names this place too."""
        return self.here.events or self.text[self.start : self.end] in self.here.event_tags

    def care_near(self) -> bool:
        near = self.text[max(0, self.start - 12) : self.end + 16]
        return bool(cue.CARE.search(near)) and not self.here.news

    def reported(self) -> bool:
        """News, or a clause about events: naming a place there says nothing of the writer."""
        if self.here.news or self.here.told:
            return True
        clause = self.left + self.right
        if not cue.EVENT.search(clause) or cue.ASK.search(clause):
            return False
        return not (self.here.mine and self.mention.divisions and _concerned(self, inside=False))

    def followed(self, pattern: re.Pattern[str]) -> bool:
        """Whether `pattern` follows, as whole words."""
        match = pattern.match(self.after)
        return bool(match) and self.here.border(self.end + match.end())  # type: ignore[union-attr]  # bool(match)

    def gone(self) -> bool:
        """The clause tells of another time, a wish, a story."""
        return bool(
            cue.AWAY_BEFORE.search(self.left)
            or cue.AWAY_AFTER.search(self.right)
            or cue.RETURNED.match(self.text, self.end)
        )


def _asked(spot: _Spot) -> bool:
    here = spot.here
    near = here.text[max(0, spot.start - 30) : spot.end + 45]
    where = bool(cue.ASK_WHERE.search(near))
    if not (where or cue.SEEK_AFTER.match(here.text, spot.end) or cue.ASK.search(near)) or here.news:
        return False
    if not spot.eventful():
        return where or bool(cue.SEEK_AFTER.match(here.text, spot.end) or cue.CARE.search(near))
    return where and bool(cue.CARE.search(near))


class Roles:
    """Judges mentions. Built from the word lists of places.toml."""

    def __init__(self, words: PlaceWords) -> None:
        stop = words.words("stop", "after")
        self._stop_after = re.compile(alternatives(stop))
        self._school_after = re.compile(alternatives(words.words("stop", "school_after")))
        self._origin_after = re.compile(
            f"(?:的|本地)?(?:{alternatives(words.words('stop', 'origin_after'))})"
        )
        self._people_after = re.compile(
            f"(?:的|本地)?(?:{alternatives(words.words('stop', 'people_after'))})"
        )
        self._stop_before = re.compile(f"(?:{alternatives(words.words('stop', 'before'))})$")

    def judge(self, mention: Mention, here: Scene) -> Role:
        """The strongest role of `mention`."""
        start, end = mention.start, mention.end
        for first, last in here.tags:
            if first < start < last:
                return _in_tag(mention, here, first, last)
        if mention.kind == "code":
            return Role(SELF, "self", start, end)
        if _is_chip(mention, here):
            return Role(HERE, "self", start, end)
        if start >= here.repost_from or any(first < start < last for first, last in here.quotes):
            return Role(NOTHING, "text", start, end)
        if here.address and (mention.full or mention.kind == "landmark"):
            return Role(ASKED if mention.full else TEXT, "text", start, end)  # 余杭区 before 古墩路, in two
        return self._judged(_Spot(mention, here))

    def _judged(self, spot: _Spot) -> Role:
        locked = bool(cue.LOCKED_AFTER.match(spot.after)) and spot.here.mine and not spot.here.news
        if not locked and self._stopped(spot):
            return Role(NOTHING, "text", spot.start, spot.end)
        typed = cue.IP_BEFORE.search(spot.before)
        if typed:
            return Role(PLAIN, "ip", spot.start - len(typed[0]), spot.end)
        spot.read()
        strength, lead = self._phrase(spot)
        told = not (locked and strength in (ASKED, TEXT, WEAK))
        strength = _sobered(strength, spot) if told else PLAIN
        return Role(
            strength,
            "self" if strength >= SELF else "text",
            spot.start - lead,
            spot.end,
            strength == ASKED and spot.care_near(),
            strength >= SELF and (lead > 0 or spot.after.startswith(("这边", "这里", "这块"))),
        )

    def _stopped(self, spot: _Spot) -> bool:
        if spot.mention.full and cue.STREET_AFTER.match(spot.after):
            return False
        if cue.INSTITUTION_AFTER.match(spot.after):
            return True
        if spot.followed(self._stop_after):
            return not (cue.TRIP_AFTER.match(spot.after) and cue.IN_BEFORE.search(spot.before))
        match = self._stop_before.search(spot.before)
        if not match or not spot.here.border(spot.start - len(match[0])):
            return False
        if match[0].startswith(("没", "不在", "不是", "离")):
            return True
        return match[0] not in ("从", "由", "不", "想") and not spot.care_near()

    def _phrase(self, spot: _Spot) -> tuple[int, int]:
        """Strength, and how many characters before the mention say so."""
        strength = _leaving(spot)
        if strength is None:
            strength = self._people(spot)
        if strength is not None:
            return strength, 0
        if cue.BIG_BEFORE.search(spot.before) or spot.followed(self._school_after):
            return WEAK, 0
        people = spot.followed(self._people_after)
        found = cue.HERE_BEFORE.search(spot.before)
        if found and not people:
            lead = found[0]
            clause = cue.END.split(spot.text[max(0, spot.start - len(lead) - 12) : spot.start - len(lead)])[
                -1
            ]
            if not cue.OTHERS_BEFORE.search(clause):
                return (NOTHING if cue.THEN_AFTER.search(spot.right) else SELF), len(lead)
        return _moving(spot, people=people), 0

    def _people(self, spot: _Spot) -> int | None:
        """X人, X的朋友: where somebody is from, who is called on; None if no people follow."""
        before, after, here = spot.before, spot.after, spot.here
        opens = spot.opens and not cue.THAT_BEFORE.search(before) and not here.news
        called = opens and bool(cue.CALL_AFTER.match(after))
        one = opens and not spot.other and not here.told and bool(cue.ONE_OF.match(after))
        if one or (called and not spot.other and spot.followed(self._origin_after)):
            return PLAIN
        if spot.followed(self._origin_after):
            return WEAK if not spot.other and cue.ME_BEFORE.search(before) else NOTHING
        if called:
            return ASKED if spot.asked else PLAIN
        people = spot.followed(self._people_after)
        if opens and people and here.mine and not here.told and cue.STAFF_AFTER.match(after):
            return TEXT
        if not spot.asked and (people or (cue.THAT_BEFORE.search(before) and after.startswith("的"))):
            return NOTHING
        return None


def _leaving(spot: _Spot) -> int | None:
    """Not or no longer there, from there, somebody else there; None if nothing says so."""
    before, after = spot.before, spot.after
    if cue.NEGATED.search(before) or cue.PAST_BEFORE.search(before) or cue.BACK_AFTER.match(after):
        return LEFT
    if cue.FROM_BEFORE.search(before):
        return LEFT if cue.MOVE_AFTER.match(after) and not cue.STUCK_AFTER.match(after) else TEXT
    if cue.NO_WAY_AFTER.match(after) and cue.THERE_BEFORE.search(before):
        return NOTHING
    if cue.KIN_OF.match(after) and spot.asked:
        return ASKED  # 帮我在岳阳的爸妈问问, 老家徐州的爸爸
    if cue.THIRD_AFTER.match(after):
        return NOTHING
    if cue.OF_PERSON.match(after) and (before.endswith(("在", "喺")) or cue.ORIGIN_BEFORE.search(before)):
        return NOTHING
    if spot.mention.full and cue.CHIEF_AFTER.match(after):  # 海丰县长
        return NOTHING
    if cue.ORIGIN_BEFORE.search(before) or cue.GREW_AFTER.match(after):
        return NOTHING if spot.other else WEAK
    return None


def _wanted(spot: _Spot) -> bool:
    """Asks for a clinic there, whoever told them of the place: 听说贵 is no question, 听说哪家好 is."""
    return spot.asked and bool(cue.ASK_WHERE.search(spot.text, spot.end))


def _moving(spot: _Spot, *, people: bool) -> int:
    before, after = spot.before, spot.after
    if not spot.here.news and cue.THIS_SIDE_AFTER.match(after):
        return ASKED if spot.other else SELF
    if cue.STORY_BEFORE.search(spot.left) or cue.AFFAIR_AFTER.search(spot.right):
        return ASKED if _wanted(spot) and not cue.AFFAIR_AFTER.search(spot.right) else NOTHING
    told = spot.reported()
    act = bool(cue.CARE_ACT.search(spot.right[:14])) and not spot.here.news
    if cue.WISH_BEFORE.search(before):
        return ASKED if act else NOTHING
    if cue.YEARS_AFTER.match(after) and cue.SINCE_BEFORE.search(before):
        return NOTHING if spot.other else WEAK if told else SELF
    if cue.IN_BEFORE.search(before) and before.rstrip()[-1:] in "在喺":
        return _inside(spot)
    if cue.ARRIVE_BEFORE.search(before):
        if act and not spot.other:
            return SELF
        return _arrived(spot, told=told)
    if cue.GO_BEFORE.search(before):
        if not act and (cue.PLAY_AFTER.match(after) or cue.AWAY_BEFORE.search(spot.left)):
            return NOTHING
        return ASKED if act or (spot.asked and not told) else WEAK
    if cue.OF_PLACE.match(after) and (not before or not before[-1].isalnum()):
        return SELF
    if spot.asked:
        return ASKED
    if told:
        return TEXT
    now = cue.NOW_BEFORE.search(before) or (not people and cue.SELF_AFTER.match(after))
    return SELF if now else TEXT


def _arrived(spot: _Spot, *, told: bool) -> int:
    if cue.FAMILY_BEFORE.search(spot.left) or cue.RETURNED.match(spot.text, spot.end):
        return ASKED if spot.asked else NOTHING
    if cue.NO_WAY_AFTER.match(spot.after):
        return NOTHING
    away = spot.eventful() and not cue.ME_BEFORE.search(spot.before)
    return TEXT if spot.other or told or away else SELF


def _inside(spot: _Spot) -> int:
    """在X: with the writer as the one who is there, else only named."""
    if spot.other:
        return WEAK if spot.asked else NOTHING
    treated = cue.CARE_ACT.search(spot.right) or cue.DONE_AFTER.match(spot.right)
    if not spot.asked and not treated and cue.FAMILY_BEFORE.search(spot.left):
        return NOTHING
    if spot.gone():
        return ASKED if spot.asked else NOTHING
    if spot.reported():
        return TEXT
    if cue.MINE_IN_BEFORE.search(spot.before) or cue.LIVE_AFTER.match(spot.after):
        return SELF
    return ASKED if spot.asked else TEXT


def _sobered(strength: int, spot: _Spot) -> int:
    """What is left of a strength where the text informs, tells of events or only names a place."""
    here, weak = spot.here, spot.mention.kind == "weak"
    if strength in (TEXT, PLAIN, WEAK) and spot.reported():
        return NOTHING
    if strength == ASKED and not here.told and spot.reported():
        return NOTHING
    if strength == WEAK and (spot.eventful() or not here.personal):
        return NOTHING
    if strength == TEXT:
        strength = _named(spot)
    if weak and strength in (ASKED, TEXT, PLAIN):
        return WEAK if spot.asked or cue.IN_BEFORE.search(spot.before) else NOTHING
    return strength


def _named(spot: _Spot) -> int:
    """A place without a deciding phrase: TEXT in a whereabouts' shape, else PLAIN if nothing denies it."""
    here, inside = spot.here, bool(cue.IN_BEFORE.search(spot.before))
    if not spot.mention.divisions or cue.FULL_NOTE.search(spot.before):
        return TEXT
    if spot.other or here.shop or spot.gone() or cue.EATEN_BEFORE.search(spot.left):
        return NOTHING
    if not inside and cue.GOODS_AFTER.match(spot.right):
        return NOTHING
    if spot.eventful() and not _concerned(spot, inside=inside):
        return NOTHING
    anchored = _anchored(spot, inside=inside)
    if spot.mention.divisions[0].code in _TALKED_OF and not (anchored and here.mine):
        return NOTHING
    if anchored and here.personal and not spot.eventful():
        return TEXT
    topic = spot.mention.divisions[0]
    broad = topic.level == "province" and topic.code[:2] not in _MUNICIPAL
    return PASSING if broad and not here.mine and not spot.care_near() else PLAIN  # 求福建抄作业


def _concerned(spot: _Spot, *, inside: bool) -> bool:
    """Whether a text about events is by somebody who is in the place, not only moved by it."""
    topic = spot.mention.divisions[0]
    if topic.level == "province" and topic.code[:2] not in _MUNICIPAL:
        return False
    if topic.name == "武汉市" and not spot.here.mine:
        return False
    return spot.opens or inside


def _anchored(spot: _Spot, *, inside: bool) -> bool:
    """Does a bare mention read as a whereabouts: in a place, weather, a service, its own line?"""
    mention = spot.mention
    if inside or mention.kind == "landmark" or (mention.full and mention.divisions[0].level == "district"):
        return True
    if cue.LOCAL_SIGN.search(f"{spot.left},{spot.right}") or cue.SEEK_AFTER.match(spot.text, spot.end):
        return True
    alone = not spot.right.strip() or spot.right[0].isspace()
    return alone and not spot.text[max(0, spot.start - 1) : spot.start].isalnum()


def _in_tag(mention: Mention, here: Scene, first: int, last: int) -> Role:
    rest = here.text[mention.end : last - 1].strip()
    name = here.text[mention.start : mention.end]
    if here.news or here.events or name in here.event_tags:
        return Role(NOTHING, "text", mention.start, mention.end)
    fits = here.text[first + 1 : mention.start].strip() == "" and cue.TAG_SERVICE.match(rest)
    strength = WEAK if fits and here.care else PASSING if fits else NOTHING
    return Role(strength, "text", mention.start, mention.end)


def _is_chip(mention: Mention, here: Scene) -> bool:
    """Weibo puts the place of a post at its very end: "…了 成都·春熙路"."""
    if len(here.text) - mention.end > 70 or not mention.divisions:
        return False
    if cue.POI_CHIP.match(here.text, mention.start):
        return True
    alone = here.text[mention.start - 1 : mention.start].isspace()
    return mention.start > 3 and alone and bool(cue.CHIP_AFTER.match(here.text, mention.end))
