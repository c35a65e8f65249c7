"""Text → Tags. `Tagger` is the only public entry; all is pure but for reading the package's data files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nlp.intent.features import Doc
from nlp.intent.model import MODEL, IntentModel
from nlp.models import NO_WORDS, Intent, IntentLabel, OwnWords, PlaceHintLike, Region, Sentiment, Tags
from nlp.places.region import RegionTagger
from nlp.sentiment import judge
from nlp.symptoms.find import SymptomTagger, specialties
from nlp.text.normal import blank_noise, borders, normalise
from nlp.text.tokens import cut, words

__all__ = ["Tagger"]


class Tagger:
    """Tags texts. Holds its models in memory; not to be pickled, make one per process."""

    def __init__(self, symptoms: SymptomTagger, regions: RegionTagger, intent: IntentModel) -> None:
        self._symptoms, self._regions, self._intent = symptoms, regions, intent

    @classmethod
    def load(cls, model: Path = MODEL, own: OwnWords = NO_WORDS) -> Tagger:
        """The shipped models, or the intent model of another folder; `own` are a clinic's words beside.

        Raises:
            FileNotFoundError: no intent model in `model`.
        """
        return cls(SymptomTagger.load(own.symptoms), RegionTagger.load(own.places), IntentModel.load(model))

    def tag(self, text: str, hints: Sequence[PlaceHintLike] = ()) -> Tags:
        """Tags of one text. Batches (`tag_many`) are several times faster per text."""
        return self.tag_many([text], [hints])[0]

    def tag_many(
        self, texts: Sequence[str], hints: Sequence[Sequence[PlaceHintLike]] | None = None
    ) -> list[Tags]:
        """Tags of each text, in order. `hints` holds what the source says of each text's place.

        Any text is accepted: empty, 20,000 characters, lone surrogates. Memory grows with the batch.
        """
        all_hints = hints if hints is not None else [()] * len(texts)
        # Stage by stage: each stage's tables stay in the processor's cache for the whole batch.
        docs, edges = prepare(texts, self._symptoms)
        regions = [
            self._regions.find(doc.clean, edge, hint)
            for doc, edge, hint in zip(docs, edges, all_hints, strict=True)
        ]
        intents = self._intent.predict(docs)
        return [
            _tags(doc, region, intent, label)
            for doc, region, (intent, label) in zip(docs, regions, intents, strict=True)
        ]

    def sentiment(self, text: str, tokens: Sequence[str] = ()) -> Sentiment:
        """How a text speaks of the one it mentions."""
        return judge(normalise(text), tokens)


def prepare(texts: Sequence[str], symptoms: SymptomTagger) -> tuple[list[Doc], list[frozenset[int]]]:
    """Texts made ready for every tagger, and the token borders of each."""
    plain = list(map(normalise, texts))
    clean = list(map(blank_noise, plain))
    tokens = list(map(cut, clean))
    edges = list(map(borders, tokens))
    found = list(map(symptoms.find, clean, edges))
    return list(map(Doc, plain, clean, tokens, found)), edges


def _tags(doc: Doc, region: Region | None, intent: Intent, label: IntentLabel) -> Tags:
    return Tags(
        symptoms=tuple(doc.symptoms),
        specialties=specialties(doc.symptoms),
        intent=intent,
        intent_label=label,
        region=region,
        tokens=tuple(words(list(doc.tokens))),
    )
