"""What was to be done on the stage is done: no task of it is open."""

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.gate import DealAsked, Gate, Judged, Lack, LackKind, Proof, Settings
from crm_core.deals.gates.in_order import not_passed_over
from crm_core.options import Option, OptionKind
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.text import clean, msgid

WHICH = Option(
    "which", OptionKind.CHOICE, msgid("Which tasks"), default="stage",
    choices=(("stage", msgid("those the stage set")), ("all", msgid("all open tasks of the deal"))),
)  # fmt: skip
MOST_TOLD = 10


async def _judge(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Judged:
    """The task to classify a request is left out: moving the deal on is what does it (F13).

    A stage that sets tasks is not flown over: what was never set is not done.
    """
    if settings["which"] == "stage" and asked.stage.entry_tasks and not asked.stands_here:
        return Judged((not_passed_over(asked),))
    query = select(tasks).where(tasks.c.deal_id == asked.deal.id, tasks.c.done_at.is_(None), tasks.c.kind != TaskKind.CLASSIFY)
    if settings["which"] == "stage":
        query = query.where(tasks.c.stage_id == asked.stage.id)
    rows = (await tx.execute(query.order_by(tasks.c.due_at, tasks.c.id).limit(MOST_TOLD))).all()
    proofs = () if rows else (Proof("tasks", msgid("All tasks are done")),)
    return Judged(tuple(_open(row) for row in rows), proofs)


def _open(task: Row[Any]) -> Lack:
    what = f"task.{task.id}"
    if task.title:
        return Lack(LackKind.TASK, what, msgid("Not done: %(task)s"), {"task": clean(task.title, 120)}, asks=(what,))
    return Lack(LackKind.TASK, what, msgid("Not done: %(task_kind)s"), {"task_kind": task.kind}, asks=(what,))


GATE = Gate("tasks_done", msgid("The tasks of the stage"), (WHICH,), _judge)
