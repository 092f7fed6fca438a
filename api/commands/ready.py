"""A database of this version's tables, opened for one command."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import make_url

from api.locking import make_data_dir
from crm_core.db import Database, is_sqlite
from crm_core.migrations.upgrade import upgrade
from crm_core.secrets import SecretBox
from crm_core.settings import Settings, load_settings, secret_key

T = TypeVar("T")


class Desk:
    """What a command works with."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database, settings.zone)
        self.now = datetime.now(UTC)

    @property
    def box(self) -> SecretBox:
        return SecretBox(secret_key(self.settings))


def with_database(work: Callable[[Desk], Awaitable[T]]) -> T:
    """Run one command's work on the database of the settings, brought up to date first."""
    return asyncio.run(_with_database(work))


async def _with_database(work: Callable[[Desk], Awaitable[T]]) -> T:
    settings = load_settings()
    make_data_dir(settings.data_dir)
    new = _not_there(settings)
    await upgrade(settings.database)
    desk = Desk(settings)
    try:
        done = await work(desk)
    finally:
        await desk.database.close()
    if new is not None:
        sys.stderr.write(f"firstring: {new} was made anew: is that where `serve` has its data (FIRSTRING_DATA_DIR)?\n")
    return done


def _not_there(settings: Settings) -> Path | None:
    """The file of a database that is still to be made: whoever runs a command without the settings of the service works on an
    installation of its own, and should know."""
    file = make_url(settings.database).database if is_sqlite(settings.database) else None
    return Path(file).resolve() if file and not Path(file).exists() else None
