"""The one migration folder makes the very tables that the code knows, on both databases."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic import command, op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from crm_core.db import Database
from crm_core.errors import SettingsError
from crm_core.migrations.upgrade import config, upgrade
from crm_core.tables import metadata
from tests.databases import shared_postgres_server


def differences(connection: Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


async def test_migrated_database_has_the_tables_of_the_code(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing_from_any_working_directory(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    await upgrade(database.url)

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_way_back_leaves_an_empty_database(database: Database) -> None:
    await asyncio.to_thread(command.downgrade, config(database.url), "base")

    async with database.read() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == ["alembic_version"]


async def test_what_happened_before_automations_is_not_reacted_to(database: Database) -> None:
    await asyncio.to_thread(command.downgrade, config(database.url), "0003")
    async with database.write() as tx:
        for kind in ("deal_opened", "task_done", "call_ended"):
            await tx.execute(
                text("INSERT INTO events (at, kind, facts) VALUES ('2026-11-01 10:00', :kind, '{}')"), {"kind": kind}
            )

    await upgrade(database.url)

    async with database.read() as connection:
        waiting = await connection.scalars(text("SELECT kind FROM events WHERE reacted_at IS NULL"))
        assert waiting.all() == ["call_ended"]


async def test_data_folder_is_made(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/not/there/yet/firstring.db"

    await upgrade(url)

    database = Database(url)
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM calls")) == 0
    await database.close()


async def test_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="data folder"):
        await upgrade(f"sqlite+aiosqlite:///{tmp_path}/file/firstring.db")


async def test_migration_cut_short_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def until_the_disk_is_full(name: str, *columns: Any, **options: Any) -> Any:
        if len(made) == 5:
            raise OSError("no space left")
        made.append(name)
        return create_table(name, *columns, **options)

    create_table = op.create_table
    monkeypatch.setattr(op, "create_table", until_the_disk_is_full)
    url = f"sqlite+aiosqlite:///{tmp_path}/firstring.db"
    with pytest.raises(SettingsError):
        await upgrade(url)

    database = Database(url)
    async with database.read() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []
    await database.close()


async def test_database_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "text.db").write_text("a shopping list, rather longer than the header of a database file would be " * 20)

    for file in ("folder.db", "text.db"):
        with pytest.raises(SettingsError, match="cannot be opened"):
            await upgrade(f"sqlite+aiosqlite:///{tmp_path}/{file}")
    with pytest.raises(SettingsError, match="cannot be opened"):
        await upgrade("postgresql+asyncpg://nobody@127.0.0.1:1/none")


async def test_database_that_cannot_keep_every_letter_is_refused_before_it_has_a_table() -> None:
    url = await asyncio.to_thread(shared_postgres_server().empty, "SQL_ASCII")

    with pytest.raises(SettingsError, match=r"SQL_ASCII.*createdb --encoding=UTF8"):
        await upgrade(url)

    database = Database(url)
    async with database.read() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []
    await database.close()


async def test_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    async with database.write() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SettingsError, match="newer"):
        await upgrade(database.url)
