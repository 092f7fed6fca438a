"""Which calls the tracker still knows: ids come again, and thousands of calls end."""

from math import inf

from crm_core.calls.events import CallEnded
from pbx import channel_events as told
from pbx.call_tracker import CallTracker
from pbx.lines import LineRule
from tests.pbx.phone_story import CUSTOMER, PhoneStory


def test_ids_given_out_again_after_a_restart_are_another_call() -> None:
    tracker = CallTracker("default", LineRule(), "RU", remember=1e9)
    PhoneStory(tracker).at(0).arrives("a").at(2).hangs_up("a")

    PhoneStory(tracker).at(3600).arrives("a", number="79265556677").at(3602).hangs_up("a")

    first, second = tracker.all_calls()
    assert (first.key, first.caller, second.caller) == ("a", CUSTOMER, "79265556677")
    assert second.key != "a"
    assert [story.started_at for story in tracker.stories()] == [0, 3600]


def test_who_reads_to_the_end_is_told_every_call_and_a_listener_keeps_the_last_thousands() -> None:
    read, listens = CallTracker("default", LineRule(), "RU", remember=inf), CallTracker("default", LineRule(), "RU")
    for number in range(5_100):
        on = (f"{number}", "PJSIP/trunk-00000000", f"{number}")
        born = told.ChannelBorn(number / 1000, *on, "74951112245", CUSTOMER, "", came_in=True)
        for tracker in (read, listens):
            tracker.feed_all([born, told.ChannelGone(number / 1000, *on, 16)])

    assert len(read.all_calls()) == 5_100
    assert 4_900 < listens.remembered() <= 5_000


def test_both_calls_of_one_id_are_told_once_also_within_one_batch_and_then_forgotten() -> None:
    def lives(at: float, uid: str, number: str) -> list[told.ChannelEvent]:
        on = (uid, "PJSIP/trunk-00000000", uid)
        return [
            told.ChannelBorn(at, *on, "74951112245", number, "", came_in=True),
            told.ChannelUp(at + 1, *on),
            told.ChannelGone(at + 2, *on, 16),
        ]

    for apart in (False, True):
        tracker = CallTracker("default", LineRule(), "RU")
        events = [*lives(0, "a", CUSTOMER), *lives(10, "a", "79265556677")]
        changes = [c for event in events for c in tracker.feed(event)] if apart else tracker.feed_all(events)

        assert [c.call.caller for c in changes if isinstance(c, CallEnded)] == [CUSTOMER, "79265556677"]
        assert [call.caller for call in tracker.all_calls()] == [CUSTOMER, "79265556677"]

        tracker.feed_all(lives(100, "z", CUSTOMER))
        assert [call.key for call in tracker.all_calls()] == ["z"]
