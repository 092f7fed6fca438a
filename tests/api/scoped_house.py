"""A house by chance: people, teams, what each role may see, customers and calls; who sees what of it, told from rows alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import insert, select

from crm_core.access import POLICY, Noun, Right, Scope
from crm_core.calls.tables import call_rings, call_talks, calls
from crm_core.contacts.tables import companies, contacts
from crm_core.db import Database
from crm_core.deals.tables import deals
from crm_core.exchanges import config
from crm_core.recordings.tables import recordings
from crm_core.secrets import SecretBox
from crm_core.tasks.tables import TaskKind, tasks
from crm_core.teams import deeds, policies
from crm_core.users import sessions
from crm_core.users.tables import Role
from tests.api.world import NOW
from tests.builders import MORNING, inbound
from tests.office import LONG_AGO, Office

NOUNS = {"calls": calls, "contacts": contacts, "companies": companies, "deals": deals, "tasks": tasks}
ROLES = (Role.MANAGER, Role.MANAGER, Role.MANAGER, Role.MANAGER, Role.HEAD, Role.QA)


@dataclass(frozen=True, slots=True)
class Someone:
    id: int
    role: Role
    token: str
    extension: str
    team: frozenset[int]  # himself among them


@dataclass(frozen=True, slots=True)
class ScopedHouse:
    people: tuple[Someone, ...]
    scopes: Mapping[Role, Mapping[Noun, Scope]]


async def furnished(database: Database, chance: Random) -> ScopedHouse:
    """What is there already stays: it belongs to somebody, too."""
    async with database.read() as connection:
        exchange = await config.load(connection, "default", SecretBox("a key for tests"))
    office = Office(database, exchange)
    ids = [await office.person(f"P{number}", str(201 + number), role) for number, role in enumerate(ROLES)]
    teams = await _teams(office, chance, ids)
    scopes = await _scopes(office, chance)
    await _customers(office, chance, ids)
    async with database.write() as tx:
        tokens = [await sessions.open_session(tx, user, now=NOW) for user in ids]
    people = [
        Someone(user, role, token, str(201 + number), frozenset({user, *teams.get(user, ())}))
        for number, (user, role, token) in enumerate(zip(ids, ROLES, tokens, strict=True))
    ]
    return ScopedHouse(tuple(people), scopes)


async def _teams(office: Office, chance: Random, ids: list[int]) -> dict[int, set[int]]:
    """Some are in no team, some lead one or two; tells whose people each sees."""
    members: dict[int, list[int]] = {0: [], 1: []}
    seen: dict[int, set[int]] = {}
    async with office.database.write() as tx:
        made = [await deeds.make_team(tx, name, now=LONG_AGO, by=None) for name in ("East", "West")]
        for user in ids:
            if (place := chance.choice([0, 1, None])) is not None:
                members[place].append(user)
                await deeds.put_into_team(tx, made[place], user, now=LONG_AGO, by=None)
        for place, team in enumerate(made):
            for user in members[place]:
                seen.setdefault(user, set()).update(members[place])
            for head in chance.sample([user for user in ids if user not in members[place]], chance.randint(0, 1)):
                await deeds.put_into_team(tx, team, head, leads=True, now=LONG_AGO, by=None)
                seen.setdefault(head, set()).update(members[place])
    return seen


async def _scopes(office: Office, chance: Random) -> dict[Role, dict[Noun, Scope]]:
    scopes = {role: {noun: chance.choice(list(Scope)) for noun in Noun} for role in Role}
    scopes[Role.ADMIN] = dict(POLICY[Role.ADMIN].scopes)
    async with office.database.write() as tx:
        for role, chosen in scopes.items():
            await policies.set_policy(tx, role, scopes=chosen, now=LONG_AGO, by=None)
        for role in (Role.MANAGER, Role.HEAD, Role.QA):
            rights = {right: True for right in Right if right is not Right.SETTINGS}
            await policies.set_policy(tx, role, rights=rights, now=LONG_AGO, by=None)
    return scopes


async def _customers(office: Office, chance: Random, ids: list[int]) -> None:
    for number in range(9):
        phone = f"7916555{number:04}"
        company = f"Firm {number}" if chance.random() < 0.6 else None
        contact = await office.contact(phone, f"Customer {number}", chance.choice([*ids, None]), company=company)
        for _ in range(chance.randint(0, 2)):
            deal = await office.deal(contact, owner=chance.choice([*ids, None]), closed=chance.random() < 0.2)
            await _task(office, chance, ids, contact, deal)
        await _call(office, chance, phone, number)
    async with office.database.write() as tx:
        firms = (await tx.scalars(select(companies.c.id))).all()
        loose = (await tx.scalars(select(deals.c.id).where(deals.c.company_id.is_(None)))).all()
        for deal in chance.sample(list(loose), min(3, len(loose))):
            await tx.execute(deals.update().where(deals.c.id == deal).values(company_id=chance.choice(list(firms))))
        for firm in chance.sample(list(firms), min(2, len(firms))):
            await tx.execute(companies.update().where(companies.c.id == firm).values(owner_id=chance.choice(ids)))
        for row in (await tx.execute(select(calls.c.id, calls.c.deal_id).where(calls.c.answered_at.is_not(None)))).all():
            audio = {"call_id": row.id, "name": "in.wav", "deal_id": row.deal_id, "blob": "x", "seconds": 6.0, "sides": 2,
                     "bytes": 1, "sha256": "ab" * 32, "stored_at": NOW,
                     "peaks": {"per_second": 10, "sides": [[0], [1]]}}  # fmt: skip
            await tx.execute(insert(recordings).values(audio))


async def _task(office: Office, chance: Random, ids: list[int], contact: int, deal: int) -> None:
    async with office.database.write() as tx:
        row = {"kind": TaskKind.OTHER, "title": "t", "contact_id": contact, "deal_id": deal if chance.random() < 0.7 else None,
               "owner_id": chance.choice([*ids, None]), "due_at": NOW, "created_at": LONG_AGO}  # fmt: skip
        await tx.execute(insert(tasks).values(row))


async def _call(office: Office, chance: Random, phone: str, number: int) -> None:
    """It rings on some phones; sometimes one of them is picked up, sometimes nobody's rings at all."""
    ringing = chance.sample([str(201 + one) for one in range(len(ROLES))], chance.randint(0, 3))
    story = inbound(phone, at=MORNING + 60 * number, linkedid=f"1795400{number:03}.0")
    if ringing:
        story = story.rings(*ringing)
        if chance.random() < 0.6:
            story = story.answers(ringing[0])
    await office.take(story.ends())


