"""Calls on a real Asterisk 22, held against what it wrote of them: its Master.csv, CEL, queue log and recordings."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.audit.auditing import Auditor, Findings
from api.audit.repairing import FROM_RECORDS, Repair
from crm_core.blobs import Blobs
from crm_core.calls.intake import USUAL
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import CsvSource, RecordSources
from tests.asterisk.exchange import DIRECT, QUEUE, RealExchange
from tests.audit.faults import forget_call
from tests.databases import fresh_sqlite, sqlite_template
from tests.pbx.listening import Desk
from tests.pbx.test_connection import QUICK

pytestmark = pytest.mark.asterisk

MASTER = {"cdr.conf": "\n[csv]\nusegmtime = no\nloguniqueid = yes\nloguserfield = yes\nnewcdrcolumns = yes\naccountlogs = no\n"}
ZONE = ZoneInfo("UTC")


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with sqlite_template() as file:
        yield file


@pytest.fixture
def office(requires_asterisk: None) -> Iterator[RealExchange]:
    with RealExchange(extra=MASTER) as exchange:
        (exchange.home / "log/cdr-csv").mkdir()  # Asterisk writes into it, and does not make it
        yield exchange


@pytest.fixture
async def desk(office: RealExchange, template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(fresh_sqlite(template, tmp_path))
    desk = await Desk.opened(database, own_numbers=())
    assert isinstance(desk, Desk)
    user, secret = office.reader
    desk.exchange = replace(desk.exchange, ami_port=office.port, ami_user=user, ami_secret=secret)
    desk.patience = replace(QUICK, answer=30.0, quiet=60.0)
    yield desk
    await database.close()


def play(office: RealExchange) -> None:
    """One that is answered, one of a queue, one that nobody takes, and one to the outside."""
    with office.phone("101", answers_after=1.0, says=None):
        office.customer_calls(DIRECT, number="79161112233", talks=3.0).finish()
        office.customer_calls(QUEUE, number="79265556677", talks=2.0).finish()
    with office.phone("101"):
        office.customer_calls(DIRECT, number="79031234567", patience=2.0).finish()
    answers = office.customer_answers(after=1.0)
    office.phone_calls("102", "+79850001122", talks=2.0).finish()
    answers.stop()
    office.wait_until_quiet()


def known(office: RealExchange, desk: Desk, **records: Path) -> ExchangeConfig:
    sources = RecordSources(**{name: CsvSource(file) for name, file in records.items()})
    return replace(desk.exchange, cel_file=None, records=sources, recordings_root=office.recordings)


async def audited(desk: Desk, exchange: ExchangeConfig, folder: Path) -> Findings:
    began = min(row.started_at for row in await desk.rows(calls))
    auditor = Auditor(desk.database, Blobs(folder / "blobs"), ZONE, lambda: datetime.now(UTC) + timedelta(hours=1))
    return await auditor.audit(exchange, began.date())


def told(found: Findings) -> list[str]:
    return [one.kind.value for one in found.audited.differences if not one.kind.value.startswith("audio_waiting")]


async def test_a_real_exchanges_own_records_agree_and_tell_what_is_missing(
    desk: Desk, office: RealExchange, tmp_path: Path
) -> None:
    async with desk.listening():
        await desk.state("up")
        await asyncio.to_thread(play, office)
        rows = await desk.ended(4)
    master, queue_log = office.home / "log/cdr-csv/Master.csv", office.home / "log/queue_log"
    everything = known(office, desk, cel=office.cel_csv, cdr=master, queue_log=queue_log)

    for exchange in (everything, known(office, desk, cdr=master), known(office, desk, cel=office.cel_csv),
                     known(office, desk, cdr=office.cdr_csv, queue_log=queue_log)):  # fmt: skip
        found = await audited(desk, exchange, tmp_path)
        assert told(found) == [], exchange.records
        assert found.audited.calls == 4
        assert {read["why"] for read in found.audited.sources.values()} == {None}

    answered = next(row for row in rows if row.caller == "79161112233")
    waiting = [one.call_id for one in found.audited.differences]
    assert answered.id in waiting  # its recording lies in the exchange's folder, and no job has taken it here

    await forget_call(desk, answered.id)
    assert told(await audited(desk, known(office, desk, cdr=master), tmp_path)) == ["missing"]
    async with desk.database.write() as tx:
        await tx.exec_driver_sql("UPDATE calls SET journal_id = NULL")
        await tx.exec_driver_sql("DELETE FROM journal")
    repair = Repair(desk.database, everything, USUAL, lambda: datetime.now(UTC) + timedelta(hours=1), None)
    mended = await repair.carry_out(await audited(desk, everything, tmp_path))

    assert FROM_RECORDS in [one.how for one in mended]
    again = await desk.the(calls, caller="79161112233")
    assert (again.outcome, again.source, again.key) == ("answered", "records", answered.key)
    assert abs(again.talk_seconds - answered.talk_seconds) < 0.25
    assert told(await audited(desk, everything, tmp_path)) == []
