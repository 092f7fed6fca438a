"""Logging in, staying in and getting out; what a browser and a program may do with what they hold."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from api.auth import local_path
from crm_core.db import metadata
from crm_core.users import api_tokens, passwords, setup_links
from tests.api.world import ORIGIN, PASSWORD, House

OLGA = "olga101@office.test"


async def _log_in(client: httpx.AsyncClient, password: str, email: str = OLGA) -> httpx.Response:
    return await client.post("/login", data={"email": email, "password": password, "next": "/calls?day=today"})


async def test_the_right_password_opens_a_session_out_of_reach_of_scripts(house: House) -> None:
    async with house.client() as client:
        answer = await _log_in(client, PASSWORD)
        me = await client.get("/api/v1/me")

    cookie = answer.headers["set-cookie"].lower()
    assert (answer.status_code, answer.headers["location"]) == (303, "/calls?day=today")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert me.json()["email"] == OLGA


async def test_over_https_the_cookie_never_leaves_it(house: House) -> None:
    async with house.client(**{"X-Forwarded-Proto": "https"}) as client:
        answer = await _log_in(client, PASSWORD)

    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize(("email", "password"), [(OLGA, "wrong"), ("nobody@office.test", PASSWORD), ("", ""), (OLGA, "")])
async def test_a_wrong_password_and_an_unknown_user_are_answered_alike(house: House, email: str, password: str) -> None:
    async with house.client() as client:
        answer = await _log_in(client, password, email)

    assert answer.headers["location"].startswith("/login?failed=wrong")
    assert "set-cookie" not in answer.headers


async def test_failures_make_the_next_attempt_wait_longer_and_longer(house: House) -> None:
    async with house.client() as client:
        for _ in range(4):
            assert "failed=wrong" in (await _log_in(client, "wrong")).headers["location"]
        refused = await _log_in(client, PASSWORD)
        house.pass_by(seconds=1.5)
        wrong_again = await _log_in(client, "wrong")
        house.pass_by(seconds=1.5)
        still_refused = await _log_in(client, PASSWORD)
        house.pass_by(seconds=1)
        let_in = await _log_in(client, PASSWORD)

    assert "failed=wait" in refused.headers["location"]
    assert "failed=wrong" in wrong_again.headers["location"]
    assert "failed=wait" in still_refused.headers["location"]
    assert let_in.headers["location"] == "/calls?day=today"


async def test_an_address_that_guesses_many_names_waits_too_and_others_do_not(house: House) -> None:
    async with house.client(address="192.0.2.1") as guesser, house.client(address="192.0.2.2") as other:
        for number in range(4):
            await _log_in(guesser, "wrong", f"guess{number}@office.test")
        refused = await _log_in(guesser, PASSWORD)
        let_in = await _log_in(other, PASSWORD)

    assert "failed=wait" in refused.headers["location"]
    assert let_in.headers["location"] == "/calls?day=today"


async def test_logging_out_ends_the_session_itself(house: House) -> None:
    async with house.client("olga") as client, house.client("olga") as thief:
        await client.post("/logout")

        assert (await client.get("/api/v1/me")).status_code == 401
        assert (await thief.get("/api/v1/me")).status_code == 401


async def test_a_session_ends_after_its_time(house: House) -> None:
    house.pass_by(days=15)
    async with house.client("olga") as client:
        assert (await client.get("/api/v1/me")).status_code == 401
        assert (await client.get("/today")).headers["location"] == "/login?next=/today"


async def test_a_program_acts_by_its_token_alone(house: House) -> None:
    async with house.database.write() as tx:
        token = await api_tokens.create_token(tx, house.world.people["igor"], now=house.time, by=None)
    async with house.client("olga", Authorization=f"Bearer {token}", Origin="http://elsewhere.test") as client:
        me = await client.get("/api/v1/me")
        company = await client.post("/api/v1/companies", json={"name": "By token"})
    async with house.client("olga", Authorization="Bearer nonsense") as client:
        refused = await client.get("/api/v1/me")

    assert me.json()["id"] == house.world.people["igor"]
    assert company.status_code == 201
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Origin": ORIGIN}, True), ({"Origin": "null"}, False), ({"Origin": "http://firstring.test.evil"}, False),
        ({"Origin": "http://evil/firstring.test"}, False), ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False), ({}, False),
        ({"Origin": "https://crm.test", "X-Forwarded-Host": "crm.test"}, True),
    ],
)  # fmt: skip
async def test_a_cookie_changes_things_only_from_our_own_pages(house: House, headers: dict[str, str], allowed: bool) -> None:
    async with house.client("olga") as client:
        del client.headers["origin"]
        answer = await client.post("/api/v1/companies", json={"name": "New"}, headers=headers)

    assert answer.status_code == (201 if allowed else 403)


async def test_the_set_up_link_makes_the_first_admin_once(house: House) -> None:
    async with house.database.write() as tx:
        await _forget_everybody(tx)
        link = await setup_links.make_link(tx, now=house.time)
    form = {"email": "boss@office.test", "name": "Boss", "password": "long enough"}
    async with house.client() as client:
        short = await client.post(f"/setup/{link}", data={**form, "password": "short"})
        assert (await client.get(f"/setup/{link}")).status_code == 200
        made = await client.post(f"/setup/{link}", data=form)
        me = await client.get("/api/v1/me")
        again = await client.post(f"/setup/{link}", data={**form, "email": "second@office.test"})

    assert "failed=" in short.headers["location"]
    assert (made.status_code, made.headers["location"]) == (303, "/")
    assert (me.json()["email"], me.json()["role"]) == ("boss@office.test", "admin")
    assert again.status_code == 404


async def test_guessing_set_up_links_makes_nothing_to_compute(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_password: str) -> str:
        raise AssertionError("a guess was hashed")

    monkeypatch.setattr(passwords, "hashed", never)
    async with house.client() as client:
        guess = await client.post("/setup/guess", data={"email": "a@b", "name": "A", "password": "long enough"})

    assert guess.status_code == 404


async def test_of_two_who_use_the_set_up_link_at_once_one_becomes_administrator(house: House) -> None:
    async with house.database.write() as tx:
        await _forget_everybody(tx)
        link = await setup_links.make_link(tx, now=house.time)
    async with house.client() as one, house.client() as other:
        answers = await asyncio.gather(*(
            client.post(f"/setup/{link}", data={"email": f"{name}@office.test", "name": name, "password": "long enough"})
            for client, name in ((one, "one"), (other, "other"))
        ))  # fmt: skip

    assert sorted(answer.status_code for answer in answers) == [303, 404]


async def test_the_set_up_link_opens_nothing_once_somebody_is_there(house: House) -> None:
    async with house.database.write() as tx:
        link = await setup_links.make_link(tx, now=house.time)
    async with house.client() as client:
        answer = await client.post(f"/setup/{link}", data={"email": "a@b", "name": "A", "password": "long enough"})

    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/calls/", "/api/v1/calls/", "//evil.test/", "/login/"])
async def test_no_address_leads_to_the_host_that_a_request_claims(house: House, path: str) -> None:
    async with house.client("olga", Host="evil.test") as client:
        answer = await client.get(path)

    assert "evil.test" not in answer.headers.get("location", "")


@pytest.mark.parametrize("email", [OLGA.upper(), f"  {OLGA} ", OLGA.title()])
async def test_writing_the_email_otherwise_does_not_begin_a_new_count(house: House, email: str) -> None:
    async with house.client(address="192.0.2.1") as guesser, house.client(address="192.0.2.2") as other:
        for _ in range(4):
            await _log_in(guesser, "wrong")
        refused = await _log_in(other, PASSWORD, email)

    assert "failed=wait" in refused.headers["location"]


async def test_a_far_client_does_not_choose_the_address_it_is_counted_by(house: House) -> None:
    async with house.client(address="192.0.2.1") as guesser:
        for number in range(4):
            guesser.headers["X-Forwarded-For"] = f"198.51.100.{number}"
            await _log_in(guesser, "wrong", f"guess{number}@office.test")
        guesser.headers["X-Forwarded-For"] = "198.51.100.99"
        refused = await _log_in(guesser, PASSWORD)

    assert "failed=wait" in refused.headers["location"]


async def test_a_session_known_before_the_login_is_not_the_one_that_is_opened(house: House) -> None:
    async with house.client() as client:
        client.cookies.set("firstring_session", "chosen by a stranger")
        await _log_in(client, PASSWORD)
    async with house.client() as stranger:
        stranger.cookies.set("firstring_session", "chosen by a stranger")

        assert (await stranger.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize(
    "path", ["/today", "/calls/{call_id}", "/api/v1/calls/{call_id}", "/api/v1/recordings/{recording_id}/peaks"]
)
async def test_what_is_private_is_kept_nowhere_to_be_seen_after_logging_out(house: House, path: str) -> None:
    async with house.client("olga") as client:
        answer = await client.get(path.format_map(house.world.own))

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")


async def test_audio_is_asked_for_anew_each_time_and_kept_by_nobody_between(house: House) -> None:
    async with house.client("olga") as client:
        answer = await client.get(f"/api/v1/recordings/{house.world.own['recording_id']}/audio")

    assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("charset", ["idna", "punycode", "unicode_escape", "utf-7", "undefined", "zlib"])
async def test_a_form_in_a_strange_charset_breaks_nothing(house: House, charset: str) -> None:
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
        for pair in ((b"email", OLGA.encode()), (b"password", b"\\ud800\xff..\\x00"))
    )
    async with house.client() as client:
        headers = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
        answer = await client.post("/login", content=body + b"--x--\r\n", headers=headers)

    assert answer.status_code in (303, 400, 422)


async def _forget_everybody(tx: AsyncConnection) -> None:
    """An installation nobody has been to."""
    for table in reversed(metadata.sorted_tables):
        await tx.execute(delete(table))


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/calls?day=1", "/calls?day=1"), ("//evil.test", "/"), ("https://evil.test", "/"), ("/\\evil.test", "/"),
        ("javascript:alert(1)", "/"), ("", "/"), (None, "/"), ("/a\r\nSet-Cookie: x", "/"),
    ],
)  # fmt: skip
def test_after_the_login_one_stays_on_our_own_site(wanted: str | None, path: str) -> None:
    assert local_path(wanted) == path


async def test_every_answer_carries_the_security_headers(house: House) -> None:
    async with house.client() as client:
        for path in ("/login", "/api/v1/me", "/nowhere", "/healthz"):
            answer = await client.get(path)

            assert answer.headers["content-security-policy"].startswith("default-src 'self'; style-src 'self' 'unsafe-inline'")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert "server" not in answer.headers


async def test_a_body_beyond_measure_is_refused(house: House) -> None:
    async with house.client("olga") as client:
        told = await client.post("/api/v1/companies", content=b"x" * 1_100_000, headers={"Content-Type": "application/json"})

        async def drops() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 100_000

        untold = await client.post("/api/v1/companies", content=drops(), headers={"Content-Type": "application/json"})

    assert told.status_code == 413
    assert untold.status_code >= 400


async def test_a_proxy_that_is_believed_says_whom_it_speaks_for(house: House) -> None:
    house.context.settings = house.context.settings.model_copy(update={"proxies": "192.0.2.0/28"})
    async with house.client(address="192.0.2.1") as proxy:
        for number in range(4):
            await _log_in_for(proxy, "198.51.100.7", "wrong", f"guess{number}@office.test")
        refused = await _log_in_for(proxy, "198.51.100.7", PASSWORD)
        entered = await _log_in_for(proxy, "198.51.100.8", PASSWORD)

    assert "failed=wait" in refused.headers["location"]
    assert "failed" not in entered.headers["location"]


async def test_what_a_visitor_tells_of_himself_is_not_what_his_proxy_tells(house: House) -> None:
    """A proxy that adds a second header leaves the visitor's own where it is."""
    house.context.settings = house.context.settings.model_copy(update={"proxies": "192.0.2.0/28"})
    async with house.client(address="192.0.2.1") as proxy:
        for number in range(4):
            own = [("X-Forwarded-For", f"203.0.113.{number}"), ("X-Forwarded-For", "198.51.100.7"), ("Origin", ORIGIN)]
            form = {"email": f"guess{number}@office.test", "password": "wrong"}
            await proxy.post("/login", data=form, headers=httpx.Headers(own))
        refused = await _log_in_for(proxy, "198.51.100.7", PASSWORD)

    assert "failed=wait" in refused.headers["location"]


async def _log_in_for(proxy: httpx.AsyncClient, address: str, password: str, email: str = OLGA) -> httpx.Response:
    proxy.headers["X-Forwarded-For"] = f"203.0.113.5, {address}"
    return await _log_in(proxy, password, email)


async def test_while_the_database_is_gone_everybody_is_asked_to_come_back(house: House) -> None:
    await house.database.close()
    file = house.context.data_dir / "firstring.db"
    file.rename(file.with_suffix(".away"))
    file.mkdir()

    async with house.client("olga", **{"Accept-Language": "en"}) as client:
        program, person = await client.get("/api/v1/deals"), await client.get("/deals")

    assert (program.status_code, program.headers["content-type"]) == (503, "application/problem+json")
    assert person.status_code == 503
    assert "База данных или диск не отвечает" in person.text
    assert program.headers["retry-after"] == person.headers["retry-after"] == "5"
