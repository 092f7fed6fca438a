"""Lead rules in the reader's words: what one asks for and does, why one is broken, what was refused."""

from collections.abc import Mapping
from typing import Any

from api.web.lead_rule_form import typed_of
from api.web.render import Look
from crm_core.errors import Conflict, Invalid
from crm_core.leads.options import THEN_OPTIONS
from crm_core.leads.rules import Broken, LeadRule
from crm_core.options import Option, OptionKind


def sentence(look: Look, rule: LeadRule, facts: Mapping[str, Any]) -> dict[str, list[str]]:
    """`when`, `then`, `broken`: short pieces for the list. `facts` as `form_facts` tells them."""
    typed = typed_of(rule)
    when = [said for option in facts["when_options"] if (said := _said(look, option, typed.get(option.name), facts))]
    then = [said for option in THEN_OPTIONS[:3] if (said := _said(look, option, typed.get(option.name), facts))]
    gettext = look.gettext
    if rule.then.task is not None:
        kind = look.names.task_kind_name(rule.then.task.kind)
        then.append(gettext("task: %(what)s") % {"what": rule.then.task.title or kind})
    return {"when": when, "then": then, "broken": [broken_words(look, one) for one in rule.broken]}


def _said(look: Look, option: Option, value: Any, facts: Mapping[str, Any]) -> str:
    if value in (None, "", [], False):
        return ""
    label = look.gettext(option.label)
    if option.kind in (OptionKind.TEXT, OptionKind.MINUTES):
        return f"{label}: {value}"
    names = {str(one): name for one, name in look.names.choosable(option, facts["pick"])}
    values = value if isinstance(value, list) else [value]
    said = ", ".join(names.get(str(one), str(one)) for one in values)
    short = option.name in ("way", "known", "in_hours", "answered", "through")
    if option.name in ("known", "answered"):
        return f"{label.lower()} {said}"
    return said if short else f"{label}: {said}"


def broken_words(look: Look, why: Broken) -> str:
    gettext = look.gettext
    words = {
        Broken.PIPELINE: gettext("its pipeline was put away"),
        Broken.STAGE: gettext("its stage is no more"),
        Broken.OWNER: gettext("whom it gives leads to has left"),
        Broken.TEAM: gettext("in its team is nobody who could take turns"),
        Broken.UNREADABLE: gettext("what it asks for cannot be read"),
    }
    return words[why]


def wrong_words(look: Look, error: Invalid | Conflict) -> str:
    """What is to be mended."""
    gettext = look.gettext
    if isinstance(error, Conflict):
        return gettext("There are as many rules as there may be; remove one first.")
    field = str(error.facts.get("field", ""))
    words = {
        "name": gettext("Give the rule a name."),
        "stage_id": gettext("Choose an open stage."),
        "pipeline_id": gettext("Choose an open stage."),
        "owner_id": gettext("Choose somebody who works here."),
        "team_id": gettext("Choose one person, or a team that has people; not both."),
        "task.title": gettext("Say what is to be done."),
        "task.within_minutes": gettext("A deadline is from one minute to sixty days."),
        "days": gettext("Write each single day as 2026-12-31, with its hours behind it if it is no day off."),
    }
    usual = gettext("Write working hours as 09:00 and 18:00, the later one second.")
    return words.get(field, usual if field not in ("exchange_id", "forms", "dids", "queues") else error.say)
