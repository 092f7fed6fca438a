"""The connection logs in without showing the secret, stays awake, comes back, and says plainly what is wrong."""

import asyncio
import contextlib
import random
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pbx.ami import troubles
from pbx.ami.connection import AmiConnection, AmiLogin, BackOff, LinkReport, LinkState, Patience
from pbx.playing.calls import inbound
from pbx.playing.server import ManagerUser
from pbx.practice import PracticeExchange
from pbx.received import Received

QUICK = Patience(connect=1.0, answer=0.5, quiet=0.1, first=0.02, longest=0.1, refused=0.05, refused_longest=0.1)
CALL = inbound("79161112233", "74951112245").rings("101").answered_after(2).talks(6.0)


@dataclass
class Heard:
    """What a connection handed over."""

    pieces: list[Received] = field(default_factory=list)
    reports: list[LinkReport] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, received: Received) -> None:
        self.pieces.append(received)
        self.changed.set()

    def report(self, report: LinkReport) -> None:
        self.reports.append(report)
        self.changed.set()

    @property
    def state(self) -> LinkState | None:
        return self.reports[-1].state if self.reports else None

    @property
    def data(self) -> bytes:
        return b"".join(piece.data for piece in self.pieces)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def connected(port: int, *, secret: str = "practice", tls: bool = False, host: str = "127.0.0.1") -> AsyncIterator[Heard]:
    heard = Heard()
    login = AmiLogin(host, port, "practice", secret, tls)
    task = asyncio.create_task(AmiConnection(login, heard.receive, heard.report, patience=QUICK).run())
    try:
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def answering(said: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that says one thing to whoever connects and keeps what it is told."""
    told: list[bytes] = []
    writers: list[asyncio.StreamWriter] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(said)
        with contextlib.suppress(OSError):
            while data := await reader.read(1000):
                told.append(data)
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
    yield server.sockets[0].getsockname()[1], told
    server.close()
    for writer in writers:
        writer.transport.abort()
    await server.wait_closed()
    await asyncio.sleep(0)


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(recordings_root=tmp_path, speed=None) as practice:
        yield practice


async def free_port() -> int:
    async with answering(b"") as (port, _):
        return port


async def test_every_byte_is_handed_over_with_its_place(exchange: PracticeExchange) -> None:
    async with connected(exchange.port) as heard:
        await heard.until(lambda: heard.state is LinkState.UP)
        await exchange.play(CALL).finished()
        await heard.until(lambda: b"LINKEDID_END" in heard.data)

    assert heard.data.startswith(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n")
    assert [piece.offset for piece in heard.pieces] == [
        sum(len(earlier.data) for earlier in heard.pieces[:place]) for place in range(len(heard.pieces))
    ]
    assert len({piece.connection for piece in heard.pieces}) == 1


async def test_a_login_asks_for_the_version_and_for_the_calls_that_are_up(exchange: PracticeExchange) -> None:
    ringing = exchange.play(inbound("79161112233", "74951112245").rings("101"))
    await ringing.ringing.wait()

    async with connected(exchange.port) as heard:
        await heard.until(lambda: heard.state is LinkState.UP)

    assert heard.reports[-1] == LinkReport(LinkState.UP, None, "Asterisk 22.0.0-practice")
    assert heard.data.count(b"Event: Status\r\n") == 2
    await ringing.hang_up()


async def test_the_secret_never_crosses_the_wire_in_the_clear() -> None:
    async with answering(b"Asterisk Call Manager/11.0.0\r\n") as (port, told), connected(port, secret="hunter2") as heard:
        await heard.until(lambda: len(heard.reports) > 1)

    assert told
    assert b"hunter2" not in b"".join(told)


async def test_a_wrong_secret_is_a_state_of_its_own_that_says_what_to_do(exchange: PracticeExchange) -> None:
    async with connected(exchange.port, secret="wrong") as heard:
        await heard.until(lambda: [report.state for report in heard.reports].count(LinkState.REFUSED) > 1)

    assert heard.reports[-1].note == troubles.WRONG_SECRET
    assert LinkState.DOWN not in {report.state for report in heard.reports}


async def test_a_user_with_a_line_break_is_refused_before_it_is_sent(exchange: PracticeExchange) -> None:
    login = AmiLogin("127.0.0.1", exchange.port, "practice\r\nAction: Originate", "practice")
    hurt = Heard()

    task = asyncio.create_task(AmiConnection(login, hurt.receive, hurt.report, patience=QUICK).run())
    await hurt.until(lambda: len(hurt.reports) > 1)
    task.cancel()

    assert hurt.state is LinkState.REFUSED


@pytest.mark.parametrize("host", ["a" * 70 + ".test", "pbx..test"])
async def test_an_address_that_cannot_be_a_name_is_told_like_one_nobody_knows(host: str) -> None:
    async with connected(5038, host=host) as heard:
        await heard.until(lambda: heard.reports[-1:] == [LinkReport(LinkState.DOWN, troubles.NO_SUCH_HOST)])


async def test_an_exchange_that_is_down_is_found_when_it_comes(tmp_path: Path) -> None:
    port = await free_port()

    async with connected(port) as heard:
        await heard.until(lambda: heard.reports[-1:] == [LinkReport(LinkState.DOWN, troubles.NOBODY_ANSWERS)])
        async with PracticeExchange(port, recordings_root=tmp_path):
            await heard.until(lambda: heard.state is LinkState.UP)


async def test_a_connection_that_is_cut_is_made_again_under_another_name(exchange: PracticeExchange) -> None:
    async with connected(exchange.port) as heard:
        await heard.until(lambda: heard.state is LinkState.UP)
        exchange.drop_sessions()
        await heard.until(lambda: [report.state for report in heard.reports].count(LinkState.UP) == 2)

    assert [report.state for report in heard.reports] == [LinkState.CONNECTING, LinkState.UP, LinkState.DOWN, LinkState.UP]
    assert len({piece.connection for piece in heard.pieces}) == 2
    assert [piece.offset for piece in heard.pieces].count(0) == 2


async def test_a_quiet_line_is_pinged(exchange: PracticeExchange) -> None:
    async with connected(exchange.port) as heard:
        await heard.until(lambda: heard.data.count(b"Ping: Pong") == 2)

    assert heard.state is LinkState.UP


async def test_an_exchange_that_falls_silent_is_left_and_tried_again() -> None:
    async with answering(b"Asterisk Call Manager/11.0.0\r\n") as (port, _), connected(port) as heard:
        await heard.until(lambda: [report.note for report in heard.reports].count(troubles.FELL_SILENT) == 2)


async def test_something_else_on_the_port_is_named_as_such() -> None:
    async with answering(b"SSH-2.0-OpenSSH_9.9\r\n") as (port, _), connected(port) as heard:
        await heard.until(lambda: len(heard.reports) > 1)

    assert heard.reports[-1] == LinkReport(LinkState.DOWN, troubles.NO_MANAGER)


async def test_an_exchange_without_challenge_never_sees_the_secret_in_the_clear() -> None:
    refusal = b"Asterisk Call Manager/1.0\r\nResponse: Error\r\nActionID: firstring-1\r\nMessage: no\r\n\r\n"
    async with answering(refusal) as (port, told), connected(port, secret="hunter2") as heard:
        await heard.until(lambda: len(heard.reports) > 1)

    assert heard.reports[-1] == LinkReport(LinkState.REFUSED, troubles.NO_CHALLENGE)
    assert b"hunter2" not in b"".join(told)


async def test_a_user_who_may_not_ask_for_status_is_told_what_to_add(tmp_path: Path) -> None:
    blind = ManagerUser("practice", "practice", write=frozenset())
    async with PracticeExchange(recordings_root=tmp_path, users=(blind,)) as exchange, connected(exchange.port) as heard:
        await heard.until(lambda: len(heard.reports) > 1)

    assert heard.reports[-1] == LinkReport(LinkState.UP, troubles.MAY_NOT_ASK, "Asterisk Call Manager/11.0.0")


def certificate(folder: Path) -> tuple[Path, Path]:
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(cert)]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run([*make, *subject, *files], check=True, capture_output=True)
    return key, cert


async def test_tls_is_used_where_its_authority_is_trusted_and_else_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, cert = certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    async with answering(b"Asterisk Call Manager/11.0.0\r\n", server) as (port, told):
        async with connected(port, tls=True) as heard:
            await heard.until(lambda: len(heard.reports) > 1)
        assert heard.reports[-1] == LinkReport(LinkState.DOWN, troubles.UNTRUSTED)
        assert not told

        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        async with connected(port, tls=True) as heard:
            await heard.until(lambda: bool(told))
    assert told[0].startswith(b"Action: Challenge\r\n")


async def test_tls_to_a_port_without_it_is_named_as_such(exchange: PracticeExchange) -> None:
    async with connected(exchange.port, tls=True) as heard:
        await heard.until(lambda: len(heard.reports) > 1)

    assert heard.reports[-1] == LinkReport(LinkState.DOWN, troubles.NO_TLS)


def test_the_login_does_not_show_its_secret() -> None:
    assert "hunter2" not in repr(AmiLogin("127.0.0.1", 5038, "user", "hunter2"))


def test_waits_double_up_to_a_limit_and_never_agree() -> None:
    one, other = (BackOff(1.0, 60.0, random.Random(seed)) for seed in (1, 2))
    waits = [one.next() for _ in range(10)]

    assert all(0.75 * full <= wait <= full for full, wait in zip([1, 2, 4, 8, 16, 32, 60, 60, 60, 60], waits, strict=True))
    assert waits != [other.next() for _ in range(10)]
