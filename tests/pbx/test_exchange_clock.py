"""Clocks that are right, wrong by hours, and mad."""

import pytest

from pbx.exchange_clock import ExchangeClock

NOW = 1_795_300_000.0


def test_a_header_is_believed_while_it_is_near() -> None:
    clock = ExchangeClock()

    assert [clock.at(NOW - ahead, NOW) for ahead in (0.0, -3.0, 300.0)] == [NOW, NOW + 3.0, NOW - 300.0]
    assert clock.records_ahead == 0.0


@pytest.mark.parametrize("wrong", [3 * 3600.0, -3 * 3600.0, 86_400.0 * 365])
def test_a_clock_wrong_by_hours_keeps_its_spacing_on_our_time(wrong: float) -> None:
    clock = ExchangeClock()

    times = [clock.at(NOW + second + wrong, NOW + second + 0.02) for second in (0.0, 1.25, 10.5)]

    assert [round(at - times[0], 6) for at in times] == [0.0, 1.25, 10.5]
    assert times[0] == pytest.approx(NOW, abs=0.1)
    assert clock.records_ahead == pytest.approx(wrong, abs=0.1)


@pytest.mark.parametrize("mad", [0.0, 4_294_967_295.0])
def test_a_header_alone_in_what_it_says_counts_as_received(mad: float) -> None:
    clock = ExchangeClock()
    clock.at(NOW, NOW)

    assert clock.at(mad, NOW + 1.0) == NOW + 1.0
    assert clock.at(NOW + 2.0, NOW + 2.1) == NOW + 2.0


def test_a_step_of_hours_in_mid_call_takes_nothing_from_it_and_adds_nothing() -> None:
    clock = ExchangeClock()
    began = clock.at(NOW, NOW)

    after = clock.at(NOW + 10.0 - 7200.0, NOW + 10.0)
    later = clock.at(NOW + 20.0 - 7200.0, NOW + 20.0)

    assert [after - began, later - began] == [10.0, 20.0]


@pytest.mark.parametrize("wrong", [0.0, 3 * 3600.0])
@pytest.mark.parametrize("step", [3600.0, -3600.0, -120.0])
def test_a_step_of_our_own_clock_takes_nothing_from_a_call_and_adds_nothing(step: float, wrong: float) -> None:
    clock = ExchangeClock()
    began = clock.at(NOW + wrong, NOW)

    after = clock.at(NOW + 10.0 + wrong, NOW + 10.0 + step)
    answer = clock.at(None, NOW + 11.0 + step)
    right_again = clock.at(NOW + 20.0 + wrong, NOW + 20.0)

    assert [after - began, answer - began, right_again - began] == [10.0, 11.0, 20.0]


def test_pings_tell_the_time_where_events_do_not() -> None:
    clock, silent = ExchangeClock(), ExchangeClock()

    clock.note_ping(NOW + 7.0, NOW)

    assert [clock.at(None, NOW), clock.records_ahead, silent.records_ahead] == [NOW, 7.0, None]
