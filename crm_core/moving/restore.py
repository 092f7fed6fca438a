"""`firstring restore`: a backup into an empty database and an empty store; checked whole before anything is written."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Date, LargeBinary

from crm_core.blobs import Blobs
from crm_core.db import Database, UtcTime
from crm_core.errors import Conflict, Invalid
from crm_core.migrations.upgrade import knows, upgrade
from crm_core.moving import archive as form
from crm_core.moving.archive import Damaged, FileTold, Manifest
from crm_core.moving.backup import Key
from crm_core.moving.emptiness import HoldsData, make_ready, require_empty
from crm_core.moving.high_water import set_high_water
from crm_core.moving.loading import holds, load, require_same
from crm_core.moving.rows import SOME_RAW, Columns, Sum
from crm_core.tables import metadata


@dataclass(frozen=True, slots=True)
class Restored:
    backup: Path
    rows: int
    files: int
    missing: int  # stored files that were gone when the backup was made
    key: str | None  # the key that was in it
    key_mark: str


def chosen(archive: Path, name: str | None) -> Path:
    """The newest whole backup in a folder, or the one of this name; raises Invalid if there is none."""
    if name is not None and not form.NAME.fullmatch(name):
        raise Invalid("A backup is named by its time, such as 2026-11-22T100000Z")
    found = [one for one in form.backups(archive) if name in (None, one.name)]
    if not found:
        raise Invalid(
            f"There is no whole backup{' ' + name if name else ''} in {archive}: name the folder `firstring backup` wrote to"
        )
    return found[-1]


async def restore(archive: Path, backup: Path, database: Database, blobs: Blobs, keep_key: Callable[[str], None]) -> Restored:
    """Raises Damaged, naming the first file that is not whole, before anything is touched; Conflict if the database holds
    anything else. The rows come last and all at once: a restore that broke off is simply done again."""
    manifest = await asyncio.to_thread(form.opened, backup)
    if not knows(manifest.revision):
        raise Invalid(f"The archive was made by a newer Firstring ({manifest.product[:20]}): restore it with that one")
    await asyncio.to_thread(_require_files, archive, backup, manifest)
    try:
        await make_ready(database, manifest.revision)
        rows_there = None
    except HoldsData:
        rows_there = await _rows_there(manifest, database)
        if rows_there is None:
            raise
    key = (await asyncio.to_thread(form.read_note, backup / form.KEY)).decode() if manifest.key_kept else None
    if key is not None:
        if Key(key, kept=True).mark != manifest.key_mark:
            raise Damaged("The archive is damaged: its key is not the one that belongs to it")
        await asyncio.to_thread(keep_key, key)
    files = await _put_files(archive, backup, blobs)
    rows = await _put_rows(backup, manifest, database) if rows_there is None else rows_there
    await upgrade(database.url)
    return Restored(backup, rows, files, manifest.missing, key, manifest.key_mark)


def _require_files(archive: Path, backup: Path, manifest: Manifest) -> None:
    count = 0
    inside = (archive / "files").resolve()
    for told in form.lines_of(backup / form.FILES, FileTold):
        file = form.file_in(archive, told)
        if not file.parent.resolve().is_relative_to(inside):
            raise Damaged("The archive is damaged: a folder of it leads elsewhere")
        if form.sha256_of(file) != told.sha256:
            raise Damaged(f"The archive is damaged: the stored file {told.key} is not as it was written; take another backup")
        count += 1
    if count != manifest.files:
        raise Damaged("The archive is incomplete: stored files are missing from its list")


async def _put_files(archive: Path, backup: Path, blobs: Blobs) -> int:
    count = 0
    for told in form.lines_of(backup / form.FILES, FileTold):
        await blobs.put(told.key, form.file_in(archive, told))
        count += 1
    return count


async def _rows_there(manifest: Manifest, database: Database) -> int | None:
    """How many rows, if an earlier restore of this backup had put them all there."""

    async def told(name: str) -> tuple[int, str]:
        return manifest.tables[name].rows, manifest.tables[name].sum

    async with database.read() as connection:
        return await holds(connection, _columns_told(manifest), told)


def _columns_told(manifest: Manifest) -> Columns:
    return {one.name: manifest.tables[one.name].columns for one in metadata.sorted_tables if one.name in manifest.tables}


async def _put_rows(backup: Path, manifest: Manifest, database: Database) -> int:
    columns = _columns_told(manifest)

    async def read(name: str, names: Sequence[str]) -> AsyncIterator[Sequence[Sequence[Any]]]:
        rows = _rows_in(backup / form.table_file(name), name, names)
        while some := await asyncio.to_thread(lambda: list(islice(rows, SOME_RAW * 4))):
            yield some

    async with database.write() as tx:
        await require_empty(tx)
        sums = await load(tx, columns, read)
        _require_told(manifest, sums)
        await set_high_water(tx, manifest.high_water)
        await require_same(tx, columns, sums)
    return sum(one.rows for one in sums.values())


def _require_told(manifest: Manifest, sums: dict[str, Sum]) -> None:
    for name, found in sums.items():
        told = manifest.tables[name]
        if (found.rows, found.hex) != (told.rows, told.sum):
            raise Damaged(f"The archive is damaged: table {name} has other rows than were written; nothing was kept of it")


def _rows_in(file: Path, name: str, names: Sequence[str]) -> Iterator[list[Any]]:
    readers = [reader_of(metadata.tables[name].columns[one].type) for one in names]
    for row in form.lines_of(file):
        if len(row) != len(names):
            raise Damaged(f"The archive is damaged: a row of {name} has another number of values")
        try:
            yield [value if value is None else read(value) for read, value in zip(readers, row, strict=True)]
        except (ValueError, TypeError) as error:
            raise Damaged(f"The archive is damaged: a value of {name} cannot be understood") from error


def reader_of(kind: Any) -> Callable[[Any], Any]:
    if isinstance(kind, UtcTime):
        return lambda value: msgspec.convert(value, datetime)
    if isinstance(kind, Date):
        return lambda value: msgspec.convert(value, date)
    if isinstance(kind, LargeBinary):
        return lambda value: base64.b64decode(value, validate=True)
    return lambda value: value


def key_keeper(file: Path) -> Callable[[str], None]:
    """Writes the key where the next start looks for it; raises Conflict if another key lies there."""

    def keep(key: str) -> None:
        if file.exists() and file.read_text().strip() not in ("", key):
            raise Conflict(f"Another key lies in {file}: move it away first; what it opens is not in this backup")
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(key)
            out.flush()
            os.fsync(descriptor)

    return keep
