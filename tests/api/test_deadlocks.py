"""What follows from an event is not given up for a deadlock: that passes."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import AppContext
from api.reactor import react
from crm_core import event_log
from crm_core.blobs import Blobs
from crm_core.db import Database
from crm_core.events import Event, EventKind
from crm_core.live import Wake
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from tests.database_fixtures import postgres, postgres_url
from tests.deadlocks import deadlock

__all__ = ["postgres", "postgres_url"]

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def context(postgres_url: str, tmp_path: Path) -> AsyncIterator[AppContext]:
    database = Database(postgres_url)
    settings = Settings(data_dir=tmp_path, _env_file=None)  # type: ignore[call-arg]
    yield AppContext(settings, database, Blobs(tmp_path / "blobs"), SecretBox("k"), Wake(), now=lambda: NOW)
    await database.close()


@pytest.mark.parametrize("events", [1, 2])
async def test_a_reaction_that_meets_a_deadlock_comes_again(context: AppContext, events: int) -> None:
    seen: list[int | None] = []
    meets = iter([True])

    async def note(tx: AsyncConnection, happened: Sequence[Event]) -> None:
        if next(meets, False):
            await deadlock(tx, context.database)
        seen.extend(event.call_id for event in happened)

    async with context.database.write() as tx:
        await event_log.append(tx, [Event(EventKind.CALL_ENDED, NOW, (), call_id=number) for number in range(events)])
    with pytest.raises(DBAPIError, match="deadlock detected"):
        await react(context, {EventKind.CALL_ENDED: [note]})
    reacted = await react(context, {EventKind.CALL_ENDED: [note]})

    assert (reacted, seen) == (events, [*range(events)])
