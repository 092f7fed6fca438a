"""Paths as an administrator types them."""

import pytest
from sqlalchemy import select

from crm_core.calls.tables import exchanges
from tests.api.world import House


@pytest.mark.parametrize(("typed", "kept"), [("/var/log/a\0b.csv", "/var/log/ab.csv"), ("\0", None), (" ", None)])
async def test_what_no_database_takes_is_left_out_of_a_path(house: House, typed: str, kept: str | None) -> None:
    async with house.client("admin") as client:
        answer = await client.post("/exchange/1/records", data={"cel": typed})

    async with house.database.read() as connection:
        assert await connection.scalar(select(exchanges.c.cel_file).where(exchanges.c.id == 1)) == kept
    assert answer.status_code == 303
