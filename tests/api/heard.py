"""Calls that the product heard itself: a capture taken in with its journal, as the listener does it."""

from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import func, select

from crm_core.calls import intake, journal
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.exchanges import config
from pbx.derivation import Derivation
from pbx.received import Received
from pbx.replay import messages_of

CAPTURES = Path(__file__).resolve().parent.parent / "captures" / "asterisk"
BEGAN = 1_795_300_000.0


async def hear(database: Database, scenario: str, *, replaced: tuple[bytes, bytes] = (b"", b"")) -> int:
    """The last call of the capture, by its id. `replaced`: bytes that the exchange says otherwise than in the capture."""
    async with database.read() as connection:
        exchange = await config.unopened(connection, 1)
    derivation = Derivation(exchange)
    offset = 0
    for second, together in groupby(messages_of(CAPTURES / f"{scenario}.ami"), key=lambda heard: heard.second or 0.0):
        data = b"".join(heard.raw + b"\r\n\r\n" for heard in together).replace(*replaced)
        at = BEGAN + second
        events = derivation.take(Received("heard", offset, at, data))
        moment = datetime.fromtimestamp(at, UTC)
        async with database.write() as tx:
            batch = await journal.append(tx, exchange.id, "heard", offset, moment, data)
            await intake.take(tx, exchange, events, now=moment, journal_id=batch)
        offset += len(data)
    async with database.read() as connection:
        return int((await connection.execute(select(func.max(calls.c.id)))).scalar_one())
