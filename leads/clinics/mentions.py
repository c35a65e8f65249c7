"""What a batch of posts says of the clinics and their competitors. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from crawler.items import Post
from leads.clinics.name_matcher import Brand, BrandMatcher, Context
from leads.clinics.threads import Echo, Mark, echoes, keys_of, own_keys
from leads.models import Mention
from nlp import Tagger
from nlp.models import Sentiment, Tags

COMMENT_SCORE = 0.5  # an answer to the clinic may be about anything


@dataclass(slots=True)
class Heard:
    """The mentions of a batch with the tags of their posts, what was counted, the threads to remember, what
    answers those that were, and what the clinics wrote themselves."""

    mentions: list[tuple[Mention, Tags]] = field(default_factory=list)
    marks: set[Mark] = field(default_factory=set)
    counted: list[tuple[Post, str, str, Sentiment]] = field(default_factory=list)  # clinic, name, mood
    echoes: list[Echo] = field(default_factory=list)
    own: list[tuple[Post, str]] = field(default_factory=list)  # clinic
    public: list[tuple[Post, tuple[str, ...]]] = field(default_factory=list)  # of houses: codes of symptoms

    def __bool__(self) -> bool:
        lists = (self.mentions, self.marks, self.counted, self.echoes, self.own, self.public)
        return any(map(bool, lists))


def hear(
    posts: Sequence[Post],
    tagged: Sequence[Tags],
    texts: Sequence[str],
    *,
    brands: BrandMatcher,
    tagger: Tagger,
    marks: Iterable[Mark] = (),
) -> Heard:
    """What posts say, in their order; `texts` are normalised, `marks` is what is known of their threads."""
    heard = Heard()
    if not brands:
        return heard
    known: dict[str, set[Mark]] = defaultdict(set)
    for mark in marks:
        known[mark.key].add(mark)
    # Opening posts first: what they say helps to understand the answers, whatever order a page has.
    order = sorted(range(len(posts)), key=lambda number: posts[number].floor or 0)
    for number in order:
        for mark in _hear(posts[number], tagged[number], texts[number], brands, tagger, known, heard):
            known[mark.key].add(mark)
            heard.marks.add(mark)
    places = {post.id: number for number, post in enumerate(posts)}
    heard.mentions.sort(key=lambda each: places[each[0].post.id])
    return heard


def _hear(
    post: Post,
    tags: Tags,
    text: str,
    brands: BrandMatcher,
    tagger: Tagger,
    known: dict[str, set[Mark]],
    heard: Heard,
) -> list[Mark]:
    owner = brands.own_accounts.get(post.author_key, ())
    if owner:
        heard.own += [(post, clinic_id) for clinic_id in owner]
        return [Mark(key, clinic_id, "own") for clinic_id in owner for key in own_keys(post)]
    answered = tuple(key for key in keys_of(post) if known.get(key))
    around = {mark for key in answered for mark in known[key]}
    heard.echoes += echoes(post, answered)
    context = Context(
        specialties=tags.specialties,
        region=tags.region,
        named=frozenset(mark.clinic_id for mark in around),
    )
    read, rivals = brands.read(text, context)
    found = {brand.clinic_id: brand for brand in read}
    for clinic_id in sorted(mark.clinic_id for mark in around if mark.kind == "own"):
        found.setdefault(clinic_id, _comment(clinic_id))
    if not found and not rivals:
        return []
    mood = tagger.sentiment(text, tags.tokens)
    for brand in found.values():
        heard.mentions.append((_mention(post, brand, mood, brands), tags))
        heard.counted.append((post, brand.clinic_id, "", mood))
    heard.counted += [(post, clinic_id, term, mood) for clinic_id, term in rivals]
    thread = dict.fromkeys((*(keys_of(post)[:1] if post.thread_id else ()), *own_keys(post)))
    named = [brand.clinic_id for brand in found.values() if brand.how in ("exact", "alias", "short")]
    return [Mark(key, clinic_id, "named") for key in thread for clinic_id in named]


def _comment(clinic_id: str) -> Brand:
    return Brand(clinic_id=clinic_id, term="", how="comment", score=COMMENT_SCORE)


def _mention(post: Post, brand: Brand, mood: Sentiment, brands: BrandMatcher) -> Mention:
    return Mention(
        post=post,
        clinic_id=brand.clinic_id,
        term=brand.term or brands.name_of(brand.clinic_id),
        sentiment=mood,
        how=brand.how,
        support=brand.support,
        score=brand.score,
        said=brand.said,
    )
