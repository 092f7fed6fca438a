"""A call of the database as an anonymous capture in a zip."""

import asyncio
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.journal import Batch
from crm_core.calls.stored import stored_call
from crm_core.errors import Conflict, NotFound
from crm_core.exchanges import config
from pbx.anonymising.capture import Exported, NotAnonymous
from pbx.exporting import exported, heap_of_journal
from pbx.recalled import recalled
from pbx.tracking.story import Story


@dataclass(frozen=True, slots=True)
class Zipped:
    name: str
    data: bytes


async def capture_of(connection: AsyncConnection, call_id: int) -> Zipped:
    """Raises NotFound where the journal tells of it no more, Conflict where not everything could be hidden."""
    stored = await stored_call(connection, call_id)
    found = await recalled(connection, await config.unopened(connection, stored.exchange_id), stored, keep=True)
    if found.story is None:
        raise NotFound("What the exchange said of this call is no longer kept", noun="calls", id=call_id)
    name = f"{stored.call.direction}_{stored.call.outcome or 'up'}"
    try:
        made = await asyncio.to_thread(_made, found.story, found.batches, name)
    except NotAnonymous as error:
        raise Conflict(str(error)) from error
    return Zipped(name, await asyncio.to_thread(_zipped, made.files))


def _made(story: Story, batches: Sequence[Batch], name: str) -> Exported:
    return exported(story, heap_of_journal(batches), name)


def _zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
