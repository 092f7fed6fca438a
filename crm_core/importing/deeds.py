"""A table is put down, its columns are chosen, it is started, and put away."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core import event_log
from crm_core.access import Actor, require_may_give
from crm_core.errors import Conflict, NotFound
from crm_core.events import Event, EventKind
from crm_core.importing.options import Options
from crm_core.importing.tables import imports
from crm_core.jobs import enqueue
from crm_core.text import clean
from crm_core.users.accounts import require_working
from crm_core.users.audit import record

IMPORT = "import"
NEW, RUNNING, DONE, FAILED = "new", "running", "done", "failed"


async def add(
    tx: AsyncConnection, actor: Actor, file_name: str, blob: str, sha256: str, options: Options, *, now: datetime
) -> int:
    """A file that was read once and can be read again; nothing of it is in yet."""
    row = {
        "user_id": actor.user_id, "file_name": clean(file_name, 200) or "table", "blob": blob, "sha256": sha256,
        "options": options.kept(), "state": NEW, "created_at": now,
    }  # fmt: skip
    import_id: int = (await tx.execute(insert(imports).values(row).returning(imports.c.id))).scalar_one()
    await record(tx, actor.user_id, "import_added", "import", import_id, now=now, facts={"sha256": sha256})
    return import_id


async def choose(tx: AsyncConnection, actor: Actor, import_id: int, options: Options) -> None:
    """Raises NotFound, also for an owner who does not work here, Forbidden for one he may give nothing to, or Conflict once it
    was started."""
    row = await locked(tx, actor, import_id)
    if row.state != NEW:
        raise Conflict("This import was started already")
    await require_working(tx, options.owner_id)
    if options.owner_id is not None:
        require_may_give(actor, options.owner_id)
    await tx.execute(update(imports).where(imports.c.id == import_id).values(options=options.kept()))


async def start(tx: AsyncConnection, actor: Actor, import_id: int, *, now: datetime) -> None:
    """Raises NotFound, or Conflict once it was started."""
    row = await locked(tx, actor, import_id)
    if row.state != NEW:
        raise Conflict("This import was started already")
    await tx.execute(update(imports).where(imports.c.id == import_id).values(state=RUNNING))
    await enqueue(tx, IMPORT, f"{IMPORT}:{import_id}", {"import_id": import_id}, now=now)
    await record(tx, actor.user_id, "import_started", "import", import_id, now=now, facts={"noun": row.options["noun"]})
    await tell(tx, row.user_id, import_id, now)


async def remove(tx: AsyncConnection, actor: Actor, import_id: int, *, now: datetime) -> str:
    """Put the file and its refused rows away; what came in stays. Tells the stored file's key. Raises NotFound, Conflict."""
    row = await locked(tx, actor, import_id)
    if row.state == RUNNING:
        raise Conflict("This import is still running")
    await tx.execute(delete(imports).where(imports.c.id == import_id))
    await record(tx, actor.user_id, "import_removed", "import", import_id, now=now)
    return str(row.blob)


async def locked(tx: AsyncConnection, actor: Actor, import_id: int) -> Row[Any]:
    """An import is its starter's own: the table may hold what others may not see."""
    query = select(imports).where(imports.c.id == import_id, imports.c.user_id == actor.user_id).with_for_update()
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        raise NotFound(noun="imports", id=import_id)
    return row


async def tell(tx: AsyncConnection, user_id: int, import_id: int, now: datetime) -> None:
    event = Event(EventKind.IMPORT_CHANGED, now, (user_id,), user_id=user_id, facts={"import_id": import_id})
    await event_log.append(tx, [event])
