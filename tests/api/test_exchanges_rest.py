"""`exchanges` over REST: added, changed, switched off; secrets go in and never out."""

from typing import Any

import pytest

from crm_core.exchanges import config
from tests.api.world import House

NEW: dict[str, Any] = {
    "name": "almaty", "ami_host": "192.0.2.8", "ami_user": "reader", "ami_secret": "s3cret", "region": "kz", "dialect": "mikopbx",
    "dial_user": "dialler", "dial_secret": "d3al", "trunks": ["PJSIP/l-*"], "own_numbers": ["+7 727 123-45-67"],
    "records": {"cdr": {"kind": "mysql", "host": "127.0.0.1", "database": "d", "user": "u", "password": "rec0rds",
                        "table": "cdr"}},
}  # fmt: skip


async def added(house: House, **more: Any) -> dict[str, Any]:
    async with house.client("admin") as admin:
        answer = await admin.post("/api/v1/exchanges", json={**NEW, **more})
    assert answer.status_code == 201, answer.text
    assert not any(secret in answer.text for secret in ("s3cret", "d3al", "rec0rds"))
    told: dict[str, Any] = answer.json()
    return told


async def test_an_exchange_is_added_and_told_without_its_secrets(house: House) -> None:
    told = await added(house)

    async with house.database.read() as connection:
        kept = await config.of_id(connection, told["id"], house.context.box)
    assert (told["name"], told["region"], told["dialect"], told["ami_port"]) == ("almaty", "KZ", "mikopbx", 5038)
    assert told["own_numbers"] == ["77271234567"]
    assert told["records"]["cdr"]["port"] == 3306
    assert kept.dialler is not None
    assert (kept.reader.secret, kept.dialler.secret, kept.records.passwords()) == ("s3cret", "d3al", {"cdr": "rec0rds"})


async def test_a_change_leaves_what_is_left_out(house: House) -> None:
    told = await added(house)

    async with house.client("admin") as admin:
        answer = await admin.patch(f"/api/v1/exchanges/{told['id']}", json={"language": "kk", "active": False})

    assert answer.status_code == 200
    assert answer.json() == {**told, "language": "kk", "active": False}
    async with house.database.read() as connection:
        kept = await config.of_id(connection, told["id"], house.context.box)
    assert (kept.reader.secret, kept.records.passwords()) == ("s3cret", {"cdr": "rec0rds"})


@pytest.mark.parametrize(
    "elsewhere", [{"ami_host": "thief.example"}, {"ami_port": 5039}, {"ami_tls": True}, {"ami_user": "x"}, {"dial_user": "x"}]
)
async def test_no_kept_secret_goes_elsewhere(house: House, elsewhere: dict[str, Any]) -> None:
    told = await added(house)

    async with house.client("admin") as admin:
        answer = await admin.patch(f"/api/v1/exchanges/{told['id']}", json=elsewhere)

    assert answer.status_code == 422


WRONG: list[dict[str, Any]] = [
    {"region": "XX"}, {"dialect": "cisco"}, {"trunks": [""]}, {"ami_secret": "a\r\nb"}, {"records": {"cdr": {"kind": 1}}},
    {"records": {"timezone": "Mars"}}, {"dial_user": "reader"}, {"language": "r\0"}, {"name": "  "}, {"ami_host": ""},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_cannot_be_meant_is_refused(house: House, wrong: dict[str, Any]) -> None:
    async with house.client("admin") as admin:
        answer = await admin.post("/api/v1/exchanges", json={**NEW, **wrong})

    assert answer.status_code == 422
    assert "s3cret" not in answer.text


async def test_a_name_is_taken_once(house: House) -> None:
    await added(house)
    async with house.client("admin") as admin:
        assert (await admin.post("/api/v1/exchanges", json=NEW)).status_code == 409


async def test_one_that_was_never_in_use_is_removed(house: House) -> None:
    told = await added(house)
    path = f"/api/v1/exchanges/{told['id']}"

    async with house.client("admin") as admin:
        listened = await admin.delete(path)
        await admin.patch(path, json={"active": False})
        removed = await admin.delete(path)
        gone = await admin.get(path)
        again = await admin.delete(path)
        with_calls = await admin.delete("/api/v1/exchanges/1")

    assert [one.status_code for one in (listened, removed, gone, again, with_calls)] == [409, 204, 404, 404, 409]
