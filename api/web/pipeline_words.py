"""Why a pipeline or stage was not changed, in the reader's language."""

from collections.abc import Iterable
from typing import Any

from api.web.automation_words import AutomationWords
from api.web.options_typed import option_wrong
from api.web.visit import Visit
from crm_core.deals.entry_tasks import OPTIONS as TASK_OPTIONS
from crm_core.deals.judging import all_gates
from crm_core.deals.named_by import AUTOMATION, Naming
from crm_core.errors import Conflict, FirstringError, Invalid


def pipeline_wrong(visit: Visit, error: FirstringError) -> str:
    return _conflict(visit, error) if isinstance(error, Conflict) else _invalid(visit, error)


def _conflict(visit: Visit, error: Conflict) -> str:
    facts: dict[str, Any] = dict(error.facts)
    if "named_by" in facts:
        said = visit.say("It is still named by: %(names)s. Change or remove these first.")
        return said % {"names": ", ".join(named_by_words(visit, facts["named_by"]))}
    if "handed_over_from" in facts:
        names = ", ".join(f"«{name}»" for name in facts["handed_over_from"])
        return visit.say("Won deals of %(names)s go on here. Let them go elsewhere first.") % {"names": names}
    if "changed_by" in facts:
        return _changed(visit, facts)
    if "deals" in facts:
        return visit.say("Open deals stand on this stage (%(count)s): choose the stage they go to.") % {"count": facts["deals"]}
    return visit.say("Somebody changed this meanwhile. It is shown as it is now: look and try again.")


def _changed(visit: Visit, facts: dict[str, Any]) -> str:
    who = facts["changed_by"] or visit.say("Somebody")
    when = visit.look.wording.at(facts["changed_at"], visit.now) if facts["changed_at"] else ""
    said = visit.say("%(name)s changed this stage (%(time)s) while you had it open. What you typed is below and not kept yet.")
    return said % {"name": who, "time": when}


def named_by_words(visit: Visit, naming: Iterable[Naming]) -> list[str]:
    return [words for words, _href in named_by_links(visit, naming)]


def named_by_links(visit: Visit, naming: Iterable[Naming]) -> list[tuple[str, str]]:
    """What names a stage or pipeline, as its own page calls it, and the address of that page."""
    automation, rule = visit.say("automation “%(name)s”"), visit.say("lead rule “%(name)s”")
    words = AutomationWords(visit.look.wording)
    return [
        (automation % {"name": one.name or words.action_name(one.action or "")}, f"/automations/{one.id}")
        if one.noun == AUTOMATION
        else (rule % {"name": one.name or str(one.id)}, f"/lead-rules/{one.id}")
        for one in naming
    ]


def _invalid(visit: Visit, error: FirstringError) -> str:
    facts: dict[str, Any] = dict(error.facts)
    field = str(facts.get("field", ""))
    if field == "gates":
        return _gate(visit, error, facts)
    if field == "entry_tasks":
        wrong = option_wrong(visit.look.wording.texts, TASK_OPTIONS, Invalid(error.say, **facts))
        return visit.say("Task on entry no. %(number)s: %(why)s") % {"number": int(facts.get("row", 0)) + 1, "why": wrong}
    known = {
        "name": visit.say("A name is a few words, at most 80 characters, and no other has it."),
        "kind": visit.say("A pipeline keeps one open stage at least: deals begin there."),
        "limit_hours": visit.say("The time limit is a number of hours, more than none and at most a year."),
        "chance": visit.say("The chance is a whole number from 0 to 100."),
        "hands_over_to": visit.say("Won deals go on in another pipeline that is in use."),
        "stages": visit.say("A pipeline keeps one open stage at least: deals begin there."),
    }
    return known.get(field) or visit.say("This cannot be so: %(why)s") % {"why": visit.say(error.say)}


def _gate(visit: Visit, error: FirstringError, facts: dict[str, Any]) -> str:
    gate = all_gates().get(str(facts.get("gate")))
    if gate is None:
        return visit.say("There is no gate “%(name)s”.") % {"name": facts.get("gate", "")}
    label = visit.say(gate.label)
    if "missing_field" in facts:
        return visit.say("“%(gate)s”: there is no field “%(name)s”.") % {"gate": label, "name": facts["missing_field"]}
    why = option_wrong(visit.look.wording.texts, gate.options, Invalid(error.say, **facts))
    return f"{label}: {why}"
