"""What the tracker tells, story by story."""

import pytest

from crm_core.calls.events import CallEnded, CallsJoined, CallState, Direction, Outcome, RingOutcome
from pbx import channel_events as told
from pbx.lines import LineKind, LineRule
from tests.pbx.phone_story import CUSTOMER, PhoneStory


def talking() -> PhoneStory:
    story = PhoneStory().at(0).arrives("a").at(1).rings("b", "101", by="a")
    return story.at(3).answers("b", by="a", bridge="B1")


def test_a_plain_call_is_told_as_it_goes() -> None:
    story = talking().at(9).leaves("a", "B1").leaves("b", "B1").hangs_up("a", "b")

    assert [name for name in story.names_told() if name != "CallChanged"] == [
        "CallStarted",
        "PartyRang",
        "PartyStopped",
        "CallAnswered",
        "CallEnded",
    ]
    call = story.the_call()
    assert (call.direction, call.caller, call.did) == (Direction.INBOUND, CUSTOMER, "74951112245")
    assert (call.outcome, call.wait_seconds, call.talk_seconds) == (Outcome.ANSWERED, 3.0, 6.0)
    assert not call.partial


def test_the_screen_knows_the_caller_at_his_first_ring() -> None:
    story = PhoneStory().arrives("a")

    (started,) = story.told
    assert (started.call.caller, started.call.did, started.call.state) == (CUSTOMER, "74951112245", CallState.ARRIVED)


def test_a_group_rings_together_and_stops_together() -> None:
    story = PhoneStory().arrives("a").rings("b", "101", by="a").rings("c", "102", by="a")
    story.at(2).answers("c", by="a", bridge="B1").ends_ringing("b", by="a", status="CANCEL", cause=26)

    outcomes = {ring.extension: ring.outcome for ring in story.the_call().rang}
    assert outcomes == {"101": RingOutcome.ANSWERED_ELSEWHERE, "102": RingOutcome.ANSWERED}
    assert story.names_told().count("PartyRang") == story.names_told().count("PartyStopped") == 2


@pytest.mark.parametrize(
    ("status", "cause", "rang", "ring", "outcome"),
    [
        ("BUSY", 17, False, RingOutcome.BUSY, Outcome.BUSY),
        ("BUSY", 17, True, RingOutcome.DECLINED, Outcome.MISSED),
        ("NOANSWER", 21, False, RingOutcome.DECLINED, Outcome.MISSED),
        ("NOANSWER", 0, True, RingOutcome.NO_ANSWER, Outcome.MISSED),
        ("NOANSWER", 0, False, RingOutcome.NO_ANSWER, Outcome.FAILED),
        ("CHANUNAVAIL", 20, False, RingOutcome.UNAVAILABLE, Outcome.FAILED),
        ("CONGESTION", 34, False, RingOutcome.UNAVAILABLE, Outcome.FAILED),
        ("NOANSWER", 1, False, RingOutcome.UNAVAILABLE, Outcome.FAILED),
    ],
)
def test_how_one_phone_ended_decides_how_the_call_did(
    status: str, cause: int, rang: bool, ring: RingOutcome, outcome: Outcome
) -> None:
    story = PhoneStory().arrives("a")
    story.tell(told.ChannelBorn(0.0, "b", "PJSIP/101-00000009", "a", "s", "101", "", came_in=False))
    story.tell(told.DialBegan(0.0, "b", "PJSIP/101-00000009", "a", "a", "PJSIP/trunk-00000000", "a", "101", rang))
    story.at(2).tell(told.DialEnded(2.0, "b", "PJSIP/101-00000009", "a", "a", "PJSIP/trunk-00000000", "a", status))
    story.tell(told.ChannelGone(2.0, "b", "PJSIP/101-00000009", "a", cause))
    story.at(5).tell(told.ChannelGone(5.0, "a", "PJSIP/trunk-00000000", "a", cause))

    call = story.the_call()
    assert [(r.extension, r.outcome) for r in call.rang] == [("101", ring)]
    assert call.outcome is outcome


