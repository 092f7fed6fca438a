from datetime import UTC, datetime, timedelta

import pytest

from crm_core.calls.events import CallState
from transcribe.spans import holds_in, left_out

BEGAN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def second(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def test_the_menu_before_the_answer_is_left_out_up_to_just_before_it() -> None:
    assert left_out(BEGAN, 60.0, [(second(20), second(60))]) == [(0.0, 19.5)]


def test_waiting_between_two_colleagues_is_left_out() -> None:
    assert left_out(BEGAN, 60.0, [(second(0), second(20)), (second(35), None)]) == [(20.5, 34.5)]


def test_talks_that_overlap_leave_nothing_between_them() -> None:
    assert left_out(BEGAN, 60.0, [(second(0), second(40)), (second(10), second(60))]) == []


def test_a_moment_is_not_worth_a_cut() -> None:
    assert left_out(BEGAN, 60.0, [(second(1.5), second(59))]) == []


def test_hold_is_left_out() -> None:
    assert left_out(BEGAN, 60.0, [(second(0), None)], [(second(10), second(30)), (second(50), None)]) == [
        (10.5, 29.5),
        (50.5, 59.5),
    ]


def test_what_lies_outside_the_recording_does_not_count() -> None:
    assert left_out(BEGAN, 60.0, [(second(-5), second(70))], [(second(-30), second(-10)), (second(55), second(90))]) == [
        (55.5, 59.5)
    ]


@pytest.mark.parametrize(("began", "talks"), [(None, [(second(20), None)]), (BEGAN, [])])
def test_without_knowing_when_everything_is_heard(began: datetime | None, talks: list[tuple[datetime, None]]) -> None:
    assert left_out(began, 60.0, talks) == []


def test_a_hold_ends_with_talk_transfer_or_the_call() -> None:
    told = [
        (second(5), CallState.HELD), (second(8), CallState.HELD), (second(12), CallState.TALKING),
        (second(20), CallState.HELD), (second(25), None), (second(40), CallState.HELD),
    ]  # fmt: skip

    assert holds_in(told) == [(second(5), second(12)), (second(20), second(25)), (second(40), None)]
