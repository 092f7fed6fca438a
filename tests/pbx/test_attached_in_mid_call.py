"""Whoever attaches in mid-call sees who waits where since when, who is parked and who talks; a restart is noticed."""

from crm_core.calls.events import CallState, Outcome
from pbx import channel_events as told
from tests.pbx.phone_story import CUSTOMER, PhoneStory

OTHER = "79265556677"


def attached(story: PhoneStory, at: float = 100.0) -> PhoneStory:
    """To an exchange on which one waits, one is parked and one talks."""
    story.at(at)
    trunk = {"dnid": "74951112245"}
    seen = [
        story.seen("w", "trunk", caller_number=CUSTOMER, age=60.0, application="Queue", **trunk),
        story.seen("p", "trunk", caller_number=OTHER, age=50.0, bridge="P", application="Dial", **trunk),
        story.seen("t", "trunk", caller_number="79031112233", age=40.0, bridge="B", application="Queue", queue="sales", **trunk),
        story.seen("a", "101", "t", age=30.0, bridge="B", application="AppQueue"),
    ]
    story.tell(told.BridgeSeen(at, "P", True, False)).tell(told.BridgeSeen(at, "B", False, False)).snapshot(*seen)
    return story.tell(told.QueueSeen(at, "w", *story._names["w"], "sales", at - 55.0))


def test_the_picture_is_whole_at_once() -> None:
    waiting, parked, talking = attached(PhoneStory()).tracker.open_calls()

    assert (waiting.caller, waiting.queue, waiting.queued_at, waiting.state) == (CUSTOMER, "sales", 45.0, CallState.ARRIVED)
    assert (parked.caller, parked.talk_seconds, parked.queue) == (OTHER, 0.0, None)
    assert (talking.state, talking.queue, talking.queued_at) == (CallState.TALKING, "sales", None)
    assert [talk.extension for talk in talking.answered_by] == ["101"]


def test_who_waits_is_told_once_however_often_he_is_listed() -> None:
    story = attached(PhoneStory())
    changes = len(story.told)

    for second in (400.0, 700.0):
        story.at(second).tell(told.QueueSeen(second, "w", *story._names["w"], "sales", 44.0))

    assert len(story.told) == changes
    assert story.tracker.open_calls()[0].queued_at == 45.0


def test_who_left_the_queue_and_came_back_unheard_waits_since_then() -> None:
    story = PhoneStory().arrives("w")
    name = story._names["w"]
    story.tell(told.QueueJoined(1.0, "w", *name, "sales")).tell(told.QueueLeft(10.0, "w", *name, "sales"))

    story.tell(told.QueueSeen(60.0, "w", *name, "sales", 40.0))

    assert story.the_call().queued_at == 40.0


def test_a_waiting_caller_who_is_not_up_any_more_makes_no_call() -> None:
    story = PhoneStory()

    story.tell(told.QueueSeen(60.0, "gone", "PJSIP/trunk-00000001", "gone", "sales", 40.0))

    assert story.calls_told() == []


def test_strangers_in_a_conference_that_is_only_listed_stay_two_calls() -> None:
    story = PhoneStory().at(50)
    first = story.seen("a", "trunk", caller_number=CUSTOMER, bridge="C", dnid="74951112245")
    second = story.seen("b", "trunk", caller_number=OTHER, bridge="C", dnid="74951112245")

    story.tell(told.BridgeSeen(50.0, "C", False, True)).snapshot(first, second)

    assert len(story.calls_told()) == 2


def test_a_restart_ends_what_was_up_and_gives_its_ids_free_whatever_the_clock_says() -> None:
    story = PhoneStory().tell(told.ExchangeStarted(0.0, "2026-11-22 05:00:00"))
    story.at(1).arrives("x").at(2).rings("y", "101", by="x").at(3).answers("y", by="x", bridge="B")

    story.at(10).loses_contact().at(4).tell(told.ExchangeStarted(4.0, "2026-11-22 05:00:09")).arrives("x", number=OTHER)
    story.at(6).hangs_up("x")

    last = {event.call.key: event.call for event in story.told}
    old, new = last["x"], last["x~4"]
    assert (old.outcome, old.partial, old.caller, old.talk_seconds) == (Outcome.ANSWERED, True, CUSTOMER, 7.0)
    assert (new.outcome, new.partial, new.caller, new.wait_seconds) == (Outcome.ABANDONED, False, OTHER, 2.0)


def test_calls_of_after_the_restart_that_records_told_first_go_on() -> None:
    story = PhoneStory().tell(told.ExchangeStarted(0.0, "then")).arrives("old").at(5).loses_contact()
    born = told.ChannelBorn(7.0, "new", "PJSIP/trunk-00000000", "new", "74951112245", OTHER, "", True)
    story.told += story.tracker.feed(born, from_records=True)
    story.tell(told.GapFilled(7.5, 5.0))

    story.at(8).tell(told.ExchangeStarted(8.0, "now")).snapshot(story.seen("new", "trunk", age=1.0, caller_number=OTHER))
    story.at(9).hangs_up("new")

    last = {event.call.key: event.call for event in story.told}
    assert {key: (call.ended_at, call.partial) for key, call in last.items()} == {"old": (5.001, True), "new": (9.0, False)}


def test_the_same_start_told_again_ends_nothing() -> None:
    story = PhoneStory().tell(told.ExchangeStarted(0.0, "then")).arrives("x")

    story.at(5).loses_contact().at(9).tell(told.ExchangeStarted(9.0, "then"))

    assert story.the_call().ended_at is None
