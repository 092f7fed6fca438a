"""What can be set about each trigger, and whether an occasion meets it. Pure."""

from collections.abc import Mapping
from typing import Any

from crm_core.deals.automations.words import Settings, Trigger
from crm_core.options import Option, OptionKind
from crm_core.text import msgid

LABELS: dict[Trigger, str] = {
    Trigger.ENTRY: msgid("when a deal comes to the stage"),
    Trigger.EXIT: msgid("when a deal leaves the stage"),
    Trigger.TIMEOUT: msgid("when a deal stands on the stage for long"),
    Trigger.CALL: msgid("after a call"),
    Trigger.REQUEST: msgid("when a request comes"),
    Trigger.TAG: msgid("when a conversation is tagged"),
    Trigger.PAYMENT: msgid("when a payment comes"),
    Trigger.TASK: msgid("when a task is done"),
}

TIMEOUT = (Option("hours", OptionKind.NUMBER, msgid("Hours on the stage"), default=24, required=True, least=0.1, most=8760),)
CALL = (
    Option(
        "outcome", OptionKind.CHOICE, msgid("Which calls"), default="any",
        choices=(("any", msgid("all calls")), ("answered", msgid("answered")), ("missed", msgid("not answered"))),
    ),
    Option(
        "direction", OptionKind.CHOICE, msgid("Direction"), default="any",
        choices=(("any", msgid("both ways")), ("inbound", msgid("from the customer")), ("outbound", msgid("to the customer"))),
    ),
    Option("talk", OptionKind.SECONDS, msgid("Seconds of talk at least"), default=0, least=0, most=86400),
)  # fmt: skip
REQUEST = (Option("source", OptionKind.TEXT, msgid("Only from this source")),)
TAG = (Option("tag", OptionKind.TAG, msgid("Tag"), required=True),)
TASK = (Option("kind", OptionKind.TASK_KIND, msgid("Only tasks of this kind")),)

WHEN: dict[Trigger, tuple[Option, ...]] = {
    Trigger.ENTRY: (), Trigger.EXIT: (), Trigger.TIMEOUT: TIMEOUT, Trigger.CALL: CALL, Trigger.REQUEST: REQUEST,
    Trigger.TAG: TAG, Trigger.PAYMENT: (), Trigger.TASK: TASK,
}  # fmt: skip


def met(trigger: Trigger, when: Settings, facts: Mapping[str, Any]) -> bool:
    """Whether what happened is what the automation waits for. `facts` as the trigger's occasions tell them."""
    if trigger is Trigger.CALL:
        return _call_met(when, facts)
    if trigger is Trigger.TAG:
        return when.get("tag") in facts.get("tags", ())
    for name, option in ((Trigger.REQUEST, "source"), (Trigger.TASK, "kind")):
        if trigger is name:
            return when.get(option) in (None, facts.get(option))
    return True


def _call_met(when: Settings, facts: Mapping[str, Any]) -> bool:
    answered = facts.get("outcome") == "answered"
    outcome, direction = when.get("outcome", "any"), when.get("direction", "any")
    return (
        outcome in ("any", "answered" if answered else "missed")
        and direction in ("any", facts.get("direction"))
        and facts.get("talk", 0) >= (when.get("talk") or 0)
    )
