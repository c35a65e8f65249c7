"""A turn of the second reader: what is asked, kept, and put down, and what it never touches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from leads.config import ReaderSettings, Settings
from leads.index.sqlite.index import SqliteIndex
from leads.models import CaseMark, Lead, LeadQuery
from leads.reader.question import question
from leads.reader.second_reader import PER_TURN, RECENT, SecondReader, Turn, own_reading
from leads.reader.standing import standing
from leads.records import Records, erasures, feedback, open_records, readings
from leads.records.readings import DailyBudget
from leads.scoring.agreement import LEAST, is_control
from nlp.models import IntentLabel
from tests.support.builders import NOW, lead
from tests.support.chat_service import MODEL, ChatService, chat_service, completion, failure
from tests.support.doubts import doubtful
from tests.support.stand_ins import hang


@dataclass
class World:
    """Records, an index, a service, and a clock that the test moves."""

    records: Records
    index: SqliteIndex
    service: ChatService
    settings: ReaderSettings
    now = NOW

    def turn(self, **changes: object) -> Turn:
        return self.reader(**changes).turn()

    def reader(self, **changes: object) -> SecondReader:
        settings = self.settings.model_copy(update=changes)
        whole = Settings(reader=settings)
        return SecondReader(whole, self.records, self.index, clock=lambda: self.now)

    def said(self, found: Lead) -> str:
        """What is kept of a lead's reading; "" for nothing."""
        key = question(found.post.full_text).key
        with self.records.reading() as session:
            row = readings.known(session, MODEL, [key]).get(key)
        return row.intent if row else ""

    def get(self, number: int) -> Lead:
        found = self.index.get(f"forum/{number}")
        assert found is not None
        return found

    def knows(self, leads: list[Lead], intent: IntentLabel) -> None:
        """These were read some days ago."""
        then = self.now - timedelta(days=3)
        budget = DailyBudget(requests=1000, characters=1_000_000)
        with self.records.transaction() as session:
            for each in leads:
                key = question(each.post.full_text).key
                readings.reserve(
                    session, key, model=MODEL, post_id=each.id, characters=1, budget=budget, now=then
                )
                readings.keep(session, key, model=MODEL, intent=intent, now=then)

    def judge(self, leads: list[Lead], meant: Callable[[Lead], str]) -> None:
        with self.records.transaction() as session:
            for each in leads:
                feedback.judge(session, each, meant(each), who="lin", now=self.now)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with (
        chat_service() as service,
        SqliteIndex(tmp_path / "leads.sqlite") as index,
        open_records(Settings(data_dir=tmp_path)) as records,
    ):
        yield World(records, index, service, service.settings())


def advert_or_need(post: str) -> object:
    return {"intent": "advert" if "优惠" in post else "seeker"}


def many(count: int, words: str, start: int) -> list[Lead]:
    """Doubtful leads that are not kept apart for measuring."""
    made = (doubtful(start + number, f"{start + number}号{words}") for number in range(10 * count))
    return [each for each in made if not is_control(question(each.post.full_text).key)][:count]


def trusted(world: World) -> None:
    """Judgements enough: the model has 60 of 110 right, the second reader all. Their leads are gone again."""
    seekers, adverts = many(60, "牙疼得睡不着怎么办", 10_000), many(50, "洗牙优惠到店", 20_000)
    world.judge(seekers, lambda each: "seeker")
    world.judge(adverts, lambda each: "advert")
    world.service.say = advert_or_need
    world.knows(seekers, "seeker")
    world.knows(adverts, "advert")


# --- asking


def test_only_doubtful_leads_are_asked_about_the_newest_first(world: World) -> None:
    world.index.upsert(
        [
            doubtful(1, "一号牙疼", hours=3),
            lead(2, "二号牙疼，求推荐"),  # the model is sure
            doubtful(3, "三号牙疼", hours=1),
            doubtful(4, "四号牙疼", hours=RECENT.total_seconds() / 3600 + 1),  # not worth it any more
        ]
    )
    assert world.turn() == Turn(asked=2, answered=2)
    assert world.service.posts == ["三号牙疼", "一号牙疼"]
    assert world.said(world.get(3)) == "seeker"


def test_what_was_read_once_is_not_asked_again_also_under_another_id(world: World) -> None:
    world.index.upsert([doubtful(1, "同一段话，牙疼")])
    world.turn()
    world.index.upsert([doubtful(2, "同一段话，牙疼")])
    assert world.turn().asked == 0
    assert len(world.service.posts) == 1


