"""An S3 server of our own on loopback, and one in front of it that can be told to misbehave."""

import asyncio
import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
import httpx
import pytest

from tests.product import eventually, free_port

_serial = itertools.count(1)
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class S3Server:
    endpoint: str

    def bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = f"firstring-{next(_serial)}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self) -> "boto3.client":
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def keys(self, bucket: str) -> list[str]:
        return [found["Key"] for found in self.client().list_objects_v2(Bucket=bucket).get("Contents", [])]

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a process that keeps its files here."""
        return access_to(self.endpoint)

    def ask_for_keys(self, *, asked: bool) -> None:
        """Whether who has no known key is refused from now on."""
        httpx.post(f"{self.endpoint}/moto-api/reset-auth", content=b"0" if asked else b"1000000000").raise_for_status()


def access_to(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": endpoint,
    }  # fmt: skip


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A process of its own: what it makes of requests cut in half is then no matter of the tests."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _answers(endpoint), within=60, what="the S3 server")
        yield S3Server(endpoint)
    finally:
        process.kill()
        process.wait(10)


def _answers(endpoint: str) -> bool:
    try:
        return httpx.get(f"{endpoint}/moto-api/data.json", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


class BadWire:
    """Stands between the product and a server. `cut_after`: so many bytes of each request reach it, then the wire is cut.
    `silent`: nobody answers. `failing`: it answers that it is ill."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._there = (address.hostname, address.port)
        self._loop = asyncio.new_event_loop()
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.cut_after: int | None = None
        self.silent = False
        self.failing = False
        self.cuts = 0
        self.endpoint = ""

    def __enter__(self) -> "BadWire":
        self._thread.start()
        self._began.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._began.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._end(server))
        self._loop.close()

    async def _end(self, server: asyncio.Server) -> None:
        """No socket is left to the garbage collector."""
        server.close()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed in the loop's next round
        await server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.silent:
                await reader.read()
            elif self.failing:
                await self._refuse(reader, writer)
            else:
                await self._join(reader, writer)
        finally:
            writer.transport.abort()

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        self.cuts += 1

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._there)
        ways = [asyncio.create_task(way) for way in (self._pass_on(reader, back, self.cut_after), self._pass_on(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            back.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None) -> None:
        with suppress(ConnectionError):
            while part := await reader.read(65536):
                if most is not None and (most := most - len(part)) < 0:
                    self.cuts += 1
                    return
                writer.write(part)
                await writer.drain()
