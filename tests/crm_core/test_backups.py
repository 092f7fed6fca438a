"""Backups: whole or refused, of one moment, and nothing in them is trusted."""

import asyncio
import gzip
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, insert, select

from crm_core.blobs import Blobs
from crm_core.calls.tables import call_rings, calls
from crm_core.db import Database
from crm_core.errors import Conflict, Invalid
from crm_core.migrations.upgrade import newest_revision
from crm_core.moving import archive as form
from crm_core.moving.archive import Damaged, Manifest, TableTold
from crm_core.moving.backup import BackedUp, Key, back_up
from crm_core.moving.emptiness import revision_of
from crm_core.moving.restore import Restored, chosen, key_keeper, restore
from crm_core.moving.rows import Sum
from crm_core.recordings.tables import recordings
from tests.builders import inbound
from tests.databases import PostgresServer, fresh_sqlite
from tests.everything import fill, sums
from tests.file_stores import S3Server, s3
from tests.office import NOW, Office

__all__ = ["s3"]

KEY = Key("the key of this installation", kept=True)
BLOB, PLAY = "recordings/ab/abcdef.flac", "recordings/ab/abcdef.mp3"
SHA_OF_BLOB = hashlib.sha256(b"the whole conversation").hexdigest()


@dataclass
class Room:
    """An installation with a call and its recording, a folder for backups, and an empty installation beside it."""

    database: Database
    blobs: Blobs
    archive: Path
    other: Database
    other_blobs: Blobs
    key_file: Path
    time: datetime = NOW

    async def back_up(self, key: Key = KEY) -> BackedUp:
        self.time += timedelta(days=1)
        return await back_up(self.database, self.blobs, self.archive, key, self.time, "0.1.0")

    async def restore(self, name: str | None = None) -> Restored:
        backup = chosen(self.archive, name)
        return await restore(self.archive, backup, self.other, self.other_blobs, key_keeper(self.key_file))

    async def is_untouched(self) -> bool:
        async with self.other.read() as connection:
            if await revision_of(connection) is not None:
                return {one.rows for one in (await sums(self.other)).values()} == {0}
        return not self.key_file.exists()


@pytest.fixture(params=["sqlite", "postgresql"])
def addresses(request: pytest.FixtureRequest, template: Path, tmp_path: Path, postgres: PostgresServer) -> tuple[str, str]:
    """A migrated database, and a bare one of the other kind."""
    if request.param == "sqlite":
        return fresh_sqlite(template, tmp_path), postgres.empty()
    return postgres.fresh(), f"sqlite+aiosqlite:///{tmp_path}/other/firstring.db"


@pytest.fixture
async def room(addresses: tuple[str, str], tmp_path: Path) -> AsyncIterator[Room]:
    async with AsyncExitStack() as opened:
        here, there = (Database(url) for url in addresses)
        for database in (here, there):
            opened.push_async_callback(database.close)
        yield await furnished(here, there, tmp_path)


@pytest.fixture
async def small_room(template: Path, tmp_path: Path) -> AsyncIterator[Room]:
    """On SQLite alone, where the database makes no difference."""
    async with AsyncExitStack() as opened:
        here, there = Database(fresh_sqlite(template, tmp_path)), Database(f"sqlite+aiosqlite:///{tmp_path}/other/firstring.db")
        for database in (here, there):
            opened.push_async_callback(database.close)
        yield await furnished(here, there, tmp_path)


async def furnished(here: Database, there: Database, folder: Path) -> Room:
    blobs = Blobs(folder / "blobs")
    office = await Office.opened(here)
    await office.person("Ольга", "101")
    await office.take(inbound().rings("101").answers("101").ends())
    row = {
        "call_id": (await office.the(calls)).id, "name": "talk.wav", "blob": BLOB, "play_blob": PLAY, "seconds": 3.0, "sides": 1,
        "bytes": 9, "sha256": "ab", "stored_at": NOW,
    }  # fmt: skip
    async with here.write() as tx:
        await tx.execute(insert(recordings).values(row))
    await blobs.put_bytes(BLOB, b"the whole conversation")
    await blobs.put_bytes(PLAY, b"a small copy")
    return Room(here, blobs, folder / "archive", there, Blobs(folder / "other" / "blobs"), folder / "other" / "secret_key")


