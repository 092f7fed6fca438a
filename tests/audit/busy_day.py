"""A day of any number of calls: our rows and the exchange's records of the same, told of an answered capture again and again."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from msgspec import json
from sqlalchemy import insert

from crm_core.calls.events import Call, CallEnded, CallEvent
from crm_core.calls.tables import calls
from crm_core.recordings.tables import recordings
from pbx.replay import replay_calls
from tests.audit.house import House
from tests.pbx.capture_variants import CAPTURES

BEGINS = 1_795_294_800.0 + 600  # 2026-11-22 00:10 in Moscow
KINDS = ("inbound_answered", "inbound_missed", "queue_answered", "outbound_answered", "internal")
LONGEST = 20.0  # seconds that any of them takes

_ID = re.compile(rb"1795[0-9]{6}(?:\.[0-9]+)")


def shifted(data: bytes, by: int) -> bytes:
    """Each time and each id so many seconds later, and so another call."""

    def later(match: "re.Match[bytes]") -> bytes:
        whole, _, rest = match[0].partition(b".")
        return b"%d.%s" % (int(whole) + by, rest)

    return _ID.sub(later, data)


def plan(number: int) -> Iterator[tuple[str, int]]:
    """Which capture is told again, and by how many seconds later."""
    step = (86_400 - 3_600) / number
    for place in range(number):
        kind = KINDS[place % len(KINDS)]
        yield kind, int(BEGINS + place * step) - int(_began(kind))


def write_records(house: House, number: int) -> None:
    """CEL, CDR and queue log."""
    for ending, name in ((".cel.csv", "cel.csv"), (".cdr.csv", "cdr.csv"), (".queue_log.csv", "queue_log")):
        sources = {kind: _lines(CAPTURES / f"{kind}{ending}") for kind in KINDS}
        with (house.folder / name).open("wb") as out:
            for kind, by in plan(number):
                out.write(shifted(sources[kind], by) if name != "queue_log" else _queue_lines(sources[kind], by))


async def take_in(house: House, number: int, at_once: int = 200) -> None:
    """As the listener told them, through intake."""
    told = {kind: replay_calls([CAPTURES / f"{kind}.ami"], cel=CAPTURES / f"{kind}.cel.csv", trunks=[], extensions=[],
                                region="RU", exchange="default")[0] for kind in KINDS}  # fmt: skip
    batch: list[CallEvent] = []
    for kind, by in plan(number):
        batch += [CallEnded(_later(call.ended_at, by), _call_later(call, by)) for call in told[kind]]
        if len(batch) >= at_once:
            await house.take(batch)
            batch = []
    if batch:
        await house.take(batch)


async def record(house: House) -> None:
    """Each answered call's recording lies in the exchange's folder and is kept; all of them are the same bytes with us."""
    blob = "recordings/00/one.flac"
    await house.blobs.put_bytes(blob, b"fLaC")
    rows = []
    for call in await house.rows(calls, outcome="answered"):
        name = PurePosixPath(call.announced[0]).name
        file = house.monitor / name
        file.write_bytes(bytes(100))
        os.utime(file, (call.ended_at.timestamp(),) * 2)
        rows.append({"call_id": call.id, "name": name, "blob": blob, "seconds": 2.0, "sides": 1, "bytes": 4, "sha256": "0" * 64,
                     "stored_at": call.ended_at})  # fmt: skip
    async with house.database.write() as tx:
        await tx.execute(insert(recordings), rows)


def _call_later(call: Call, by: int) -> Call:
    """Whatever is in it that is a time or an id."""
    return json.decode(shifted(json.encode(call), by), type=Call)


def _later(at: float | None, by: int) -> float:
    return (at or 0.0) + by


def _queue_lines(data: bytes, by: int) -> bytes:
    lines = []
    for line in data.splitlines(keepends=True):
        at, _, rest = line.partition(b"|")
        lines.append(b"%d|%s" % (int(at) + by, shifted(rest, by)))
    return b"".join(lines)


def _lines(file: Path) -> bytes:
    return b"".join(line for line in file.read_bytes().splitlines(keepends=True) if not line.startswith(b"start,"))


def _began(kind: str) -> float:
    return float((CAPTURES / f"{kind}.cel.csv").read_bytes().split(b",")[0].strip(b'"'))
