"""What can be set about a task that an automation sets."""

from datetime import timedelta

from crm_core.deals.automations.words import Settings
from crm_core.options import Option, OptionKind
from crm_core.tasks.tables import TaskKind
from crm_core.text import msgid

YEAR = 366 * 24 * 60

FIELDS_HELP = msgid("In braces, fields of the deal: {contact}, {company}, {deal}, {stage}, {owner}, {amount}.")
TITLE = Option("title", OptionKind.TEXT, msgid("What is to be done"), required=True, help=FIELDS_HELP)
KIND = Option("kind", OptionKind.TASK_KIND, msgid("Kind of task"), default=TaskKind.OTHER.value)
WITHIN = Option("within_minutes", OptionKind.MINUTES, msgid("Due within"), default=60, required=True, least=0, most=YEAR)
TASK = (TITLE, KIND, WITHIN)


def due_in(settings: Settings) -> timedelta:
    return timedelta(minutes=settings[WITHIN.name])
