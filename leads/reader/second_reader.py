"""The second reader: asked about doubtful leads that are stored already, never while posts are taken in.

    judged posts, then the newest doubtful leads → question → service → readings → put down, once it may

A turn asks some questions one after the other and ends at the first trouble of the service; the records say
when to go on. What it says is kept beside the lead. It decides nothing before people's judgements show that
it is better than the model alone (leads.scoring.agreement), and then it only puts leads down: the label and
the need change, the probabilities stay, so that the model's own reading can be told again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from leads.config import Settings
from leads.index.base import LeadIndex
from leads.labels import INTENT_NAMES
from leads.models import Lead, LeadQuery, Reason
from leads.reader.answer import AwayError, UnusableError
from leads.reader.question import Question, question
from leads.reader.service import ask
from leads.records import Records, erasures, readings
from leads.records.readings import DailyBudget, Unseen
from leads.records.tables.readings import Reading
from leads.scoring.agreement import Agreement, ReadTwice, agreement, is_control
from leads.scoring.need import rate
from nlp.models import INTENTS, IntentLabel
from nlp.text.normal import normalise

RECENT = timedelta(days=7)  # older leads are not worth a question
PAGE = 200
LOOKED_AT = 2000  # of the newest leads in a turn
PER_TURN = 20  # questions
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn did."""

    asked: int = 0
    answered: int = 0
    put_down: int = 0
    taken_back: int = 0  # leads that got the model's own reading again


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A question, and the post it is about."""

    post_id: str
    question: Question


class SecondReader:
    """Asks, keeps and, once it may, decides."""

    def __init__(self, settings: Settings, records: Records, index: LeadIndex, *, clock: Clock) -> None:
        self._settings, self._records, self._index, self._clock = settings.reader, records, index, clock
        self._budget = DailyBudget(
            requests=self._settings.requests_per_day, characters=self._settings.characters_per_day
        )

    def turn(self, *, stop: Callable[[], bool] = lambda: False) -> Turn:
        """One turn; nothing while it is off. `stop` is asked before each question.

        Raises:
            StorageError: the records or the index cannot be read or written; the next turn goes on.
        """
        if not self._settings.on:
            return Turn(taken_back=self._take_back(Agreement()))
        with self._records.reading() as session:
            judged = readings.unseen(session, below=self._settings.below)
        doubts = [Doubt(post_id=each.lead_id, question=question(each.text)) for each in judged]
        doubts += [
            Doubt(post_id=each.id, question=question(each.post.full_text)) for each in self._doubtful()
        ]
        asked, answered = self._ask_all(doubts, stop)
        measured = measure(self._records, judged, self._settings.model)
        return Turn(
            asked=asked,
            answered=answered,
            put_down=self._put_down(measured),
            taken_back=self._take_back(measured),
        )

    # --- asking

    def _ask_all(self, doubts: Sequence[Doubt], stop: Callable[[], bool]) -> tuple[int, int]:
        """(asked, answered), the first open ones of these until something ends the turn."""
        with self._records.reading() as session:
            keys = [each.question.key for each in doubts]
            rows = readings.known(session, self._settings.model, keys)
        now = self._clock()
        open_ones = {
            each.question.key: each for each in doubts if readings.is_open(rows.get(each.question.key), now)
        }
        asked = answered = 0
        for doubt in list(open_ones.values())[:PER_TURN]:
            if stop() or not self._leave(doubt):
                break
            asked += 1
            try:
                answered += self._ask(doubt.question)
            except AwayError as error:
                with self._records.transaction() as session:
                    readings.rest(session, reason=str(error), wait=error.wait, now=self._clock())
                break
        return asked, answered

    def _leave(self, doubt: Doubt) -> bool:
        """The question is written down; False when no more may be asked now."""
        with self._records.transaction() as session:
            leave = readings.reserve(
                session,
                doubt.question.key,
                model=self._settings.model,
                post_id=doubt.post_id,
                characters=doubt.question.characters,
                budget=self._budget,
                now=self._clock(),
            )
        return leave == "go"

    def _ask(self, asked: Question) -> bool:
        """Whether there was an answer that says something; raises AwayError."""
        try:
            intent = ask(asked, self._settings)
        except UnusableError as error:
            with self._records.transaction() as session:
                readings.unusable(session, reason=str(error), now=self._clock())
            return False
        with self._records.transaction() as session:
            readings.keep(session, asked.key, model=self._settings.model, intent=intent, now=self._clock())
        return True

    def _doubtful(self) -> list[Lead]:
        """The newest leads whose best probability is too low; put down ones are among them."""
        newest = _newest(self._index, LeadQuery(since=self._clock() - RECENT), self._clock(), LOOKED_AT)
        return [lead for lead in newest if max(lead.tags.intent) < self._settings.below]

    # --- deciding

    def _put_down(self, measured: Agreement) -> int:
        if not measured.decides:
            return 0
        leads = self._doubtful()  # anew: asking took minutes, and crawls and people went on
        said = said_of(self._records, leads, self._settings.model)
        changed = [
            put_down(lead, said[lead.id], measured.real_though_denied)
            for lead in self._not_held(leads)
            if lead.id in said and said[lead.id] not in ("seeker", lead.tags.intent_label)
        ]
        return self._store(changed)

    def _take_back(self, measured: Agreement) -> int:
        """Leads that were put down and may no longer be, by whatever reader it was."""
        query = LeadQuery(intents=tuple(intent for intent in INTENTS if intent != "seeker"))
        lowered = [lead for lead in _newest(self._index, query, self._clock()) if is_put_down(lead)]
        said = said_of(self._records, lowered, self._settings.model) if measured.decides else {}
        held = {lead.id for lead in lowered} - {lead.id for lead in self._not_held(lowered)}
        wrong = [lead for lead in lowered if lead.id in held or said.get(lead.id) != lead.tags.intent_label]
        return self._store([own_reading(lead) for lead in wrong])

    def _store(self, leads: Sequence[Lead]) -> int:
        """Write leads that were read a moment ago, and let none come back that was erased in this moment."""
        self._index.upsert(leads)
        with self._records.reading() as session:
            gone = erasures.erased(session, [lead.post for lead in leads])
        if gone:
            self._index.delete(sorted(gone))
        return len(leads) - len(gone)

    def _not_held(self, leads: Iterable[Lead]) -> list[Lead]:
        found = list(leads)
        with self._records.reading() as session:
            held = readings.held(session, [lead.id for lead in found])
        return [lead for lead in found if lead.id not in held]


def measure(records: Records, judged: Sequence[Unseen], model: str) -> Agreement:
    """How a model agrees with judgements, as far as it has read those posts."""
    keys = [question(each.text).key for each in judged]
    with records.reading() as session:
        rows = readings.known(session, model, keys)
    return agreement(
        ReadTwice(own=each.own, second=rows[key].intent == "seeker", meant=each.meant)
        for each, key in zip(judged, keys, strict=True)
        if key in rows and rows[key].intent
    )


def said_of(records: Records, leads: Iterable[Lead], model: str) -> dict[str, IntentLabel]:
    """By lead, what this model says; those kept apart for measuring left out."""
    keys = {lead.id: question(lead.post.full_text).key for lead in leads}
    with records.reading() as session:
        rows: Mapping[str, Reading] = readings.known(session, model, list(keys.values()))
    labels: dict[str, IntentLabel] = {intent: intent for intent in INTENTS}
    return {
        lead_id: labels[rows[key].intent]
        for lead_id, key in keys.items()
        if key in rows and rows[key].intent in labels and not is_control(key)
    }


def put_down(lead: Lead, intent: IntentLabel, real: float) -> Lead:
    """The lead as the second reader sees it; `real` is the share of real ones among those it denies."""
    own = own_reading(lead)
    lower = min(1.0, real / own.tags.intent.seeker) if own.tags.intent.seeker else 0.0
    why = Reason(kind="reader", text=f"第二读者认为是{INTENT_NAMES[intent]}")
    return replace(
        own,
        tags=replace(own.tags, intent_label=intent),
        need=round(own.need * lower, 4),
        reasons=(why, *own.reasons),
    )


def is_put_down(lead: Lead) -> bool:
    """A second reader has changed this lead."""
    return any(reason.kind == "reader" for reason in lead.reasons)


def own_reading(lead: Lead) -> Lead:
    """The lead as the model alone sees it."""
    if not is_put_down(lead):
        return lead
    need, reasons = rate(normalise(lead.post.full_text), lead.tags)
    return replace(lead, tags=replace(lead.tags, intent_label="seeker"), need=need, reasons=reasons)


def _newest(index: LeadIndex, query: LeadQuery, now: datetime, most: int | None = None) -> Iterator[Lead]:
    """Matching leads, the newest first."""
    count, cursor = 0, ""
    while most is None or count < most:
        page = index.search(replace(query, sort="newest", limit=PAGE, cursor=cursor), now=now)
        yield from (hit.lead for hit in page.items)
        count, cursor = count + len(page.items), page.cursor
        if not cursor:
            return
