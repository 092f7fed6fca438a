"""The conveyor: eleven stages from a request to the last payment (F13–F23), each proving itself up to the meeting."""

from crm_core.deals.entry_tasks import BY_PHONE
from crm_core.deals.tables import StageKind
from crm_core.deals.template import DAY, HOUR, NewField, PipelineTemplate, StageRules, TaskRule, gate
from crm_core.deals.template_texts import eleven_en, eleven_ru
from crm_core.fields.definitions import FieldKind
from crm_core.fields.history import Noun
from crm_core.tags.starter import MEETING_AGREED

DONE = gate("tasks_done", which="stage")

STAGES = (
    # F13: any call or request is a card with a task to classify it, which intake sets; moving it on does that task.
    StageRules(limit_hours=4, chance=5),
    # F14: work type and price are set; who did not call himself is called.
    StageRules(
        gates=(gate("required_fields", fields=["amount", "work_type_id"]),),
        tasks=(TaskRule(4 * HOUR, unless=BY_PHONE),), limit_hours=24, chance=10,
    ),
    # F15 and F6: he was reached, he agreed, and it is said who meets whom, where, when and what for.
    StageRules(
        gates=(
            gate("call_answered", seconds=15, since="stage"), gate("said", tag=MEETING_AGREED, since="stage"),
            gate("meeting_set", parts=["user_id", "contact_id", "place", "at", "notes"]),
        ),
        limit_hours=72, chance=20,
    ),
    # F16: what was agreed is written down; the project, the wish, the company and the person are known.
    StageRules(
        gates=(
            gate("meeting_held", letters=10, since="stage"), gate("entities", contact=True, reachable=True, company=True),
            gate("required_fields", fields=["title", "new.wish", "contact.name", "contact.position", "company.name"]),
        ),
        limit_hours=168, chance=35,
    ),
    # F17–F22: the task parts. Documents and payments will prove these stages; until they do, what was to be done is done.
    StageRules(gates=(DONE,), tasks=(TaskRule(DAY),), limit_hours=48, chance=50),
    StageRules(gates=(DONE,), tasks=(TaskRule(3 * DAY),), limit_hours=240, chance=65),
    StageRules(gates=(DONE,), tasks=(TaskRule(DAY),), limit_hours=48, chance=80),
    StageRules(gates=(DONE,), tasks=(TaskRule(3 * DAY),), limit_hours=240, chance=85),
    StageRules(gates=(DONE,), tasks=(TaskRule(14 * DAY),), limit_hours=720, chance=95),
    StageRules(gates=(DONE,), tasks=(TaskRule(2 * DAY),), limit_hours=120, chance=97),
    # F23: thanks, and a rating asked for.
    StageRules(tasks=(TaskRule(DAY),), chance=100, kind=StageKind.WON),
)  # fmt: skip

TEMPLATE = PipelineTemplate(
    "eleven",
    STAGES,
    {"ru": eleven_ru.WORDS, "en": eleven_en.WORDS},
    (NewField("wish", Noun.DEAL, FieldKind.TEXT),),
    position=0,
    automated=True,
)
