"""A tagger that reads what a test writes: what the models learn does not change these tests."""

from __future__ import annotations

from collections.abc import Sequence

from nlp import Tagger
from nlp.models import PlaceHintLike, Tags
from tests.support.builders import region, symptom, tags


class PlainTagger(Tagger):
    """Reads what a test writes into its posts: the model learns anew, these tests stay."""

    def __init__(self) -> None:
        """Without the models."""

    def tag_many(
        self, texts: Sequence[str], hints: Sequence[Sequence[PlaceHintLike]] | None = None
    ) -> list[Tags]:
        return [self._tags(text) for text in texts]

    def _tags(self, text: str) -> Tags:
        seeker = "求" in text
        return tags(
            text,
            intent="seeker" if seeker else "other",
            seeker=0.3 if "也许" in text else 0.9,
            symptoms=(symptom(specialty="skin"),) if "湿疹" in text else (symptom(),),
            place=next((region(name) for name in ("武侯区", "朝阳区") if name in text), None),
        )