# ---- whole ----------------------------------------------------------------------------------------------------------


async def test_everything_comes_back_also_into_the_other_kind_of_database(room: Room) -> None:
    before = await sums(room.database)

    done = await room.back_up()
    restored = await room.restore()

    assert await sums(room.other) == before
    assert (done.rows, done.files, done.copied, done.missing) == (restored.rows, 2, 2, 0)
    assert b"".join([part async for part in room.other_blobs.read(BLOB)]) == b"the whole conversation"
    assert b"".join([part async for part in room.other_blobs.read(PLAY)]) == b"a small copy"
    assert room.key_file.read_text() == KEY.text
    assert room.key_file.stat().st_mode & 0o777 == 0o600
    assert room.archive.stat().st_mode & 0o077 == 0


async def test_rows_of_every_table_come_back(addresses: tuple[str, str], tmp_path: Path) -> None:
    here, there = (Database(url) for url in addresses)
    await fill(here)
    blobs = Blobs(tmp_path / "blobs")
    await back_up(here, blobs, tmp_path / "archive", Key("k", kept=False), NOW, "0.1.0")

    backup = chosen(tmp_path / "archive", None)
    await restore(tmp_path / "archive", backup, there, blobs, key_keeper(tmp_path / "none"))

    assert await sums(there) == await sums(here)
    for database in (here, there):
        await database.close()


async def test_only_what_is_new_is_copied_again(small_room: Room) -> None:
    first = await small_room.back_up()
    await small_room.blobs.put_bytes(PLAY, b"a small copy, encoded anew")
    second = await small_room.back_up()
    third = await small_room.back_up()

    assert [one.copied for one in (first, second, third)] == [2, 1, 0]
    assert [one.files for one in (first, second, third)] == [2, 2, 2]
    await small_room.restore(first.folder.name)
    assert await small_room.other_blobs.size(PLAY) == len(b"a small copy")


