"""A login tried out: who is let in, as what, and what he may not ask."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbx.ami import troubles
from pbx.ami.connection import AmiLogin
from pbx.ami.trial import tried
from pbx.playing.server import ManagerUser
from pbx.practice import SECRET, USER, PracticeExchange
from tests.asterisk.exchange import RealExchange
from tests.asterisk.fixtures import shared_exchange
from tests.pbx.tls_door import behind_tls, certificate
from tests.product import free_port
from tests.requirements import requires_asterisk

__all__ = ["requires_asterisk", "shared_exchange"]

USERS = (
    ManagerUser(USER, SECRET, write=frozenset({"reporting"})),
    ManagerUser("blind", SECRET, write=frozenset()),
    ManagerUser("dialler", SECRET, write=frozenset({"originate", "reporting"})),
)


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(recordings_root=tmp_path / "monitor", users=USERS) as exchange:
        yield exchange


def login(port: int, user: str = USER, secret: str = SECRET, **more: object) -> AmiLogin:
    return AmiLogin("127.0.0.1", port, user, secret, **more)  # type: ignore[arg-type]


async def test_who_is_let_in_is_told_what_answers(practice: PracticeExchange) -> None:
    trial = await tried(login(practice.port))

    assert (trial.trouble, trial.version, trial.refused) == (None, "22.0.0-practice", ())
    assert trial.tells_calls
    assert not trial.too_much
    assert trial.seconds < 9


async def test_what_is_refused_and_what_is_too_much_is_named(practice: PracticeExchange) -> None:
    blind, dialler = await tried(login(practice.port, "blind")), await tried(login(practice.port, "dialler"))

    assert blind.refused == ("Status",)
    assert not blind.tells_calls
    assert dialler.too_much == ("originate",)


@pytest.mark.parametrize(
    ("user", "secret", "trouble"),
    [(USER, "wrong", troubles.WRONG_SECRET), ("a\r\nAction: Originate", SECRET, troubles.WRONG_SECRET)],
)
async def test_who_is_not_let_in_is_told_why(practice: PracticeExchange, user: str, secret: str, trouble: str) -> None:
    trial = await tried(login(practice.port, user, secret))

    assert (trial.trouble, trial.version) == (trouble, None)


async def test_tls_and_addresses_have_their_own_troubles(practice: PracticeExchange, tmp_path: Path) -> None:
    key, cert = certificate(tmp_path)
    async with behind_tls(practice.port, key, cert) as port:
        assert (await tried(login(port, tls=True, ca_file=cert))).version == "22.0.0-practice"
        assert (await tried(login(port, tls=True))).trouble == troubles.UNTRUSTED
    assert (await tried(login(practice.port, tls=True))).trouble == troubles.NO_TLS
    assert (await tried(login(free_port()))).trouble == troubles.NOBODY_ANSWERS


async def test_users_of_the_shipped_files_are_seen_for_what_they_are(shared_exchange: RealExchange) -> None:
    reader = await tried(AmiLogin(shared_exchange.host, shared_exchange.port, *shared_exchange.reader))
    dialler = await tried(AmiLogin(shared_exchange.host, shared_exchange.port, *shared_exchange.dialler))

    assert (reader.trouble, reader.refused, reader.too_much) == (None, (), ())
    assert reader.version is not None
    assert reader.version.startswith("22.")
    assert reader.may == {"reporting"}
    assert dialler.may == {"originate"}
    assert "Status" in dialler.refused
