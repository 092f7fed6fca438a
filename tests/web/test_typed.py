"""What people type, and what programs send in its place, read as values."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from api.web.ordering import stepped
from api.web.typed import amount_typed, chosen_id, day_typed, id_typed, number_typed
from crm_core.errors import Invalid
from crm_core.paging import LARGEST_ID

ENDLESS = "1" * 5000  # more digits than Python reads


@pytest.mark.parametrize(("read", "text", "value"), [
    (id_typed, "", None), (id_typed, "12", 12), (id_typed, str(LARGEST_ID), LARGEST_ID), (chosen_id, "7", 7),
    (day_typed, "", None), (day_typed, "2026-11-22", date(2026, 11, 22)),
    (amount_typed, "240 000,50 ₽", 24_000_050), (amount_typed, " ", None), (number_typed, "1 200,5", 1200.5),
])  # fmt: skip
def test_what_is_typed_is_read(read: Callable[[str], Any], text: str, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(("read", "text"), [
    (id_typed, "0"), (id_typed, "-1"), (id_typed, "x"), (id_typed, "٣"), (id_typed, str(LARGEST_ID + 1)), (id_typed, ENDLESS),
    (chosen_id, ""), (chosen_id, ENDLESS), (day_typed, "22.11.2026"), (day_typed, ENDLESS),
    (amount_typed, "-1"), (amount_typed, "NaN"), (amount_typed, ENDLESS), (number_typed, "1e400"), (number_typed, ENDLESS),
])  # fmt: skip
def test_what_cannot_be_is_refused_and_breaks_nothing(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(Invalid):
        read(text)


@pytest.mark.parametrize(("step", "order"), [
    ("", [3, 5, 7]), ("up:5", [5, 3, 7]), ("down:5", [3, 7, 5]), ("up:3", [3, 5, 7]), ("down:7", [3, 5, 7]), ("up:9", [3, 5, 7]),
    ("round:5", [3, 5, 7]), ("up:٥", [3, 5, 7]),
])  # fmt: skip
def test_a_row_goes_a_step_up_or_down(step: str, order: list[int]) -> None:
    assert stepped([3, 5, 7], step) == order
