"""A database of this version's tables, opened for one command."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from api.locking import make_data_dir
from crm_core.db import Database
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
    await upgrade(settings.database)
    desk = Desk(settings)
    try:
        return await work(desk)
    finally:
        await desk.database.close()
