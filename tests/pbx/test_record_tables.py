"""The exchange's own records out of real databases: FreePBX's tables in MariaDB, cel_pgsql's and cdr_pgsql's in PostgreSQL."""

import asyncio
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_core.exchanges.record_sources import RecordSources, SqlKind, SqlSource
from pbx.records import troubles
from pbx.records.reading import read_cdr, read_cel, read_queue_log
from pbx.records.troubles import OutOfReach
from tests.databases import PostgresServer
from tests.record_databases import (
    FREEPBX_CDR,
    FREEPBX_CEL,
    PGSQL_CDR,
    PGSQL_CEL,
    QUEUE_LOG,
    MariaServer,
    RecordsDatabase,
    fresh_postgres,
    maria,
    postgres_of_records,
    requires_mariadb,
)  # fmt: skip

__all__ = ["maria", "postgres_of_records", "requires_mariadb"]

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SINCE, UNTIL = BEGAN - timedelta(hours=1), BEGAN + timedelta(hours=1)
EMPTY = dict.fromkeys(
    ["cid_name", "cid_num", "cid_ani", "cid_rdnis", "cid_dnid", "exten", "context", "appname", "appdata", "peer", "extra"], ""
)
EVIL = "'; DROP TABLE cdr; -- <img src=x onerror=alert(1)>"


@pytest.fixture
def mysql(maria: MariaServer) -> RecordsDatabase:
    return maria.fresh()


@pytest.fixture
def pgsql(postgres_of_records: PostgresServer) -> RecordsDatabase:
    return fresh_postgres(postgres_of_records)


@pytest.fixture(params=[SqlKind.MYSQL, SqlKind.POSTGRESQL])
def either(request: pytest.FixtureRequest) -> RecordsDatabase:
    found: RecordsDatabase = request.getfixturevalue("mysql" if request.param is SqlKind.MYSQL else "pgsql")
    return found


def uid(place: int, at: datetime = BEGAN) -> str:
    return f"{at.timestamp():.0f}.{place}"


def local(at: datetime, hours: float = 3.0) -> datetime:
    return (at + timedelta(hours=hours)).replace(tzinfo=None, microsecond=0)


def freepbx(place: int, at: datetime = BEGAN, hours: float = 3.0, **told: Any) -> dict[str, Any]:
    row = {"calldate": local(at, hours), "clid": EVIL[:80], "src": "79161112233", "dst": "101", "channel": "PJSIP/trunk-1",
           "dstchannel": "PJSIP/101-2", "duration": 70, "billsec": 65, "disposition": "ANSWERED", "uniqueid": uid(place, at),
           "linkedid": uid(place, at), "sequence": place, "did": "74951112233", "recordingfile": "in.wav"}  # fmt: skip
    return {**row, **told}


@pytest.mark.parametrize("zone", [None, "Europe/Moscow"])
async def test_freepbx_keeps_local_times(zone: str | None, mysql: RecordsDatabase) -> None:
    await mysql.run(FREEPBX_CDR)
    before, after = BEGAN - timedelta(hours=2), BEGAN + timedelta(hours=2)
    await mysql.insert("cdr", [freepbx(1, before), freepbx(2), freepbx(3, disposition="NO ANSWER", billsec=0), freepbx(4, after)])

    found = await read_cdr(RecordSources(cdr=mysql.source("cdr"), timezone=zone), SINCE, UNTIL)

    first, second = found.rows
    began = BEGAN.timestamp()
    assert (first.started_at, first.answered_at, first.ended_at) == (began, began + 5, began + 70)
    assert (first.clid, first.did, first.recordingfile, first.linkedid) == (EVIL[:80], "74951112233", "in.wav", uid(2))
    assert (second.disposition, second.answered_at, found.broken) == ("NO ANSWER", None, 0)


async def test_an_hour_that_comes_twice_is_told_apart_by_the_ids(mysql: RecordsDatabase) -> None:
    """In Berlin, 2026-10-25 02:30 is at 00:30 and at 01:30 UTC."""
    await mysql.run(FREEPBX_CDR)
    summer, winter = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    await mysql.insert("cdr", [freepbx(1, summer, 2.0), freepbx(2, winter, 1.0)])
    source = RecordSources(cdr=mysql.source("cdr"), timezone="Europe/Berlin")

    found = await read_cdr(source, summer - timedelta(hours=3), winter + timedelta(hours=3))

    assert [row.started_at for row in found.rows] == [summer.timestamp(), winter.timestamp()]