def test_a_caller_who_gives_up_in_the_menu_abandons_the_call() -> None:
    story = PhoneStory().arrives("a").tell(told.ChannelUp(0.1, "a", "PJSIP/trunk-00000000", "a"))
    story.at(4).hangs_up("a")

    assert (story.the_call().outcome, story.the_call().wait_seconds) == (Outcome.ABANDONED, 4.0)


def test_a_number_that_is_not_ours_fails() -> None:
    story = PhoneStory().arrives("a").at(0.1).tell(told.ChannelGone(0.1, "a", "PJSIP/trunk-00000000", "a", 1))

    assert story.the_call().outcome is Outcome.FAILED


def test_the_older_call_keeps_its_id_when_two_are_joined() -> None:
    story = talking().at(5).calls("c", "101", "103").rings("d", "103", by="c").answers("d", by="c", bridge="B2")
    story.at(8).leaves("a", "B1").leaves("c", "B2")
    story.tell(told.BridgeJoined(8.0, "a", "PJSIP/trunk-00000000", "a", "B2", swap_uid="c")).hangs_up("c", "b")
    story.at(12).hangs_up("a", "d")

    call = story.the_call()
    assert call.linkedids == ("a", "c")
    assert [(t.extension, t.talk_seconds) for t in call.answered_by] == [("101", 5.0), ("103", 4.0)]
    joined = [change for change in story.told if isinstance(change, CallsJoined)]
    assert [change.absorbed for change in joined] == [("c",)]


def test_two_customers_who_meet_in_a_conference_keep_their_calls() -> None:
    story = PhoneStory().arrives("a").arrives("b", number="79265556677").calls("c", "101", "8000")
    for uid in ("a", "c", "b"):
        story.at(1).joins(uid, "ROOM", conference=True)
    story.at(5).hangs_up("a").hangs_up("b").hangs_up("c")

    assert sorted(call.caller or "" for call in story.calls_told() if call.direction is Direction.INBOUND) == [
        "79161112233",
        "79265556677",
    ]


def test_after_a_gap_calls_still_up_go_on_and_are_partial() -> None:
    story = talking().at(5).loses_contact().at(8)
    story.snapshot(story.seen("a", bridge="B1"), story.seen("b", bridge="B1"))
    story.at(12).hangs_up("a", "b")

    call = story.the_call()
    assert (call.outcome, call.talk_seconds, call.partial) == (Outcome.ANSWERED, 9.0, True)


def test_a_call_that_vanished_ends_at_the_last_moment_known() -> None:
    story = talking().at(5).loses_contact().at(60).snapshot()

    call = story.the_call()
    assert (call.ended_at, call.talk_seconds) == (pytest.approx(5.0, abs=0.01), pytest.approx(2.0, abs=0.01))
    assert call.partial
    assert isinstance(story.told[-1], CallEnded)
    assert story.tracker.open_calls() == []


def test_a_snapshot_that_lost_a_line_closes_nothing() -> None:
    story = talking().at(5).loses_contact().at(8)
    story.snapshot(story.seen("a", bridge="B1"), listed=2)

    assert [call.state for call in story.tracker.open_calls()] == [CallState.TALKING]


def test_a_call_found_in_a_snapshot_becomes_a_call() -> None:
    story = PhoneStory().at(100)
    customer = story.seen("a", "trunk", dnid="74951112245", caller_number=CUSTOMER, age=30.0, bridge="B1", application="Dial")
    person = story.seen("b", "101", "a", caller_number="101", age=28.0, bridge="B1", application="AppDial")
    story.snapshot(customer, person)

    (call,) = story.tracker.open_calls()
    assert (call.direction, call.caller, call.did, call.state) == (
        Direction.INBOUND,
        CUSTOMER,
        "74951112245",
        CallState.TALKING,
    )
    assert (call.started_at, call.partial) == (70.0, True)
    assert [talk.extension for talk in call.answered_by] == ["101"]


