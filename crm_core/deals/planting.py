"""A template becomes a pipeline; and the gates of a template are taken over into a pipeline that stands already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.automations.defaults import install_defaults
from crm_core.deals.pipeline_edits import add_pipeline
from crm_core.deals.stage_edits import MOST_STAGES, told_of_pipeline
from crm_core.deals.stage_queries import EDITED, PipelineWhole, StageWhole, whole_pipeline
from crm_core.deals.stage_settings import StageChanges, custom_name, fitted_stage
from crm_core.deals.tables import StageKind, stages
from crm_core.deals.template import PipelineTemplate, StageRules, StageWords, TemplateWords
from crm_core.errors import Invalid
from crm_core.fields.definitions import NewField, add_field, definitions

OWN = "new."
"""Before the key of a field that the template adds itself."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a stage would get that it has none of now, by the names of `StageChanges`."""

    stage: StageWhole
    values: Mapping[str, Any]


async def plant(
    tx: AsyncConnection, template: PipelineTemplate, language: str, *, name: str | None = None, by: int | None, now: datetime
) -> int:
    """A pipeline with the stages, gates, entry tasks and fields of a template; tells its id. Raises Invalid."""
    words = template.said(language)
    added = await _fields(tx, template, words, by=by, now=now)
    given = [of_stage(rules, said, added) for rules, said in zip(template.stages, words.stages, strict=True)]
    planted = await plant_stages(tx, name or words.pipeline, given, by=by, now=now)
    if template.automated:
        await install_defaults(tx, planted, language=language, now=now)
    return planted


async def plant_stages(tx: AsyncConnection, name: str, given: Sequence[StageChanges], *, by: int | None, now: datetime) -> int:
    """A pipeline with these stages in their order. Raises Invalid, with `stage` (from 0) where it is one of them."""
    if not given or len(given) > MOST_STAGES:
        raise Invalid(f"A pipeline has between one and {MOST_STAGES} stages", field="stages")
    if not any(stage.get("kind", StageKind.OPEN) == StageKind.OPEN for stage in given):
        raise Invalid("A pipeline keeps one open stage at least: deals begin there", field="stages")
    fit = [await _fitted_at(tx, place, stage) for place, stage in enumerate(given)]
    added = await add_pipeline(tx, name, by=by, now=now)
    await tx.execute(insert(stages), [{**stage, "pipeline_id": added, "position": place} for place, stage in enumerate(fit)])
    return added


def copied(pipeline: PipelineWhole) -> list[StageChanges]:
    """The stages of a pipeline, to be planted once more."""
    return [StageChanges(**{name: getattr(stage, name) for name in EDITED}) for stage in pipeline.stages]  # type: ignore[typeddict-item]


def of_stage(rules: StageRules, words: StageWords, fields: Mapping[str, str]) -> StageChanges:
    """What a template says of one stage; `fields`: how the fields it adds are named here, by key."""
    tasks = [
        {"kind": rule.kind, "title": title, "within_minutes": rule.within_minutes, "unless": rule.unless}
        for rule, title in zip(rules.tasks, words.tasks, strict=True)
    ]
    return StageChanges(
        name=words.name, short_name=words.short_name, goal=words.goal, criteria=words.criteria, tools=words.tools,
        algorithm=words.algorithm, kind=rules.kind, gates=[_named(gate, fields) for gate in rules.gates], entry_tasks=tasks,
        limit_hours=rules.limit_hours, chance=rules.chance,
    )  # fmt: skip


def to_take_over(pipeline: PipelineWhole, template: PipelineTemplate, language: str) -> tuple[TakenOver, ...]:
    """What each stage of a pipeline would get: only what it has none of. Stages are matched by name, else by their places.

    Gates that ask for a field of the template's own are left out: nothing is added to the cards by looking.
    """
    words = template.said(language)
    return _taken_over(pipeline, template, words, {field.key: f"{OWN}{field.key}" for field in template.fields})


