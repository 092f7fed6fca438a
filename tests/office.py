"""A small company in a real database: an exchange, people with phones, and calls that are taken in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, func, insert, select, update

from crm_core.calls.events import CallEvent
from crm_core.calls.intake import USUAL, take
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.tables import exchanges
from crm_core.contacts.tables import companies, contact_numbers, contacts
from crm_core.db import Database
from crm_core.deals.first_pipeline import seed_pipeline
from crm_core.deals.loss_reasons import seed_loss_reasons
from crm_core.deals.tables import deals
from crm_core.exchanges import config, registry
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.config import ExchangeConfig
from crm_core.secrets import SecretBox
from crm_core.users.accounts import NewUser, create_user
from crm_core.users.extensions import set_extension
from crm_core.users.tables import Role
from tests.builders import MORNING, OUR_DID

LONG_AGO = datetime.fromtimestamp(MORNING, UTC) - timedelta(days=30)
NOW = datetime.fromtimestamp(MORNING, UTC)


def at(epoch_seconds: float) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, UTC)


class Office:
    """`await Office.opened(database)`: an exchange `default` with one own number, and a pipeline. Nobody works here yet."""

    def __init__(self, database: Database, exchange: ExchangeConfig) -> None:
        self.database = database
        self.exchange = exchange

    @classmethod
    async def opened(cls, database: Database, own_numbers: Sequence[str] = (OUR_DID,)) -> "Office":
        box = SecretBox("a key for tests")
        address = AmiAddress("127.0.0.1", 5038, False, "firstring", "secret")
        async with database.write() as tx:
            await seed_pipeline(tx)
            await seed_loss_reasons(tx)
            new = registry.NewExchange("default", address, own_numbers=own_numbers)
            await registry.add(tx, new, box, now=LONG_AGO)
            return cls(database, await config.load(tx, "default", box))

    @classmethod
    async def without_own_numbers(cls, office: "Office") -> "Office":
        """The same, before anybody told which numbers are the company's own."""
        async with office.database.write() as tx:
            await tx.execute(update(exchanges).values(own_numbers=[]))
            return cls(office.database, await config.load(tx, "default", SecretBox("a key for tests")))

    async def person(self, name: str, extension: str | None = None, role: Role = Role.MANAGER) -> int:
        """Somebody who works here, at this phone for a month already; tells his id."""
        async with self.database.write() as tx:
            email = f"{name.split(maxsplit=1)[0].casefold()}{extension or role.value}@office.test"
            user = await create_user(tx, NewUser(email, name, role), now=LONG_AGO, by=None)
            if extension is not None:
                await set_extension(tx, user, self.exchange.id, extension, now=LONG_AGO, by=None)
            return user

    async def contact(self, number: str, name: str | None = None, owner: int | None = None, company: str | None = None) -> int:
        """Somebody we know already."""
        async with self.database.write() as tx:
            company_id = await _added(tx, companies, name=company, created_at=LONG_AGO) if company else None
            contact = await _added(tx, contacts, name=name, owner_id=owner, company_id=company_id, created_at=LONG_AGO)
            await _added(tx, contact_numbers, number=number, raw=number, contact_id=contact, created_at=LONG_AGO)
            return contact

    async def deal(self, contact: int, stage: int = 1, owner: int | None = None, *, closed: bool = False) -> int:
        """A deal of his on the stage with this position (0 is the first) of the first pipeline."""
        async with self.database.write() as tx:
            first = (await tx.execute(select(deals.metadata.tables["stages"]).order_by("pipeline_id", "position"))).all()[stage]
            return await _added(
                tx, deals, contact_id=contact, pipeline_id=first.pipeline_id, stage_id=first.id, stage_since=LONG_AGO,
                owner_id=owner, created_at=LONG_AGO, closed_at=LONG_AGO if closed else None,
            )  # fmt: skip

    async def take(
        self, *batches: Sequence[CallEvent], rules: IntakeRules = USUAL, exchange: ExchangeConfig | None = None
    ) -> None:
        """Take the events in, each batch in a transaction of its own."""
        for batch in batches:
            async with self.database.write() as tx:
                await take(tx, exchange or self.exchange, batch, now=NOW, rules=rules)

    async def rows(self, table: Table, **where: Any) -> Sequence[Row[Any]]:
        """The rows with these values, in the order of their first columns."""
        async with self.database.read() as connection:
            query = select(table).filter_by(**where).order_by(*table.primary_key.columns)
            return (await connection.execute(query)).all()

    async def the(self, table: Table, **where: Any) -> Row[Any]:
        """The only row with these values."""
        rows = await self.rows(table, **where)
        if len(rows) != 1:
            raise LookupError(f"{len(rows)} rows of {table.name} with {where}, not one")
        return rows[0]

    async def count(self, table: Table) -> int:
        async with self.database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())

    async def set(self, table: Table, row_id: int, **values: Any) -> None:
        """Change a row as a deed would, without the deed."""
        async with self.database.write() as tx:
            await tx.execute(update(table).where(table.c.id == row_id).values(**values))


async def _added(tx: Any, table: Table, **values: Any) -> int:
    return int((await tx.execute(insert(table).values(values).returning(table.c.id))).scalar_one())


async def second_exchange(office: Office, name: str = "second") -> ExchangeConfig:
    box = SecretBox("a key for tests")
    async with office.database.write() as tx:
        new = registry.NewExchange(name, AmiAddress("127.0.0.2", 5038, False, "firstring", "secret"))
        await registry.add(tx, new, box, now=LONG_AGO)
        await tx.execute(update(exchanges).where(exchanges.c.name == name).values(own_numbers=[OUR_DID]))
        return await config.load(tx, name, box)