def test_what_the_records_tell_of_a_gap_mends_the_call() -> None:
    story = talking().at(5).loses_contact().at(60).snapshot()
    for event in (
        told.HangupAsked(7.0, "a", "", ""),
        told.ChannelGone(7.0, "b", "", "", 16),
        told.ChannelGone(7.0, "a", "", "", 16),
    ):
        story.told += story.tracker.feed(event, from_records=True)
    story.tell(told.GapFilled(60.0, 5.0))

    call = story.the_call()
    assert (call.ended_at, call.talk_seconds, call.partial, call.source.value) == (7.0, 4.0, False, "both")


def test_late_events_of_a_forgotten_call_open_no_new_one() -> None:
    story = talking().at(9).hangs_up("a", "b").at(100).arrives("z").hangs_up("z")
    story.tell(told.Held(100.0, "b", "PJSIP/101-00000001", "a")).tell(told.ChannelGone(100.0, "a", "", "", 16))

    assert [call.key for call in story.calls_told()] == ["z"]
    assert story.tracker.dropped > 0


def test_a_transferer_called_back_is_no_click_to_call() -> None:
    story = talking().at(5).tell(told.AttendedTransferred(5.0, "b", "PJSIP/101-00000001", "a", "b", "", "", ("a",)))
    story.leaves("b", "B1").tell(told.ChannelGone(5.0, "b", "", "", 16)).at(20).originates("r", "101")
    story.at(22).joins("r", "B1").at(25).hangs_up("a", "r")

    call = story.the_call()
    assert (call.direction, call.click_to_call) == (Direction.INBOUND, False)
    assert call.linkedids == ("a", "r")


def test_a_click_soon_after_a_transfer_that_was_taken_is_a_call_of_its_own() -> None:
    story = talking().at(4).rings("c", "102", by="a").at(5).answers("c", by="a", bridge="B1")
    story.tell(told.AttendedTransferred(6.0, "b", "PJSIP/101-00000001", "a", "b", "", "c", ("a",)))
    story.at(6).leaves("b", "B1").tell(told.ChannelGone(6.0, "b", "", "", 16)).at(20).originates("r", "101")

    inbound, clicked = story.at(25).hangs_up("r").hangs_up("a", "c").calls_told()

    assert (inbound.linkedids, clicked.linkedids, clicked.click_to_call) == (("a",), ("r",), True)


def test_an_originate_to_a_phone_that_is_not_there_is_no_call() -> None:
    """Asterisk makes no channel then, and tells of it by OriginateResponse alone."""
    story = PhoneStory().tell(told.OriginateAnswered(1.0, "firstring-1", "PJSIP/101", "", "79265556677"))

    assert story.calls_told() == []


def test_a_phone_off_the_rule_is_learned_from_the_queue() -> None:
    story = PhoneStory().arrives("a").rings("b", "anna", by="a")
    story.tell(told.MemberKnown(0.5, ("Local/9@agents/n", "PJSIP/anna"))).at(1).answers("b", by="a", bridge="B")
    story.at(4).hangs_up("a", "b")

    assert [talk.extension for talk in story.the_call().answered_by] == ["anna"]
    assert story.the_call().forwarded_to is None


@pytest.mark.parametrize(
    ("channel", "trunks", "extensions", "kind"),
    [
        ("PJSIP/101-0000000a", (), (), LineKind.PHONE),
        ("PJSIP/101-web-0000000a", (), (), LineKind.PHONE),
        ("SIP/beeline-msk-0000000a", (), (), LineKind.TRUNK),
        ("PJSIP/1234567-0000000a", (), (), LineKind.TRUNK),
        ("Local/101@agents-0000000a;1", ("PJSIP/*",), (), LineKind.MACHINERY),
        ("CBAnn/8000-00000000;1", (), (), LineKind.MACHINERY),
        ("PJSIP/77-0000000a", ("PJSIP/77-*",), (), LineKind.TRUNK),
        ("PJSIP/anna-0000000a", ("PJSIP/77-*",), (), LineKind.PHONE),
        ("PJSIP/anna-0000000a", (), ("PJSIP/1*",), LineKind.TRUNK),
        ("PJSIP/anna-0000000a", ("PJSIP/77-*",), ("PJSIP/an*",), LineKind.PHONE),
        ("PJSIP/mts-0000000a", ("PJSIP/77-*",), ("PJSIP/an*",), LineKind.TRUNK),
    ],
)
def test_lines_are_sorted_by_globs_then_by_the_naming_rule(
    channel: str, trunks: tuple[str, ...], extensions: tuple[str, ...], kind: LineKind
) -> None:
    assert LineRule(trunks, extensions).kind_of(channel) is kind


