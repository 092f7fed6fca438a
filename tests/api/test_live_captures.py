"""The live picture of real calls, moment by moment: captures of a real exchange are taken in as they came."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from crm_core.access import Actor
from crm_core.calls.live_queries import LiveCall, live_calls
from crm_core.db import Database
from crm_core.users.tables import Role
from tests.captured import played
from tests.database_fixtures import template
from tests.databases import fresh_sqlite
from tests.office import Office, at

__all__ = ["template"]

HEAD = Actor(99, Role.HEAD, "Head")


@pytest.fixture
async def office(template: Path, tmp_path: Path) -> AsyncIterator[Office]:
    opened = Database(fresh_sqlite(template, tmp_path))
    yield await Office.opened(opened)
    await opened.close()


async def seen(office: Office, capture: str) -> list[str]:
    """What the page told one after the other; a moment in which nothing is up is `nothing`."""
    pictures: list[str] = []
    for second, events in played(capture, office.exchange):
        await office.take(events)
        picture = await _picture(office, at(second))
        if picture != (pictures[-1] if pictures else "nothing"):
            pictures.append(picture)
    return pictures


async def _picture(office: Office, now: datetime) -> str:
    async with office.database.read() as connection:
        return " + ".join(_told(call) for call in await live_calls(connection, HEAD, now)) or "nothing"


def _told(call: LiveCall) -> str:
    held = " (held)" if call.line.state == "held" and call.talking else ""
    parties = ", ".join(f"{party.extension} {party.doing}" for party in call.parties)
    return " ".join(part for part in (parties + held, f"in {call.wait.where}" if call.wait else "") if part) or "?"


@pytest.mark.parametrize(("capture", "pictures"), [
    ("ring_group", ["in menu", "101 rings", "101 rings, 102 rings", "101 rings, 102 rings, 103 rings", "in menu", "102 talks",
                    "in menu", "nothing"]),
    ("queue_rr_three", ["in menu", "in queue", "101 rings in queue", "in queue", "102 rings in queue", "in queue",
                        "103 rings in queue", "103 talks", "in menu", "nothing"]),
    ("queue_timeout_voicemail", ["in menu", "in queue", "101 rings in queue", "101 rings, 102 rings in queue",
                                 "101 rings, 102 rings, 103 rings in queue", "in voicemail", "nothing"]),
    ("attended_transfer_dtmf", ["in menu", "101 rings", "in menu", "101 talks", "101 talks (held)", "101 consults (held)",
                                "101 consults, 103 rings (held)", "101 consults, 103 consults (held)", "103 talks", "in menu",
                                "nothing"]),
    ("attended_transfer_replaces", ["in menu", "101 rings", "in menu", "101 talks", "101 talks (held)",
                                    "101 talks (held) + 101 dials", "101 talks (held) + 101 dials, 103 rings",
                                    "101 talks (held) + 101 dials", "101 talks (held) + 103 talks, 101 talks", "103 talks",
                                    "in menu", "nothing"]),
    ("parking", ["in menu", "101 rings", "in menu", "101 talks", "in menu", "in parked", "in parked + 102 dials", "in menu",
                 "102 talks", "in menu", "nothing"]),
    ("conf_three", ["in menu", "101 rings", "101 talks", "in menu", "101 talks", "101 talks + 102 dials", "101 talks, 102 talks",
                    "in menu", "nothing"]),
    ("chain_blind", ["in menu", "101 rings", "in menu", "101 talks", "in menu", "102 rings", "in menu", "102 talks", "in menu",
                     "103 rings", "103 talks", "nothing"]),
    ("forward_local", ["in menu", "79161234567 rings", "in menu", "79161234567 talks", "in menu", "nothing"]),
    ("internal", ["101 dials", "101 dials, 102 rings", "101 dials", "102 talks, 101 talks", "?", "nothing"]),
])  # fmt: skip
async def test_the_picture_of_each_moment_is_true(office: Office, capture: str, pictures: list[str]) -> None:
    assert await seen(office, capture) == pictures


async def test_two_calls_on_one_phone_are_both_seen(office: Office) -> None:
    pictures = await seen(office, "call_waiting")

    assert pictures[3:5] == ["101 talks + 101 rings", "101 talks (held) + 101 rings"]
    assert "101 talks (held) + 101 talks" in pictures
