"""The practice exchange speaks as a real Asterisk does; strangers' clients can read it."""

import asyncio
import contextlib
import socket
import threading
import time
import wave
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import panoramisk
import pytest
from asterisk.ami import AMIClient, SimpleAction

from crm_core.errors import SettingsError
from pbx.ami.protocol import Message, MessageReader, challenge_key, encode_action
from pbx.playing.calls import Ending, Story, inbound, internal, outbound
from pbx.playing.day import call_on_demand, demo_day
from pbx.playing.play import Playing
from pbx.playing.server import ManagerUser
from pbx.playing.speech import scripts
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
async def _close_clients() -> AsyncIterator[None]:
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


async def test_a_plain_call_has_the_events_of_a_real_one_in_their_order(exchange: PracticeExchange) -> None:
    played = await stream_of(exchange, PLAIN)

    assert [message.event for message in played] == [message.event for message in capture("inbound_answered")]


async def test_a_plain_call_has_the_header_names_of_a_real_one_in_their_order(exchange: PracticeExchange) -> None:
    played = await stream_of(exchange, PLAIN)

    assert header_names(played) == header_names(capture("inbound_answered"))


@pytest.mark.parametrize(
    "story",
    [
        inbound("79161112233", "74951112245").rings("101").given_up_after(5),
        inbound("79161112233", "74951112245").rings("101").busy(),
        inbound("79161112233", "74951112245").rings("101").declined_after(1),
        inbound("79161112233", "74951112245").rings("101").nobody_answers().to_voicemail(7),
        inbound("79161112233", "74951112233").queued().answered_after(3, by="102").talks(6.0),
        inbound("79161112233", "74951112233").queued().given_up_after(6),
        inbound("79161112233", "74951112233").queued().nobody_answers(6).to_voicemail(8),
        inbound("79161112233", "74951112266").rings("101", "102", "103").answered_after(2, by="102").talks(5.0),
        outbound("101", "79265556677").answered_after(3).talks(5.0),
        outbound("101", "79265556677").given_up_after(5),
        internal("101", "102").answered_after(2).talks(5.0, Ending.PHONE_HANGS_UP),
    ],
)
async def test_no_event_has_headers_that_asterisk_would_not_send(exchange: PracticeExchange, story: Story) -> None:
    real: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for file in CAPTURES.glob("*.ami"):
        for event, shapes in header_names(capture(file.stem)).items():
            real[event] |= shapes

    played = header_names(await stream_of(exchange, story))

    assert {event: shapes - real[event] for event, shapes in played.items() if shapes - real[event]} == {}


async def test_status_answers_in_the_form_of_a_real_exchange(exchange: PracticeExchange) -> None:
    client = await connect(exchange)
    playing = exchange.play(inbound("79161112233", "74951112245").rings("101"))
    await playing.answer()

    response = await client.ask("Status")
    await client.until(lambda message: message.event == "StatusComplete")

    answers = [message for message in client.read if message.event in {"Status", "StatusComplete"}]
    assert header_names(answers) == {
        name: shapes
        for name, shapes in header_names(capture("gap_middle.after1")).items()
        if name in {"Status", "StatusComplete"}
    }
    assert response.first("EventList") == "start"
    assert [message.first("Uniqueid") for message in answers[:-1]] == [channel.uniqueid for channel in exchange.channels()]
    assert len({message.first("BridgeID") for message in answers[:-1]}) == 1
    await playing.hang_up()


async def test_core_show_channels_answers_in_the_form_of_a_real_exchange(exchange: PracticeExchange) -> None:
    client = await connect(exchange)
    playing = exchange.play(inbound("79161112233", "74951112245").rings("101"))
    await playing.ringing.wait()

    await client.ask("CoreShowChannels")
    await client.until(lambda message: message.event == "CoreShowChannelsComplete")

    names = {"CoreShowChannel", "CoreShowChannelsComplete"}
    answers = [message for message in client.read if message.event in names]
    real = header_names(capture("gap_middle.after1"))
    assert header_names(answers) == {name: real[name] for name in names}
    await playing.hang_up()


async def test_a_steered_call_is_answered_and_ends_when_told(exchange: PracticeExchange) -> None:
    playing = exchange.play(inbound("79161112233", "74951112266").rings("101", "102"))

    await playing.answer("102")
    await playing.hang_up(Ending.PHONE_HANGS_UP)

    truth = await playing.finished()
    assert (truth.answered_by, truth.rang, truth.outcome) == ("102", ["101", "102"], "answered")


async def test_the_secret_need_not_cross_the_wire(exchange: PracticeExchange) -> None:
    client = Client(*await asyncio.open_connection("127.0.0.1", exchange.port))

    challenge = await client.ask("Challenge", AuthType="MD5")
    key = challenge_key(str(challenge.first("Challenge")), "practice")
    response = await client.ask("Login", AuthType="MD5", Username="practice", Key=key)

    assert response.first("Message") == "Authentication accepted"


