"""A pipeline ready to be planted: its stages with what they ask for, and their words in each language.

Each template is one file of `crm_core.deals.templates` with a `TEMPLATE`; its words stand in `crm_core.deals.template_texts`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from crm_core.deals import templates
from crm_core.deals.tables import StageKind
from crm_core.errors import NotFound
from crm_core.fields.definitions import FieldKind
from crm_core.fields.history import Noun
from crm_core.plugins import plugins
from crm_core.tasks.tables import TaskKind

HOUR, DAY = 60, 24 * 60
"""In minutes."""


@dataclass(frozen=True, slots=True)
class TaskRule:
    """A task on entry; its words are the stage's. See `crm_core.deals.entry_tasks`."""

    within_minutes: int
    kind: TaskKind = TaskKind.OTHER
    unless: str | None = None


@dataclass(frozen=True, slots=True)
class StageRules:
    """What a stage asks for, in every language alike. A field of the template's own is named `new.<key>` in `gates`."""

    gates: tuple[Mapping[str, Any], ...] = ()
    tasks: tuple[TaskRule, ...] = ()
    limit_hours: float | None = None
    chance: int | None = None
    kind: StageKind = StageKind.OPEN


@dataclass(frozen=True, slots=True)
class StageWords:
    """`tasks`: what each task on entry is called; None: worded by its kind."""

    name: str
    short_name: str
    goal: str
    criteria: str
    tools: str
    algorithm: str
    tasks: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateWords:
    """`pipeline`: what the planted one is called. `fields`: names of the fields it adds, by key."""

    label: str
    line: str
    pipeline: str
    stages: tuple[StageWords, ...]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class NewField:
    """A field the template adds to the cards, if the company has none of that name."""

    key: str
    noun: Noun
    kind: FieldKind


@dataclass(frozen=True, slots=True)
class PipelineTemplate:
    """`position`: its place among those to choose from. `automated`: it comes with the automations of the conveyor."""

    name: str
    stages: tuple[StageRules, ...]
    words: Mapping[str, TemplateWords]
    fields: tuple[NewField, ...] = ()
    position: int = 0
    automated: bool = False

    def said(self, language: str) -> TemplateWords:
        """In that language, else in English."""
        return self.words.get(language) or self.words["en"]


def gate(name: str, **settings: Any) -> Mapping[str, Any]:
    return {"gate": name, "settings": settings}


@cache
def all_templates() -> Mapping[str, PipelineTemplate]:
    """By name, in the order in which they are offered."""
    found = plugins(templates, "TEMPLATE")
    return {one.name: one for one in sorted(found.values(), key=lambda one: (one.position, one.name))}


def template_named(name: str) -> PipelineTemplate:
    """Raises NotFound."""
    found = all_templates().get(name)
    if found is None:
        raise NotFound(noun="templates", id=name)
    return found
