"""A short pipeline for simple sales: request, talk, invoice, paid."""

from crm_core.deals.entry_tasks import BY_PHONE
from crm_core.deals.tables import StageKind
from crm_core.deals.template import DAY, HOUR, PipelineTemplate, StageRules, TaskRule, gate
from crm_core.deals.template_texts import short_texts

STAGES = (
    StageRules(tasks=(TaskRule(2 * HOUR, unless=BY_PHONE),), limit_hours=8, chance=15),
    StageRules(
        gates=(gate("call_answered", seconds=15, since="deal"), gate("required_fields", fields=["title", "amount"])),
        limit_hours=48, chance=40,
    ),
    StageRules(gates=(gate("tasks_done", which="stage"),), tasks=(TaskRule(DAY),), limit_hours=120, chance=75),
    StageRules(chance=100, kind=StageKind.WON),
)  # fmt: skip

TEMPLATE = PipelineTemplate("short", STAGES, {"ru": short_texts.RUSSIAN, "en": short_texts.ENGLISH}, position=1)