Seen = dict[str, set[int]]


async def seen_by(database: Database, house: ScopedHouse, someone: Someone) -> Seen:
    """The ids that are his to see, by noun and for recordings: the policy in words, worked out without a condition in SQL."""
    async with database.read() as connection:
        rows = {name: (await connection.execute(select(table))).all() for name, table in NOUNS.items()}
        rings = {(row.call_id, row.user_id) for row in await connection.execute(select(call_rings))}
        talks = {(row.call_id, row.user_id) for row in await connection.execute(select(call_talks))}
        heard = [(row.id, row.call_id) for row in await connection.execute(select(recordings))]
    world = _World(rows, rings, talks)
    seen = {name: {row.id for row in rows[name] if world.sees(name, row, _people(house, someone, name))} for name in NOUNS}
    people = _people(house, someone, "calls")
    spoken = {row.id for row in rows["calls"] if people is None or world.call(row, people)}
    return seen | {"recordings": {audio for audio, call in heard if call in spoken}}


def _people(house: ScopedHouse, someone: Someone, name: str) -> frozenset[int] | None:
    return {Scope.OWN: frozenset({someone.id}), Scope.TEAM: someone.team, Scope.EVERYBODY: None}[
        house.scopes[someone.role][Noun(name)]
    ]


@dataclass(frozen=True, slots=True)
class _World:
    rows: Mapping[str, Any]
    rings: set[tuple[int, int | None]]
    talks: set[tuple[int, int | None]]

    def sees(self, name: str, row: Any, people: frozenset[int] | None) -> bool:
        if people is None:
            return True
        judge: dict[str, Any] = {
            "calls": self.card, "contacts": self.contact, "companies": self.company, "deals": self.deal, "tasks": self.task,
        }  # fmt: skip
        return bool(judge[name](row, people))

    def deal(self, row: Any, people: frozenset[int]) -> bool:
        return row.owner_id is None or row.owner_id in people

    def contact(self, row: Any, people: frozenset[int]) -> bool:
        owners = [deal.owner_id for deal in self.rows["deals"] if deal.contact_id == row.id]
        theirs = row.owner_id in people or any(owner in people for owner in owners)
        return theirs or (row.owner_id is None and all(owner is None for owner in owners))

    def company(self, row: Any, people: frozenset[int]) -> bool:
        known = [contact for contact in self.rows["contacts"] if contact.company_id == row.id]
        sold = [deal for deal in self.rows["deals"] if deal.company_id == row.id]
        theirs = any(self.contact(contact, people) for contact in known) or any(self.deal(deal, people) for deal in sold)
        return row.owner_id in people or theirs or (row.owner_id is None and not known and not sold)

    def call(self, row: Any, people: frozenset[int]) -> bool:
        contact = next((one for one in self.rows["contacts"] if one.id == row.contact_id), None)
        deal = next((one for one in self.rows["deals"] if one.id == row.deal_id), None)
        owners = {row.user_id, *(one.owner_id for one in (contact, deal) if one is not None)}
        if owners & people or any(call == row.id and user in people for call, user in self.talks):
            return True
        nobodys = row.user_id is None and (deal is None or deal.owner_id is None)
        return nobodys and (contact is None or self.contact(contact, people))

    def card(self, row: Any, people: frozenset[int]) -> bool:
        return any(call == row.id and user in people for call, user in self.rings) or self.call(row, people)

    def task(self, row: Any, people: frozenset[int]) -> bool:
        if row.owner_id is not None:
            return row.owner_id in people
        contact = next((one for one in self.rows["contacts"] if one.id == row.contact_id), None)
        deal = next((one for one in self.rows["deals"] if one.id == row.deal_id), None)
        return (contact is None or self.contact(contact, people)) and (deal is None or self.deal(deal, people))
