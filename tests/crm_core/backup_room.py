"""An installation with a call and its recording, a folder for its backups, and an empty installation beside it."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from crm_core.blobs import Blobs
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.moving.backup import BackedUp, Key, back_up
from crm_core.moving.emptiness import revision_of
from crm_core.moving.restore import Restored, chosen, key_keeper, restore
from crm_core.recordings.tables import recordings
from tests.builders import inbound
from tests.databases import PostgresServer, fresh_sqlite
from tests.everything import sums
from tests.office import NOW, Office

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

    async def back_up(self, key: Key = KEY, keep: int | None = None) -> BackedUp:
        self.time += timedelta(days=1)
        return await back_up(self.database, self.blobs, self.archive, key, self.time, "0.1.0", keep)

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
