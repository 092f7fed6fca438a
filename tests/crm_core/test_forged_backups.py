"""Backups made up by somebody who can reckon sums: no path, table, row or link is trusted. And those of other versions."""

import asyncio
import gzip
import shutil
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Table, create_engine, func, inspect, select

from crm_core.calls.tables import calls
from crm_core.errors import Invalid
from crm_core.migrations.upgrade import newest_revision, upgrade_now
from crm_core.moving import archive as form
from crm_core.moving.archive import Damaged, Manifest, TableTold
from crm_core.moving.emptiness import revision_of
from crm_core.moving.restore import reader_of
from crm_core.moving.rows import Sum
from crm_core.recordings.tables import recordings
from crm_core.tables import metadata
from tests.crm_core.backup_room import SHA_OF_BLOB, Room, small_room
from tests.office import Office

__all__ = ["small_room"]


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


@pytest.mark.parametrize("revision", ["0002", "0003"])
async def test_an_older_versions_backup_is_brought_to_the_tables_of_this_one(
    revision: str, small_room: Room, forger: Forger
) -> None:
    await asyncio.to_thread(make_older, forger, revision)
    forger.sign()

    await small_room.restore()

    async with small_room.other.read() as connection:
        assert await revision_of(connection) == newest_revision()
        assert await connection.scalar(select(func.count()).select_from(recordings)) == 1
    assert (await Office(small_room.other, None).the(calls)).outcome == "answered"  # type: ignore[arg-type]


def make_older(forger: Forger, revision: str) -> None:
    """As that version would have written it: its tables, with its columns."""
    told = msgspec.convert(forger.manifest, Manifest)
    known = tables_of(forger.backup.parent / "older.db", revision)
    tables = {name: _narrowed(forger, name, table, known[name]) for name, table in told.tables.items() if name in known}
    for name in told.tables.keys() - known.keys():
        (forger.backup / form.table_file(name)).unlink()
    forger.manifest |= {"revision": revision, "tables": msgspec.to_builtins(tables)}


def tables_of(file: Path, revision: str) -> dict[str, set[str]]:
    upgrade_now(f"sqlite+aiosqlite:///{file}", revision)
    engine = create_engine(f"sqlite:///{file}")
    there = inspect(engine)
    columns = {name: {column["name"] for column in there.get_columns(name)} for name in there.get_table_names()}
    engine.dispose()
    return columns


def _narrowed(forger: Forger, name: str, table: TableTold, known: set[str]) -> TableTold:
    kept = [place for place, column in enumerate(table.columns) if column in known]
    names = [table.columns[place] for place in kept]
    rows = [[row[place] for place in kept] for row in form.lines_of(forger.backup / form.table_file(name))]
    forger.rewrite(form.table_file(name), list(rows))
    total = Sum()
    total.add([as_read(row, metadata.tables[name], names) for row in rows])
    return TableTold(names, total.rows, total.hex)


def as_read(row: list[object], table: Table, names: list[str]) -> list[object]:
    readers = [reader_of(table.columns[name].type) for name in names]
    return [value if value is None else read(value) for read, value in zip(readers, row, strict=True)]
