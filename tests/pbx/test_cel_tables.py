"""CEL in a table tells what CEL in a file tells: every capture, and gaps of a listener filled from real databases."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crm_core.calls.tables import gaps
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import RecordSources, SqlKind
from pbx.gap_reading import GapRules
from pbx.records import troubles
from pbx.records.cel_log import Window
from pbx.records.cel_window import table_window
from pbx.replay import replay
from tests.databases import PostgresServer
from tests.pbx.capture_exchange import CaptureExchange, Played, time_of, told_calls
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import CAPTURES, Capture, capture, scenarios
from tests.pbx.cel_tables import ZONE, make_table, rows_of
from tests.pbx.listening import Desk, database, template
from tests.pbx.test_gaps import played_with_gaps
from tests.record_databases import MariaServer, RecordsDatabase, fresh_postgres, maria, postgres_of_records, requires_mariadb

__all__ = ["database", "maria", "postgres_of_records", "requires_mariadb", "template"]

SCENARIOS = ["inbound_answered", "queue_local_members", "attended_transfer_replaces", "parking", "gap_whole", "ring_group_missed"]
KINDS = [SqlKind.MYSQL, SqlKind.POSTGRESQL]


@pytest.fixture(params=KINDS)
def records(request: pytest.FixtureRequest) -> RecordsDatabase:
    """A database without tables."""
    if request.param is SqlKind.MYSQL:
        server: MariaServer = request.getfixturevalue("maria")
        return server.fresh()
    other: PostgresServer = request.getfixturevalue("postgres_of_records")
    return fresh_postgres(other)


async def test_every_capture_tells_the_same_calls_from_a_table(records: RecordsDatabase, tmp_path: Path) -> None:
    await make_table(records)
    for scenario in scenarios():
        file = CAPTURES / f"{scenario}.cel.csv"
        lines = file.read_bytes().splitlines()
        await records.run("DELETE FROM cel")
        await records.insert("cel", rows_of(lines))
        times = [time_of(line) for line in lines]
        window = Window(min(times), min(times), max(times))
        part = await table_window(records.source("cel"), ZONE, window, 60.0)
        (tmp_path / "table.csv").write_bytes(part.data)

        assert part.broken == 0
        assert told(tmp_path / "table.csv") == told(file), scenario


async def test_freepbx_cuts_texts_and_seconds_and_its_calls_are_the_same_nearly(maria: MariaServer, tmp_path: Path) -> None:
    records = maria.fresh()
    await make_table(records, wide=False)
    lines = (CAPTURES / "inbound_answered.cel.csv").read_bytes().splitlines()
    await records.insert("cel", rows_of(lines))
    times = [time_of(line) for line in lines]

    part = await table_window(records.source("cel"), None, Window(min(times) - 1, min(times) - 1, max(times)), 60.0)
    (tmp_path / "table.csv").write_bytes(part.data)

    (call,), (true,) = told(tmp_path / "table.csv"), told(CAPTURES / "inbound_answered.cel.csv")
    same = ("direction", "caller", "did", "outcome", "rang", "recordings", "linkedids")
    assert {name: call[name] for name in same} == {name: true[name] for name in same}
    assert (call["talk_seconds"], call["wait_seconds"]) == pytest.approx((true["talk_seconds"], true["wait_seconds"]), abs=1.0)


def told(file: Path) -> list[dict[str, Any]]:
    return replay([], cel=file)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_gaps_are_filled_from_a_table(scenario: str, records: RecordsDatabase, database: Database, tmp_path: Path) -> None:
    await make_table(records)
    given = capture(scenario)

    exchange = await played_with_gaps(given, scenario, random.Random(scenario), True, database, tmp_path, kind=in_table(records))

    calls = await told_calls(database)
    assert problems(Capture([], None, {**given.truth, "gaps_s": [[0, 0]]}), calls) == [], exchange.cuts
    assert not [call for call in calls if call["partial"]], exchange.cuts


async def test_a_table_that_is_away_leaves_the_gap_open_until_it_is_back(
    maria: MariaServer, database: Database, tmp_path: Path
) -> None:
    records = maria.fresh()
    played = Played(capture("inbound_answered"), "inbound_answered", stamped=True)
    desk = await Desk.opened(database, own_numbers=())
    exchange = in_table(records)(played, tmp_path / "none.csv", database, desk.exchange, tmp_path)
    exchange.keep_records = lambda lines: None  # type: ignore[method-assign]
    await exchange.plug_in()
    exchange.listen(GapRules(settle=0.0, recheck=3600.0, again=0.01, longest=0.05))
    await exchange.stored()
    await exchange.play_until(played.begins + 1.0, heard=True)
    await exchange.unplug()
    await exchange.play_until(played.begins + 3.0, heard=False)
    await exchange.plug_in()
    await exchange.stored()
    (gap,) = await desk.until(lambda rows: bool(rows and rows[0].tries), gaps)
    assert (gap.filled_at, gap.note) == (None, troubles.NO_TABLE)

    await make_table(records)
    await records.insert("cel", rows_of(played.records))
    await exchange.play_until(played.ends, heard=True)
    await exchange.stored()
    await desk.until(lambda rows: rows[0].filled_at is not None, gaps)
    await exchange.stop(kill=False)
    await exchange.unplug()

    calls = await told_calls(database)
    truth = {**capture("inbound_answered").truth, "gaps_s": [[0, 0]]}
    assert problems(Capture([], None, truth), calls) == []
    assert [call["partial"] for call in calls] == [False]


def in_table(records: RecordsDatabase) -> type[CaptureExchange]:
    """An exchange that writes its CEL into a database."""

    class TableExchange(CaptureExchange):
        def known_as(self, config: ExchangeConfig) -> ExchangeConfig:
            return replace(config, records=RecordSources(cel=records.source("cel"), timezone=ZONE))

        def keep_records(self, lines: list[bytes]) -> None:
            if lines:
                records.insert_now("cel", rows_of(lines))

    return TableExchange
