"""Rows of a table become companies; and contacts and deals find theirs by the same signs."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import visible
from crm_core.contacts.tables import companies
from crm_core.fields.history import Noun
from crm_core.importing.drafts import NOTHING, SHARED, Draft, Outcome, Result, Taking, one_of, write
from crm_core.importing.fitting import Fault, Wanted
from crm_core.merging.kept import kept_of
from crm_core.owning import takeable
from crm_core.text import msgid

COLUMNS = ("name", "inn", "phone", "email", "site", "address", "note", "external_id")
NO_COMPANY_NAME = msgid("no company has this INN yet, and the row does not name it")


class Firms:
    """The companies that some rows may mean, with those that the rows before made."""

    def __init__(self, taking: Taking) -> None:
        self._taking = taking
        self._by: dict[tuple[str, str], list[Draft]] = {}
        self.drafts: list[Draft] = []

    async def read(self, connection: AsyncConnection, signs: Iterable[tuple[str, str]]) -> None:
        """What is known of these signs: (`external_id` | `inn` | `email` | `name`, value)."""
        wanted: dict[str, set[str]] = {}
        for kind, value in signs:
            wanted.setdefault(kind, set()).add(_key(kind, value))
        conditions = [_column(kind).in_(sorted(values)) for kind, values in wanted.items()]
        if not conditions:
            return
        query = _query(self._taking).where(or_(*conditions)).order_by(companies.c.id)
        known: dict[int, Draft] = {}
        for row in (await connection.execute(query)).all():
            draft = await self._draft(connection, row, known)
            for kind in wanted:
                if value := row._mapping[kind]:
                    self._note(kind, value, draft)

    def found(self, kind: str, value: str) -> list[Draft]:
        return self._by.get((kind, _key(kind, value)), [])

    def of(self, name: str | None, inn: str | None) -> tuple[Draft | None, Fault | None]:
        """The company that a contact's or deal's row means, made if there is none; the INN says more than the name."""
        by_inn = self.found("inn", inn) if inn else []
        if by_inn:
            return by_inn[0], None
        by_name = [draft for draft in (self.found("name", name) if name else []) if not inn or not draft.now.get("inn")]
        if by_name:
            if by_name[0].mine:
                by_name[0].take({"inn": inn}, self._taking.known)
            return by_name[0], None
        if name is None:
            return None, Fault(None, NO_COMPANY_NAME) if inn else None
        return self.add({"name": name, "inn": inn}), None

    def add(self, values: dict[str, Any]) -> Draft:
        draft = Draft.new(self._taking)
        draft.take(values, self._taking.known)
        self.drafts.append(draft)
        for kind in ("external_id", "inn", "email", "name"):
            if values.get(kind):
                self._note(kind, values[kind], draft)
        return draft

    def note(self, draft: Draft) -> None:
        """What a row added to a known company is a sign of it for the next rows."""
        for kind in ("external_id", "inn", "email", "name"):
            if value := draft.now.get(kind):
                self._note(kind, value, draft)

    def _note(self, kind: str, value: str, draft: Draft) -> None:
        drafts = self._by.setdefault((kind, _key(kind, value)), [])
        if draft not in drafts:
            drafts.append(draft)

    async def _draft(self, connection: AsyncConnection, row: Any, known: dict[int, Draft]) -> Draft:
        """A merged one leads to the one that was kept."""
        if row.merged_into is not None:
            kept = await kept_of(connection, Noun.COMPANY, row.id)
            row = (await connection.execute(_query(self._taking).where(companies.c.id == kept))).one()
        if row.id not in known:
            values = {column.name: row._mapping[column.name] for column in companies.columns}
            known[row.id] = Draft.of(values, mine=bool(row.mine), gives=bool(row.gives))
            self.drafts.append(known[row.id])
        return known[row.id]


async def plan_firms(connection: AsyncConnection, wanted: Sequence[Wanted], taking: Taking) -> tuple[list[Result], Firms]:
    """What each row would do; nothing is written."""
    firms = Firms(taking)
    signs = ("external_id", "inn", "email", "name")
    await firms.read(connection, [(kind, one.values[kind]) for one in wanted for kind in signs if kind in one.values])
    return [_planned(firms, one, taking) for one in wanted], firms


async def write_firms(tx: AsyncConnection, firms: Firms, taking: Taking) -> None:
    await write(tx, Noun.COMPANY, companies, firms.drafts, taking)


def _planned(firms: Firms, one: Wanted, taking: Taking) -> Result:
    if one.faults:
        return Result(one, Outcome.REFUSED, None, one.faults)
    draft, fault = _identified(firms, one, taking)
    if fault is None and draft is None and "name" not in one.values:
        fault = Fault(None, NO_COMPANY_NAME if "inn" in one.values else NOTHING)
    if fault is not None:
        return Result(one, Outcome.REFUSED, None, (fault,))
    values = company_values(one)
    if draft is not None and (kept := draft.keeps_owner(one.values.get("owner"), taking.known)) is not None:
        return Result(one, Outcome.REFUSED, None, (kept,))
    if draft is None:
        firms.add(values)
        return Result(one, Outcome.CREATED)
    if draft in firms.found("external_id", values.get("external_id", "")):
        values.pop("external_id")  # its own, or of one that was merged into it
    touched = draft.take(values, taking.known)
    firms.note(draft)
    return Result(one, Outcome.CHANGED if touched else Outcome.UNCHANGED, draft.id)


def _query(taking: Taking) -> Any:
    mine, gives = visible(taking.actor, companies), takeable(taking.actor, companies)
    return select(companies, mine.label("mine"), gives.label("gives"))


def company_values(one: Wanted) -> dict[str, Any]:
    values = {name: one.values[name] for name in COLUMNS if name in one.values}
    values |= {name: value for name, value in one.values.items() if name.startswith("custom.")}
    if "owner" in one.values:
        values["owner_id"] = one.values["owner"]
    return values


def _identified(firms: Firms, one: Wanted, taking: Taking) -> tuple[Draft | None, Fault | None]:
    """By the number in the other program or the INN, else by mail or name where the INNs do not say that they are two."""
    values = one.values
    sure = [
        draft
        for kind in ("external_id", "inn")
        if kind in taking.identify and kind in values
        for draft in firms.found(kind, values[kind])
    ]
    if sure:
        return one_of(sure)
    for kind in ("email", "name"):
        if kind in taking.identify and kind in values:
            found = [draft for draft in firms.found(kind, values[kind]) if not _differ(draft.now.get("inn"), values.get("inn"))]
            if len(found) > 1:
                return None, Fault(None, SHARED, {"what": values[kind]})
            if found:
                return one_of(found)
    return None, None


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and one != other)


def _key(kind: str, value: str) -> str:
    return value if kind in ("external_id", "inn") else " ".join(value.split()).lower()


def _column(kind: str) -> Any:
    return companies.c[kind] if kind in ("external_id", "inn") else func.lower(companies.c[kind])
