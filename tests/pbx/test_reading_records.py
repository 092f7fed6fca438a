"""The exchange's own records out of files: whichever kind, rotated, broken or hostile, each row once and with its moment."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_core.exchanges.record_sources import CsvSource, RecordSources
from pbx.records import troubles
from pbx.records.reading import read_cdr, read_cel, read_queue_log
from pbx.records.rows import BrokenRow
from pbx.records.troubles import OutOfReach

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
UID = f"{BEGAN.timestamp():.0f}.7"
ZONES = {"told by its ids": (None, "12:00:00"), "set": ("Europe/Moscow", "12:00:00"), "usegmtime": (None, "09:00:00")}


def master(clock: str, uid: str = UID, end: str = f',"{UID}","","","{UID}","3"', caller: str = '""Ivan"" <79161112233>') -> str:
    day, hour = "2026-11-21", clock[:2]
    times = f'"{day} {clock}","{day} {hour}:00:05","{day} {hour}:01:10"'
    last = '"Dial","PJSIP/101,20"'
    return f'"","79161112233","101","in","{caller}","PJSIP/trunk-1","PJSIP/101-2",{last},{times},70,65,"ANSWERED","X"{end}\n'


def around(hours: float = 1.0) -> tuple[datetime, datetime]:
    return BEGAN.fromtimestamp(BEGAN.timestamp() - hours * 3600, UTC), BEGAN.fromtimestamp(BEGAN.timestamp() + hours * 3600, UTC)


@pytest.mark.parametrize("zone", ZONES)
async def test_a_row_of_master_csv_is_of_its_moment_whatever_the_time_zone(zone: str, tmp_path: Path) -> None:
    named, clock = ZONES[zone]
    (tmp_path / "Master.csv").write_text(master(clock))

    (row,) = (await read_cdr(RecordSources(cdr=CsvSource(tmp_path / "Master.csv"), timezone=named), *around())).rows

    began = BEGAN.timestamp()
    assert (row.started_at, row.answered_at, row.ended_at) == (began, began + 5, began + 70)
    assert (row.linkedid, row.uniqueid, row.sequence, row.disposition) == (UID, UID, 3, "ANSWERED")
    assert (row.src, row.dst, row.channel, row.dstchannel) == ("79161112233", "101", "PJSIP/trunk-1", "PJSIP/101-2")


async def test_our_own_form_of_cdr_is_read(tmp_path: Path) -> None:
    at = BEGAN.timestamp()
    values = [at, at + 5, at + 70, '""Ivan""', "79161112233", "101", "in", "PJSIP/trunk-1", "PJSIP/101-2", "Dial", "PJSIP/101",
              70, 65, "ANSWERED", UID, UID, 3, "", ""]  # fmt: skip
    (tmp_path / "firstring.csv").write_text(",".join(f'"{value}"' for value in values) + "\n")

    (row,) = (await read_cdr(RecordSources(cdr=CsvSource(tmp_path / "firstring.csv")), *around())).rows

    assert (row.started_at, row.answered_at, row.ended_at, row.linkedid, row.billsec) == (at, at + 5, at + 70, UID, 65)


@pytest.mark.parametrize(
    ("end", "linkedid", "userfield"),
    [(f',"{UID}"', UID, ""), (f',"{UID}","mine"', UID, "mine"), (f',"{UID}","","1795304000.1",4', "1795304000.1", "")],
)
async def test_the_columns_at_the_end_are_settings(end: str, linkedid: str, userfield: str, tmp_path: Path) -> None:
    (tmp_path / "Master.csv").write_text(master("12:00:00", end=end))

    (row,) = (await read_cdr(RecordSources(cdr=CsvSource(tmp_path / "Master.csv")), *around())).rows

    assert (row.uniqueid, row.linkedid, row.userfield) == (UID, linkedid, userfield)


async def test_broken_rows_are_named_and_the_rest_is_used(tmp_path: Path) -> None:
    without = master("12:00:00", end="")
    odd = master("12:00:00").replace("Ivan", "\u0418\u0432\u0430\u043d").encode("cp1251")
    data = [master("12:00:00").encode(), b"rubbish\n", without.encode(), b"\0\0\n", odd, master("12:00:00").encode()[:40]]
    (tmp_path / "Master.csv").write_bytes(b"".join(data))

    found = await read_cdr(RecordSources(cdr=CsvSource(tmp_path / "Master.csv")), *around())

    hint = "no uniqueid: set loguniqueid = yes in cdr.conf"
    assert (len(found.rows), found.broken) == (2, 3)
    assert found.named == [BrokenRow("Master.csv", "2", "1 columns"), BrokenRow("Master.csv", "3", hint),
                           BrokenRow("Master.csv", "5", "not UTF-8")]  # fmt: skip


async def test_what_a_caller_sent_is_a_value(tmp_path: Path) -> None:
    evil = "'; DROP TABLE cdr; -- <script>=cmd|' /C calc'!A0"
    (tmp_path / "Master.csv").write_text(master("12:00:00", caller=evil))

    (row,) = (await read_cdr(RecordSources(cdr=CsvSource(tmp_path / "Master.csv")), *around())).rows

    assert row.clid == evil


async def test_rotated_files_are_read_as_far_back_as_needed(tmp_path: Path) -> None:
    for hour, name in ((9, "Master.csv.2.gz"), (11, "Master.csv.1"), (13, "Master.csv")):
        at = BEGAN.replace(hour=hour).timestamp()
        line = master(f"{hour + 3}:00:00", end=f',"{at:.0f}.1","","","{at:.0f}.1","3"').encode()
        (tmp_path / name).write_bytes(gzip.compress(line) if name.endswith(".gz") else line)

    found = await read_cdr(RecordSources(cdr=CsvSource(tmp_path / "Master.csv")), *around(3.0))

    assert [row.started_at - BEGAN.timestamp() for row in found.rows] == [0.0, 7200.0]


async def test_the_queue_log_is_read(tmp_path: Path) -> None:
    at = int(BEGAN.timestamp())
    lines = [f"{at}|NONE|NONE|NONE|QUEUESTART|", f"{at + 1}|{UID}|sales|NONE|ENTERQUEUE||79161112233|1",
             f"{at + 9}|{UID}|sales|NONE|ABANDON|1|1|8", "cut|he", f"{at + 99999}|1.1|sales|NONE|ABANDON|1|1|8"]  # fmt: skip
    (tmp_path / "queue_log").write_text("\n".join(lines) + "\n")

    found = await read_queue_log(RecordSources(queue_log=CsvSource(tmp_path / "queue_log")), *around())

    assert [(row.event, row.callid, row.queue) for row in found.rows] == [
        ("QUEUESTART", "", ""), ("ENTERQUEUE", UID, "sales"), ("ABANDON", UID, "sales")]  # fmt: skip
    assert (found.rows[2].data, found.broken, found.named[0].key) == (("1", "1", "8"), 1, "4")


async def test_who_has_no_source_or_no_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(OutOfReach, match="not set"):
        await read_cdr(RecordSources(), *around())
    with pytest.raises(OutOfReach) as error:
        await read_cel(RecordSources(cel=CsvSource(tmp_path / "none.csv")), *around())
    assert error.value.say == troubles.NOT_THERE