async def test_an_old_table_has_no_linkedid(mysql: RecordsDatabase) -> None:
    await mysql.run(FREEPBX_CDR, "ALTER TABLE cdr DROP COLUMN linkedid, DROP COLUMN sequence, DROP COLUMN did")
    old = {name: value for name, value in freepbx(1).items() if name not in ("linkedid", "sequence", "did")}
    await mysql.insert("cdr", [old])

    (row,) = (await read_cdr(RecordSources(cdr=mysql.source("cdr")), SINCE, UNTIL)).rows

    assert (row.linkedid, row.did) == (uid(1), "")


async def test_cdr_pgsql_has_times_with_a_zone(pgsql: RecordsDatabase) -> None:
    await pgsql.run(PGSQL_CDR)
    row = {"start": BEGAN, "answer": BEGAN + timedelta(seconds=5), "end": BEGAN + timedelta(seconds=70),
           "clid": EVIL, "duration": 70, "billsec": 65, "disposition": "ANSWERED", "uniqueid": uid(1),
           "linkedid": "chosen", "sequence": 7}  # fmt: skip
    await pgsql.insert("cdr", [row, {**row, "start": BEGAN + timedelta(days=1)}])

    (found,) = (await read_cdr(RecordSources(cdr=pgsql.source("cdr")), SINCE, UNTIL)).rows

    began = BEGAN.timestamp()
    assert (found.started_at, found.answered_at, found.ended_at) == (began, began + 5, began + 70)
    assert (found.linkedid, found.sequence, found.clid) == ("chosen", 7, EVIL)


async def test_cel_of_freepbx_that_is_cut_is_used_as_far_as_it_goes(mysql: RecordsDatabase) -> None:
    await mysql.run(FREEPBX_CEL)
    cut = '{"bridge_id":"b-1","bridge_technology":"simple_bridge","peer":"PJSIP/10'
    rows = [{"eventtype": kind, "eventtime": local(BEGAN), "channame": "PJSIP/101-1", "uniqueid": uid(1), "linkedid": uid(1),
             **EMPTY, "extra": extra} for kind, extra in (("CHAN_START", ""), ("BRIDGE_ENTER", cut), ("", ""))]  # fmt: skip
    await mysql.insert("cel", rows)

    found = await read_cel(RecordSources(cel=mysql.source("cel")), SINCE, UNTIL)

    assert [(row.type, row.at) for row in found.rows] == [("CHAN_START", BEGAN.timestamp()), ("BRIDGE_ENTER", BEGAN.timestamp())]
    assert found.rows[1].extra == {"bridge_id": "b-1", "bridge_technology": "simple_bridge"}
    assert [(broken.place, broken.key, broken.why) for broken in found.named] == [
        ("cel", "2", "its extra is cut"), ("cel", "3", "no type or no uniqueid")]  # fmt: skip


async def test_types_are_numbers_where_the_column_is_one(pgsql: RecordsDatabase) -> None:
    await pgsql.run(PGSQL_CEL, "ALTER TABLE cel ALTER eventtype TYPE int USING 0")
    rows = [{"eventtype": kind, "eventtime": local(BEGAN), "uniqueid": uid(1)} for kind in (1, 5, 10, 2)]
    await pgsql.insert("cel", rows)

    found = await read_cel(RecordSources(cel=pgsql.source("cel")), SINCE, UNTIL)

    assert [row.type for row in found.rows] == ["CHAN_START", "APP_START", "BRIDGE_ENTER", "CHAN_END"]


async def test_the_beginning_is_found_by_id_in_a_long_table(mysql: RecordsDatabase) -> None:
    """FreePBX keeps no index on the times of CEL."""
    await mysql.run(FREEPBX_CEL)
    moments = [BEGAN + timedelta(minutes=minute) for minute in range(-9000, 600)]
    await mysql.insert("cel", [{"eventtype": "CHAN_START", "eventtime": local(at), "channame": "PJSIP/101-1",
                                "uniqueid": uid(1, at), "linkedid": uid(1, at), **EMPTY} for at in moments])  # fmt: skip

    found = await read_cel(RecordSources(cel=mysql.source("cel")), SINCE, UNTIL)

    assert [row.at for row in found.rows] == [at.timestamp() for at in moments if SINCE <= at <= UNTIL]