def test_judged_posts_come_first_to_be_measured_by(world: World) -> None:
    old = doubtful(1, "判断过的旧帖，牙疼", hours=24 * 30)
    world.judge([old], lambda each: "seeker")
    world.index.upsert([doubtful(2, "新帖牙疼")])
    world.turn()
    assert world.service.posts == ["判断过的旧帖，牙疼", "新帖牙疼"]


def test_a_turn_asks_so_many_and_ends_when_told_to(world: World) -> None:
    world.index.upsert([doubtful(number, f"{number}号牙疼") for number in range(PER_TURN + 5)])
    told = iter([False, False, True])
    assert world.reader().turn(stop=lambda: next(told)).asked == 2
    assert world.turn().asked == PER_TURN
    assert world.turn().asked == 3


def test_off_means_nobody_is_asked(world: World) -> None:
    world.index.upsert([doubtful(1, "牙疼")])
    assert world.turn(url="") == Turn()
    assert world.turn(model="") == Turn()
    assert SecondReader(Settings(), world.records, world.index, clock=lambda: NOW).turn() == Turn()
    assert world.service.posts == []


def test_the_days_budget_holds_over_turns(world: World) -> None:
    world.index.upsert([doubtful(number, f"{number}号牙疼") for number in range(10)])
    assert [world.turn(requests_per_day=7).asked for _ in range(3)] == [7, 0, 0]
    world.now += timedelta(days=1)
    assert world.turn(requests_per_day=7).asked == 3
    size = question("0号牙疼").characters
    world.index.upsert([doubtful(number, f"{number}号牙疼") for number in range(20, 30)])
    world.now += timedelta(days=1)
    assert world.turn(characters_per_day=5 * size).asked == 4  # two-digit numbers are a character longer


# --- troubles: the model's own reading stays


def test_an_unusable_answer_leaves_the_lead_as_it_is_and_others_are_asked(world: World) -> None:
    world.index.upsert([doubtful(1, "一号牙疼"), doubtful(2, "二号牙疼", hours=2)])
    before = world.get(1)
    world.service.say = lambda post: completion("不知道") if "一号" in post else {"intent": "seeker"}
    assert world.turn() == Turn(asked=2, answered=1)
    assert world.get(1) == before
    assert (world.said(world.get(1)), world.said(world.get(2))) == ("", "seeker")
    for _ in range(5):
        world.now += timedelta(hours=1)
        world.turn()
    assert world.service.posts.count("一号牙疼") == 3  # then it is given up


@pytest.mark.parametrize("status", [429, 500, 503, 401])
def test_a_service_in_trouble_is_left_alone_and_asked_again_later(world: World, status: int) -> None:
    world.index.upsert([doubtful(number, f"{number}号牙疼") for number in range(5)])
    world.service.say = lambda post: failure(status)
    assert world.turn() == Turn(asked=1)
    assert world.turn() == Turn()
    world.now += timedelta(hours=2)
    world.service.say = lambda post: {"intent": "seeker"}
    assert world.turn() == Turn(asked=5, answered=5)


def test_a_pause_asked_for_is_kept(world: World) -> None:
    world.index.upsert([doubtful(1, "一号牙疼")])
    world.service.say = lambda post: failure(429, Retry_After="7200")
    world.turn()
    world.now += timedelta(minutes=119)
    assert world.turn().asked == 0
    said = str(standing(world.settings, world.records, now=world.now))
    assert "现在停着，14:00 再问：它说问得太多了。" in said
    world.now += timedelta(minutes=1)
    assert world.turn().asked == 1


def test_a_service_that_never_answers_costs_one_post_its_time(world: World) -> None:
    world.index.upsert([doubtful(number, f"{number}号牙疼") for number in range(3)])
    world.service.wire.reply = hang(world.service.wire)
    assert world.turn(timeout=0.2) == Turn(asked=1)
    assert world.index.count(LeadQuery()) == 3


# --- deciding


def test_before_it_is_measured_it_changes_nothing(world: World) -> None:
    world.index.upsert([doubtful(1, "一号洗牙优惠")])
    before = world.get(1)
    world.service.say = advert_or_need
    assert world.turn() == Turn(asked=1, answered=1)
    assert world.get(1) == before
    assert world.said(before) == "advert"


