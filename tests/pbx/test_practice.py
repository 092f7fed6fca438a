"""The practice exchange speaks as a real Asterisk does."""

import asyncio
import socket
import time
import wave
from collections import defaultdict
from pathlib import Path

import pytest

from crm_core.errors import SettingsError
from pbx.ami.protocol import challenge_key, encode_action
from pbx.playing.calls import Ending, Story, inbound, internal, outbound
from pbx.playing.day import call_on_demand, demo_day
from pbx.playing.server import ManagerUser
from pbx.playing.speech import scripts
from pbx.practice import PracticeExchange
from tests.pbx.practice_client import CAPTURES, PLAIN, Client, capture, close_clients, connect, exchange, header_names, stream_of

__all__ = ["close_clients", "exchange"]


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
