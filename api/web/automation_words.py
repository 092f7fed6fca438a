"""Automations in the reader's language: what they wait for, did or why they did not, what is broken and how to mend it."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.web.field_words import field_names
from api.web.gate_words import filled
from api.web.names import Names
from api.web.translations import Texts
from api.web.wording import Wording
from crm_core.deals.automations.checking import Fault
from crm_core.deals.automations.queries import RunLine
from crm_core.deals.automations.registry import actions
from crm_core.deals.automations.rules import Rule
from crm_core.deals.automations.triggers import LABELS
from crm_core.deals.automations.words import Deed, GiveDeal, LoseDeal, MoveDeal, Note, SetField, SetTask, Trigger


class AutomationWords:
    """Globals of the templates of automations, by the names of the methods."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._texts: Texts = wording.texts

    def action_name(self, name: str) -> str:
        """What it does; a file that is gone is called by its name."""
        action = actions().get(name)
        return name if action is None else self._texts.gettext(action.label)

    def automation_name(self, rule: Rule) -> str:
        return rule.name or self._titled(rule.action_name, rule.settings)

    def run_name(self, run: RunLine) -> str:
        return run.rule_name or self._titled(run.action, run.settings)

    def _titled(self, action: str, settings: Mapping[str, Any]) -> str:
        """Several set tasks: which one is told by its words."""
        words = settings.get("title") or settings.get("text")
        name = self.action_name(action)
        return self._texts.gettext("%(action)s: “%(words)s”") % {"action": name, "words": str(words)[:80]} if words else name

    def trigger_name(self, trigger: str) -> str:
        return self._texts.gettext(LABELS[Trigger(trigger)])

    def when_said(self, rule: Rule) -> str:
        """The trigger with what was set about it: `when a conversation is tagged: meeting agreed`."""
        more = self.more_said(rule)
        said = self.trigger_name(rule.trigger)
        return f"{said}: {more}" if more else said

    def more_said(self, rule: Rule) -> str:
        """What was set about the trigger."""
        when = rule.when
        match rule.trigger:
            case Trigger.TIMEOUT:
                return self._texts.gettext("%(hours)s h") % {"hours": when.get("hours")}
            case Trigger.TAG:
                return Names(self._texts).tag_name(str(when.get("tag")))
            case Trigger.CALL:
                return self._call_said(when)
            case Trigger.TASK:
                return Names(self._texts).task_kind_name(when["kind"]) if when.get("kind") else ""
        return str(when.get("source") or "")

    def _call_said(self, when: Mapping[str, Any]) -> str:
        gettext = self._texts.gettext
        outcomes = {"answered": gettext("answered"), "missed": gettext("not answered")}
        ways = {"inbound": gettext("from the customer"), "outbound": gettext("to the customer")}
        said = (outcomes.get(when.get("outcome", "")), ways.get(when.get("direction", "")))
        return ", ".join(one for one in said if one)

    def run_state(self, state: str) -> str:
        pgettext = self._texts.pgettext
        return {
            "done": pgettext("run", "done"), "declined": pgettext("run", "declined"), "failed": pgettext("run", "failed"),
            "looped": pgettext("run", "stopped: a round"),
        }.get(state, state)  # fmt: skip

    def run_said(self, run: RunLine) -> str:
        """What it did, or why it did not."""
        return self._done_said(run) if run.state == "done" else self._why_said(run)

    def run_missing(self, run: RunLine) -> list[str]:
        """What the gates missed when it tried to move the deal."""
        return [filled(self._wording, one["say"], one["facts"]) for one in run.facts.get("missing", ())]

    def _done_said(self, run: RunLine) -> str:
        gettext, facts = self._texts.gettext, run.facts
        said = []
        if "stage" in facts:
            said.append(gettext("moved the deal to “%(stage)s”") % {"stage": run.names.get("stage", "")})
        if "lost" in facts:
            said.append(gettext("closed the deal as lost: %(reason)s") % {"reason": facts["lost"]})
        if "owner" in facts:
            said.append(gettext("gave the deal to %(name)s") % {"name": run.names.get("owner", "")})
        if tasks := len(facts.get("tasks", ())):
            said.append(self._texts.ngettext("set %(num)s task", "set %(num)s tasks", tasks) % {"num": tasks})
        if "field" in facts:
            said.append(gettext("filled in “%(field)s”") % {"field": self._field(facts["field"][0])})
        if "note" in facts:
            said.append(facts["note"])
        return " · ".join(said)

    def _why_said(self, run: RunLine) -> str:
        gettext = self._texts.gettext
        if run.why == "broken":
            return self.fault_said(fault_told(run.facts.get("fault", "")))
        if run.why == "error":
            return gettext("it failed: %(error)s") % {"error": run.facts.get("error", "")}
        if run.why == "loop":
            named = [run.names.get(f"rule {rule}") or f"№ {rule}" for rule in run.facts.get("rules", ())]
            return gettext("these automations send the deal round and round: %(names)s") % {"names": " → ".join(named)}
        if run.why == "refused":
            return gettext("“%(stage)s” asks for more") % {"stage": run.names.get("stage", "")}
        return self.why_not_said(run.why or "")

    def why_not_said(self, why: str) -> str:
        """Why there was nothing to do; a code of an added file that nobody worded is shown as it is."""
        gettext = self._texts.gettext
        return {
            "called_first": gettext("the first contact was by phone"),
            "meeting_planned": gettext("a meeting is planned already"),
            "has_task": gettext("the deal has a task already"),
            "closed": gettext("the deal is closed"),
            "there_already": gettext("it is so already"),
            "has_owner": gettext("the deal is somebody's already"),
            "filled": gettext("it is filled in already"),
            "no_work_type": gettext("no work type is chosen"),
            "no_usual_amount": gettext("no usual amount of this work type is known"),
            "moved_on": gettext("the deal had moved on"),
            "nothing_to_do": gettext("there was nothing to do"),
            "broken": gettext("what it names is not there any more"),
        }.get(why, why)

    def loop_names(self, loop: Sequence[Mapping[str, Any]]) -> list[str]:
        """Of automations that lead to themselves, as a refusal tells them."""
        return [self.action_name(str(one["name"])) for one in loop]

    def fault(self, what: str, which: str) -> Fault:
        return Fault(what, which)

    def fault_said(self, fault: Fault) -> str:
        """What is broken."""
        gettext, which = self._texts.gettext, {"which": fault.which}
        known = {
            "stage": gettext("its stage (no. %(which)s) was deleted"),
            "pipeline": gettext("its pipeline (no. %(which)s) was deleted"),
            "other_pipeline": gettext("it would move deals to a stage of another pipeline"),
            "user": gettext("the person (no. %(which)s) does not work here any more"),
            "team": gettext("the team (no. %(which)s) is gone, or has nobody in it"),
            "tag": gettext("there is no tag “%(which)s”"),
            "work_type": gettext("the work type (no. %(which)s) was put away"),
            "loss_reason": gettext("the reason for a loss (no. %(which)s) was put away"),
            "task_kind": gettext("there is no kind of task “%(which)s”"),
            "field": gettext("the field “%(which)s” is gone, or cannot have this value"),
            "template": gettext("no deal has a field {%(which)s}"),
            "action": gettext("what it did (“%(which)s”) is not part of the product any more"),
            "no_action": gettext("what it did is not part of the product any more"),
            "trigger": gettext("what it does does not go with when it runs"),
            "option": gettext("its setting “%(which)s” is missing or wrong"),
        }
        return known.get(fault.what, fault.what) % which

    def fault_mended(self, fault: Fault) -> str:
        """What to do about it."""
        gettext = self._texts.gettext
        if fault.what in ("action", "no_action", "trigger"):
            return gettext("Remove it, or switch it off.")
        if fault.what in ("stage", "pipeline") and fault.option is None:
            return gettext("Choose another stage below, or remove it.")
        return gettext("Choose another below and save, or switch it off.")

    def deed_said(self, deed: Deed, names: Mapping[str, Mapping[int, str]]) -> str:
        """What a dry run would have done. `names` of stages, users and teams by id."""
        gettext = self._texts.gettext
        match deed:
            case SetTask():
                return gettext("a task: %(title)s") % {"title": deed.title or Names(self._texts).task_kind_name(deed.kind)}
            case MoveDeal():
                name = names["stages"].get(deed.stage_id, f"№ {deed.stage_id}")
                return gettext("tries to move to “%(stage)s”") % {"stage": name}
            case LoseDeal():
                reason = names["loss_reasons"].get(deed.reason_id, f"№ {deed.reason_id}")
                return gettext("closes the deal as lost: %(reason)s") % {"reason": reason}
            case GiveDeal():
                return self._given_said(deed, names)
            case SetField():
                return gettext("fills in “%(field)s”: %(value)s") % {"field": self._field(deed.field), "value": self._value(deed)}
            case Note():
                return gettext("a note: %(text)s") % {"text": deed.text}

    def _given_said(self, deed: GiveDeal, names: Mapping[str, Mapping[int, str]]) -> str:
        gettext = self._texts.gettext
        if deed.team_id is not None:
            return gettext("goes to the next of “%(team)s”") % {"team": names["teams"].get(deed.team_id, f"№ {deed.team_id}")}
        return gettext("goes to %(name)s") % {"name": names["users"].get(deed.owner_id or 0, f"№ {deed.owner_id}")}

    def _value(self, deed: SetField) -> str:
        return f"{deed.value / 100:,.0f}".replace(",", "\u00a0") if deed.field == "amount" else str(deed.value)

    def _field(self, name: str) -> str:
        return field_names(self._texts).get(name, name)


def fault_told(code: str) -> Fault:
    """As runs keep it: `stage:5`."""
    what, _, which = str(code).partition(":")
    return Fault(what, which)
