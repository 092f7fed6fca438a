"""The form that a refused move is answered with: just the parts that would mend what is missing, drawn and read back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import FormData

from api.web.field_words import field_names
from api.web.typed import amount_typed, moment_typed
from api.web.visit import Visit
from crm_core.deals.card_queries import DealCard
from crm_core.deals.gate import Lack
from crm_core.deals.gates.required_fields import added_id
from crm_core.errors import Invalid
from crm_core.fields.definitions import Field, FieldKind, definitions
from crm_core.products.work_types import list_work_types
from crm_core.text import clean
from crm_core.users.queries import on_duty

LONGEST = 4000
MOST_PARTS = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One field of the form; of a `row` an id is chosen.

    `kind`: text, long_text, number, money, email, tel, date, moment, choice, row, choices, yes_no, done.
    """

    name: str
    label: str
    kind: str
    value: Any = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GateForm:
    parts: tuple[Part, ...]


async def gate_form(
    visit: Visit, connection: AsyncConnection, card: DealCard, lacks: Iterable[Lack], typed: Mapping[str, list[str]]
) -> GateForm | None:
    """`typed`: what was typed before and could not be read, by the names of the parts. None where no form would help."""
    asks = list(dict.fromkeys(ask for lack in lacks for ask in lack.asks))
    if any(ask.startswith("company.") for ask in asks) and card.line.company is None and "company.name" not in asks:
        asks.insert(0, "company.name")  # nothing of a company can be told that nobody has named
    added = {one.id: one for one in await definitions(connection)}
    done = {f"task.{one.id}": visit.look.names.task_title(one) for one in card.tasks}
    makers = _Makers(visit, connection, card, added, done)
    parts = [part for ask in asks[:MOST_PARTS] if (part := await makers.part(ask)) is not None]
    parts = [_typed_again(part, typed) for part in parts]
    return GateForm(tuple(parts)) if parts else None


def read_form(visit: Visit, form: GateForm, sent: FormData) -> dict[str, Any]:
    """What was put in, by the names of the parts, as `crm_core.deals.filling` takes it; what was left empty is left out.

    Raises Invalid with the fact `part`.
    """
    given: dict[str, Any] = {}
    for part in form.parts:
        texts = [clean(one, LONGEST).strip() for one in sent.getlist(part.name) if isinstance(one, str)]
        texts = [one for one in texts if one]
        if texts:
            try:
                given[part.name] = _read(visit, part, texts)
            except Invalid as error:
                raise Invalid("A part of the form cannot be read", part=part.label) from error
    return given


def _read(visit: Visit, part: Part, texts: list[str]) -> Any:
    """Of what can be chosen only what was offered: an id that was not is nobody's business here."""
    chosen = part.kind in ("row", "choice", "choices")
    if chosen and not {value for value, _ in part.choices}.issuperset(texts):
        raise Invalid("This cannot be chosen")
    if part.kind == "choices":
        return texts
    read = _READS.get(part.kind)
    return texts[-1] if read is None else read(visit, texts[-1])


def typed_of(sent: FormData) -> dict[str, list[str]]:
    """All of it as it was typed, to be shown again."""
    return {name: [clean(one, LONGEST) for one in sent.getlist(name) if isinstance(one, str)] for name in sent}


def _typed_again(part: Part, typed: Mapping[str, list[str]]) -> Part:
    texts = typed.get(part.name)
    if not texts:
        return part
    return replace(part, value=texts if part.kind == "choices" else texts[-1])


@dataclass(frozen=True, slots=True)
class _Makers:
    """Makes the part that an ask of a gate stands for; None for one that no form can answer (a call)."""

    visit: Visit
    connection: AsyncConnection
    card: DealCard
    added: Mapping[int, Field]
    tasks: Mapping[str, str]

    async def part(self, ask: str) -> Part | None:
        field_id = added_id(ask)
        if ask.startswith(("contact.", "company.")) and not self._may_write_customer:
            return None
        if field_id is not None:
            return self._of_added(ask, self.added.get(field_id))
        if ask.startswith("meeting."):
            return await self._of_meeting(ask)
        return Part(ask, self.tasks[ask], "done") if ask in self.tasks else await self._our_own(ask)

    async def _our_own(self, ask: str) -> Part | None:
        label = field_names(self.visit.look.wording.texts).get(ask)
        if label is None:
            return None
        if ask == "work_type_id":
            return Part(ask, label, "row", choices=await self._work_types())
        kinds = {"amount": "money", "email": "email", "phone": "tel", "number": "tel"}
        return Part(ask, label, kinds.get(ask.rpartition(".")[2], "text"))

    @property
    def _may_write_customer(self) -> bool:
        contact = self.card.line.contact
        return contact is None or contact.may_open

    def _of_added(self, ask: str, field: Field | None) -> Part | None:
        if field is None:
            return None
        return Part(ask, field.name, _KINDS[field.kind], choices=tuple((word, word) for word in field.choices))

    async def _of_meeting(self, ask: str) -> Part | None:
        say = self.visit.say
        if ask == "meeting.user_id":
            owner = self.card.line.owner.id if self.card.line.owner else self.visit.actor.user_id
            people = tuple((str(user_id), name) for user_id, name in await on_duty(self.connection))
            return Part(ask, say("Who goes"), "row", str(owner), people)
        if ask == "meeting.contact_id":
            known = tuple((str(one.contact.id), one.contact.name or self._number(one.numbers)) for one in self.card.people)
            return Part(ask, say("With whom"), "row", known[0][0] if len(known) == 1 else "", known)
        parts = {
            "meeting.place": (say("Where"), "text"), "meeting.at": (say("When"), "moment"),
            "meeting.notes": (say("Notes for the meeting"), "long_text"),
            "meeting.agreements": (say("What was agreed at the meeting"), "long_text"),
        }  # fmt: skip
        return Part(ask, *parts[ask]) if ask in parts else None

    def _number(self, numbers: Iterable[Any]) -> str:
        first = next((one.number for one in numbers), None)
        return self.visit.look.wording.phone(first) if first else self.visit.say("Name not known yet")

    async def _work_types(self) -> tuple[tuple[str, str], ...]:
        return tuple((str(one.id), one.name) for one in await list_work_types(self.connection))


_KINDS = {
    FieldKind.TEXT: "text", FieldKind.NUMBER: "number", FieldKind.MONEY: "money", FieldKind.DATE: "date",
    FieldKind.CHOICE: "choice", FieldKind.CHOICES: "choices", FieldKind.YES_NO: "yes_no",
}  # fmt: skip


def _number(_visit: Visit, text: str) -> float:
    try:
        return float("".join(text.split()).replace(",", "."))
    except ValueError as error:
        raise Invalid("A number is wanted") from error


_READS: dict[str, Callable[[Visit, str], Any]] = {
    "row": lambda _visit, text: int(text),
    "money": lambda _visit, text: amount_typed(text),
    "number": _number,
    "moment": lambda visit, text: moment_typed(text, visit.context.settings.zone),
    "yes_no": lambda _visit, text: text == "1",
}