def test_once_it_is_surely_better_what_it_denies_goes_down(world: World) -> None:
    trusted(world)
    advert, need = many(1, "洗牙优惠", 100)[0], many(1, "牙疼求推荐", 300)[0]
    world.index.upsert([replace(advert, need=0.9), need])
    assert world.turn() == Turn(asked=2, answered=2, put_down=1)
    found = world.get(int(advert.post.post_id))
    assert found.tags.intent_label == "advert"
    assert found.tags.intent == advert.tags.intent  # the model's own reading is still there
    assert found.need < 0.1
    assert found.reasons[0].text == "第二读者认为是广告"
    assert world.get(int(need.post.post_id)) == need
    assert world.turn() == Turn()  # and nothing more to do


def test_what_people_say_outweighs_it(world: World) -> None:
    trusted(world)
    advert, other = many(2, "洗牙优惠", 100)
    world.index.upsert([advert, other])
    world.judge([advert], lambda each: "seeker")
    assert world.turn().put_down == 1
    assert world.get(int(advert.post.post_id)) == advert
    world.judge([other], lambda each: "seeker")
    assert world.turn().taken_back == 1
    assert world.get(int(other.post.post_id)).tags.intent_label == "seeker"


def test_some_leads_are_kept_apart_to_go_on_measuring(world: World) -> None:
    trusted(world)
    made = [doubtful(number, f"{number}号洗牙优惠") for number in range(100, 200)]
    apart = next(each for each in made if is_control(question(each.post.full_text).key))
    world.index.upsert([apart])
    assert world.turn() == Turn(asked=1, answered=1)
    assert world.get(int(apart.post.post_id)) == apart


@pytest.mark.parametrize("how", ["off", "another model", "worse"])
def test_leads_get_the_models_own_reading_again_when_it_may_no_longer_decide(world: World, how: str) -> None:
    trusted(world)
    (advert,) = many(1, "洗牙优惠", 100)
    world.index.upsert([advert])
    world.turn()
    assert world.get(int(advert.post.post_id)).tags.intent_label == "advert"
    if how == "worse":
        wronged = many(70, "其实真要看牙优惠吗", 30_000)
        world.judge(wronged, lambda each: "seeker")
        world.knows(wronged, "advert")
        turns = [world.turn()]
    else:
        changed = {"url": ""} if how == "off" else {"model": "another"}
        turns = [world.turn(**changed)]
    assert sum(turn.taken_back for turn in turns) == 1
    found = world.get(int(advert.post.post_id))
    assert (found.tags, found.need, found.reasons) == (
        advert.tags, own_reading(found).need, own_reading(found).reasons,
    )  # fmt: skip
    assert not any(reason.kind == "reader" for reason in found.reasons)


def test_case_and_assignee_stay_when_a_lead_goes_down(world: World) -> None:
    trusted(world)
    (advert,) = many(1, "洗牙优惠", 100)
    world.index.upsert([advert])
    world.index.set_case([CaseMark(lead_id=advert.id, status="seen", assignee="lin")])
    world.turn()
    found = world.get(int(advert.post.post_id))
    assert (found.status, found.assignee, found.tags.intent_label) == ("seen", "lin", "advert")


def test_a_post_that_is_erased_while_it_is_read_does_not_come_back(world: World) -> None:
    trusted(world)
    (advert,) = many(1, "洗牙优惠", 100)
    world.index.upsert([advert])

    def erase_and_say(post: str) -> object:
        with world.records.transaction() as session:
            erasures.bury(session, "post", advert.id, who="lin", now=NOW)
            erasures.clean(session, [advert.id])
        world.index.delete([advert.id])
        return {"intent": "advert"}

    world.service.say = erase_and_say
    assert world.turn() == Turn(asked=1, answered=1)
    assert world.index.get(advert.id) is None
    assert world.said(advert) == ""


# --- how it stands


def test_how_it_stands_is_said_in_sentences(world: World) -> None:
    assert "没有打开" in str(standing(ReaderSettings(), world.records, now=NOW))
    assert "还没有可比的判断，要 100 条" in str(standing(world.settings, world.records, now=NOW))
    world.judge(many(3, "牙疼", 1), lambda each: "seeker")
    world.turn()
    said = str(standing(world.settings, world.records, now=NOW))
    assert said.startswith(f"第二读者 {MODEL}（127.0.0.1:")
    assert "今天问了 3 次（上限 200 次" not in said
    assert "今天问了 3 次（上限 200）" in said
    assert f"可比的判断 3 条，它对 100%（至少 44%），模型自己对 100%，还差 {LEAST - 3} 条" in said


def test_how_it_stands_says_when_it_decides(world: World) -> None:
    trusted(world)
    said = str(standing(world.settings, world.records, now=NOW))
    assert "可比的判断 110 条，它对 100%（至少 97%），模型自己对 55%，它认为不是线索的会排后" in said