async def test_bytes_that_are_no_text_cost_letters_and_not_the_row(mysql: RecordsDatabase) -> None:
    await mysql.run(FREEPBX_CDR.replace("utf8mb4", "latin1"))
    await mysql.insert("cdr", [freepbx(1)])
    await mysql.run("UPDATE cdr SET clid = CONVERT(UNHEX('C8E2E0ED') USING latin1)")

    found = await read_cdr(RecordSources(cdr=mysql.source("cdr")), SINCE, UNTIL)

    assert (found.rows[0].src, found.named[0].key, found.named[0].why) == ("79161112233", uid(1), "not UTF-8")


async def test_a_realtime_queue_log_is_read(either: RecordsDatabase) -> None:
    serial = "serial" if either.kind is SqlKind.POSTGRESQL else "int AUTO_INCREMENT PRIMARY KEY"
    await either.run(QUEUE_LOG.format(serial=serial))
    at = local(BEGAN)
    rows = [{"time": f"{at}.123456", "callid": uid(1), "queuename": "sales", "agent": "NONE", "event": "ENTERQUEUE",
             "data1": "", "data2": "79161112233"},
            {"time": f"{at + timedelta(seconds=8)}.5", "callid": uid(1), "queuename": "sales", "agent": "NONE",
             "event": "ABANDON", "data1": "1", "data2": "1", "data3": "8"}]  # fmt: skip
    await either.insert("queue_log", rows)

    found = await read_queue_log(RecordSources(queue_log=either.source("queue_log")), SINCE, UNTIL)

    assert [(row.event, row.queue, row.callid) for row in found.rows] == [
        ("ENTERQUEUE", "sales", uid(1)), ("ABANDON", "sales", uid(1))]  # fmt: skip
    assert [row.at - BEGAN.timestamp() for row in found.rows] == pytest.approx([0.123456, 8.5])
    assert found.rows[1].data == ("1", "1", "8")


async def test_what_is_out_of_reach_is_said_in_words_without_the_password(either: RecordsDatabase) -> None:
    await either.run("CREATE TABLE other (id int)", "CREATE TABLE cdr (calldate timestamp, uniqueid varchar(32))")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = either.source("cdr", host="127.0.0.1", port=nobody.getsockname()[1])
    assert await why(away) == troubles.NO_SERVER
    assert await why(either.source("none")) == troubles.NO_TABLE
    assert await why(either.source("other")) == troubles.NO_TABLE
    assert await why(replace(either.source("cdr"), database="none")) == troubles.NO_LOGIN
    assert await why(either.source("cdr", user="nobody")) == troubles.NO_LOGIN


async def test_a_wrong_password_and_a_missing_right_are_told_apart(mysql: RecordsDatabase) -> None:
    assert await why(mysql.source("cdr", password="wrong")) == troubles.NO_LOGIN
    tcp = mysql.source("user", host="127.0.0.1")
    assert await why(replace(tcp, database="mysql")) in (troubles.NO_RIGHT, troubles.NO_LOGIN)


async def why(source: SqlSource) -> str:
    with pytest.raises(OutOfReach) as error:
        await read_cdr(RecordSources(cdr=source), SINCE, UNTIL, within=10.0)
    assert source.password not in str(error.value)
    return error.value.say


async def test_a_server_that_does_not_answer_holds_nothing_up(either: RecordsDatabase) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        source = either.source("cdr", host="127.0.0.1", port=silent.getsockname()[1])
        with pytest.raises(OutOfReach) as error:
            await read_cdr(RecordSources(cdr=source), SINCE, UNTIL, within=0.5)
    assert error.value.say == troubles.NO_SERVER


async def test_whoever_is_ended_while_it_connects_ends(either: RecordsDatabase) -> None:
    """Of Python 3.11 the wait within a driver forgets that it was cancelled if what it waits for comes at the same moment."""
    await either.run(FREEPBX_CDR if either.kind is SqlKind.MYSQL else PGSQL_CDR)
    sources = RecordSources(cdr=either.source("cdr"))
    for steps in range(40):
        reading = asyncio.create_task(read_cdr(sources, SINCE, UNTIL))
        for _ in range(steps):
            await asyncio.sleep(0)
        if reading.cancel():
            await asyncio.wait([reading])
            assert reading.cancelled(), steps
