"""The taxpayer's number: what is one, and what only looks like one."""

import pytest

from crm_core.contacts.inn import inn_typed
from crm_core.errors import Invalid


@pytest.mark.parametrize(("typed", "kept"), [("7707083893", "7707083893"), ("77 0708 3893 ", "7707083893"),
                                             ("500100732259", "500100732259"), ("", None), (None, None)])  # fmt: skip
def test_an_inn_is_kept_as_its_digits(typed: str | None, kept: str | None) -> None:
    assert inn_typed(typed) == kept


@pytest.mark.parametrize("typed", ["7707083894", "500100732258", "500100732249", "770708389", "77070838931", "0000000000",
                                   "000000000000", "77O7083893", "٧٧٠٧٠٨٣٨٩٣", "7707083893'; --"])  # fmt: skip
def test_what_cannot_be_an_inn_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        inn_typed(typed)

    assert refused.value.facts == {"field": "inn"}
