"""What codes are called in the reader's language: roles, tags, deals, tasks, fields, exchanges."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.web.dial_words import cap_words, stage_words, why_words
from api.web.translations import Texts
from api.web.webhook_words import kind_words, state_words, trouble_words
from crm_core.deals.board import NextTask
from crm_core.options import Option, OptionKind
from crm_core.requests.spam import SpamSign
from crm_core.tasks.queries import TaskLine
from crm_core.tasks.tables import TaskKind

Choices = Sequence[tuple[str | int, str]]
NUMBERED = re.compile(r"^\s*(?:\d{1,2}[.)]|[-–—•*])\s+")


@dataclass(frozen=True, slots=True)
class Names:
    """Each method is a global of templates. A code nobody worded yet is shown as it is."""

    texts: Texts

    def role_name(self, role: str) -> str:
        return dict(self.role_choices()).get(role, role)

    def role_choices(self) -> list[tuple[str, str]]:
        pgettext = self.texts.pgettext
        return [
            ("manager", pgettext("role", "Sales manager")), ("head", pgettext("role", "Head of sales")),
            ("qa", pgettext("role", "Quality control")), ("admin", pgettext("role", "Administrator")),
        ]  # fmt: skip

    def tag_name(self, tag: str) -> str:
        return dict(self.tag_choices()).get(tag, tag)

    def tag_choices(self) -> list[tuple[str, str]]:
        """The starter set of rules."""
        pgettext = self.texts.pgettext
        return [
            ("greeting", pgettext("tag", "greeting")), ("price_asked", pgettext("tag", "price asked")),
            ("meeting_agreed", pgettext("tag", "meeting agreed")),
            ("call_back_promised", pgettext("tag", "call-back promised")),
        ]  # fmt: skip

    def source_name(self, source: str) -> str:
        """Where a deal came from: a code of ours, or what somebody wrote."""
        pgettext = self.texts.pgettext
        own = {
            "call": pgettext("source", "call"),
            "request": pgettext("source", "request"),
            "repeat": pgettext("source", "repeat sale"),
        }
        return own.get(source, source)

    def period_choices(self) -> list[tuple[str, str]]:
        pgettext = self.texts.pgettext
        return [
            ("week", pgettext("came", "this week")), ("month", pgettext("came", "this month")),
            ("quarter", pgettext("came", "this quarter")), ("year", pgettext("came", "this year")),
        ]  # fmt: skip

    def deal_orders(self) -> list[tuple[str, str]]:
        pgettext = self.texts.pgettext
        return [
            ("-stage_since", pgettext("order", "moved last")), ("stage_since", pgettext("order", "longest on a stage")),
            ("-created_at", pgettext("order", "newest")), ("created_at", pgettext("order", "oldest")),
            ("-amount", pgettext("order", "dearest")), ("amount", pgettext("order", "cheapest")),
        ]  # fmt: skip

    def spam_sign(self, sign: str | None) -> str:
        """Why a request was kept apart."""
        gettext = self.texts.gettext
        names: dict[str, str] = {
            SpamSign.TRAP: gettext("a field that people do not see was filled in"),
            SpamSign.TOO_FAST: gettext("the form was filled in faster than anybody can"),
            SpamSign.LINKS: gettext("more links than people send"),
            SpamSign.ALIKE: gettext("the same words came from several senders"),
            SpamSign.NOT_A_CUSTOMER: gettext("the number is marked as no customer"),
        }  # fmt: skip
        return names.get(sign or "", "")

    def task_title(self, task: TaskLine | NextTask) -> str:
        pgettext = self.texts.pgettext
        if task.title:
            return task.title
        names = {
            TaskKind.CLASSIFY: pgettext("task", "Classify the request"), TaskKind.CALL_BACK: pgettext("task", "Call back"),
            TaskKind.MEETING: pgettext("task", "Meeting"), TaskKind.REQUEST: pgettext("task", "Answer the request"),
        }  # fmt: skip
        return names.get(task.kind, pgettext("task", "Task"))

    def task_kind_name(self, kind: str) -> str:
        pgettext = self.texts.pgettext
        names: dict[str, str] = {
            TaskKind.CLASSIFY: pgettext("task kind", "classify"), TaskKind.CALL_BACK: pgettext("task kind", "call back"),
            TaskKind.MEETING: pgettext("task kind", "meeting"), TaskKind.REQUEST: pgettext("task kind", "answer a request"),
            TaskKind.OTHER: pgettext("task kind", "other"),
        }  # fmt: skip
        return names.get(kind, kind)

    def steps_of_text(self, text: str) -> list[str]:
        """The lines of an algorithm, without the numbers they were written with: the page numbers them itself."""
        return [step for line in text.splitlines() if (step := NUMBERED.sub("", line).strip())]

    def worded(self, text: str, facts: Mapping[str, Any] | None = None) -> str:
        """A text that was marked by `crm_core.text.msgid`, with the facts its %(name)s ask for."""
        said = self.texts.gettext(text) if text else ""
        return said % facts if facts is not None else said

    def choosable(self, option: Option, pick: Mapping[str, Choices]) -> Choices:
        """What can be chosen for an option: what it says itself, else the rows or words of its kind."""
        if option.kind in (OptionKind.CHOICE, OptionKind.CHOICES):
            return [(value, self.texts.gettext(label)) for value, label in option.choices]
        return pick.get(option.kind.value, ())

    def meeting_deed(self, deed: str) -> str:
        pgettext = self.texts.pgettext
        names = {
            "meeting_set": pgettext("meeting", "Meeting set"), "meeting_put_off": pgettext("meeting", "Meeting put off"),
            "meeting_held": pgettext("meeting", "Meeting held"), "meeting_cancelled": pgettext("meeting", "Meeting cancelled"),
        }  # fmt: skip
        return names.get(deed, deed)

    def influence_name(self, influence: str | None) -> str:
        """How much somebody decides in a deal."""
        return dict(self.influence_choices()).get(influence or "", "")

    def influence_choices(self) -> list[tuple[str, str]]:
        pgettext = self.texts.pgettext
        return [
            ("decides", pgettext("influence", "decides")), ("influences", pgettext("influence", "influences the decision")),
            ("uses", pgettext("influence", "will use it")), ("none", pgettext("influence", "has no say")),
        ]  # fmt: skip

    def meeting_lack(self, name: str) -> str:
        """What nobody has said yet of a meeting."""
        pgettext = self.texts.pgettext
        names = {
            "user": pgettext("meeting", "who goes"), "contact": pgettext("meeting", "with whom"),
            "place": pgettext("meeting", "where"), "at": pgettext("meeting", "when"), "notes": pgettext("meeting", "notes"),
        }  # fmt: skip
        return names.get(name, name)

    def field_kind_name(self, kind: str) -> str:
        return dict(self.field_kind_choices()).get(kind, kind)

    def field_kind_choices(self) -> list[tuple[str, str]]:
        pgettext = self.texts.pgettext
        return [
            ("text", pgettext("kind", "Text")), ("number", pgettext("kind", "Number")), ("money", pgettext("kind", "Amount")),
            ("date", pgettext("kind", "Date")), ("choice", pgettext("kind", "One of a list")),
            ("choices", pgettext("kind", "Several of a list")), ("yes_no", pgettext("kind", "Yes or no")),
        ]  # fmt: skip

    def exchange_state(self, state: str) -> str:
        pgettext = self.texts.pgettext
        names = {
            "new": pgettext("exchange", "not tried yet"), "connecting": pgettext("exchange", "connecting"),
            "up": pgettext("exchange", "connected"), "down": pgettext("exchange", "no connection"),
            "refused": pgettext("exchange", "login refused"),
        }  # fmt: skip
        return names.get(state, state)

    def exchange_hint(self, state: str) -> str:
        """What to look at when an exchange is not up."""
        gettext = self.texts.gettext
        hints = {
            "down": gettext("Look whether the exchange runs, and whether its AMI port can be reached from here."),
            "refused": gettext("Look at the user and the secret in manager.conf, and at its permit lines."),
        }  # fmt: skip
        return hints.get(state, "")

    def why_not(self, code: str | None) -> str:
        """Why a call by a click was not made."""
        return why_words(self.texts, code)

    def dial_stage_name(self, stage: str) -> str:
        return stage_words(self.texts, stage)

    def cap_name(self, reason: str) -> str:
        return cap_words(self.texts, reason)

    def webhook_kind(self, kind: str) -> str:
        return kind_words(self.texts, kind)

    def delivery_state(self, state: str) -> str:
        return state_words(self.texts, state)

    def delivery_trouble(self, code: str) -> str:
        return trouble_words(self.texts, code)
