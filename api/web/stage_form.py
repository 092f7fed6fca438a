"""The form of a stage: as it stands, as it was typed, and what it asks to be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from api.web.options_typed import fitted_options, typed_options
from crm_core.deals.entry_tasks import OPTIONS as TASK_OPTIONS
from crm_core.deals.gate import Gate
from crm_core.deals.judging import all_gates
from crm_core.deals.stage_queries import StageWhole
from crm_core.deals.stage_settings import StageChanges
from crm_core.errors import Invalid

WORDS = ("name", "short_name", "kind", "goal", "criteria", "tools", "algorithm", "limit_hours", "chance")
LONGEST = 4001
MOST = 30


@dataclass(frozen=True, slots=True)
class GateTyped:
    """`gate` None: one whose file is gone; it can only be removed."""

    name: str
    gate: Gate | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StageTyped:
    """What stands in the form. `seen`: the version it was filled from."""

    words: Mapping[str, Any]
    gates: Sequence[GateTyped] = ()
    tasks: Sequence[Mapping[str, Any]] = ()
    seen: str = ""
    options: Sequence[Any] = field(default=TASK_OPTIONS)


def shown(stage: StageWhole) -> StageTyped:
    """The form as the stage stands."""
    words = {name: getattr(stage, name) for name in WORDS}
    words["limit_hours"] = "" if stage.limit_hours is None else f"{stage.limit_hours:g}"
    gates = [GateTyped(str(one["gate"]), all_gates().get(str(one["gate"])), one.get("settings") or {}) for one in stage.gates]
    return StageTyped(words, gates, stage.entry_tasks, stage.version)


def typed_in(form: FormData) -> StageTyped:
    """As it was sent, with what its buttons ask for: a gate or task more, or one less."""
    do = _one(form, "do")
    gates = [
        GateTyped(name, gate, typed_options(gate.options, form, f"g{place}-") if gate else {})
        for place, name in enumerate(_several(form, "gate"))
        if do != f"drop_gate:{place}" and ((gate := all_gates().get(name)) or True)
    ]
    tasks = [
        typed_options(TASK_OPTIONS, form, f"t{place}-")
        for place, _ in enumerate(_several(form, "task"))
        if do != f"drop_task:{place}"
    ]
    if do == "add_gate" and (added := all_gates().get(_one(form, "new_gate"))):
        gates.append(GateTyped(added.name, added, {}))
    if do == "add_task":
        tasks.append({})
    return StageTyped({name: _one(form, name) for name in WORDS}, gates, tasks, _one(form, "seen")[:16])


def asks_to_keep(form: FormData) -> bool:
    """Whether it is to be kept, or only drawn again with something more or less in it."""
    return _one(form, "do") in ("", "save")


def wanted(typed: StageTyped) -> StageChanges:
    """What is to be kept. Raises Invalid with the fact `field`."""
    words = typed.words
    return StageChanges(
        name=words["name"], short_name=words["short_name"], kind=words["kind"] or "open", goal=words["goal"],
        criteria=words["criteria"], tools=words["tools"], algorithm=words["algorithm"],
        limit_hours=_number(words["limit_hours"], "limit_hours"), chance=_whole(words["chance"]),
        gates=[_gate(place, one) for place, one in enumerate(typed.gates)],
        entry_tasks=[_task(place, one) for place, one in enumerate(typed.tasks)],
    )  # fmt: skip


def _gate(place: int, typed: GateTyped) -> dict[str, Any]:
    if typed.gate is None:
        return {"gate": typed.name, "settings": {}}
    try:
        return {"gate": typed.name, "settings": fitted_options(typed.gate.options, typed.values)}
    except Invalid as error:
        raise Invalid(error.say, **{"field": "gates", "gate": typed.name, "row": place, **error.facts}) from error


def _task(place: int, typed: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return fitted_options(TASK_OPTIONS, typed)
    except Invalid as error:
        raise Invalid(error.say, **{"field": "entry_tasks", "row": place, **error.facts}) from error


def _number(text: str, name: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text.strip().replace(",", "."))
    except ValueError as error:
        raise Invalid("A number is wanted", field=name) from error


def _whole(text: str) -> int | None:
    number = _number(text, "chance")
    if number is not None and not (abs(number) < 1000 and number.is_integer()):
        raise Invalid("A whole number is wanted", field="chance")
    return None if number is None else int(number)


def _one(form: FormData, name: str) -> str:
    value = form.get(name)
    return value[:LONGEST] if isinstance(value, str) else ""


def _several(form: FormData, name: str) -> list[str]:
    return [one[:80] for one in form.getlist(name) if isinstance(one, str)][:MOST]
