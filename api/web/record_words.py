"""What duplicates, merges, histories and imports name, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.web.translations import Texts
from api.web.wording import Wording
from crm_core.fields.definitions import FieldKind
from crm_core.fields.history_queries import Change
from crm_core.merging.likeness import Why
from crm_core.merging.queries import Side


@dataclass(frozen=True, slots=True)
class RecordNames:
    """Each method is a global of templates."""

    texts: Texts
    wording: Wording

    def record_side(self, side: Side) -> str:
        """One of two that may be one, by the best name there is."""
        return (
            side.name
            or (self.wording.phone(side.numbers[0]) if side.numbers else side.email)
            or self.texts.gettext("Without a name")
        )

    def duplicate_why(self, why: str) -> str:
        """What two records have in common."""
        gettext = self.texts.gettext
        words: Mapping[str, str] = {
            Why.EMAIL: gettext("the same e-mail"), Why.INN: gettext("the same INN"), Why.PHONE: gettext("the same telephone"),
            Why.NAME_AND_COMPANY: gettext("like names in one company"), Why.NAME_AND_NUMBER: gettext("like names and numbers"),
            Why.NAME: gettext("like names"),
        }  # fmt: skip
        return words.get(why, why)

    def moved_name(self, table: str) -> str:
        """What goes over with a contact or company."""
        pgettext = self.texts.pgettext
        words = {
            "contacts": pgettext("moved", "contacts"), "contact_numbers": pgettext("moved", "numbers"),
            "deals": pgettext("moved", "deals"), "deal_contacts": pgettext("moved", "parts in deals"),
            "calls": pgettext("moved", "calls"), "recordings": pgettext("moved", "recordings"),
            "tasks": pgettext("moved", "tasks"), "notes": pgettext("moved", "notes"), "meetings": pgettext("moved", "meetings"),
            "requests": pgettext("moved", "requests"),
        }  # fmt: skip
        return words.get(table, table)

    def history_value(self, change: Change, value: Any, name: str | None) -> str:
        """A value of a field as people read it; empty: there was nothing."""
        gettext = self.texts.gettext
        if value is None or value == "":
            return ""
        if name is not None:
            return name
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if change.field == "amount" or (change.own is not None and change.own.kind is FieldKind.MONEY):
            return self.wording.money(value)
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return str(value)

    def export_column(self, column: str) -> str:
        """The heading of an export's column."""
        gettext = self.texts.gettext
        words = {
            "id": gettext("No."), "company": gettext("Company"), "number": gettext("Numbers"), "owner": gettext("Responsible"),
            "created_at": gettext("Created"), "contact.name": gettext("Contact"), "contact.number": gettext("Telephone"),
            "stage": gettext("Stage"), "work_type": gettext("Work type"), "closed_at": gettext("Closed at"),
            "closed_as": gettext("Closed as"), "started_at": gettext("Began"), "direction": gettext("Direction"),
            "outcome": gettext("Outcome"), "did": gettext("Dialled number"), "wait_seconds": gettext("Waited, s"),
            "talk_seconds": gettext("Talked, s"),
        }  # fmt: skip
        return words.get(column) or self.history_field(column)

    def import_noun(self, noun: str) -> str:
        gettext = self.texts.gettext
        return {"contact": gettext("Contacts"), "company": gettext("Companies"), "deal": gettext("Deals")}.get(noun, noun)

    def import_state(self, state: str) -> str:
        pgettext = self.texts.pgettext
        words = {
            "new": pgettext("import", "Not started yet"), "running": pgettext("import", "Being taken in"),
            "done": pgettext("import", "Done"), "failed": pgettext("import", "Broke off"),
        }  # fmt: skip
        return words.get(state, state)

    def import_outcome(self, outcome: str) -> str:
        """What would become of a row."""
        pgettext = self.texts.pgettext
        words = {
            "created": pgettext("row", "new"), "changed": pgettext("row", "changes a known one"),
            "unchanged": pgettext("row", "known, unchanged"), "refused": pgettext("row", "refused"),
        }  # fmt: skip
        return words.get(outcome, outcome)

    def import_known_choices(self) -> list[tuple[str, str]]:
        gettext = self.texts.gettext
        return [
            ("fill", gettext("gets what it lacks, and keeps what it has")),
            ("change", gettext("is changed to what the table says")), ("leave", gettext("stays as it is")),
        ]  # fmt: skip

    def import_sign(self, sign: str) -> str:
        """By what a known record is recognised."""
        gettext = self.texts.gettext
        words = {
            "number": gettext("a telephone number"), "email": gettext("the e-mail address"), "inn": gettext("the INN"),
            "name": gettext("the name, where the INNs do not differ"),
        }  # fmt: skip
        return words.get(sign, sign)

    def history_field(self, field: str, own: Mapping[str, str] | None = None) -> str:
        """A field of a deal, contact or company by its column; `own`: names of added fields by `custom.<id>`."""
        gettext = self.texts.gettext
        words = {
            "name": gettext("Name"), "position": gettext("Position"), "email": gettext("E-mail"), "note": gettext("Note"),
            "company_id": gettext("Company"), "owner_id": gettext("Responsible"), "consent_at": gettext("Consent"),
            "inn": gettext("INN"), "phone": gettext("Telephone"), "site": gettext("Site"), "address": gettext("Address"),
            "title": gettext("Title"), "amount": gettext("Amount"), "currency": gettext("Currency"), "source": gettext("Source"),
            "work_type_id": gettext("Work type"), "amount_is_usual": gettext("Amount is the usual one"),
            "contact_id": gettext("Main contact"), "external_id": gettext("Number in the other program"),
        }  # fmt: skip
        if field.startswith("custom."):
            return (own or {}).get(field) or gettext("Field no. %(id)s") % {"id": field.removeprefix("custom.")}
        return words.get(field, field)
