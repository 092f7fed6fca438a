"""Looks at one exchange from all sides: its manager, what was heard of it, its files. Judges nothing, changes nothing."""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.doctor.config_folder import ConfigFolder
from api.doctor.findings import say
from api.doctor.heard import heard_of
from api.doctor.seen import Address, ExchangeSeen, Folder, Heard, Records
from crm_core.calls.tables import calls, exchanges
from crm_core.db import Database
from crm_core.dialling.rules import rules_of
from crm_core.exchanges import config
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import CsvSource, RecordSources
from crm_core.patience import PatientThread
from crm_core.secrets import SecretBox
from pbx.ami.connection import AmiLogin
from pbx.ami.inspection import Inspected, inspect
from pbx.records import troubles
from pbx.records.cel import read_line
from pbx.records.reading import read_cdr, read_cel, read_queue_log
from pbx.records.troubles import OutOfReach

TAIL = 256 * 1024  # bytes of a file of records that are looked at
RECENT = timedelta(hours=6)  # of records in tables
READING = 15.0  # seconds
MOST_FILES = 200  # of the folder of recordings
SILENT = say("its server does not answer")


@dataclass(frozen=True, slots=True)
class Known:
    """What the database holds of an exchange."""

    config: ExchangeConfig
    address: Address
    heard: Heard
    last_call_at: datetime | None


async def look_at(
    database: Database, name: str, box: SecretBox, *, now: datetime, config_folder: Path | None = None
) -> ExchangeSeen:
    """Raises NotFound, and SettingsError for secrets sealed under another key."""
    async with database.read() as connection:
        known = await _known(connection, name, box, now)
    reader, dialler = await _inspected(known)
    exchange = known.config
    root = exchange.recordings_root
    return ExchangeSeen(
        address=known.address, reader=reader, dialler=dialler, heard=known.heard,
        cel=await _cel(exchange.records, now), records=await _others(exchange.records, now),
        config=ConfigFolder(config_folder) if config_folder else None, last_call_at=known.last_call_at,
        recordings=await recordings_in(root) if root else None,
    )  # fmt: skip


async def _known(connection: AsyncConnection, name: str, box: SecretBox, now: datetime) -> Known:
    exchange = await config.load(connection, name, box)
    row = (await connection.execute(select(exchanges).where(exchanges.c.id == exchange.id))).one()
    address = Address(
        row.name, row.ami_host, row.ami_port, row.ami_tls, row.ami_user, exchange.dialler.user if exchange.dialler else None,
        rules_of(row.dial_rules, row.region).context, row.active, row.state, row.state_note,
    )  # fmt: skip
    ended = select(func.max(calls.c.ended_at)).where(calls.c.exchange_id == exchange.id)
    return Known(exchange, address, await heard_of(connection, exchange.id, now), await connection.scalar(ended))


async def _inspected(known: Known) -> tuple[Inspected, Inspected | None]:
    exchange, context = known.config, known.address.context
    reader = await inspect(AmiLogin.at(exchange.reader), context=context if exchange.dialler else None)
    if exchange.dialler is None or not reader.reached:
        return reader, None
    return reader, await inspect(AmiLogin.at(exchange.dialler), is_reader=False)


async def _cel(sources: RecordSources, now: datetime) -> Records | None:
    if sources.cel is None:
        return None
    if isinstance(sources.cel, CsvSource):
        return await _cel_file(sources.cel.file)
    try:
        read = await read_cel(sources, now - RECENT, now, READING)
    except OutOfReach as error:
        return Records(sources.cel.place, trouble=error.say)
    last = max((row.at for row in read.rows), default=None)
    return Records(sources.cel.place, types=frozenset(row.type for row in read.rows), last_at=last, lines=len(read.rows))


async def _cel_file(file: Path) -> Records:
    try:
        return await PatientThread().run(lambda: end_of(file), READING)
    except TimeoutError:
        return Records(str(file), trouble=troubles.NO_ANSWER)


async def _others(sources: RecordSources, now: datetime) -> dict[str, str | None]:
    """CDR and queue log, wherever they are: why they cannot be read."""
    found: dict[str, str | None] = {}
    for name, source, read in (("CDR", sources.cdr, read_cdr), ("queue_log", sources.queue_log, read_queue_log)):
        if source is None:
            continue
        try:
            await read(sources, now - RECENT, now, READING)
            found[f"{name} ({source.place})"] = None
        except OutOfReach as error:
            found[f"{name} ({source.place})"] = error.say
    return found


def end_of(file: Path) -> Records:
    """The last records of a CEL file, read as whoever fills gaps reads them."""
    try:
        with file.open("rb") as tail:
            begin = max(0, file.stat().st_size - TAIL)
            tail.seek(begin)
            end = tail.read(TAIL)
    except OSError as error:
        awaited = isinstance(error, FileNotFoundError) and file.parent.is_dir()
        return Records(str(file), trouble=error.strerror or type(error).__name__, is_awaited=awaited)
    whole = end[: end.rfind(b"\n") + 1].splitlines()[1 if begin else 0 :]  # the last may be being written
    read = [read_line(line)[0] for line in whole if line.strip(b"\0 ")]
    rows = [row for row in read if row is not None]
    last = max((row.at for row in rows), default=None)
    types = frozenset(row.type for row in rows)
    return Records(str(file), types=types, last_at=last, lines=len(read), broken=len(read) - len(rows))


async def recordings_in(root: Path) -> Folder:
    """A folder on a mount whose server is gone hangs for good: it is told, and takes no thread that others need."""
    try:
        return await PatientThread().run(lambda: folder_at(root), READING)
    except TimeoutError:
        return Folder(root, trouble=SILENT.text)


def folder_at(root: Path) -> Folder:
    try:
        disk = shutil.disk_usage(root)
        unreadable = _unreadable_in(root)
    except OSError as error:
        return Folder(root, trouble=error.strerror or type(error).__name__)
    return Folder(root, None, disk.free, disk.total, unreadable)


def _unreadable_in(root: Path) -> str | None:
    """The name of a folder or file that we may not read, of the first ones."""
    looked = 0
    for folder, folders, files in os.walk(root, onerror=_raise):
        for name in (*folders, *files):
            if looked == MOST_FILES:
                return None
            looked += 1
            if not os.access(Path(folder) / name, os.R_OK):
                return name
    return None


def _raise(error: OSError) -> None:
    raise error
