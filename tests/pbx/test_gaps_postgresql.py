"""What fills gaps on SQLite fills them on PostgreSQL: the captures whose calls a gap can change in most ways."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.db import Database
from tests.database_fixtures import postgres
from tests.databases import PostgresServer
from tests.pbx.capture_exchange import told_calls
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import Capture, capture
from tests.pbx.test_gaps import played_with_gaps

__all__ = ["postgres"]

SCENARIOS = ["inbound_answered", "queue_local_members", "attended_transfer_replaces", "parking", "gap_whole", "ring_group_missed"]


@pytest.fixture
def url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.lent() as lent:
        yield lent


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_what_was_lost_is_told_from_the_records(scenario: str, url: str, tmp_path: Path) -> None:
    given = capture(scenario)
    database = Database(url)
    try:
        exchange = await played_with_gaps(given, scenario, random.Random(scenario), True, database, tmp_path)
        told = await told_calls(database)
    finally:
        await database.close()

    assert problems(Capture([], None, {**given.truth, "gaps_s": [[0, 0]]}), told) == [], exchange.cuts
    assert not [call for call in told if call["partial"]], exchange.cuts
