"""The automations that come with the eleven-stage pipeline, besides the tasks that its stages set themselves (F8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.edits import NewAutomation, add_automation
from crm_core.deals.automations.tables import automations
from crm_core.deals.automations.words import Trigger
from crm_core.deals.tables import stages
from crm_core.tags.starter import MEETING_AGREED

CLASSIFICATION, ARRANGING, MEETING, PROPOSAL, IN_PROGRESS = 1, 2, 3, 4, 8
"""Positions among the eleven stages."""

DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class _Default:
    """`words`: the title of its task by language; `at`: the position of its stage, None: all; `to`: where it moves deals."""

    action: str
    trigger: Trigger
    at: int | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    within: int | None = None
    when: Mapping[str, Any] = field(default_factory=dict)
    to: int | None = None
    active: bool = True


DEFAULTS = (
    _Default("keep_next_task", Trigger.TASK, None, {"ru": "Решить, что дальше", "en": "Decide what comes next"}, DAY),
    _Default("usual_amount", Trigger.ENTRY, CLASSIFICATION),
    _Default(
        "set_task_unless_meeting", Trigger.TAG, ARRANGING,
        {"ru": "Записать встречу: кто, с кем, где и когда", "en": "Write the meeting down: who, with whom, where and when"}, 30,
        {"tag": MEETING_AGREED},
    ),
    _Default("move_deal", Trigger.TAG, ARRANGING, when={"tag": MEETING_AGREED}, to=MEETING, active=False),
    _Default(
        "set_task", Trigger.TIMEOUT, PROPOSAL,
        {"ru": "Побеспокоить: что думают о предложении", "en": "Ask what they think of the proposal"}, 60, {"hours": 48},
    ),
    _Default(
        "tell_head", Trigger.ENTRY, IN_PROGRESS,
        {"ru": "Дать знак, что работа может начаться: {deal}", "en": "Give the sign that work may begin: {deal}"}, 60,
    ),
)  # fmt: skip


async def install_defaults(tx: AsyncConnection, pipeline_id: int, *, language: str = "ru", now: datetime) -> int:
    """Set them up for a pipeline of eleven stages that has none that came with a template; tells how many were."""
    already = exists().where(automations.c.pipeline_id == pipeline_id, automations.c.built_in)
    query = select(stages.c.id).where(stages.c.pipeline_id == pipeline_id, stages.c.archived_at.is_(None))
    ids = (await tx.scalars(query.order_by(stages.c.position))).all()
    if await tx.scalar(select(already)) or len(ids) <= IN_PROGRESS:
        return 0
    for default in DEFAULTS:
        await add_automation(tx, _new(default, pipeline_id, ids, language), by=None, now=now)
    return len(DEFAULTS)


def _new(default: _Default, pipeline_id: int, ids: Sequence[int], language: str) -> NewAutomation:
    title = default.words.get("ru" if language == "ru" else "en")
    given = {"title": title, "within_minutes": default.within, "stage": None if default.to is None else ids[default.to]}
    return NewAutomation(
        default.action, default.trigger, pipeline_id, None if default.at is None else ids[default.at], when=default.when,
        settings={name: value for name, value in given.items() if value is not None}, active=default.active, built_in=True,
    )  # fmt: skip
