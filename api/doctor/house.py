"""Looks at the installation itself. Changes nothing: an old database stays old."""

import asyncio
import errno
import os
import shutil
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.doctor.seen import HouseSeen
from crm_core.calls.tables import exchanges
from crm_core.db import Database, database_trouble
from crm_core.exchanges import config
from crm_core.jobs import JobState, jobs
from crm_core.migrations.upgrade import config as migrations
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from crm_core.users.tables import users
from transcribe import models

LOOK_TIME = 10.0  # seconds the database may take


async def look_at_house(settings: Settings, database: Database, box: SecretBox | None, *, now: datetime) -> HouseSeen:
    """`box` None: the key cannot be read."""
    folder = await asyncio.to_thread(_folder, settings.data_dir)
    newest = ScriptDirectory.from_config(migrations(settings.database)).get_current_head() or ""
    has_model = await asyncio.to_thread(models.find, settings.whisper_model, settings.models_dir) is not None
    facts = await _database(database, newest, box, now)
    return HouseSeen(
        settings.data_dir, model=settings.whisper_model, has_model=has_model, newest_revision=newest, **folder, **facts
    )


def _folder(folder: Path) -> dict[str, Any]:
    try:
        mode, free = stat.S_IMODE(folder.stat().st_mode), shutil.disk_usage(folder).free
    except OSError as error:
        return {"writable": error.strerror or type(error).__name__}
    writable = None if os.access(folder, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
    key = folder / "secret_key"
    return {
        "mode": mode, "free_bytes": free, "writable": writable,
        "key_mode": stat.S_IMODE(key.stat().st_mode) if key.exists() else None,
    }  # fmt: skip


async def _database(database: Database, newest: str, box: SecretBox | None, now: datetime) -> dict[str, Any]:
    if database.is_sqlite and not await asyncio.to_thread(_is_there, database.url):  # opening it would make one
        return {"database_trouble": os.strerror(errno.ENOENT)}
    try:
        async with asyncio.timeout(LOOK_TIME), database.read() as connection:
            revision = await _revision(connection)
            if revision != newest:
                return {"revision": revision}
            return {"revision": revision, **await _tables(connection, box, now)}
    except (SQLAlchemyError, OSError) as error:  # TimeoutError is one, too
        return {"database_trouble": database_trouble(error) or type(error).__name__}


def _is_there(url: str) -> bool:
    return Path(make_url(url).database or "").exists()


async def _revision(connection: AsyncConnection) -> str | None:
    try:
        revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return None  # an empty database
    return revision


async def _tables(connection: AsyncConnection, box: SecretBox | None, now: datetime) -> dict[str, Any]:
    due = (jobs.c.state == JobState.QUEUED) & (jobs.c.run_after <= now)
    waiting, oldest = (await connection.execute(select(func.count(), func.min(jobs.c.run_after)).where(due))).one()
    parked = select(jobs.c.kind, func.count().label("number")).where(jobs.c.state == JobState.PARKED).group_by(jobs.c.kind)
    why = select(jobs.c.last_error).where(jobs.c.state == JobState.PARKED).order_by(jobs.c.id.desc()).limit(1)
    sealed = await config.locked(connection, box) if box else []
    return {
        "jobs_due": waiting, "oldest_due_seconds": (now - oldest).total_seconds() if oldest else 0.0,
        "jobs_parked": {row.kind: row.number for row in await connection.execute(parked)},
        "parked_why": await connection.scalar(why), "sealed_elsewhere": tuple(name for _, name in sealed),
        "exchanges": await connection.scalar(select(func.count()).select_from(exchanges)),
        "users": await connection.scalar(select(func.count()).select_from(users)),
    }  # fmt: skip
