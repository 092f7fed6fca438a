"""People come, log in, change phones and leave."""

from datetime import timedelta

import pytest

from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.users import accounts, api_tokens, extensions, login_failures, passwords, sessions, setup_links
from crm_core.users.accounts import NewUser
from crm_core.users.tables import Role, audit, user_extensions, users
from crm_core.users.tables import login_failures as failures_table
from crm_core.users.tables import sessions as sessions_table
from tests.office import NOW, Office

HOUR = timedelta(hours=1)


async def test_password_is_known_by_its_hash_alone() -> None:
    stored = await passwords.hashed("correct horse")

    assert stored.startswith("$argon2id$")
    assert await passwords.matches("correct horse", stored)
    assert not await passwords.matches("wrong horse", stored)


@pytest.mark.parametrize("stored", [None, "", "not a hash"])
async def test_no_password_matches_nothing(stored: str | None) -> None:
    assert not await passwords.matches("nobody's password", stored)


@pytest.mark.parametrize("password", ["short", "x" * 1001])
def test_password_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.require_usable(password)


async def test_session_opens_what_its_user_may_until_it_is_over(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        token = await sessions.open_session(tx, olga, now=NOW)

        actor = await sessions.actor_of(tx, token, now=NOW + HOUR)
        assert actor is not None
        assert (actor.user_id, actor.role) == (olga, Role.MANAGER)
        assert await sessions.actor_of(tx, token, now=NOW + sessions.LIFETIME) is None
        assert await sessions.actor_of(tx, "another", now=NOW) is None
    assert token not in str(await office.rows(sessions_table))


async def test_logging_out_ends_the_session_and_deactivation_ends_all(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        one, other = [await sessions.open_session(tx, olga, now=NOW) for _ in range(2)]
        token = await api_tokens.create_token(tx, olga, now=NOW, by=None)
        await sessions.revoke(tx, one)
        left = [await sessions.actor_of(tx, session, now=NOW) is not None for session in (one, other)]
        await accounts.deactivate(tx, olga, now=NOW, by=None)

        assert left == [False, True]
        assert await sessions.actor_of(tx, other, now=NOW) is None
        assert await api_tokens.actor_of(tx, token) is None


async def test_new_password_ends_the_sessions(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        token = await sessions.open_session(tx, olga, now=NOW)
        await accounts.set_password(tx, olga, "$argon2id$…", now=NOW, by=olga)

        assert await sessions.actor_of(tx, token, now=NOW) is None


async def test_token_acts_as_its_user_until_it_is_revoked(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        token = await api_tokens.create_token(tx, olga, now=NOW, by=None)
        acting = await api_tokens.actor_of(tx, token)
        await api_tokens.revoke_tokens(tx, olga, now=NOW, by=None)

        assert acting is not None
        assert acting.user_id == olga
        assert await api_tokens.actor_of(tx, token) is None


async def test_email_is_one_user_however_it_is_capitalised(office: Office) -> None:
    async with office.database.write() as tx:
        await accounts.create_user(tx, NewUser(" Olga@Firm.RU ", "Ольга", Role.MANAGER), now=NOW, by=None)
        assert (await accounts.by_email(tx, "OLGA@firm.ru")) is not None
        with pytest.raises(Conflict):
            await accounts.create_user(tx, NewUser("olga@firm.ru", "Ольга", Role.MANAGER), now=NOW, by=None)


@pytest.mark.parametrize("email", ["", "olga", "a b@c", "a@" + "c" * 260, "a\0@c"])
async def test_what_is_no_email_is_refused(office: Office, email: str) -> None:
    async with office.database.write() as tx:
        with pytest.raises(Invalid):
            await accounts.create_user(tx, NewUser(email, "X", Role.QA), now=NOW, by=None)


async def test_the_last_administrator_stays(office: Office) -> None:
    admin = await office.person("Админ", role=Role.ADMIN)
    async with office.database.write() as tx:
        with pytest.raises(Conflict):
            await accounts.deactivate(tx, admin, now=NOW, by=admin)
        with pytest.raises(Conflict):
            await accounts.edit_user(tx, admin, role=Role.QA, now=NOW, by=admin)


async def test_who_leaves_stays_in_the_books(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        await accounts.deactivate(tx, olga, now=NOW, by=None)

    assert (await office.the(users)).active is False
    assert (await office.the(user_extensions)).until == NOW


async def test_extension_passes_from_one_to_another_by_closing_the_period(office: Office) -> None:
    olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")
    async with office.database.write() as tx:
        await extensions.set_extension(tx, igor, office.exchange.id, "101", now=NOW, by=None)

    periods = [(row.user_id, row.extension, row.until) for row in await office.rows(user_extensions)]
    assert periods == [(olga, "101", NOW), (igor, "102", NOW), (igor, "101", None)]


async def test_extension_given_again_to_whoever_has_it_changes_nothing(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        await extensions.set_extension(tx, olga, office.exchange.id, "101", now=NOW, by=None)

    assert await office.count(user_extensions) == 1


async def test_who_left_gets_no_extension(office: Office) -> None:
    olga = await office.person("Ольга")
    async with office.database.write() as tx:
        await accounts.deactivate(tx, olga, now=NOW, by=None)
        with pytest.raises(NotFound):
            await extensions.set_extension(tx, olga, office.exchange.id, "101", now=NOW, by=None)


async def test_set_up_link_makes_the_first_administrator_once(office: Office) -> None:
    async with office.database.write() as tx:
        old, link = [await setup_links.make_link(tx, now=NOW) for _ in range(2)]
        opened = [await setup_links.opens(tx, token, now=NOW) for token in (old, link, "another")]
        late = await setup_links.opens(tx, link, now=NOW + setup_links.LIFETIME)
        await setup_links.use_link(tx, link, email="a@b", name="А", password_hash="$", now=NOW)

        assert (opened, late) == ([False, True, False], False)
        assert not await setup_links.opens(tx, link, now=NOW)
        with pytest.raises(NotFound):
            await setup_links.use_link(tx, link, email="c@d", name="Б", password_hash="$", now=NOW)
    assert (await office.the(users)).role == "admin"


async def test_set_up_link_opens_nothing_once_there_is_a_user(office: Office) -> None:
    async with office.database.write() as tx:
        link = await setup_links.make_link(tx, now=NOW)
    await office.person("Ольга")

    async with office.database.write() as tx:
        assert not await setup_links.opens(tx, link, now=NOW)


def test_delay_grows_with_each_failure_up_to_a_quarter_of_an_hour() -> None:
    seconds = [login_failures.delay_after(failures).total_seconds() for failures in (0, 3, 4, 5, 6, 10, 10_000)]

    assert seconds == [0, 0, 1, 2, 4, 64, 900]


async def test_failures_are_counted_by_email_and_by_address(office: Office) -> None:
    async with office.database.write() as tx:
        for attempt in range(6):
            await login_failures.note_failure(tx, [f"user{attempt}@firm.ru", "192.0.2.1"], now=NOW)

        assert await login_failures.wait_left(tx, ["user0@firm.ru", "192.0.2.2"], now=NOW) == timedelta(0)
        assert await login_failures.wait_left(tx, ["new@firm.ru", "192.0.2.1"], now=NOW) == timedelta(seconds=4)
        assert await login_failures.wait_left(tx, ["192.0.2.1"], now=NOW + HOUR) == timedelta(0)
        await login_failures.clear(tx, ["192.0.2.1"])
        assert await login_failures.wait_left(tx, ["192.0.2.1"], now=NOW) == timedelta(0)
    assert "firm" not in str(await office.rows(failures_table))


async def test_failures_of_yesterday_are_forgotten(office: Office) -> None:
    async with office.database.write() as tx:
        for _ in range(9):
            await login_failures.note_failure(tx, ["a@b"], now=NOW)
        await login_failures.note_failure(tx, ["a@b"], now=NOW + 25 * HOUR)

        assert await login_failures.wait_left(tx, ["a@b"], now=NOW + 25 * HOUR) == timedelta(0)
        await login_failures.forget_old(tx, now=NOW + 50 * HOUR)
    assert await office.count(failures_table) == 0


async def test_each_deed_leaves_a_line_in_the_audit_trail(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    async with office.database.write() as tx:
        await accounts.edit_user(tx, olga, name="Ольга Котова", now=NOW, by=olga)

    deeds = [(row.deed, row.user_id) for row in await office.rows(audit, noun="user")]
    assert deeds == [("user_created", None), ("extension_set", None), ("user_edited", olga)]
