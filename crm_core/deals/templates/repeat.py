"""Repeat sales: where a deal that was won begins anew (F1)."""

from crm_core.deals.tables import StageKind
from crm_core.deals.template import DAY, PipelineTemplate, StageRules, TaskRule, gate
from crm_core.deals.template_texts import repeat_texts

DONE = gate("tasks_done", which="stage")

STAGES = (
    StageRules(tasks=(TaskRule(30 * DAY),), limit_hours=24 * 45, chance=20),
    StageRules(
        gates=(gate("call_answered", seconds=15, since="stage"), gate("required_fields", fields=["title", "amount"])),
        tasks=(TaskRule(7 * DAY),), limit_hours=24 * 14, chance=40,
    ),
    StageRules(gates=(DONE,), tasks=(TaskRule(2 * DAY),), limit_hours=24 * 7, chance=60),
    StageRules(gates=(DONE,), tasks=(TaskRule(3 * DAY),), limit_hours=24 * 10, chance=85),
    StageRules(chance=100, kind=StageKind.WON),
)  # fmt: skip

TEMPLATE = PipelineTemplate("repeat", STAGES, {"ru": repeat_texts.RUSSIAN, "en": repeat_texts.ENGLISH}, position=2)