@pytest.mark.parametrize("proof", [{"Secret": "wrong"}, {"AuthType": "MD5", "Key": "0" * 32}, {}])
async def test_a_wrong_secret_is_refused_and_cut_off(exchange: PracticeExchange, proof: dict[str, str]) -> None:
    client = Client(*await asyncio.open_connection("127.0.0.1", exchange.port))

    response = await client.ask("Login", Username="practice", **proof)

    assert (response.first("Response"), response.first("Message")) == ("Error", "Authentication failed")
    with pytest.raises(ConnectionResetError):
        await client.until(lambda _: False)


async def test_nothing_is_told_before_the_login(exchange: PracticeExchange) -> None:
    client = Client(*await asyncio.open_connection("127.0.0.1", exchange.port))

    response = await client.ask("Status")

    assert response.first("Message") == "Permission denied"


async def test_actions_are_answered_by_their_id(exchange: PracticeExchange) -> None:
    client = await connect(exchange)

    assert (await client.ask("Ping")).first("Ping") == "Pong"
    assert (await client.ask("MakeCoffee")).first("Message") == "Invalid/unknown command"
    assert (await client.ask("Logoff")).first("Response") == "Goodbye"


async def test_events_come_by_mask(exchange: PracticeExchange) -> None:
    client = await connect(exchange)

    await client.ask("Events", EventMask="cdr")
    await exchange.play(PLAIN).finished()
    await client.ask("Ping")

    assert {message.event for message in client.events()} == {"Cdr"}


async def test_a_user_without_the_class_reads_nothing_of_it(tmp_path: Path) -> None:
    least = ManagerUser("practice", "practice", frozenset({"call", "agent"}), frozenset({"reporting"}))
    async with PracticeExchange(recordings_root=tmp_path, speed=None, users=(least,), records=False) as exchange:
        client = await connect(exchange)
        await exchange.play(PLAIN).finished()
        await client.ask("Status")

    assert "Hangup" in {message.event for message in client.read}
    assert not {"FullyBooted", "Cdr", "CEL"} & {message.event for message in client.read}


async def test_a_call_leaves_its_recording_and_both_sides(exchange: PracticeExchange, tmp_path: Path) -> None:
    spoken = scripts()[0]

    truth = await exchange.play(PLAIN.talks(spoken)).finished()

    files = {file.name: file for file in tmp_path.rglob("*.wav")}
    assert set(truth.recordings) == set(files)
    for file in files.values():
        with wave.open(str(file), "rb") as sound:
            assert sound.getnframes() / sound.getframerate() == pytest.approx(spoken.seconds, abs=0.05)
            assert any(sound.readframes(sound.getnframes()))


async def test_a_recording_grows_while_they_talk(tmp_path: Path) -> None:
    async with PracticeExchange(recordings_root=tmp_path, speed=20.0) as exchange:
        playing = exchange.play(inbound("79161112233", "74951112245").rings("101").answered_after(1).talks(scripts()[0]))
        await playing.talking.wait()
        sizes = []
        while not playing.ended.is_set():
            sizes.append(sum(file.stat().st_size for file in tmp_path.rglob("*.wav")))
            await asyncio.sleep(0.05)

    assert len(set(sizes)) > 5
    assert sizes == sorted(sizes)


async def test_a_call_nobody_answers_leaves_empty_recordings(exchange: PracticeExchange, tmp_path: Path) -> None:
    await exchange.play(PLAIN.given_up_after(5)).finished()

    assert {file.stat().st_size for file in tmp_path.rglob("*.wav")} == {44}


async def test_a_call_that_cannot_be_recorded_costs_no_other(exchange: PracticeExchange, tmp_path: Path) -> None:
    (tmp_path / "2026").write_text("")
    exchange.recordings_root = tmp_path / "2026"

    with pytest.raises(NotADirectoryError):
        await exchange.play(PLAIN).finished()

    assert exchange.channels() == []
    assert (await exchange.play(PLAIN.unrecorded()).finished()).outcome == "answered"


async def test_a_callers_name_cannot_break_out_of_its_line(exchange: PracticeExchange) -> None:
    hostile = inbound("79161112233", "74951112245", "<b>x</b>\r\n\r\nEvent: Hangup").rings("101").given_up_after(1)

    played = await stream_of(exchange, hostile)

    assert played[0].first("CallerIDName") == "<b>x</b>    Event: Hangup"


async def test_timestamps_and_the_file_name_come_if_asked_for(tmp_path: Path) -> None:
    async with PracticeExchange(recordings_root=tmp_path, speed=None, timestamps=True, channel_variables=True) as exchange:
        played = await stream_of(exchange, PLAIN)

    seconds = [float(str(message.first("Timestamp"))) for message in played]
    assert seconds[-1] - seconds[0] == pytest.approx(8.0)
    named = {message.first("ChanVariable") for message in played if message.event == "DialBegin"}
    (file,) = (name for name in tmp_path.rglob("*.wav") if "x" not in name.stem)
    assert named == {f"MIXMONITOR_FILENAME=/var/spool/asterisk/monitor/{file.relative_to(tmp_path)}"}


