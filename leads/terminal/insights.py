"""Insights on a terminal, for `leads.cli.insights`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, time

from leads import storage
from leads.config import Settings
from leads.errors import QueryError
from leads.index.codec import lead_view
from leads.index.spread import city_of
from leads.insights import needs as unanswered
from leads.insights import similar as alike
from leads.insights.few import LEAST
from leads.insights.groups import groups as gathered
from leads.insights.groups.table import COLUMNS, rows
from leads.insights.questions.outline import Outline, markdown
from leads.insights.questions.questions import find
from leads.insights.topics import topics as town
from leads.insights.topics.sources import troubled_of
from leads.insights.topics.topics import SPAN_DAYS, Span, days_of, said
from leads.insights.voice import scoreboard
from leads.insights.voice import voice as loudness
from leads.insights.voice.series import Window
from leads.insights.voice.voice import MOODS
from leads.labels import POLARITY_NAMES, source_name
from leads.models import BEIJING, Clinic
from leads.query.vocabulary import area_code, area_name, symptom_code
from leads.records import open_records
from leads.records.accounts import public_accounts
from leads.sources.states import states
from leads.terminal.tables import print_json


def topics(settings: Settings, *, city: str, span: str, now: datetime, as_json: bool) -> None:
    """The topics of a city.

    Raises:
        QueryError: no such city or span, or no city is known.
        StorageError: the data folder, the index or the coverage cannot be read.
    """
    chosen = _span(span)
    with storage.open_index(settings, create=False) as index:
        clinics = [city_of(clinic.adcode) for clinic in storage.known_clinics(settings)]
        known = [city_of(area_code(city))] if city else [*clinics, *town.cities_of(index, now=now)]
        code = next(filter(None, known), "")
        if not code:
            raise QueryError("没有可看的城市：请用 --city 写一个城市，或先采集。")
        with storage.coverage(settings) as coverage:
            troubled = troubled_of(states(storage.sources(settings), coverage, now))
        found = town.find(index, code, chosen, now=now, troubled=troubled)
    if as_json:
        print_json([found.to_json()])
        return
    print(f"{found.since} 起，共 {found.total} 条线索。")
    if found.broken:
        print(f"来源中断，没有参与比较：{'、'.join(map(source_name, found.broken))}")
    for topic in found.topics:
        print(f"{topic.name}  {topic.figure}  {said(topic)}")


def questions(
    settings: Settings, *, city: str, span: str, symptom: str, now: datetime, as_json: bool
) -> None:
    """What people ask, as an outline or as a JSON line a question.

    Raises:
        QueryError: no such city, span or symptom.
        StorageError: the data folder or the index cannot be read.
    """
    chosen, area = _span(span), city_of(area_code(city)) if city else ""
    with storage.open_index(settings, create=False) as index:
        code = symptom_code(symptom) if symptom else ""
        found = find(index, now=now, span=chosen, city=area, symptom=code)
    if as_json:
        print_json([each.to_json() for each in found])
        return
    first, last = days_of(chosen, now)
    outline = Outline(
        place=area_name(area) if area else "全部地区", stretch=f"{first} 到 {last}", questions=found
    )
    print(markdown(outline), end="")


def groups(settings: Settings, *, city: str, now: datetime, as_json: bool) -> None:
    """Whom to gather, a line a cell.

    Raises:
        QueryError: no such city.
        StorageError: the data folder, the index or the coverage cannot be read.
    """
    area = city_of(area_code(city)) if city else ""
    with storage.open_index(settings, create=False) as index:
        with storage.coverage(settings) as coverage:
            troubled = troubled_of(states(storage.sources(settings), coverage, now))
        most = settings.leads.group_most
        found = gathered.find(index, area, now=now, most=most, troubled=troubled)
    if as_json:
        print_json([found.to_json()])
        return
    if not found.needs:
        print("还没有满 5 条的需求：多采集几天再看。")
        return
    print("  ".join(COLUMNS))
    for row in rows(found):
        print("  ".join(map(str, row)))


def needs(settings: Settings, *, city: str, span: str, now: datetime, as_json: bool) -> None:
    """Needs that stay without an answer.

    Raises:
        QueryError: no such city or span.
        StorageError: the data folder or the index cannot be read.
    """
    chosen, area = _span(span), city_of(area_code(city)) if city else ""
    with storage.open_index(settings, create=False) as index:
        found = unanswered.find(index, area, chosen, now=now)
    if as_json:
        print_json([each.to_json() for each in found])
        return
    for need in found:
        print(f"{area_name(need.district)}  {need.name}  没人回答 {need.unanswered}")


def similar(settings: Settings, *, text: str, lead_id: str, limit: int, now: datetime, as_json: bool) -> None:
    """Leads like a text, or like a lead.

    Raises:
        QueryError: neither is given, or no such lead.
        StorageError: the data folder or the index cannot be read.
    """
    if not lead_id and not text.strip():
        raise QueryError("请写一段描述，或用 --lead 给一条线索的编号。")
    with storage.open_index(settings, create=False) as index:
        lead = index.get(lead_id) if lead_id else None
        if lead_id and lead is None:
            raise QueryError(f"没有线索 {lead_id!r}：请对照 tingzhen search 的编号。")
        about = (
            alike.of_lead(lead)
            if lead
            else alike.described(text, storage.tagger(settings.data_dir).tag(text))
        )
        found = alike.find(index, about, now=now, besides=lead_id, limit=limit)
    if as_json:
        print_json([lead_view(each) for each in found])
        return
    for each in found:
        print(f"{each.id}  {' '.join(each.post.full_text.split())[:60]}")


def voice(settings: Settings, *, clinic: str, now: datetime, as_json: bool) -> None:
    """How a clinic, its doctors and its competitors are spoken of.

    Raises:
        QueryError: no such clinic, or none at all.
        StorageError: the data folder, the index or the records cannot be read.
    """
    chosen = _clinic(settings, clinic)
    with storage.open_index(settings, create=False) as index, open_records(settings) as records:
        found = loudness.find(index, records, chosen, now=now)
    if as_json:
        print_json([found.to_json()])
        return
    print(f"{found.since} 起 26 周。")
    for each in found.names:
        moods = [f"{POLARITY_NAMES[mood]} {each.moods[mood]}" for mood in MOODS if mood in each.moods]
        print("  ".join([each.name, str(each.total), *moods]))
    for aspect in found.aspects:
        for name, count, words in (
            ("好评", aspect.praise, aspect.praise_words),
            ("不满", aspect.complaint, aspect.complaint_words),
        ):
            if count:
                print(f"{aspect.name}：{name} {count}（{'、'.join(words)}）")
    if found.few:
        print(f"说到的不足 5：{'、'.join(found.few)}")


def accounts(settings: Settings, *, symptom: str, now: datetime, as_json: bool) -> None:
    """Public accounts that shape a topic.

    Raises:
        QueryError: no such symptom.
        StorageError: the records cannot be read.
    """
    codes = (symptom_code(symptom),) if symptom else ()
    window = Window(today=now.astimezone(BEIJING).date())
    since, until = (datetime.combine(day, time(), BEIJING) for day in (window.since, window.until))
    with open_records(settings) as records, records.reading() as session:
        found = public_accounts(session, symptoms=codes, since=since, until=until, least=LEAST)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for number, each in enumerate(found, 1):
        urls = " ".join(each.urls)
        print(f"{number} 号  {source_name(each.source)}  {each.posts} 帖，互动 {each.reach}  {urls}".rstrip())
    if not found:
        print("还没有写满 5 条的机构或专业账号。")


def own_accounts(settings: Settings, *, clinic: str, now: datetime, as_json: bool) -> None:
    """What a clinic's own accounts did.

    Raises:
        QueryError: no such clinic, or none at all.
        StorageError: the data folder, the index or the records cannot be read.
    """
    chosen = _clinic(settings, clinic)
    with storage.open_index(settings, create=False) as index, open_records(settings) as records:
        found = scoreboard.find(index, records, chosen, now=now)
    if as_json:
        print_json([found.to_json()])
        return
    for each in (found.all, *found.each):
        answered = "不足 5" if each.answered is None else str(each.answered)
        took = "" if each.hours is None else f"，中间用时 {each.hours:.1f} 小时"
        name = f"代号 {each.account}…" if each.account else "全部账号"
        print(f"{name}  发帖 {each.posts}，回帖 {each.answers}，回答的提及 {answered}{took}")


def _clinic(settings: Settings, name: str) -> Clinic:
    """Raises QueryError."""
    known = storage.known_clinics(settings)
    found = next((each for each in known if name in ("", each.id, each.name)), None)
    if found is None:
        raise QueryError(f"--clinic {name!r} 不可用：请写诊所的 id，或先加一家诊所。")
    return found


def _span(text: str) -> Span:
    """Raises QueryError."""
    for span in SPAN_DAYS:
        if text == span:
            return span
    raise QueryError(f"--span {text!r} 不认识：可用 {'、'.join(SPAN_DAYS)}。")
