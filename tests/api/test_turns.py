"""Calls are read from the journal by few at once: an open page for each tab must not keep everybody from every page."""

from contextlib import ExitStack

import pytest

from api.web.why.turns import MOST, MOST_OF_ONE, TooManyReadings, turn
from tests.api.heard import hear
from tests.api.world import House


async def test_who_opens_too_many_at_once_is_told_to_come_back(house: House) -> None:
    call = await hear(house.database, "inbound_answered")
    head = house.world.people["head"]
    async with house.client("head") as client:
        with ExitStack() as opened:
            for _ in range(MOST_OF_ONE):
                opened.enter_context(turn(head))
            refused = [
                (await client.get(f"/calls/{call}/why")).status_code,
                (await client.post(f"/calls/{call}/capture")).status_code,
            ]
        allowed = await client.get(f"/calls/{call}/why")

    assert refused == [429, 429]
    assert allowed.status_code == 200


def test_all_together_have_few_turns_and_each_is_given_back() -> None:
    with ExitStack() as opened:
        for person in range(MOST):
            opened.enter_context(turn(person))
        with pytest.raises(TooManyReadings), turn(MOST):
            pass
    with turn(MOST), pytest.raises(ValueError, match="while reading"), turn(MOST):
        raise ValueError("while reading")
    with turn(MOST), turn(MOST):
        pass
