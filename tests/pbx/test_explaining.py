"""Every figure of every call has a reason, and the intervals that a reason shows make up its figure exactly."""

import json

import pytest

from pbx.explaining.explanation import FIGURES, Explanation, explanation_json, figure_of
from pbx.explaining.ladder import BarKind, LaneRole
from tests.pbx.explained import CAPTURES, explained, sessions, told

SECONDS = ("wait_seconds", "talk_seconds", "hold_seconds", "answered_by.talk_seconds", "answered_by.consultation_seconds")
ALONE = [name for name in sessions() if (CAPTURES / name.replace(".ami", ".cel.csv")).is_file()]
EVERYTHING = [(name, False) for name in sessions()] + [(name, True) for name in ALONE]


def all_calls() -> list[Explanation]:
    return [one for name, alone in EVERYTHING for one in explained(name, records_alone=alone)]


@pytest.mark.parametrize(("name", "alone"), EVERYTHING)
def test_stretches_sum_up_to_the_figures_of_the_call(name: str, alone: bool) -> None:
    for one in explained(name, records_alone=alone):
        for reason in one.reasons:
            if reason.figure in SECONDS:
                assert round(sum(stretch.seconds for stretch in reason.stretches), 3) == reason.value, reason


@pytest.mark.parametrize(("name", "alone"), EVERYTHING)
def test_every_figure_of_the_call_has_one_reason_that_tells_its_value(name: str, alone: bool) -> None:
    for one in explained(name, records_alone=alone):
        call = told(one)
        for figure, value in call.items():
            items = range(len(value)) if isinstance(value, list) and value and figure != "linkedids" else [None]
            reasons = [reason for reason in one.reasons if reason.figure == figure]
            assert [reason.item for reason in reasons] == list(items), figure
            assert [reason.value for reason in reasons] == [figure_of(call, figure, item) for item in items]
        for part in ("talk_seconds", "consultation_seconds"):
            reasons = [reason for reason in one.reasons if reason.figure == f"answered_by.{part}"]
            assert [reason.value for reason in reasons] == [person[part] for person in call["answered_by"]]


def test_an_explanation_is_plain_data() -> None:
    for one in all_calls():
        again = json.loads(json.dumps(explanation_json(one)))

        assert again["call"] == told(one)
        assert {reason["figure"] for reason in again["reasons"]} <= set(FIGURES)
        assert {fact["uid"] for fact in again["ladder"]["facts"]} <= {"", *(lane["uid"] for lane in again["ladder"]["lanes"])}


def test_without_known_seconds_no_moment_is_told() -> None:
    one = explained("asterisk/blind_transfer.ami")[0]

    shown = explanation_json(one, clock_known=False, seconds_known=False)

    assert {fact["at"] for fact in shown["ladder"]["facts"]} == {None}
    assert shown["call"]["wait_seconds"] is None
    assert {reason["value"] for reason in shown["reasons"] if reason["figure"] in SECONDS} == {None}


def test_the_ladder_shows_each_persons_talk_on_his_own_lane() -> None:
    one = explained("asterisk/blind_transfer.ami")[0]
    who = {lane.uid: lane.who for lane in one.ladder.lanes}

    talks = [(who[bar.uid], round(bar.end - bar.start)) for bar in one.ladder.bars if bar.kind is BarKind.TALK]

    assert one.ladder.lanes[0].role is LaneRole.CUSTOMER
    assert talks == [(person["extension"], round(person["talk_seconds"])) for person in told(one)["answered_by"]]


def test_a_talk_through_both_halves_of_a_local_channel_names_them() -> None:
    one = explained("asterisk/queue_local_members.ami")[0]
    reason = one.of("answered_by.talk_seconds", 0)
    names = {lane.uid: lane.name for lane in one.ladder.lanes}

    through = {names[uid] for stretch in reason.stretches for uid in stretch.uids}

    assert {name[-2:] for name in through if name.startswith("Local/")} == {";1", ";2"}


def test_joined_linkedids_name_the_fact_that_joined_them() -> None:
    one = explained("asterisk/attended_transfer_replaces.ami")[0]
    reason = one.of("linkedids")

    assert reason.rule == "joined"
    assert {linkedid for joining in reason.facts["joinings"] for linkedid in joining[3:]} & set(told(one)["linkedids"][1:])
