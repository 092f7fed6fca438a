"""Who asks whether all is well is told so, what is ill, and what to do; strangers only whether it is."""

import re
from datetime import timedelta

import httpx
from sqlalchemy import select, update

from crm_core.calls import journal
from crm_core.calls.tables import exchanges
from tests.api.world import House


async def test_what_is_ill_is_named_with_what_to_do(house: House) -> None:
    house.context.parts.down("worker", "the worker ended by itself (exit code 1)")
    house.context.parts.stands_by("listener office")
    async with house.client(host="localhost:8080") as near:
        ill = {one["part"]: one for one in (await near.get("/readyz")).json()["ill"]}

    assert ill["worker"]["why"] == "the worker ended by itself (exit code 1)"
    assert all(one["do"] for one in ill.values())
    assert "listener office" not in ill


async def test_an_exchange_to_which_nobody_listens_any_more_is_ill_though_it_was_left_as_up(house: House) -> None:
    now = house.context.now()
    async with house.database.write() as tx:
        await tx.execute(update(exchanges).values(state="up", active=True))
        names = list(await tx.scalars(select(exchanges.c.name)))
        for exchange_id in await tx.scalars(select(exchanges.c.id)):
            await journal.append(tx, exchange_id, "c", 0, now, b"Response: Success\r\n\r\n")
    async with house.client(host="localhost:8080") as near:
        well = await _told_of_exchanges(near)
        house.context.now = lambda: now + timedelta(minutes=2)  # e.g. the listener's process was killed
        ill = await _told_of_exchanges(near)

    assert well == dict.fromkeys(names, ("up", 1.0))
    assert ill == dict.fromkeys(names, ("silent", 0.0))


async def _told_of_exchanges(near: httpx.AsyncClient) -> dict[str, tuple[str, float]]:
    """By name: what /readyz says of it, and the figure of it that /metrics has."""
    states = (await near.get("/readyz")).json()["exchanges"]
    figures = re.findall(r'^firstring_exchange_heard\{exchange="(.+?)"\} (.+)$', (await near.get("/metrics")).text, re.MULTILINE)
    return {name: (states[name], float(figure)) for name, figure in figures}


async def test_health_is_told_to_all_and_details_to_this_machine_alone(house: House) -> None:
    async with house.client(address="192.0.2.9") as far, house.client(host="localhost:8080") as near:
        assert (await far.get("/healthz")).json() == {"status": "ok"}
        assert (await far.get("/readyz")).json() == {"status": "ready"}
        assert (await far.get("/metrics")).status_code == 404
        assert (await near.get("/readyz")).json().keys() >= {"database", "disk", "exchanges", "queue"}
        assert (await near.get("/readyz", headers={"X-Forwarded-For": "192.0.2.9"})).json() == {"status": "ready"}
        assert "firstring_" in (await near.get("/metrics")).text
        # A stranger's page whose name resolves to this machine asks under its own name.
        assert (await near.get("/metrics", headers={"Host": "rebound.example"})).status_code == 404
