from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.transcripts.speech import Side
from tests.transcribe.sound import tone
from transcribe.engine import SAMPLE_RATE
from transcribe.windows import lay, padded, strip_of

S = SAMPLE_RATE


def test_short_pieces_share_one_window() -> None:
    pieces = padded([(1 * S, 2 * S), (10 * S, 12 * S), (50 * S, 51 * S)], 60 * S)

    (window,) = lay(Side.CUSTOMER, pieces)

    assert window.length / S == pytest.approx(4.0 + 6 * 0.3)


def test_a_window_is_never_longer_than_the_model_hears() -> None:
    windows = lay(Side.MANAGER, padded([(n * 10 * S, n * 10 * S + 9 * S) for n in range(10)], 100 * S))

    assert len(windows) == 4
    assert all(window.length <= 29 * S for window in windows)


@given(st.lists(st.integers(1, 40_000), min_size=2, max_size=30).map(lambda steps: np.cumsum(steps).tolist()))
def test_padding_never_takes_a_sample_twice(edges: list[int]) -> None:
    speech = [(edges[n], edges[n + 1]) for n in range(0, len(edges) - 1, 2)]
    pieces = padded(speech, edges[-1] + 1000)

    assert all(piece.start <= piece.spoken_from <= piece.spoken_to <= piece.end for piece in pieces)
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert pieces[0].start >= 0
    assert pieces[-1].end <= edges[-1] + 1000


def test_a_word_goes_back_to_where_it_was_said() -> None:
    (window,) = lay(Side.CUSTOMER, padded([(1 * S, 2 * S), (10 * S, 12 * S)], 20 * S))
    first_piece = 1.6

    assert window.in_recording(0.5, 0.8) == pytest.approx((1.2, 1.5))
    assert window.in_recording(first_piece + 0.5, first_piece + 0.9) == pytest.approx((10.2, 10.6))


def test_a_word_stretched_over_silence_is_cut_to_the_speech_it_covers_most() -> None:
    (window,) = lay(Side.CUSTOMER, padded([(1 * S, 2 * S), (10 * S, 12 * S)], 20 * S))

    start, end = window.in_recording(1.2, 2.4)

    assert start == pytest.approx(9.9)
    assert end == pytest.approx(10.5)


def test_a_word_beyond_the_last_piece_stays_within_it() -> None:
    (window,) = lay(Side.CUSTOMER, padded([(1 * S, 2 * S)], 3 * S))

    start, end = window.in_recording(5.0, 6.0)

    assert start == end == pytest.approx(2.1)


def test_the_strip_holds_every_window_behind_the_other() -> None:
    sides = {Side.CUSTOMER: tone(10.0), Side.MANAGER: tone(10.0, 0.5)}
    windows = [*lay(Side.CUSTOMER, padded([(S, 3 * S)], 10 * S)), *lay(Side.MANAGER, padded([(5 * S, 6 * S)], 10 * S))]

    strip, places = strip_of(windows, sides)

    assert places == [pytest.approx((0.0, 2.6)), pytest.approx((2.6, 4.2))]
    assert np.array_equal(strip[: windows[0].length], windows[0].samples(sides[Side.CUSTOMER]))
