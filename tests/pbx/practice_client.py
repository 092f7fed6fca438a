"""A bare AMI client of the practice exchange, and what it is compared with."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from pbx.ami.protocol import Message, MessageReader, encode_action
from pbx.playing.calls import Story, inbound
from pbx.playing.play import Playing
from pbx.practice import PracticeExchange

CAPTURES = Path(__file__).parents[1] / "captures" / "asterisk"


PLAIN = inbound("79161112233", "74951112245", "Ivan Petrov").rings("101").answered_after(2).talks(6.0)


class Client:
    """A bare AMI client for these tests."""

    opened: ClassVar[list["Client"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.opened.append(self)
        self._messages = MessageReader()
        self._waiting: list[Message] = []
        self.read: list[Message] = []

    async def ask(self, name: str, **headers: str) -> Message:
        self.writer.write(encode_action(name, [("ActionID", name), *headers.items()]))
        return await self.until(lambda message: message.first("ActionID") == name)

    async def until(self, wanted) -> Message:
        """The next message that is `wanted`; all before it are kept in `read`."""
        async with asyncio.timeout(5):
            while True:
                while self._waiting:
                    self.read.append(self._waiting.pop(0))
                    if wanted(self.read[-1]):
                        return self.read[-1]
                data = await self._reader.read(65536)
                if not data:
                    raise ConnectionResetError
                self._waiting += self._messages.feed(data)

    def events(self) -> list[Message]:
        return [message for message in self.read if message.event and message.event != "FullyBooted"]


@pytest.fixture(autouse=True)
async def close_clients() -> AsyncIterator[None]:
    yield
    while Client.opened:
        client = Client.opened.pop()
        client.writer.close()
        with contextlib.suppress(ConnectionError):
            await client.writer.wait_closed()


async def connect(exchange: PracticeExchange) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", exchange.port))
    response = await client.ask("Login", Username="practice", Secret="practice")
    assert response.first("Response") == "Success"
    return client


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[PracticeExchange]:
    async with PracticeExchange(recordings_root=tmp_path, speed=None) as practice:
        yield practice


def is_end_of(playing: Playing):
    def ends(message: Message) -> bool:
        return message.first("EventName") == "LINKEDID_END" and message.first("LinkedID") == playing.truth.linkedid

    return ends


async def stream_of(exchange: PracticeExchange, story: Story) -> list[Message]:
    client = await connect(exchange)
    playing = exchange.play(story)
    await client.until(is_end_of(playing))
    return client.events()


def capture(name: str) -> list[Message]:
    messages = MessageReader().feed((CAPTURES / f"{name}.ami").read_bytes())
    return [message for message in messages if message.event]


def header_names(messages: list[Message]) -> dict[str, set[tuple[str, ...]]]:
    shapes: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for message in messages:
        shapes[str(message.event)].add(tuple(name for name, _ in message.headers()))
    return shapes