def test_a_transfer_made_while_the_colleague_still_rings_may_be_lost() -> None:
    story = talking().at(5).calls("c", "101", "103").rings("d", "103", by="c")
    story.at(7).tell(told.AttendedTransferred(7.0, "b", "PJSIP/101-00000001", "a", "c", "103", "", ("a", "c")))
    story.leaves("b", "B1").leaves("a", "B1").tell(told.ChannelGone(7.0, "b", "", "", 16))
    story.tell(told.ChannelGone(7.0, "c", "", "", 16)).at(20).ends_ringing("d", by="a", status="CANCEL").hangs_up("a")

    call = story.the_call()
    assert call.linkedids == ("a", "c")
    assert [(t.kind.value, t.from_extension, t.to, t.answered) for t in call.transfers] == [("attended", "101", "103", False)]
    assert (call.outcome, call.talk_seconds) == (Outcome.ANSWERED, 4.0)
    assert [(ring.extension, ring.outcome) for ring in call.rang][-1] == ("103", RingOutcome.CANCELLED)


def test_a_consultation_that_came_to_nothing_is_a_call_of_its_own() -> None:
    story = talking().at(5).calls("c", "101", "103").rings("d", "103", by="c").answers("d", by="c", bridge="B2")
    story.at(8).hangs_up("c", "d").at(12).hangs_up("a", "b")

    assert [(call.direction.value, call.talk_seconds) for call in story.calls_told()] == [("inbound", 9.0), ("internal", 3.0)]


def test_a_clock_set_back_makes_no_negative_time() -> None:
    story = talking().at(-3600).hangs_up("a", "b")

    call = story.the_call()
    assert call.ended_at is not None
    assert call.ended_at >= call.started_at
    assert min(call.wait_seconds, call.talk_seconds) >= 0


def test_a_parked_caller_found_in_a_snapshot_is_held_not_talking() -> None:
    story = PhoneStory().at(100)
    story.snapshot(story.seen("a", "trunk", dnid="74951112245", caller_number=CUSTOMER, bridge="LOT"))
    story.tell(told.ParkedSeen(100.0, "a", "PJSIP/trunk-00000000", "a")).at(101).calls("p", "102", "700").joins("p", "LOT")

    assert [call.answered_by for call in story.tracker.open_calls() if call.direction is Direction.INBOUND] == [()]


def test_a_driver_that_says_late_who_called_tells_no_outbound_call_first() -> None:
    story = PhoneStory().tell(told.ChannelBorn(0.0, "a", "SIP/trunk-00000000", "a", "74951112245", CUSTOMER, "", came_in=False))
    assert story.told == []

    story.tell(told.ChannelCameIn(0.0, "a", "SIP/trunk-00000000", "a"))

    (started,) = story.told
    assert (started.call.direction, started.call.caller) == (Direction.INBOUND, CUSTOMER)


def test_an_analogue_line_tells_late_who_calls() -> None:
    line = ("DAHDI/4-1", "a")
    born = told.ChannelBorn(0.0, "a", *line, "s", "", "", came_in=False)
    came_in = told.ChannelCameIn(0.4, "a", *line, CUSTOMER)

    for events in ([born, came_in], [came_in, born], [born, came_in, born]):
        assert [PhoneStory().tell(events[0]).tell(events[1]).tell(events[-1]).the_call().caller] == [CUSTOMER]