async def test_a_reader_that_does_not_read_is_cut_off(tmp_path: Path) -> None:
    async with PracticeExchange(recordings_root=tmp_path, speed=None, write_timeout=0.1) as exchange:
        sleeper = socket.socket()
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sleeper, ("127.0.0.1", exchange.port))
        await loop.sock_sendall(sleeper, encode_action("Login", [("Username", "practice"), ("Secret", "practice")]))

        async with asyncio.timeout(10):
            while not exchange.sessions:
                await asyncio.sleep(0)
            while exchange.sessions:
                await exchange.play(PLAIN.unrecorded()).finished()
        sleeper.close()


async def test_it_answers_on_loopback_only() -> None:
    with pytest.raises(SettingsError, match="loopback only"):
        PracticeExchange(host="0.0.0.0")


@pytest.mark.filterwarnings("ignore:notifyAll:DeprecationWarning")
async def test_asterisk_ami_reads_it(exchange: PracticeExchange) -> None:
    seen: list[str] = []
    over = threading.Event()

    def on_event(event, **_: object) -> None:
        seen.append(event.name)
        if event.name == "CEL" and event.keys.get("EventName") == "LINKEDID_END":
            over.set()

    def log_in() -> AMIClient:
        client = AMIClient(address="127.0.0.1", port=exchange.port)
        assert not client.login("practice", "practice").response.is_error()
        client.add_event_listener(on_event)
        return client

    client = await asyncio.to_thread(log_in)
    await exchange.play(PLAIN).finished()
    assert await asyncio.to_thread(over.wait, 5)
    answer = await asyncio.to_thread(lambda: client.send_action(SimpleAction("Status")).response)
    await asyncio.to_thread(client.logoff)
    await asyncio.to_thread(client.disconnect)

    assert answer.status == "Success"
    assert [name for name in seen if name in {"Newchannel", "BridgeEnter", "Hangup"}] == (
        ["Newchannel"] * 2 + ["BridgeEnter"] * 2 + ["Hangup"] * 2
    )


async def test_panoramisk_reads_it(exchange: PracticeExchange) -> None:
    manager = panoramisk.Manager(
        host="127.0.0.1", port=exchange.port, username="practice", secret="practice", loop=asyncio.get_running_loop()
    )
    seen: list[str] = []
    over = asyncio.Event()
    manager.register_event("*", lambda _, event: seen.append(event.event))
    manager.register_event("CEL", lambda _, event: over.set() if event.eventname == "LINKEDID_END" else None)
    await manager.connect()
    async with asyncio.timeout(5):
        while not manager.authenticated:
            await asyncio.sleep(0.01)
        ringing = exchange.play(inbound("79161112233", "74951112245").rings("101"))
        await ringing.ringing.wait()
        status = await manager.send_action({"Action": "Status"})
        await ringing.hang_up()
        await over.wait()
    manager.close()

    assert [message.event for message in status if message.event] == ["Status", "Status", "StatusComplete"]
    assert seen.count("Hangup") == 2


async def test_the_demos_day_begins_with_an_answered_recorded_call_from_the_known_caller(tmp_path: Path) -> None:
    async with PracticeExchange(recordings_root=tmp_path, speed=60.0) as exchange:
        client = await connect(exchange)
        began = time.monotonic()
        day = asyncio.create_task(demo_day(exchange))
        first = await client.until(lambda message: message.event == "Newchannel")
        waited = (time.monotonic() - began) * exchange.speed
        joined = await client.until(lambda message: message.event == "BridgeEnter")
        day.cancel()

    assert (first.first("CallerIDNum"), first.first("Exten")) == ("79161112233", "74951112245")
    assert 10 <= waited <= 30
    assert joined.first("CallerIDNum") == "101"
    assert list(tmp_path.rglob("*.wav"))


async def test_one_more_call_comes_on_demand(exchange: PracticeExchange) -> None:
    client = await connect(exchange)

    answer = await client.ask("PracticeCall", Story="answered", Extension="102", Caller="79995550101")
    first = await client.until(lambda message: message.event == "Newchannel")

    assert answer.first("Message") == "Call from 79995550101 to 74951112245 placed"
    assert first.first("CallerIDNum") == "79995550101"


def test_a_call_on_demand_that_makes_no_sense_becomes_a_plain_one() -> None:
    story = call_on_demand("nonsense", "999", "'; DROP TABLE", "ru", 3)

    assert (story.rung, story.ringing_ends.ending) == (("101",), Ending.ANSWERED)
    assert story.caller.isdigit()
