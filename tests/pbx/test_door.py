"""TLS with an authority of the exchange's own, and secrets that stay in files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbx.ami import troubles
from pbx.ami.connection import AmiLogin, LinkLost, LoginRefused
from pbx.ami.errand import Errand
from pbx.practice import SECRET, USER, PracticeExchange
from tests.pbx.tls_door import behind_tls, certificate


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(recordings_root=tmp_path / "monitor") as exchange:
        yield exchange


async def version_told(login: AmiLogin) -> str | None:
    errand = Errand(login, "None")

    async def ask() -> str | None:
        return (await errand.ask("CoreSettings")).first("AsteriskVersion")

    return await errand.go(ask)


async def test_only_the_authority_of_its_own_file_counts(practice: PracticeExchange, tmp_path: Path) -> None:
    key, cert = certificate(tmp_path / "its")
    _, another = certificate(tmp_path / "another")

    async with behind_tls(practice.port, key, cert) as port:
        assert await version_told(AmiLogin("127.0.0.1", port, USER, SECRET, True, cert)) == "22.0.0-practice"
        for file, trouble in ((another, troubles.UNTRUSTED), (None, troubles.UNTRUSTED), (key, troubles.NO_CA_FILE)):
            with pytest.raises(LinkLost) as lost:
                await version_told(AmiLogin("127.0.0.1", port, USER, SECRET, True, file))
            assert lost.value.say == trouble


async def test_certificate_for_another_name_is_refused_by_that_name(practice: PracticeExchange, tmp_path: Path) -> None:
    key, cert = certificate(tmp_path, "DNS:pbx.office.example")

    async with behind_tls(practice.port, key, cert) as port:
        with pytest.raises(LinkLost) as lost:
            await version_told(AmiLogin("127.0.0.1", port, USER, SECRET, True, cert))

    assert lost.value.say == troubles.OTHER_NAME


async def test_secret_in_a_file_is_read_at_each_login(practice: PracticeExchange, tmp_path: Path) -> None:
    file = tmp_path / "reader.secret"
    login = AmiLogin("127.0.0.1", practice.port, USER, "", secret_file=file)

    for kept, trouble in ((None, troubles.NO_SECRET_FILE), ("outdated\n", troubles.WRONG_SECRET), (f"{SECRET}\n", None)):
        if kept is not None:
            await asyncio.to_thread(file.write_text, kept)
        if trouble is None:
            assert await version_told(login) == "22.0.0-practice"
        else:
            with pytest.raises(LoginRefused) as refused:
                await version_told(login)
            assert refused.value.say == trouble