def test_who_hid_his_number_at_the_birth_is_told_by_what_came_with_the_call() -> None:
    story = PhoneStory().at(0).arrives("a", number="anonymous")
    story.tell(told.ChannelCameIn(0.4, "a", "PJSIP/trunk-00000000", "a", "101"))

    assert story.the_call().caller is None


def test_since_when_a_caller_stands_in_the_queue_is_told_while_he_stands_in_it() -> None:
    story = PhoneStory().at(0).arrives("a").at(2).tell(told.QueueJoined(2, "a", "", "a", "sales"))
    assert story.the_call().queued_at == 2

    story.at(5).rings("b", "101", by="a")
    assert story.the_call().queued_at == 2

    story.tell(told.QueueLeft(8, "a", "", "a", "sales")).at(8).answers("b", by="a", bridge="x")
    assert story.the_call().queued_at is None
    assert story.at(9).hangs_up("a", "b").the_call().queue == "sales"


def test_who_was_joined_and_let_go_within_one_moment_has_talked() -> None:
    story = PhoneStory().at(0).arrives("a").at(1).rings("b", "101", by="a").at(3).answers("b", by="a", bridge="x")

    call = story.leaves("a", "x").leaves("b", "x").hangs_up("a", "b").the_call()

    assert (call.outcome, [talk.extension for talk in call.answered_by], call.talk_seconds) == (Outcome.ANSWERED, ["101"], 0.0)


def test_one_who_declined_makes_no_other_decline() -> None:
    """Asterisk gives the cause of the first to those whose ringing it ends later."""
    story = PhoneStory().at(0).arrives("a").at(1).rings("b", "101", by="a").rings("c", "102", by="a")

    story.at(2).ends_ringing("c", by="a", status="NOANSWER", cause=21).at(5).tell(told.HangupAsked(5, "a", "", "a"))
    call = story.ends_ringing("b", by="a", status="CANCEL", cause=21).hangs_up("a").the_call()

    assert [(ring.extension, ring.outcome) for ring in call.rang] == [
        ("101", RingOutcome.CANCELLED),
        ("102", RingOutcome.DECLINED),
    ]


def test_a_call_is_forwarded_only_if_the_outside_number_took_it() -> None:
    story = PhoneStory().at(0).arrives("a").at(1).rings("m", "trunk", by="a", dials="79265556677@trunk")

    call = story.rings("b", "101", by="a").at(3).answers("b", by="a", bridge="x").the_call()

    assert (call.forwarded_to, [talk.extension for talk in call.answered_by]) == (None, ["101"])


def test_channels_of_one_moment_are_ordered_by_their_number() -> None:
    """9 comes before 10: by letters an internal call's second leg would look like its first."""
    story = PhoneStory().at(0).calls("1795304636.9", "101", to="102")
    story.rings("1795304636.10", "102", by="1795304636.9").answers("1795304636.10", by="1795304636.9", bridge="x")

    assert story.the_call().caller == "101"


def test_a_phone_named_like_a_queues_local_member_is_a_persons() -> None:
    lines = LineRule()
    assert lines.kind_of("PJSIP/anna-0000000a") is LineKind.TRUNK

    lines.learn_member("Local/anna@from-queue/n")

    assert lines.kind_of("PJSIP/anna-0000000a") is LineKind.PHONE


def test_a_blind_transfer_of_a_colleague_to_the_outside_makes_no_outbound_call() -> None:
    story = PhoneStory().at(0).calls("a", "101", to="102").rings("b", "102", by="a").at(1).answers("b", by="a", bridge="x")
    story.at(3).tell(told.BlindTransferred(3.0, "b", "PJSIP/102-00000001", "a", "a", "a", "79265556677"))
    story.leaves("b", "x").tell(told.ChannelGone(3.0, "b", "", "", 16)).leaves("a", "x")
    story.rings("m", "trunk", by="a", dials="79265556677@trunk").at(4).answers("m", by="a", bridge="y")

    call = story.at(6).hangs_up("a", "m").the_call()

    assert (call.direction, [talk.extension for talk in call.answered_by]) == (Direction.INTERNAL, ["102", "79265556677"])
