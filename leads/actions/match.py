"""找对人: a text → specialty, clinic, doctor and what to ask first. The text is neither kept nor logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from leads import storage
from leads.clinics.match import FieldGuess, Offer, choices, fields_of, urgent_of
from leads.config import Settings
from leads.errors import QueryError
from leads.labels import PRECISION_NAMES
from leads.models import Clinic
from leads.replies.visit_questions import questions_for
from nlp.models import Hint, OwnWords, Region
from nlp.places.gazetteer import Gazetteer

LONGEST = 5000  # characters of a text
QUESTIONS = 8
NO_DIAGNOSIS = "不是诊断：只看文字里提到什么，猜该看哪一科。"
EMERGENCY = "呼吸困难、胸口剧痛、意识不清、大出血、想伤害自己：马上打 120，不要等。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What a text says of who should see its writer. Nothing of it holds the text but the words found."""

    fields: tuple[FieldGuess, ...]
    urgent: tuple[str, ...]  # names of what should be seen within hours
    region: Region | None
    choices: tuple[Offer, ...]
    questions: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "note": NO_DIAGNOSIS,
            "specialties": [
                {
                    "code": each.code,
                    "name": each.name,
                    "reasons": [{"words": words, "symptom": name} for words, name in each.reasons],
                }
                for each in self.fields
            ],
            "urgent": list(self.urgent),
            "place": self.region.name if self.region else "",
            "clinics": [
                {
                    "id": each.clinic.id,
                    "name": each.clinic.name,
                    "distance_km": None if each.distance_km is None else round(each.distance_km, 1),
                    "precision": each.precision,
                    "doctors": [asdict(card) for card in each.doctors],
                }
                for each in self.choices
            ],
            "questions": list(self.questions),
        }


def match(
    settings: Settings, clinics: Sequence[Clinic], text: str, *, place: str = "", own: OwnWords
) -> Matched:
    """Who should see the writer; `place` as written where the text names none, `own` the clinic's words.

    Raises:
        QueryError: no such place, or too long a text.
        ConfigError: the tagger's model is missing or damaged.
    """
    if len(text) > LONGEST:
        raise QueryError(f"文字太长：最多 {LONGEST} 个字，只留说哪里不舒服的那几句。")
    if place.strip() and Gazetteer.load().resolve(place.strip()) is None:
        raise QueryError(f"地点 {place.strip()[:40]!r} 找不到：请写成 成都武侯区 这样，或留空。")
    hints = [Hint(kind="checkin", text=place.strip())] if place.strip() else []
    tags = storage.tagger_at_hand(settings.data_dir, own).tag(text, hints)
    fields = fields_of(tags)
    codes = [each.code for each in fields]
    present = dict.fromkeys(each.code for each in tags.symptoms if each.present)
    return Matched(
        fields=fields,
        urgent=tuple(dict.fromkeys(each.name for each in urgent_of(tags))),
        region=tags.region,
        choices=choices(clinics, codes, tags.region),
        questions=questions_for(present, codes)[:QUESTIONS] if fields else (),
    )


def distance_said(choice: Offer, region: Region | None) -> str:
    """ "1.4 公里，附近", "从武侯区中心算约 3 公里，可能在附近", "不知道在哪里"."""
    if region is None or choice.distance_km is None or choice.precision is None:
        return "不知道在哪里"
    near = PRECISION_NAMES[choice.precision]
    if region.level == "point":
        return f"{choice.distance_km:.1f} 公里，{near}"
    far = "不到 1" if choice.distance_km < 1 else f"约 {choice.distance_km:.0f}"
    return f"从{region.name}中心算{far} 公里，{near}"
