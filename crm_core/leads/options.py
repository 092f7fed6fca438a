"""What a lead rule asks for and does, told as data: the form of the pages is drawn from it."""

from crm_core.leads.edits import LONGEST_WITHIN
from crm_core.leads.rules import Through, Way
from crm_core.options import Option, OptionKind
from crm_core.tasks.tables import TaskKind
from crm_core.text import msgid

YES, NO = "yes", "no"

WAY = Option(
    "way", OptionKind.CHOICE, msgid("How the customer came"),
    choices=((Way.CALL.value, msgid("by telephone")), (Way.REQUEST.value, msgid("by a request"))),
)  # fmt: skip
DIDS = Option("dids", OptionKind.TEXT, msgid("Number dialled"), help=msgid("One or several with commas between them."))
THROUGH = Option(
    "through", OptionKind.CHOICE, msgid("By a queue or straight"),
    choices=((Through.QUEUE.value, msgid("by a queue")), (Through.DIRECT.value, msgid("straight to a phone"))),
)  # fmt: skip
QUEUES = Option("queues", OptionKind.TEXT, msgid("Queues"), help=msgid("As the exchange names them, with commas between them."))
EXCHANGE = Option("exchange_id", OptionKind.CHOICE, msgid("Exchange"))
FORMS = Option("forms", OptionKind.CHOICES, msgid("Request forms"))
KNOWN = Option(
    "known", OptionKind.CHOICE, msgid("Customer"), choices=((NO, msgid("new")), (YES, msgid("known before")))
)  # fmt: skip
ANSWERED = Option(
    "answered", OptionKind.CHOICE, msgid("The call"), choices=((YES, msgid("was answered")), (NO, msgid("was missed"))),
    help=msgid("Known when somebody answers or the call is over: the rule takes effect then."),
)  # fmt: skip
IN_HOURS = Option(
    "in_hours", OptionKind.CHOICE, msgid("When"),
    choices=((YES, msgid("in working hours")), (NO, msgid("outside of working hours"))),
)  # fmt: skip
WHEN_OPTIONS = (WAY, KNOWN, IN_HOURS, ANSWERED, DIDS, THROUGH, QUEUES, EXCHANGE, FORMS)

STAGE = Option("stage_id", OptionKind.STAGE, msgid("The deal begins on"))
OWNER = Option("owner_id", OptionKind.USER, msgid("Given to"))
TEAM = Option("team_id", OptionKind.TEAM, msgid("or to a team's people in turn"))
OVER_KEEPER = Option("over_keeper", OptionKind.YES_NO, msgid("Also customers who have a manager already"), default=False)
TASK = Option(
    "task_kind", OptionKind.CHOICE, msgid("Task"),
    choices=(
        (TaskKind.CLASSIFY.value, msgid("to classify it: this one is set anyway")),
        (TaskKind.CALL_BACK.value, msgid("to call back: set anyway where a call was missed")),
        (TaskKind.OTHER.value, msgid("another one beside")),
    ),
)  # fmt: skip
TITLE = Option("task_title", OptionKind.TEXT, msgid("Words of the task"))
WITHIN = Option(
    "task_within", OptionKind.MINUTES, msgid("Deadline of the task"), default=15, least=1, most=LONGEST_WITHIN
)  # fmt: skip
TASK_HOURS = Option("task_in_hours", OptionKind.YES_NO, msgid("Only working hours count for the deadline"), default=False)
THEN_OPTIONS = (STAGE, OWNER, TEAM, OVER_KEEPER, TASK, TITLE, WITHIN, TASK_HOURS)
