"""The job that looks for duplicates: at night, after an import, and when somebody asks."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.db import Database
from crm_core.fields.history import Noun
from crm_core.jobs import Finish, Job, JobKind, JobState, Progress, enqueue, jobs
from crm_core.merging.kept import HOMES
from crm_core.merging.likeness import Firm, Pairs, Person, like_firms, like_people
from crm_core.merging.tables import duplicates
from crm_core.upserts import insert_into

FIND = "find_duplicates"
AT_ONCE = 500  # rows of one statement

Now = Callable[[], datetime]


async def ask(tx: AsyncConnection, noun: Noun, *, now: datetime) -> None:
    """Have duplicates looked for now; asking twice in a minute is asking once."""
    await enqueue(tx, FIND, f"{FIND}:{noun}:{now:%Y%m%d%H%M}", {"noun": noun}, now=now)


async def plan_night(tx: AsyncConnection, *, now: datetime) -> None:
    """Once a day; to be called as often as one likes."""
    for noun in (Noun.CONTACT, Noun.COMPANY):
        await enqueue(tx, FIND, f"{FIND}:{noun}:{now:%Y%m%d}", {"noun": noun}, now=now)


async def looking(connection: AsyncConnection) -> bool:
    """Whether it is being looked for."""
    open_job = select(jobs.c.id).where(jobs.c.kind == FIND, jobs.c.state.in_((JobState.QUEUED, JobState.RUNNING)))
    return await connection.scalar(open_job.limit(1)) is not None


def job_kind(database: Database, now: Now) -> JobKind:
    async def work(job: Job, _progress: Progress) -> Finish:
        noun = Noun(job.payload["noun"])
        found = await find(database, noun)

        async def finish(tx: AsyncConnection) -> None:
            await keep(tx, noun, found, now=now())

        return finish

    return JobKind(FIND, work, lease=timedelta(minutes=3), most_attempts=3)


async def find(database: Database, noun: Noun) -> Pairs:
    """Reads what is compared, lets go of the database, and compares in a thread."""
    async with database.read() as connection:
        if noun is Noun.COMPANY:
            firms = await _firms(connection)
        else:
            people = await _people(connection)
    return await asyncio.to_thread(like_firms, firms) if noun is Noun.COMPANY else await asyncio.to_thread(like_people, people)


async def keep(tx: AsyncConnection, noun: Noun, found: Pairs, *, now: datetime) -> None:
    """What is found now stands in the list; what is not any more is gone from it, unless somebody said that they are two."""
    two = await _said_to_be_two(tx, noun)
    rows = [
        {"noun": noun, "one_id": one, "other_id": other, "why": list(why), "found_at": now}
        for (one, other), why in found.items()
        if (one, other) not in two
    ]
    add = insert_into(tx, duplicates)
    add = add.on_conflict_do_update(
        index_elements=["noun", "one_id", "other_id"], set_={"why": add.excluded.why, "found_at": add.excluded.found_at}
    )
    for start in range(0, len(rows), AT_ONCE):
        await tx.execute(add, rows[start : start + AT_ONCE])
    old = (duplicates.c.noun == noun, duplicates.c.found_at < now, duplicates.c.set_aside_at.is_(None))
    await tx.execute(delete(duplicates).where(*old))


async def _said_to_be_two(tx: AsyncConnection, noun: Noun) -> set[tuple[int, int]]:
    """Pairs that were set aside; who was merged since is still not the one whom he was told apart from."""
    home = HOMES[noun]
    into: dict[int, int] = {
        row.id: row.merged_into
        for row in await tx.execute(select(home.c.id, home.c.merged_into).where(home.c.merged_into.is_not(None)))
    }
    pairs: set[tuple[int, int]] = set()
    aside = select(duplicates.c.one_id, duplicates.c.other_id)
    for row in await tx.execute(aside.where(duplicates.c.noun == noun, duplicates.c.set_aside_at.is_not(None))):
        one, other = _kept(into, row.one_id), _kept(into, row.other_id)
        pairs.add((min(one, other), max(one, other)))
    return pairs


def _kept(into: Mapping[int, int], one: int) -> int:
    while one in into:
        one = into[one]
    return one


async def _people(connection: AsyncConnection) -> Sequence[Person]:
    numbers: dict[int, list[str]] = {}
    of_contacts = select(contact_numbers.c.contact_id, contact_numbers.c.number).where(contact_numbers.c.contact_id.is_not(None))
    for row in await connection.execute(of_contacts.order_by(contact_numbers.c.id)):
        numbers.setdefault(row.contact_id, []).append(row.number)
    columns = (contacts.c.id, contacts.c.name, contacts.c.email, contacts.c.company_id)
    rows = await connection.execute(select(*columns).where(contacts.c.merged_into.is_(None)).order_by(contacts.c.id))
    return [Person(row.id, row.name, row.email, row.company_id, tuple(numbers.get(row.id, ()))) for row in rows]


async def _firms(connection: AsyncConnection) -> Sequence[Firm]:
    columns = (companies.c.id, companies.c.name, companies.c.inn, companies.c.email, companies.c.phone)
    rows = await connection.execute(select(*columns).where(companies.c.merged_into.is_(None)).order_by(companies.c.id))
    return [Firm(*row) for row in rows]
