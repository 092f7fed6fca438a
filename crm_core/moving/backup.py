"""`firstring backup`: the database as it stands at one moment and every file it names, while the product runs."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy.engine.url import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.blobs import FETCHED, Blobs
from crm_core.db import Database
from crm_core.errors import Conflict, FirstringError, Invalid, NotFound
from crm_core.migrations.upgrade import newest_revision
from crm_core.moving import archive as form
from crm_core.moving.archive import FORM, FileTold, Manifest, TableTold
from crm_core.moving.emptiness import revision_of
from crm_core.moving.high_water import high_water
from crm_core.moving.pruning import Pruned, prune
from crm_core.moving.rows import Columns, Sum, columns_of, read_rows

PARTIAL = ".partial"
AT_A_TIME = 4  # stored files


@dataclass(frozen=True, slots=True)
class Key:
    """The installation's key. `kept`: it goes into the backup."""

    text: str
    kept: bool

    @property
    def mark(self) -> str:
        """Tells two keys apart and tells nothing of either."""
        return hashlib.sha256(b"firstring key mark" + self.text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class BackedUp:
    folder: Path
    rows: int
    files: int
    copied: int
    missing: int
    pruned: Pruned | None = None


async def back_up(
    database: Database, blobs: Blobs, archive: Path, key: Key, now: datetime, product: str, keep: int | None = None
) -> BackedUp:
    """Write one more backup into the folder `archive`; stored files that an earlier one brought are not copied again.

    `keep`: so many whole backups stay, this one among them; older ones go once it is whole; None: all stay.
    Raises Invalid if the database is of another version, Conflict if another backup is being written there.
    """
    with _alone(archive):
        name = _name(archive, now)
        folder = archive / f"{name}{PARTIAL}"
        try:
            done = await _write(database, blobs, archive, folder, key, (name, product))
            folder.rename(archive / name)
            if keep is not None:
                done = replace(done, pruned=await asyncio.to_thread(prune, archive, keep))
        except OSError as error:
            raise FirstringError(f"The backup cannot be written ({error.strerror or error}): make room in {archive}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return done


def _name(archive: Path, now: datetime) -> str:
    """By its second; whoever comes a second time in one second takes the next that is free."""
    while (archive / (name := now.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ"))).exists():
        now += timedelta(seconds=1)
    return name


async def _write(database: Database, blobs: Blobs, archive: Path, folder: Path, key: Key, told: tuple[str, str]) -> BackedUp:
    (folder / "tables").mkdir(parents=True)
    async with _at_one_moment(database, folder / "moment.db") as connection:
        if await revision_of(connection) != newest_revision():
            raise Invalid("The database has the tables of another version: run `firstring db upgrade` first")
        columns = await columns_of(connection)
        sums = {name: await _dump(connection, folder, name, columns) for name in columns}
        marks = dict(await high_water(connection))
        kept = await _keep_files(connection, blobs, archive, folder)
    name, product = told
    manifest = Manifest(
        FORM, product, newest_revision(), name, "sqlite" if database.is_sqlite else "postgresql",
        {one: TableTold(list(columns[one]), total.rows, total.hex) for one, total in sums.items()},
        marks, kept.files, kept.bytes, kept.missing, key.mark, key.kept,
    )  # fmt: skip
    await asyncio.to_thread(_finish, folder, manifest, key)
    rows = sum(total.rows for total in sums.values())
    return BackedUp(archive / name, rows, kept.files, kept.copied, kept.missing)


def _finish(folder: Path, manifest: Manifest, key: Key) -> None:
    note = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    form.write_whole(folder / form.MANIFEST, lambda part: _write_bytes(part, note))
    if key.kept:
        form.write_whole(folder / form.KEY, lambda part: _write_bytes(part, key.text.encode()))
    form.write_sums(folder, form.expected(manifest))


def _write_bytes(file: Path, data: bytes) -> None:
    file.write_bytes(data)


@asynccontextmanager
async def _at_one_moment(database: Database, copy: Path) -> AsyncIterator[AsyncConnection]:
    """SQLite is copied first: reading its rows takes long, and meanwhile its log of changes could not be shortened."""
    if not database.is_sqlite:
        async with database.moment() as connection:
            yield connection
        return
    await asyncio.to_thread(_copy_sqlite, str(make_url(database.url).database), copy)
    copied = Database(f"sqlite+aiosqlite:///{copy}")
    try:
        async with copied.read() as connection:
            yield connection
    finally:
        await copied.close()
        for file in copy.parent.glob(f"{copy.name}*"):
            file.unlink()


def _copy_sqlite(file: str, copy: Path) -> None:
    with closing(sqlite3.connect(file, timeout=10)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


async def _dump(connection: AsyncConnection, folder: Path, name: str, columns: Columns) -> Sum:
    total = Sum()
    async with _lines(folder / form.table_file(name)) as add:
        async for rows in read_rows(connection, name, columns[name]):
            total.add(rows)
            await add([list(row) for row in rows])
    return total


@asynccontextmanager
async def _lines(file: Path) -> AsyncIterator[Callable[[Sequence[Any]], Awaitable[None]]]:
    """A file of rows, written some at a time, and on disk afterwards."""
    out = form.open_lines(file)

    async def add(rows: Sequence[Any]) -> None:
        await asyncio.to_thread(form.add_lines, out, rows)

    try:
        yield add
    finally:
        await asyncio.to_thread(out.close)
    await asyncio.to_thread(form.to_disk, file)


NAMING_FILES = {"recordings": ("blob", "play_blob"), "imports": ("blob",)}
"""The columns that name stored files."""


@dataclass(slots=True)
class _Kept:
    files: int = 0
    bytes: int = 0
    copied: int = 0
    missing: int = 0


async def _keep_files(connection: AsyncConnection, blobs: Blobs, archive: Path, folder: Path) -> _Kept:
    """Every file that a recording or an import of that moment names; those that are gone from the store are counted."""
    kept, known = _Kept(), await asyncio.to_thread(_known, archive)
    async with _lines(folder / form.FILES) as add:
        for table, columns in NAMING_FILES.items():
            async for rows in read_rows(connection, table, ["id", *columns]):
                keys = sorted({key for row in rows for column in columns if (key := row._mapping[column])})
                for first in range(0, len(keys), AT_A_TIME):
                    some = keys[first : first + AT_A_TIME]
                    found = await asyncio.gather(*(_keep(blobs, archive, key, known.get(key), kept) for key in some))
                    await add([one for one in found if one])
    return kept


def _known(archive: Path) -> dict[str, FileTold]:
    """What the last backup already brought here."""
    last = form.backups(archive)[-1:]
    with contextlib.suppress(form.Damaged):
        return {told.key: told for backup in last for told in form.lines_of(backup / form.FILES, FileTold)}
    return {}


async def _keep(blobs: Blobs, archive: Path, key: str, known: FileTold | None, kept: _Kept) -> FileTold | None:
    try:
        size = await blobs.size(key)
        told = known if known and known.bytes == size and await asyncio.to_thread(_has, archive, known) else None
        if told is None:
            told = await _copy(blobs, key, archive)
            kept.copied += 1
    except (NotFound, ValueError):  # ValueError: it is named as we name none
        kept.missing += 1
        return None
    kept.files += 1
    kept.bytes += told.bytes
    return told


def _has(archive: Path, told: FileTold) -> bool:
    file = form.file_in(archive, told)
    return file.is_file() and file.stat().st_size == told.bytes


async def _copy(blobs: Blobs, key: str, archive: Path) -> FileTold:
    """Into the file that is named after its content: a backup never changes what an earlier one names."""
    part = archive / "files" / f"{key.replace('/', '_')}{PARTIAL}"
    await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as out:
        async for piece in blobs.read(key, chunk=FETCHED):
            digest.update(piece)
            size += len(piece)
            await asyncio.to_thread(out.write, piece)
    told = FileTold(key, size, digest.hexdigest())
    file = form.file_in(archive, told)
    await asyncio.to_thread(file.parent.mkdir, exist_ok=True)
    await asyncio.to_thread(form.to_disk, part)
    part.replace(file)
    return told


@contextlib.contextmanager
def _alone(archive: Path) -> Iterator[None]:
    """One backup at a time; what an earlier one left half-written goes."""
    try:
        archive.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(archive / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Invalid(f"The folder {archive} cannot be written ({error.strerror}): make it writable, or name another") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in archive.glob(f"*{PARTIAL}"):
            shutil.rmtree(left, ignore_errors=True)
        for part in (archive / "files").glob(f"*{PARTIAL}"):
            part.unlink()
        yield
    except BlockingIOError as error:
        raise Conflict(f"Another backup is being written into {archive}: wait for it") from error
    finally:
        os.close(lock)
