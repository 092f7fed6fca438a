"""An office that heard a day of recorded captures, and the exchange's own records of that day: what an audit is tried on."""

import json
import os
import wave
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update

from api.audit.auditing import Auditor, Findings
from crm_core.blobs import Blobs
from crm_core.calls import intake, journal
from crm_core.calls.tables import calls, exchanges
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig, unopened
from crm_core.exchanges.record_sources import CsvSource, RecordSources
from crm_core.recordings.tables import recordings
from pbx.batch_cutter import BatchCutter
from pbx.derivation import Derivation
from pbx.received import Received
from pbx.records.cel import read_cel
from tests.office import Office
from tests.pbx.capture_exchange import Played
from tests.pbx.capture_variants import CAPTURES, capture

ZONE = ZoneInfo("Europe/Moscow")
DAY = date(2026, 11, 22)
LATER = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)
"""By then all of the day is settled."""
PLAIN = ("inbound_answered", "inbound_missed", "queue_answered", "attended_transfer_replaces", "outbound_answered", "internal")


class House(Office):
    """`await House.opened(database)`, then `hears(...)` and `keeps(...)`."""

    folder: Path
    blobs: Blobs

    async def at(self, folder: Path) -> "House":
        """Where the exchange's files are."""
        self.folder = folder
        self.blobs = Blobs(folder / "blobs")
        self.monitor.mkdir()
        sources = RecordSources(CsvSource(folder / "cel.csv"), CsvSource(folder / "cdr.csv"), CsvSource(folder / "queue_log"))
        row = {"records": sources.to_json(), "recordings_root": str(self.monitor)}
        async with self.database.write() as tx:
            await tx.execute(update(exchanges).values(row))
        async with self.database.read() as connection:
            self.exchange = await unopened(connection, self.exchange.id)
        return self

    @property
    def monitor(self) -> Path:
        return self.folder / "monitor"

    async def hears(self, scenarios: Sequence[str]) -> None:
        """As the listener would: each batch is journalled with what it tells, in one transaction, in the order of time."""
        for scenario in self._in_order(scenarios):
            await self._hear(scenario)

    async def _hear(self, scenario: str) -> None:
        derivation, cutter, offset = Derivation(self.exchange), BatchCutter(), 0
        hello = b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n"
        moments = Played(capture(scenario), scenario, stamped=True).moments
        for at, said in [(moments[0][0] - 1, hello), *moments]:
            for batch in cutter.cut([Received(scenario, offset, at, said)]):
                events, when = derivation.take(batch), datetime.fromtimestamp(batch.received_at, UTC)
                async with self.database.write() as tx:
                    kept = await journal.append(tx, self.exchange.id, scenario, batch.offset, when, batch.data)
                    await intake.take(tx, self.exchange, events, now=when, journal_id=kept)
            offset += len(said)

    def writes_records(self, scenarios: Sequence[str]) -> None:
        """Its CEL, CDR and queue log of these, in the order of time; and the recordings that it left."""
        for ending, name in ((".cel.csv", "cel.csv"), (".cdr.csv", "cdr.csv"), (".queue_log.csv", "queue_log")):
            lines = [line for one in self._in_order(scenarios) for line in _lines(CAPTURES / f"{one}{ending}")]
            (self.folder / name).write_bytes(b"".join(lines))
        for scenario in scenarios:
            for recording in json.loads((CAPTURES / f"{scenario}.truth.json").read_text())["recordings"]:
                if not recording["voicemail"]:
                    self.leaves(recording["file"], _ends(scenario), recording["seconds"])

    def _in_order(self, scenarios: Sequence[str]) -> list[str]:
        return sorted(scenarios, key=_ends)

    def leaves(self, name: str, at: float, seconds: float = 2.0) -> Path:
        """A recording of silence, last written at this moment."""
        file = self.monitor / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(bytes(int(16000 * seconds)))
        os.utime(file, (at, at))
        return file

    async def stores(self) -> None:
        """Every answered call's recording is kept, as the recordings' job would."""
        for call in await self.rows(calls, outcome="answered"):
            await self.store(call.id, Path(call.announced[0]).name)

    async def store(self, call_id: int, name: str) -> str:
        """Tells its key in our own storage."""
        blob = f"recordings/{call_id:02x}/{call_id:064x}.flac"
        await self.blobs.put_bytes(blob, b"fLaC")
        row = {"call_id": call_id, "name": name, "blob": blob, "seconds": 2.0, "sides": 1, "bytes": 4, "sha256": "0" * 64,
               "stored_at": LATER}  # fmt: skip
        async with self.database.write() as tx:
            await tx.execute(insert(recordings).values(row))
        return blob

    def auditor(self, now: datetime = LATER) -> Auditor:
        return Auditor(self.database, self.blobs, ZONE, lambda: now)

    async def audited(self, exchange: ExchangeConfig | None = None, now: datetime = LATER) -> Findings:
        return await self.auditor(now).audit(exchange or self.exchange, DAY)

    def without(self, *names: str) -> ExchangeConfig:
        """The exchange, were these of its records not known here."""
        return replace(self.exchange, cel_file=None, records=replace(self.exchange.records, **dict.fromkeys(names)))


def found(findings: Findings) -> list[tuple[str, int | None]]:
    """Kind and call of each difference."""
    return [(one.kind.value, one.call_id) for one in findings.audited.differences]


async def opened(database: Database, folder: Path, scenarios: Sequence[str] = PLAIN) -> House:
    """It heard all and kept each recording, and the exchange wrote all."""
    office = await House.opened(database, own_numbers=())
    assert isinstance(office, House)
    house = await office.at(folder)
    house.writes_records(scenarios)
    await house.hears(scenarios)
    await house.stores()
    return house


def _lines(file: Path) -> list[bytes]:
    return [line for line in file.read_bytes().splitlines(keepends=True) if not line.startswith(b"start,")]


def _ends(scenario: str) -> float:
    return max(event.at for event in read_cel(CAPTURES / f"{scenario}.cel.csv").events)
