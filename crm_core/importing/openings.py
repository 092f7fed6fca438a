"""Rows of a table become deals, by the same deeds as by hand: gates, tasks and automations hold for them too."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Right, visible
from crm_core.deals import edits
from crm_core.deals.tables import deals
from crm_core.deals.work_type import choose_work_type
from crm_core.errors import Conflict, FirstringError, Forbidden, Invalid, NotFound
from crm_core.fields.history import Noun
from crm_core.fields.values import set_values
from crm_core.importing.drafts import NOT_YOURS, Draft, Outcome, Result, Taking
from crm_core.importing.fitting import Fault, House, Wanted, folded_name, stage_of
from crm_core.importing.people import People
from crm_core.text import msgid

NO_CONTACT = msgid("nothing in the row says whose deal it is: a name, a number or an e-mail of the contact is wanted")
NO_TITLE = msgid("neither a title nor a number in the other program: the next import could not recognise the deal")
GATES = msgid("the deal would stand on a stage whose conditions nothing proves")
OF_CONTACTS = {"contact.name": "name", "contact.number": "number", "contact.email": "email", "company": "company", "inn": "inn"}


class Openings:
    """The deals that some rows mean. `plan` tells what would be, `write` does it and tells what was."""

    def __init__(self, taking: Taking, house: House) -> None:
        self._taking = taking
        self._house = house
        self._people = People(taking)
        self._by: dict[tuple[Any, ...], Draft] = {}
        self._planned: list[tuple[Result, Draft | None, Draft | None]] = []  # with the deal, and its contact

    async def plan(self, connection: AsyncConnection, wanted: Sequence[Wanted]) -> list[Result]:
        as_people = [_as_contact(one) for one in wanted]
        await self._people.read(connection, as_people)
        people = [self._people.plan(one) if not _lacks(one) else (None, None) for one in as_people]
        await self._read(connection, wanted, [draft.id for _, draft in people if draft is not None and draft.id is not None])
        for one, (told, contact) in zip(wanted, people, strict=True):
            faults = one.faults or (told.faults if told is not None else (Fault(None, NO_CONTACT),))
            self._planned.append(self._one(one, contact, faults))
        return [result for result, _, _ in self._planned]

    async def write(self, tx: AsyncConnection) -> list[Result]:
        """Each deal in a savepoint of its own: what its stage refuses is refused alone."""
        await self._people.write(tx)
        return [await self._written(tx, *planned) for planned in self._planned]

    def _one(self, one: Wanted, contact: Draft | None, faults: tuple[Fault, ...]) -> tuple[Result, Draft | None, Draft | None]:
        if not faults and not any(name in one.values for name in ("title", "external_id")):
            faults = (Fault(None, NO_TITLE),)
        try:
            stage_of(one.values, self._house)
        except Invalid as refused:
            faults = (*faults, Fault(None, refused.say, dict(refused.facts)))
        if faults or contact is None:
            return Result(one, Outcome.REFUSED, None, faults), None, None
        draft = self._found(one, contact)
        if draft is not None and not draft.mine:
            return Result(one, Outcome.REFUSED, None, (Fault(None, NOT_YOURS),)), None, None
        outcome = Outcome.CREATED
        if draft is None:
            draft = Draft.new(self._taking)
            draft.take(_values(one), self._taking.known)
            self._note(draft, contact)
        else:
            outcome = Outcome.CHANGED if draft.take(_values(one), self._taking.known) else Outcome.UNCHANGED
        return Result(one, outcome, draft.id), draft, contact

    async def _written(self, tx: AsyncConnection, planned: Result, draft: Draft | None, contact: Draft | None) -> Result:
        if draft is None or contact is None or contact.id is None or planned.outcome is Outcome.UNCHANGED:
            return planned
        try:
            async with tx.begin_nested():
                await (self._open(tx, planned.wanted, draft, contact.id) if draft.id is None else self._edit(tx, draft))
        except (Invalid, Conflict, NotFound, Forbidden) as refused:
            draft.id = draft.was.get("id")
            return replace(planned, outcome=Outcome.REFUSED, faults=(_worded(refused),))
        return replace(planned, record_id=draft.id)

    async def _open(self, tx: AsyncConnection, one: Wanted, draft: Draft, contact_id: int) -> None:
        taking, now = self._taking, draft.now
        new = edits.NewDeal(
            contact_id,
            now.get("title"),
            now.get("amount"),
            stage_of(one.values, self._house),
            now.get("owner_id"),
            now.get("source"),
        )
        draft.id = await edits.open_deal(
            tx, new, by=taking.actor.user_id, now=taking.now, override=taking.override,
            may_override=taking.actor.may(Right.OVERRIDE) and taking.override is not None,
        )  # fmt: skip
        await self._rest(tx, draft, draft.now)

    async def _edit(self, tx: AsyncConnection, draft: Draft) -> None:
        changed = {name: new for name, (_, new) in draft.changes().items()}
        plain = {name: changed[name] for name in ("title", "amount", "source") if name in changed}
        by, now = self._taking.actor.user_id, self._taking.now
        if draft.id is None:
            return
        if plain:
            await edits.edit_deal(tx, draft.id, cast("edits.DealChanges", plain), by=by, now=now)
        if "owner_id" in changed:
            await edits.assign_deal(tx, draft.id, changed["owner_id"], by=by, now=now)
        await self._rest(tx, draft, changed)

    async def _rest(self, tx: AsyncConnection, draft: Draft, changed: Mapping[str, Any]) -> None:
        by, now = self._taking.actor.user_id, self._taking.now
        if draft.id is None:
            return
        if changed.get("external_id"):
            await tx.execute(update(deals).where(deals.c.id == draft.id).values(external_id=changed["external_id"]))
        if changed.get("work_type_id"):
            await choose_work_type(tx, draft.id, changed["work_type_id"], by=by, now=now)
        own = {key: value for key, value in draft.now["custom"].items() if draft.was.get("custom", {}).get(key) != value}
        if own:
            await set_values(tx, Noun.DEAL, draft.id, own, by=by, now=now, may_personal=True)

    async def _read(self, connection: AsyncConnection, wanted: Sequence[Wanted], contact_ids: Sequence[int]) -> None:
        external = sorted({one.values["external_id"] for one in wanted if "external_id" in one.values})
        titles = sorted({one.values["title"] for one in wanted if "title" in one.values})
        conditions: list[Any] = []
        if contact_ids and titles:
            conditions.append(deals.c.contact_id.in_(sorted(set(contact_ids))) & deals.c.title.in_(titles))
        if external:
            conditions.append(deals.c.external_id.in_(external))
        if not conditions:
            return
        query = select(deals, visible(self._taking.actor, deals).label("mine")).where(or_(*conditions)).order_by(deals.c.id)
        for row in (await connection.execute(query)).all():
            draft = Draft.of({column.name: row._mapping[column.name] for column in deals.columns}, mine=bool(row.mine))
            if row.external_id is not None:
                self._by.setdefault(("external_id", row.external_id), draft)
            if row.title is not None:
                self._by.setdefault(("title", folded_name(row.title), row.contact_id), draft)

    def _found(self, one: Wanted, contact: Draft) -> Draft | None:
        """By the number in the other program; else the title, among the deals of the same contact."""
        if "external_id" in one.values:
            return self._by.get(("external_id", one.values["external_id"]))
        return self._by.get(("title", folded_name(one.values["title"]), contact.id if contact.id is not None else contact))

    def _note(self, draft: Draft, contact: Draft) -> None:
        if external := draft.now.get("external_id"):
            self._by.setdefault(("external_id", external), draft)
        if title := draft.now.get("title"):
            self._by.setdefault(("title", folded_name(title), contact.id if contact.id is not None else contact), draft)


def _as_contact(one: Wanted) -> Wanted:
    """The part of the row that tells whose deal it is."""
    return replace(one, values={plain: one.values[name] for name, plain in OF_CONTACTS.items() if name in one.values})


def _lacks(one: Wanted) -> bool:
    return not any(name in one.values for name in ("name", "number", "email"))


COLUMNS = {"title": "title", "amount": "amount", "source": "source", "external_id": "external_id", "owner": "owner_id",
           "work_type": "work_type_id"}  # fmt: skip


def _values(one: Wanted) -> dict[str, Any]:
    own = {name: value for name, value in one.values.items() if name.startswith("custom.")}
    return {column: one.values[name] for name, column in COLUMNS.items() if name in one.values} | own


def _worded(refused: FirstringError) -> Fault:
    return Fault(None, GATES if "missing" in refused.facts else refused.say)