async def test_files_go_from_s3_and_into_it(small_room: Room, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.settings.items():
        monkeypatch.setenv(name, value)
    here, there = s3.bucket(), s3.bucket()
    for key in (BLOB, PLAY):
        await Blobs(f"s3://{here}/audio").put_bytes(key, key.encode())
    small_room.blobs, small_room.other_blobs = Blobs(f"s3://{here}/audio"), Blobs(f"s3://{there}")

    assert (await small_room.back_up()).copied == 2
    await small_room.restore()

    assert s3.keys(there) == [BLOB, PLAY]
    assert s3.client().get_object(Bucket=there, Key=BLOB)["Body"].read() == BLOB.encode()


async def test_a_file_that_is_gone_from_the_store_is_counted_and_the_rest_is_kept(small_room: Room) -> None:
    await small_room.blobs.delete(PLAY)

    done = await small_room.back_up()
    restored = await small_room.restore()

    assert (done.files, done.missing, restored.files, restored.missing) == (1, 1, 1, 1)


async def test_the_key_may_be_left_out(small_room: Room) -> None:
    done = await small_room.back_up(Key(KEY.text, kept=False))
    restored = await small_room.restore()

    assert not (done.folder / "secret_key").exists()
    assert (restored.key, restored.key_mark) == (None, KEY.mark)
    assert not small_room.key_file.exists()
    assert KEY.text not in (done.folder / "manifest.json").read_text()


async def test_a_backup_under_way_sees_one_moment(room: Room) -> None:
    """Each call comes with its ring in one transaction: a backup with one more of the one than of the other has torn it."""
    office = Office(room.database, None)  # type: ignore[arg-type]
    exchange = (await office.the(calls)).exchange_id
    over = asyncio.Event()

    async def ring() -> int:
        number = 0
        while not over.is_set():
            number += 1
            row = {"exchange_id": exchange, "key": str(number), "direction": "inbound", "state": "ended", "started_at": NOW}
            async with room.database.write() as tx:
                call = (await tx.execute(insert(calls).values(row).returning(calls.c.id))).scalar_one()
                await tx.execute(insert(call_rings).values(call_id=call, position=0, extension="101", rang_at=NOW))
        return number

    ringing = asyncio.create_task(ring())
    done = [await room.back_up() for _ in range(3)]
    over.set()
    rang = await ringing

    await room.restore(done[1].folder.name)
    async with room.other.read() as connection:
        counts = [await connection.scalar(select(func.count()).select_from(one)) for one in (calls, call_rings)]
    assert rang > 3
    assert counts[0] == counts[1]
    assert done[0].rows < done[1].rows < done[2].rows


# ---- refused --------------------------------------------------------------------------------------------------------

OF_A_BACKUP = ["manifest.json", "tables/calls.jsonl.gz", "tables/sessions.jsonl.gz", "files.jsonl.gz", "secret_key", "SHA256SUMS"]


@pytest.mark.parametrize("name", [*OF_A_BACKUP, f"../files/{SHA_OF_BLOB[:2]}/{SHA_OF_BLOB}"])
@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "link"])
async def test_one_damaged_file_and_nothing_is_touched(small_room: Room, name: str, damage: str) -> None:
    file = (await small_room.back_up()).folder / name
    whole = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(whole[: len(whole) * 2 // 3])
    elif damage == "flipped":
        file.write_bytes(whole[:5] + bytes([whole[5] ^ 1]) + whole[6:])
    else:
        elsewhere = small_room.archive.parent / "elsewhere"
        elsewhere.write_bytes(whole)
        file.unlink()
        file.symlink_to(elsewhere)

    with pytest.raises(Invalid, match=r"damaged|incomplete|no whole backup"):
        await small_room.restore()

    assert await small_room.is_untouched()
    assert not list((small_room.archive.parent / "other" / "blobs").rglob("*.*"))


async def test_a_backup_that_broke_off_is_none(small_room: Room) -> None:
    done = await small_room.back_up()
    done.folder.rename(done.folder.with_name(f"{done.folder.name}.partial"))

    with pytest.raises(Invalid, match="no whole backup"):
        await small_room.restore()
    await small_room.back_up()
    assert len(list(small_room.archive.glob("2*"))) == 1


async def test_an_installation_with_anything_in_it_is_left_alone(room: Room) -> None:
    await room.back_up()
    await room.restore()
    before = await sums(room.other)

    with pytest.raises(Conflict, match="holds data already"):
        await room.restore()

    assert await sums(room.other) == before


async def test_another_key_is_not_overwritten(small_room: Room) -> None:
    await small_room.back_up()
    small_room.key_file.write_text("another key")

    with pytest.raises(Conflict, match="Another key lies in"):
        await small_room.restore()

    assert small_room.key_file.read_text() == "another key"
    assert await small_room.is_untouched()


async def test_two_backups_into_one_folder_at_a_time_are_refused(small_room: Room) -> None:
    both = await asyncio.gather(small_room.back_up(), small_room.back_up(), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["BackedUp", "Conflict"]


# ---- made up by somebody who can reckon sums ------------------------------------------------------------------------


class Forger:
    """Changes a backup and makes its sums agree again."""

    def __init__(self, backup: Path) -> None:
        self.backup = backup
        self.manifest = msgspec.json.decode((backup / "manifest.json").read_bytes())

    def rewrite(self, name: str, lines: list[object]) -> None:
        with gzip.open(self.backup / name, "wb") as out:
            out.write(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    def sign(self, *more: str) -> None:
        (self.backup / "manifest.json").write_bytes(msgspec.json.encode(self.manifest))
        names = [line.split("  ")[1] for line in (self.backup / "SHA256SUMS").read_text().splitlines()]
        form.write_sums(self.backup, [*(name for name in names if (self.backup / name).exists()), *more])


@pytest.fixture
async def forger(small_room: Room) -> Forger:
    return Forger((await small_room.back_up()).folder)


@pytest.mark.parametrize(
    "key", ["../../outside", "/etc/passwd", "recordings/../../../outside", "recordings/ab/..", "recordings\\ab"]
)
async def test_no_path_leads_out_of_the_archive(small_room: Room, forger: Forger, key: str) -> None:
    (small_room.archive.parent / "outside").write_bytes(b"x")
    forger.rewrite("files.jsonl.gz", [[key, 1, "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]])
    forger.manifest["files"] = 1
    forger.sign()

    with pytest.raises(Damaged, match="names a stored file as we never do"):
        await small_room.restore()
    assert await small_room.is_untouched()


async def test_no_folder_of_it_leads_elsewhere(small_room: Room, forger: Forger) -> None:
    folder = small_room.archive / "files" / SHA_OF_BLOB[:2]
    shutil.move(folder, small_room.archive.parent / "elsewhere")
    folder.symlink_to(small_room.archive.parent / "elsewhere")

    with pytest.raises(Damaged, match="leads elsewhere"):
        await small_room.restore()
    assert await small_room.is_untouched()


@pytest.mark.parametrize("name", ["../../../outside", "sqlite_master", "alembic_version"])
async def test_tables_that_are_none_of_ours_are_refused(small_room: Room, forger: Forger, name: str) -> None:
    forger.manifest["tables"][name] = {"columns": ["id"], "rows": 0, "sum": "0"}
    forger.sign()

    with pytest.raises(Damaged, match="tables that this version does not know"):
        await small_room.restore()
    assert await small_room.is_untouched()


@pytest.mark.parametrize(
    "rows",
    [[], [["x"]], [{"__reduce__": "os.system"}], [[None] * 40], "cut", b"\x80\x04cos\nsystem\n", [[1, "name", 5, "no time"]]],
)
async def test_rows_that_are_not_those_that_were_written_are_refused(
    small_room: Room, forger: Forger, rows: list[object]
) -> None:
    file = forger.backup / "tables" / "companies.jsonl.gz"
    forger.manifest["tables"]["companies"]["rows"] = 1
    if isinstance(rows, list):
        forger.rewrite("tables/companies.jsonl.gz", rows)
    else:
        file.write_bytes(rows if isinstance(rows, bytes) else file.read_bytes()[:-4])
    forger.sign()

    with pytest.raises(Damaged):
        await small_room.restore()
    assert await small_room.is_untouched()


@pytest.mark.parametrize(("what", "value"), [("form", 2), ("revision", "9999_of_tomorrow")])
async def test_a_newer_versions_backup_is_refused_in_words(small_room: Room, forger: Forger, what: str, value: object) -> None:
    forger.manifest[what] = value
    forger.manifest["product"] = "7.5"
    if what == "form":
        del forger.manifest["high_water"]  # whatever else it may look like
    forger.sign()

    with pytest.raises(Invalid, match=r"made by a newer Firstring \(7.5\)"):
        await small_room.restore()
    assert await small_room.is_untouched()


async def test_an_older_versions_backup_is_brought_to_the_tables_of_this_one(small_room: Room, forger: Forger) -> None:
    make_older(forger)
    forger.sign()

    await small_room.restore()

    async with small_room.other.read() as connection:
        assert await revision_of(connection) == newest_revision()
        assert await connection.scalar(select(func.count()).select_from(recordings)) == 1
    assert (await Office(small_room.other, None).the(calls)).outcome == "answered"  # type: ignore[arg-type]


NEW_IN_0003 = {"leases", "audited_days", "audit_differences", "checkups", "webhooks", "webhook_deliveries"}
NEW_OF_EXCHANGES = {"ami_ca_file", "ami_secret_file", "dial_secret_file", "records", "records_secret"}


def make_older(forger: Forger) -> None:
    """As version 0002 would have written it."""
    told = msgspec.convert(forger.manifest, Manifest)
    tables = {name: table for name, table in told.tables.items() if name not in NEW_IN_0003}
    columns = told.tables["exchanges"].columns
    kept = [place for place, name in enumerate(columns) if name not in NEW_OF_EXCHANGES]
    rows = [[row[place] for place in kept] for row in form.lines_of(forger.backup / form.table_file("exchanges"))]
    forger.rewrite(form.table_file("exchanges"), list(rows))
    total = Sum()
    total.add([as_read(row, [columns[place] for place in kept]) for row in rows])
    tables["exchanges"] = TableTold([columns[place] for place in kept], total.rows, total.hex)
    for name in NEW_IN_0003:
        (forger.backup / form.table_file(name)).unlink()
    forger.manifest |= {"revision": "0002", "tables": msgspec.to_builtins(tables)}


def as_read(row: list[object], names: list[str]) -> list[object]:
    times = {"created_at", "state_since"}
    return [
        datetime.fromisoformat(str(value)) if name in times and value else value for name, value in zip(names, row, strict=True)
    ]
