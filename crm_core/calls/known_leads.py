"""Where there are lead rules: by which task's call the deals of a batch were opened. Two queries more, and only then."""

from collections.abc import Mapping

from sqlalchemy import bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.ledger import DealDraft, Ledger, TaskDraft
from crm_core.deals.tables import deals
from crm_core.tasks.tables import TaskKind, tasks

THEIRS = select(tasks).where(
    tasks.c.deal_id.in_(bindparam("deals", expanding=True)), or_(tasks.c.kind == TaskKind.CLASSIFY, tasks.c.done_at.is_(None))
)

# As they stand now, and kept so until the batch is written: a rule must not undo what somebody does at this moment.
STANDING = select(deals).where(deals.c.id.in_(bindparam("deals", expanding=True))).order_by(deals.c.id).with_for_update()


async def read_openings(tx: AsyncConnection, ledger: Ledger, known_deals: Mapping[int, DealDraft]) -> None:
    """A lead's task to classify names the call that opened it; while it is open, nobody has worked on the lead."""
    by_id = {draft.id: draft for draft in ledger.by_linkedid.values() if draft.deal is not None}
    theirs = sorted({draft.deal.id for draft in by_id.values() if draft.deal is not None and draft.deal.id is not None})
    if not theirs:
        return
    for row in await tx.execute(STANDING, {"deals": theirs}):
        deal = known_deals[row.id]
        deal.pipeline_id, deal.stage_id, deal.since = row.pipeline_id, row.stage_id, row.stage_since
        deal.owner_id, deal.open, deal.rule_id = row.owner_id, row.closed_at is None, row.lead_rule_id
    known = {task.id: task for task in ledger.known_tasks}
    for row in await tx.execute(THEIRS, {"deals": theirs}):
        deal = known_deals[row.deal_id]
        task = known.get(row.id) or TaskDraft(
            TaskKind(row.kind), row.due_at, row.created_at, row.number, deal=deal, owner_id=row.owner_id, title=row.title,
            id=row.id, done_at=row.done_at,
        )  # fmt: skip
        if row.id not in known and row.done_at is None:
            ledger.known_tasks.append(task)
        if task.kind is TaskKind.CLASSIFY and row.call_id in by_id:
            task.call, deal.opened_by = by_id[row.call_id], task
