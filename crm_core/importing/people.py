"""Rows of a table become contacts: known ones are recognised, new ones made, with their numbers and companies."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import visible
from crm_core.contacts.tables import contact_numbers, contacts
from crm_core.fields.history import Noun
from crm_core.importing.drafts import NOTHING, SHARED, Draft, Known, Outcome, Result, Taking, one_of, write
from crm_core.importing.firms import Firms, write_firms
from crm_core.importing.fitting import Fault, Wanted
from crm_core.merging.kept import kept_of
from crm_core.owning import takeable
from crm_core.text import msgid

COLUMNS = ("name", "position", "email", "note", "external_id")
SIGNS = ("external_id", "number", "email")
NUMBER_TAKEN = msgid("another contact has the number %(number)s")


class People:
    """The contacts that some rows may mean, with those that the rows before made; and their companies."""

    def __init__(self, taking: Taking) -> None:
        self._taking = taking
        self._by: dict[tuple[str, str], list[Draft]] = {}
        self._known: dict[int, Draft] = {}
        self._of_nobody: dict[str, int] = {}  # numbers without a contact: {digits: id of their row}
        self.drafts: list[Draft] = []
        self.firms = Firms(taking)

    async def read(self, connection: AsyncConnection, wanted: Sequence[Wanted]) -> None:
        """What is known of everything the rows say, in a few queries."""
        await self.firms.read(connection, _signs_of_firms(wanted))
        numbers = {number for one in wanted for number in one.values.get("number", ())}
        owners = await self._numbers(connection, numbers)
        ids = set(owners.values())
        conditions = [contacts.c.id.in_(sorted(ids))] if ids else []
        for kind in ("external_id", "email", "name"):
            # Names are asked for only where nothing else tells who is meant: half a country is called Ivan.
            meant = (one for one in wanted if kind != "name" or not any(sign in one.values for sign in SIGNS))
            if values := {_key(kind, one.values[kind]) for one in meant if kind in one.values}:
                column = contacts.c[kind] if kind == "external_id" else func.lower(contacts.c[kind])
                conditions.append(column.in_(sorted(values)))
        if not conditions:
            return
        query = _query(self._taking).where(or_(*conditions)).order_by(contacts.c.id).with_for_update(of=contacts)
        for row in (await connection.execute(query)).all():
            draft = await self._draft(connection, row)
            self.note(draft)
            for kind in ("external_id", "email"):
                if value := row._mapping[kind]:
                    self._note(kind, value, draft)
        for number, contact_id in owners.items():
            if contact_id in self._known:
                self._known[contact_id].numbers.add(number)
                self._note("number", number, self._known[contact_id])

    def plan(self, one: Wanted) -> tuple[Result, Draft | None]:
        """What a row would do; the next rows see it done."""
        if one.faults:
            return Result(one, Outcome.REFUSED, None, one.faults), None
        draft, fault = self._identified(one)
        fault = fault or self._taken(one, draft)
        if draft is not None:
            fault = fault or draft.keeps_owner(one.values.get("owner"), self._taking.known)
        firm, no_firm = (None, None) if fault else self.firms.of(one.values.get("company"), one.values.get("inn"))
        fault = fault or no_firm
        if fault is None and draft is None and not any(kind in one.values for kind in ("name", *SIGNS)):
            fault = Fault(None, NOTHING)
        if fault is not None:
            return Result(one, Outcome.REFUSED, None, (fault,)), None
        return self._done(one, draft, firm)

    async def write(self, tx: AsyncConnection) -> None:
        """Raises IntegrityError where a call or a colleague was faster: the rows are planned anew then."""
        await write_firms(tx, self.firms, self._taking)
        await write(tx, Noun.CONTACT, contacts, self.drafts, self._taking)
        new = [(digits, raw, draft.id) for draft in self.drafts for digits, raw in draft.added_numbers.items()]
        rows = [
            {"number": digits, "raw": raw, "contact_id": owner, "created_at": self._taking.now}
            for digits, raw, owner in new
            if digits not in self._of_nobody
        ]
        if rows:
            await tx.execute(insert(contact_numbers), rows)
        for digits, _, owner in new:
            if digits in self._of_nobody:
                mine = update(contact_numbers).where(contact_numbers.c.id == self._of_nobody[digits])
                await tx.execute(mine.values(contact_id=owner))

    def note(self, draft: Draft) -> None:
        """By what the next rows recognise it."""
        for kind in ("external_id", "email", "name"):
            if value := draft.now.get(kind):
                self._note(kind, value, draft)
        for number in (*draft.numbers, *draft.added_numbers):
            self._note("number", number, draft)

    def _done(self, one: Wanted, draft: Draft | None, firm: Draft | None) -> tuple[Result, Draft]:
        known = draft is not None
        if draft is None:
            draft = Draft.new(self._taking)
            self.drafts.append(draft)
        values = _values(one, firm)
        if draft in self._found("external_id", values.get("external_id", "")):
            values.pop("external_id")  # its own, or of one that was merged into it
        touched = draft.take(values, self._taking.known)
        if self._taking.known is not Known.LEAVE or draft.id is None:
            more = {number: one.raw_numbers.get(number, number) for number in one.values.get("number", ())}
            more = {
                number: raw for number, raw in more.items() if number not in draft.numbers and number not in draft.added_numbers
            }
            draft.added_numbers |= more
            touched = touched or bool(more)
        self.note(draft)
        outcome = Outcome.CREATED if not known else Outcome.CHANGED if touched else Outcome.UNCHANGED
        return Result(one, outcome, draft.id), draft

    def _identified(self, one: Wanted) -> tuple[Draft | None, Fault | None]:
        """By the number in the other program or a telephone, else by the mail; a row with neither by its name and company."""
        values, asked = one.values, self._taking.identify
        sure = self._found("external_id", values["external_id"]) if "external_id" in values else []
        if "number" in asked:
            sure = [*sure, *(draft for number in values.get("number", ()) for draft in self._found("number", number))]
        if sure:
            return one_of(sure)
        if "email" in asked and "email" in values:
            found = self._found("email", values["email"])
            return (None, Fault(None, SHARED, {"what": values["email"]})) if len(found) > 1 else one_of(found)
        if not any(sign in values for sign in SIGNS) and "name" in values:
            found = [draft for draft in self._found("name", values["name"]) if self._same_firm(draft, one)]
            return (None, Fault(None, SHARED, {"what": values["name"]})) if len(found) > 1 else one_of(found)
        return None, None

    def _same_firm(self, draft: Draft, one: Wanted) -> bool:
        firm = draft.now.get("company_id")
        if "company" not in one.values and "inn" not in one.values:
            return True
        meant = [*self.firms.found("name", one.values.get("company", "")), *self.firms.found("inn", one.values.get("inn", ""))]
        return any(firm is other or (firm is not None and firm == other.id) for other in meant)

    def _taken(self, one: Wanted, draft: Draft | None) -> Fault | None:
        for number in one.values.get("number", ()):
            if any(other is not draft for other in self._found("number", number)):
                return Fault(None, NUMBER_TAKEN, {"number": f"+{number}"})
        return None

    def _found(self, kind: str, value: str) -> list[Draft]:
        return self._by.get((kind, _key(kind, value)), [])

    def _note(self, kind: str, value: str, draft: Draft) -> None:
        drafts = self._by.setdefault((kind, _key(kind, value)), [])
        if draft not in drafts:
            drafts.append(draft)

    async def _numbers(self, connection: AsyncConnection, numbers: set[str]) -> dict[str, int]:
        owners: dict[str, int] = {}
        for row in await connection.execute(select(contact_numbers).where(contact_numbers.c.number.in_(sorted(numbers)))):
            if row.contact_id is None:
                self._of_nobody[row.number] = row.id
            else:
                owners[row.number] = row.contact_id
        return owners

    async def _draft(self, connection: AsyncConnection, row: Any) -> Draft:
        if row.merged_into is not None:
            kept = await kept_of(connection, Noun.CONTACT, row.id)
            row = (await connection.execute(_query(self._taking).where(contacts.c.id == kept))).one()
        if row.id not in self._known:
            values = {column.name: row._mapping[column.name] for column in contacts.columns}
            self._known[row.id] = Draft.of(values, mine=bool(row.mine), gives=bool(row.gives))
            self.drafts.append(self._known[row.id])
        return self._known[row.id]


async def plan_people(connection: AsyncConnection, wanted: Sequence[Wanted], taking: Taking) -> tuple[list[Result], People]:
    """What each row would do; nothing is written."""
    people = People(taking)
    await people.read(connection, wanted)
    return [people.plan(one)[0] for one in wanted], people


def _signs_of_firms(wanted: Sequence[Wanted]) -> list[tuple[str, str]]:
    kinds = (("company", "name"), ("inn", "inn"))
    return [(sign, one.values[target]) for one in wanted for target, sign in kinds if target in one.values]


def _values(one: Wanted, firm: Draft | None) -> dict[str, Any]:
    values = {name: one.values[name] for name in COLUMNS if name in one.values}
    values |= {name: value for name, value in one.values.items() if name.startswith("custom.")}
    if "owner" in one.values:
        values["owner_id"] = one.values["owner"]
    if firm is not None:
        values["company_id"] = firm.id if firm.id is not None else firm
    return values


def _query(taking: Taking) -> Any:
    gives = takeable(taking.actor, contacts)
    return select(contacts, visible(taking.actor, contacts).label("mine"), gives.label("gives"))


def _key(kind: str, value: str) -> str:
    return value if kind in ("external_id", "number") else " ".join(value.split()).lower()
