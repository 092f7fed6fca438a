"""What can be set about a task that an automation sets."""

from datetime import timedelta
from typing import TypedDict

from crm_core.deals.automations.words import Settings
from crm_core.options import Option, OptionKind
from crm_core.tasks.tables import TaskKind
from crm_core.text import msgid

YEAR = 366 * 24 * 60

FIELDS_HELP = msgid("In braces, fields of the deal: {contact}, {company}, {deal}, {stage}, {owner}, {amount}.")
TITLE = Option("title", OptionKind.TEXT, msgid("What is to be done"), required=True, help=FIELDS_HELP)
KIND = Option("kind", OptionKind.TASK_KIND, msgid("Kind of task"), default=TaskKind.OTHER.value)
WITHIN = Option("within_minutes", OptionKind.MINUTES, msgid("Due within"), default=60, required=True, least=0, most=YEAR)
IN_HOURS = Option("in_hours", OptionKind.YES_NO, msgid("Only working hours count for the deadline"), default=False)
DUE = (WITHIN, IN_HOURS)
TASK = (TITLE, KIND, *DUE)


class Due(TypedDict):
    """When a task is due, as `SetTask` has it."""

    due_in: timedelta
    in_hours: bool


def due(settings: Settings) -> Due:
    return Due(due_in=timedelta(minutes=settings[WITHIN.name]), in_hours=settings[IN_HOURS.name])
