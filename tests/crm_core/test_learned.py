"""What an exchange told of its lines is there again for the next listener."""

from crm_core.exchanges import config, learned
from crm_core.exchanges.learned_lines import MOST, Learned
from crm_core.secrets import SecretBox
from tests.office import Office


async def test_what_was_learned_is_in_the_exchange_s_configuration(office: Office) -> None:
    lines = Learned(("PJSIP/101", "PJSIP/анна"), ("PJSIP/beeline",))

    async with office.database.write() as tx:
        await learned.keep(tx, office.exchange.id, lines)

    async with office.database.read() as connection:
        assert await learned.of(connection, office.exchange.id) == lines
        assert (await config.load(connection, "default", SecretBox("a key for tests"))).learned == lines


async def test_nothing_is_learned_of_a_new_exchange_nor_of_none(office: Office) -> None:
    async with office.database.read() as connection:
        assert office.exchange.learned == Learned()
        assert await learned.of(connection, 10_000) == Learned()


async def test_no_more_is_kept_than_is_bearable(office: Office) -> None:
    async with office.database.write() as tx:
        await learned.keep(tx, office.exchange.id, Learned(tuple(f"PJSIP/{n:05}" for n in range(2 * MOST))))

    async with office.database.read() as connection:
        assert len((await learned.of(connection, office.exchange.id)).phones) == MOST