async def take_over(
    tx: AsyncConnection, pipeline_id: int, template: PipelineTemplate, language: str, *, by: int | None, now: datetime
) -> int:
    """Give each stage of a pipeline what it has none of; tells how many changed. Raises NotFound, Invalid."""
    words = template.said(language)
    pipeline = await whole_pipeline(tx, pipeline_id)
    added = await _fields(tx, template, words, by=by, now=now)
    taken = _taken_over(pipeline, template, words, added)
    for one in taken:
        fit = await fitted_stage(tx, StageChanges(**one.values))  # type: ignore[typeddict-item]
        await tx.execute(update(stages).where(stages.c.id == one.stage.id).values(fit))
        facts = {"template": template.name, "set": sorted(fit)}
        await told_of_pipeline(tx, "stage_changed", "stage", one.stage.id, pipeline_id, by, now, facts)
    return len(taken)


def _taken_over(
    pipeline: PipelineWhole, template: PipelineTemplate, words: TemplateWords, fields: Mapping[str, str]
) -> tuple[TakenOver, ...]:
    found = []
    for stage, rules, said in _matched(pipeline, template, words):
        wanted = of_stage(rules, said, fields)
        values = {name: wanted[name] for name in TAKEN if wanted[name] and not getattr(stage, name)}  # type: ignore[literal-required]
        if values:
            found.append(TakenOver(stage, values))
    return tuple(found)


TAKEN = ("gates", "entry_tasks", "goal", "criteria", "tools", "algorithm", "limit_hours", "chance")


def _matched(
    pipeline: PipelineWhole, template: PipelineTemplate, words: TemplateWords
) -> list[tuple[StageWhole, StageRules, StageWords]]:
    """By name; if the pipeline has as many stages as the template, those renamed since by their places."""
    by_name = {_plain(said.name): place for place, said in enumerate(words.stages)}
    places: dict[int, int | None] = {stage.id: by_name.get(_plain(stage.name)) for stage in pipeline.stages}
    if len(pipeline.stages) == len(template.stages):
        free = set(range(len(template.stages))) - {place for place in places.values() if place is not None}
        for place, stage in enumerate(pipeline.stages):
            if places[stage.id] is None and place in free:
                places[stage.id] = place
    return [
        (stage, template.stages[at], words.stages[at])
        for stage in pipeline.stages
        if (at := places[stage.id]) is not None and template.stages[at].kind == stage.kind
    ]


def _plain(name: str) -> str:
    return name.casefold().replace("ё", "е")


def _named(gate: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """The gate with the fields of the template's own as they are named here."""
    settings = {
        name: [fields.get(one.removeprefix(OWN), one) if str(one).startswith(OWN) else one for one in value]
        if isinstance(value, list) else value
        for name, value in gate["settings"].items()
    }  # fmt: skip
    return {"gate": gate["gate"], "settings": settings}


async def _fields(
    tx: AsyncConnection, template: PipelineTemplate, words: TemplateWords, *, by: int | None, now: datetime
) -> dict[str, str]:
    """How each field of the template is named in gates; one of that name that is there already is taken."""
    named: dict[str, str] = {}
    for field in template.fields:
        name = words.fields[field.key]
        known = [one.id for one in await definitions(tx, field.noun) if one.name.casefold() == name.casefold()]
        field_id = known[0] if known else await add_field(tx, NewField(field.noun, name, field.kind), by=by, now=now)
        named[field.key] = custom_name(field.noun, field_id)
    return named


async def _fitted_at(tx: AsyncConnection, place: int, given: StageChanges) -> dict[str, Any]:
    blank = StageChanges(name="", short_name=None, goal=None, criteria=None, tools=None, algorithm=None, kind=StageKind.OPEN,
                         gates=[], entry_tasks=[], limit_hours=None, chance=None)  # fmt: skip
    try:
        return await fitted_stage(tx, {**blank, **given})
    except Invalid as error:
        name = str(given.get("name", ""))[:80]
        raise Invalid(f"Stage {name or place + 1}: {error.say}", **{**error.facts, "stage": place}) from error
