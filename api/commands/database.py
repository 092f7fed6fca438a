"""`firstring db`."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError

from api.locking import PARTS, CannotStart, DataLock, make_data_dir
from crm_core.db import Database
from crm_core.errors import Conflict, Invalid
from crm_core.migrations.upgrade import upgrade_now
from crm_core.moving.move import Moved
from crm_core.moving.move import move as move_rows
from crm_core.settings import DRIVERS, Settings, load_settings


def upgrade() -> None:
    settings = load_settings()
    make_data_dir(settings.data_dir)
    upgrade_now(settings.database)
    print("The database has this version's tables.")


def move(to: str) -> None:
    """Copy everything into another, empty database; this one stays as it is."""
    settings = load_settings()
    _require_url(to)
    make_data_dir(settings.data_dir)
    lock = DataLock(settings.data_dir)
    try:
        lock.take(PARTS)
    except CannotStart as error:
        raise Conflict(f"{error.say.partition(':')[0]}: stop it first, or what it writes meanwhile would be lost") from error
    try:
        done = asyncio.run(_move(settings, to))
    finally:
        lock.release()
    moved = "They were moved before:" if done.before else "Moved"
    print(f"{moved} {done.rows} rows of {done.tables} tables; counts and sums of every table agree.")
    print("Set FIRSTRING_DATABASE_URL to the new address before the next start. The old database is as it was.")


async def _move(settings: Settings, to: str) -> Moved:
    source, target = Database(settings.database), _opened(to)
    try:
        return await move_rows(source, target, datetime.now(UTC))
    finally:
        await source.close()
        await target.close()


def _opened(url: str) -> Database:
    try:
        return Database(url)
    except ModuleNotFoundError as error:
        say = f"{error.name} is needed for that database: .venv/bin/uv pip install --require-hashes -r requirements/servers.txt"
        raise Invalid(say) from error


def _require_url(url: str) -> None:
    """Nothing of it is repeated: it may hold a password."""
    try:
        known = make_url(url).drivername in DRIVERS
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise Invalid("--to: write postgresql+asyncpg://user:password@host/database, or sqlite+aiosqlite:////path/to/file")
