"""The tasks that a stage sets for every deal that comes to it: `stages.entry_tasks`, a list of
`{"kind": kind of task, "title": words or null, "within_minutes": until it is due, "in_hours": whether only working time counts,
"unless": null or "first_contact_by_phone"}`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_core.deals.automations.wording import unknown_fields
from crm_core.errors import Invalid
from crm_core.options import Option, OptionKind, fitted, refused
from crm_core.tasks.tables import TaskKind
from crm_core.text import msgid

BY_PHONE = "first_contact_by_phone"
MOST = 20
YEAR = 366 * 24 * 60

KINDS = tuple((kind.value, kind.value) for kind in TaskKind if kind is not TaskKind.CALL_BACK)
"""A call-back is a number's, and intake's to set."""

OPTIONS = (
    Option("kind", OptionKind.TASK_KIND, msgid("Kind of task"), default=TaskKind.OTHER.value),
    Option("title", OptionKind.TEXT, msgid("What is to be done")),
    Option("within_minutes", OptionKind.MINUTES, msgid("Due within"), default=60, required=True, least=0, most=YEAR),
    Option("in_hours", OptionKind.YES_NO, msgid("Only working hours count for the deadline"), default=False),
    Option("unless", OptionKind.CHOICE, msgid("Not if"), choices=((BY_PHONE, msgid("the first contact was by phone")),)),
)


def fitted_entry_tasks(raw: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tasks as they are stored; raises Invalid with the facts `option` and `why`, and `row` (from 0)."""
    if len(raw) > MOST:
        raise Invalid("A stage sets twenty tasks at most", option="entry_tasks", why="most")
    return [_fitted_at(row, one) for row, one in enumerate(raw)]


def _fitted_at(row: int, one: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _fitted(one)
    except Invalid as error:
        error.facts["row"] = row
        raise


def _fitted(one: Mapping[str, Any]) -> dict[str, Any]:
    task = fitted(OPTIONS, one)
    if task["kind"] not in dict(KINDS):
        raise refused(OPTIONS[0], "choice")
    if task["kind"] == TaskKind.OTHER and not task["title"]:
        raise refused(OPTIONS[1], "required")
    if unknown := unknown_fields(task["title"] or ""):
        raise Invalid(f"No deal has {unknown[0]!r}", option="title", why="template", field=unknown[0])
    return task
