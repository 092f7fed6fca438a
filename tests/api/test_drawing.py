"""The ladder as it is drawn: the axis of a call of any length."""

import pytest

from api.web.why.drawing import MOST_TICKS, Scale
from pbx.explaining.ladder import Ladder


@pytest.mark.parametrize("seconds", [0.0, 0.4, 7.0, 3_600.0, 86_400.0, 400 * 86_400.0, 5e9])
def test_an_axis_has_few_ticks_however_long_a_call_is(seconds: float) -> None:
    """An exchange that tells of a channel of years would fill the page with them."""
    ticks = list(Scale(Ladder((), (), (), 1_795_300_000.0, 1_795_300_000.0 + seconds)).ticks())

    assert 1 <= len(ticks) <= MOST_TICKS + 1
    assert len({left for left, _ in ticks}) == len(ticks)
