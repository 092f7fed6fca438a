"""Exchanges: added, named by the environment, listed without their secrets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from crm_core.calls.tables import exchanges
from crm_core.errors import Conflict, Invalid, NotFound, SettingsError
from crm_core.event_log import events
from crm_core.exchanges import config, registry
from crm_core.exchanges.addresses import AmiAddress, ami_address, host_and_port
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.exchanges.record_sources import CsvSource, RecordSources, SqlKind, SqlSource
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from tests.office import NOW, Office

BOX = SecretBox("a key for tests")
ADDRESS = AmiAddress("pbx.local", 5038, False, "firstring", "s3cret")


def settings(**told: Any) -> Settings:
    return Settings(ami_url=SecretStr("ami://reader:p%40ss@pbx.local"), **told)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("ami://u:s@h:5039", AmiAddress("h", 5039, False, "u", "s")),
        ("ami://u:s@h", AmiAddress("h", 5038, False, "u", "s")),
        ("amis://u:p%40%3A@[::1]", AmiAddress("::1", 5039, True, "u", "p@:")),
    ],
)
def test_address_is_read(url: str, meant: AmiAddress) -> None:
    assert ami_address(url) == meant


@pytest.mark.parametrize("url", ["", "h:5038", "http://u:s@h", "ami://h", "ami://u@h", "ami://u:s@h:nan", "ami://u:a%0d%0ab@h"])
def test_address_that_cannot_be_meant_is_refused_without_repeating_the_secret(url: str) -> None:
    with pytest.raises(SettingsError, match="FIRSTRING_AMI_URL") as refused:
        ami_address(url)
    assert "a%0d" not in str(refused.value)


def test_host_and_port_are_read() -> None:
    assert [host_and_port(text) for text in ("h:1", "h", "[::1]:2")] == [("h", 1), ("h", 5038), ("::1", 2)]
    with pytest.raises(SettingsError):
        host_and_port("h:nan")


async def test_secret_is_stored_sealed_and_opened_for_the_listener(office: Office) -> None:
    async with office.database.write() as tx:
        await registry.add(tx, NewExchange("second", ADDRESS, dial_user="d", dial_secret="d3al"), BOX, now=NOW)
        loaded = await config.load(tx, "second", BOX)

    row = await office.the(exchanges, name="second")
    assert "s3cret" not in row.ami_secret
    assert "d3al" not in row.dial_secret
    assert (loaded.ami_secret, loaded.dial_secret) == ("s3cret", "d3al")
    assert "s3cret" not in repr(loaded)
    async with office.database.read() as connection:
        shown = [str(value) for value in (await registry.listed(connection))[1]]
        assert not {row.ami_secret, row.dial_secret, "s3cret", "d3al"} & set(shown)


async def test_secret_of_another_key_is_said(office: Office) -> None:
    async with office.database.read() as connection:
        with pytest.raises(SettingsError, match="FIRSTRING_SECRET_KEY"):
            await config.load(connection, "default", SecretBox("another key"))


async def test_name_is_taken_once_and_lines_are_not_broken(office: Office) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Conflict):
            await registry.add(tx, NewExchange("default", ADDRESS), BOX, now=NOW)
        broken = AmiAddress("h", 5038, False, "u\r\nAction: Originate", "s")
        with pytest.raises(Invalid):
            await registry.add(tx, NewExchange("third", broken), BOX, now=NOW)
        with pytest.raises(NotFound):
            await config.load(tx, "third", BOX)


async def test_change_keeps_secrets_that_are_not_given_again(office: Office) -> None:
    async with office.database.write() as tx:
        added = await registry.add(tx, NewExchange("second", ADDRESS, dial_user="d", dial_secret="d3al"), BOX, now=NOW)
        same = NewExchange("second", replace(ADDRESS, secret=""), region="KZ", dial_user="d", trunks=("PJSIP/line-*",))
        await registry.change(tx, added, same, BOX, now=NOW, by=None)
        loaded = await config.load(tx, "second", BOX)

    assert (loaded.ami_secret, loaded.dial_secret, loaded.region, loaded.trunks) == ("s3cret", "d3al", "KZ", ("PJSIP/line-*",))


@pytest.mark.parametrize("elsewhere", [{"host": "thief.example"}, {"port": 5039}, {"tls": True}, {"user": "another"}])
async def test_kept_secret_is_never_carried_to_another_place(office: Office, elsewhere: dict[str, Any]) -> None:
    async with office.database.write() as tx:
        added = await registry.add(tx, NewExchange("second", ADDRESS), BOX, now=NOW)
        moved = NewExchange("second", replace(ADDRESS, **{"secret": "", **elsewhere}))
        with pytest.raises(Invalid) as refused:
            await registry.change(tx, added, moved, BOX, now=NOW, by=None)

    assert refused.value.facts["field"] == "secret"


async def test_secret_may_stay_in_a_file(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "reader.secret"
    new = NewExchange("second", replace(ADDRESS, secret="", secret_file=file), dial_user="d", dial_secret_file=file)
    async with office.database.write() as tx:
        await registry.add(tx, new, BOX, now=NOW)
        loaded = await config.load(tx, "second", SecretBox("another key"))

    row = await office.the(exchanges, name="second")
    assert (row.ami_secret, row.dial_secret) == ("", None)
    assert loaded.reader.secret_file == file
    assert loaded.dialler is not None
    assert (loaded.dialler.user, loaded.dialler.secret_file) == ("d", file)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("region", {"region": "XX"}), ("language", {"language": "ru; drop"}), ("lines", {"trunks": [""]}),
        ("lines", {"extensions": ["PJSIP/" + "x" * 200]}), ("dial_user", {"dial_user": "firstring", "dial_secret": "s"}),
        ("address", {"ami": replace(ADDRESS, port=70_000)}), ("secret", {"ami": replace(ADDRESS, secret="a\r\nb")}),
        ("secret", {"ami": replace(ADDRESS, secret="")}), ("secret", {"dial_user": "d"}),
    ],
)  # fmt: skip
async def test_exchange_that_cannot_be_meant_is_refused_by_its_field(office: Office, field: str, wrong: dict[str, Any]) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid) as refused:
            await registry.add(tx, NewExchange(**{"name": "second", "ami": ADDRESS, **wrong}), BOX, now=NOW)

    assert refused.value.facts["field"] == field


async def test_environment_makes_and_updates_the_exchange_default(office: Office) -> None:
    async with office.database.write() as tx:
        known = replace(
            await registry.described(tx, office.exchange.id), own_numbers=["+7 (495) 111-22-45"],
            ami=replace(ADDRESS, tls=True, ca_file=Path("/etc/ssl/office.pem")),
        )  # fmt: skip
        await registry.change(tx, office.exchange.id, known, BOX, now=NOW, by=None)
        told = settings(recordings_root=Path("/rec"), ami_dial_url=SecretStr("ami://d:d@pbx.local"))
        first = await registry.from_settings(tx, told, BOX, now=NOW)
        again = await registry.from_settings(tx, settings(), BOX, now=NOW)
        loaded = await config.load(tx, "default", BOX)

    assert first == again == office.exchange.id
    assert (loaded.ami_host, loaded.ami_user, loaded.ami_secret) == ("pbx.local", "reader", "p@ss")
    assert (loaded.recordings_root, loaded.own_numbers) == (Path("/rec"), {"74951112245"})
    assert (loaded.dial_user, loaded.ami_ca_file) == (None, Path("/etc/ssl/office.pem"))


async def test_environment_that_names_no_exchange_makes_none(office: Office) -> None:
    async with office.database.write() as tx:
        assert await registry.from_settings(tx, Settings(), BOX, now=NOW) is None


async def test_state_is_told_when_it_changes(office: Office) -> None:
    before = await office.count(events)
    async with office.database.write() as tx:
        await registry.note_state(tx, office.exchange.id, "up", now=NOW, version="Asterisk 22")
        await registry.note_state(tx, office.exchange.id, "up", now=NOW)
        await registry.note_state(tx, office.exchange.id, "refused", now=NOW, note="Wrong password")

    row = await office.the(exchanges)
    assert (row.state, row.state_note, row.version) == ("refused", "Wrong password", "Asterisk 22")
    assert await office.count(events) - before == 2


async def test_switched_off_exchange_is_not_listened_to(office: Office) -> None:
    async with office.database.write() as tx:
        await registry.set_active(tx, office.exchange.id, False, now=NOW, by=None)
        assert await config.active(tx, BOX) == []


CDR = SqlSource(SqlKind.MYSQL, "127.0.0.1", 3306, "asteriskcdrdb", "reader", "cdr-pass", "cdr")


async def test_records_of_an_exchange_keep_their_passwords_with_their_database(office: Office) -> None:
    sources = RecordSources(cel=CsvSource(Path("/var/log/cel.csv")), cdr=CDR)
    async with office.database.write() as tx:
        added = await registry.add(tx, NewExchange("second", ADDRESS, records=sources), BOX, now=NOW)
        described = await registry.described(tx, added)
        await registry.change(tx, added, replace(described, region="KZ"), BOX, now=NOW, by=None)
        kept = (await config.of_id(tx, added, BOX)).records
        moved = replace(described.records, cdr=replace(CDR, password="", host="thief.example"))
        await registry.change(tx, added, replace(described, records=moved), BOX, now=NOW, by=None)
        elsewhere = (await config.of_id(tx, added, BOX)).records

    assert "cdr-pass" not in repr(described)
    assert kept == sources
    assert isinstance(elsewhere.cdr, SqlSource)
    assert elsewhere.cdr.password == ""


async def test_described_exchange_given_back_stays_as_it_is(office: Office) -> None:
    new = NewExchange(
        "second", ADDRESS, region="KZ", language="kk", dialect="freepbx", dial_user="d", dial_secret="d3al",
        recordings_root=Path("/rec"), trunks=("PJSIP/l-*",), extensions=("PJSIP/1*",), own_numbers=("+7 727 1234567",),
        dial_context="from-internal",
    )  # fmt: skip
    async with office.database.write() as tx:
        added = await registry.add(tx, new, BOX, now=NOW)
        before = await config.of_id(tx, added, BOX)
        await registry.change(tx, added, await registry.described(tx, added), BOX, now=NOW, by=None)
        assert await config.of_id(tx, added, BOX) == before

    after = await office.the(exchanges, name="second")
    assert (after.dial_rules, after.dialect, after.own_numbers) == ({"context": "from-internal"}, "freepbx", ["77271234567"])


async def test_secret_in_a_file_is_not_read_for_another_place_unless_by_who_has_the_machine(office: Office) -> None:
    new = NewExchange("second", replace(ADDRESS, secret="", secret_file=Path("/run/secrets/reader")))
    moved = replace(new, ami=replace(new.ami, host="thief.example"))
    async with office.database.write() as tx:
        added = await registry.add(tx, new, BOX, now=NOW)
        with pytest.raises(Invalid):
            await registry.change(tx, added, moved, BOX, now=NOW, by=None)
        await registry.change(tx, added, moved, BOX, now=NOW, by=None, trusted=True)
