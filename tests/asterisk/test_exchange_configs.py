"""The configs of deploy/asterisk, as shipped, in a real Asterisk 22 with real telephones."""

import csv
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.asterisk import speech
from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.exchange import DIRECT, GROUP, QUEUE, UNKNOWN, RealExchange
from tests.asterisk.sipp import SippFailed

pytestmark = pytest.mark.asterisk

HOSTILE_NAME = '../../etc/$(touch pwned)`id` "<b>;${SHELL(id)}, br(x.wav)'
HOSTILE_NUMBER = "..%2F..%2Fetc%2Fx%24(id)"
NAMED_BY_UNIQUEID = re.compile(r"\d{4}-\d\d-\d\d/\d+\.\d+(-rx|-tx)?\.wav")


@pytest.fixture
def customer_voice() -> Path:
    return speech.prompt(speech.CUSTOMER_PROMPT)


@pytest.fixture
def manager_voice() -> Path:
    return speech.prompt(speech.MANAGER_PROMPT)


def test_the_call_of_a_hostile_caller_is_recorded_under_its_uniqueid_alone(
    shared_exchange: RealExchange, customer_voice: Path, manager_voice: Path
) -> None:
    exchange = shared_exchange
    with AmiTap(exchange.host, exchange.port, *exchange.reader) as tap:
        with exchange.phone("101", answers_after=0.5, says=manager_voice):
            call = exchange.customer_calls(DIRECT, number=HOSTILE_NUMBER, name=HOSTILE_NAME, says=customer_voice, talks=3)
            call.finish()
        uniqueid = tap.wait_for(lambda m: m.get("Event") == "MixMonitorStart")["Uniqueid"]
        announced = tap.wait_for(lambda m: m.get("Event") == "BridgeEnter" and m["Uniqueid"] == uniqueid)

    files = recordings_of(exchange, uniqueid)
    assert sorted(file.name for file in files) == [
        f"{uniqueid}-rx.wav", f"{uniqueid}-tx.wav", f"{uniqueid}.wav",
    ]  # fmt: skip
    assert announced["ChanVariable"].endswith(f"/monitor/{files[0].parent.name}/{uniqueid}.wav")
    assert all(NAMED_BY_UNIQUEID.fullmatch(str(file)) for file in every_recording(exchange))
    assert not list(exchange.home.rglob("pwned"))


def test_each_side_file_holds_its_own_speaker(shared_exchange: RealExchange, customer_voice: Path, manager_voice: Path) -> None:
    uniqueid = recorded_call(
        shared_exchange,
        lambda exchange: exchange.customer_calls(DIRECT, says=customer_voice, talks=5).finish(),
        phone={"answers_after": 0.5, "says": manager_voice},
    )

    assert_sides(shared_exchange, uniqueid, customer_voice, manager_voice)
    mix = speech.samples(file_of(shared_exchange, uniqueid, ""))
    assert 4.5 < mix.size / speech.RATE < 5.5
    assert speech.loudness(mix) > 0.02


def test_an_outbound_call_is_recorded_on_the_customers_line(
    shared_exchange: RealExchange, customer_voice: Path, manager_voice: Path
) -> None:
    def call(exchange: RealExchange) -> None:
        callee = exchange.customer_answers(after=0.5, says=customer_voice, talks=5)
        exchange.phone_calls("102", "79265556677", says=manager_voice, talks=10).finish()
        callee.finish()

    uniqueid = recorded_call(shared_exchange, call)

    assert_sides(shared_exchange, uniqueid, customer_voice, manager_voice)


def test_a_transferred_call_stays_in_one_recording(
    shared_exchange: RealExchange, customer_voice: Path, manager_voice: Path
) -> None:
    before = len(every_recording(shared_exchange))

    with shared_exchange.phone("102", answers_after=0.5, says=manager_voice):
        uniqueid = recorded_call(
            shared_exchange,
            lambda exchange: exchange.customer_calls(DIRECT, says=customer_voice, talks=6).finish(),
            phone={"answers_after": 0.5, "talks": 2, "transfers_to": "102"},
        )

    assert len(every_recording(shared_exchange)) == before + 3
    assert speech.samples(file_of(shared_exchange, uniqueid, "")).size / speech.RATE > 3.5


def test_a_missed_call_leaves_no_sound(shared_exchange: RealExchange, customer_voice: Path) -> None:
    uniqueid = recorded_call(
        shared_exchange, lambda exchange: exchange.customer_calls(DIRECT, says=customer_voice, patience=1.5).finish(), phone={}
    )

    assert {speech.samples(file).size for file in recordings_of(shared_exchange, uniqueid)} == {0}
    assert "BRIDGE_ENTER" not in {row[1] for row in cel_of(shared_exchange, uniqueid)}


def test_the_queue_tries_the_next_when_one_declines(shared_exchange: RealExchange) -> None:
    exchange = shared_exchange
    with (
        AmiTap(exchange.host, exchange.port, *exchange.reader) as tap,
        exchange.phone("101", refuses="603 Decline", refuses_after=0.5),
        exchange.phone("102", refuses="603 Decline", refuses_after=0.5),
        exchange.phone("103", answers_after=0.5),
    ):
        exchange.customer_calls(QUEUE, talks=1).finish()
        joined = tap.wait_for(lambda m: m.get("Event") == "AgentConnect")

    assert joined["MemberName"] == "103"


def test_a_group_rings_together_and_all_busy_is_busy(shared_exchange: RealExchange) -> None:
    exchange = shared_exchange
    with (
        AmiTap(exchange.host, exchange.port, *exchange.reader) as tap,
        exchange.phone("101", refuses="486 Busy Here"),
        exchange.phone("102", refuses="486 Busy Here"),
    ):
        exchange.customer_calls(GROUP).finish()
        tap.wait_for(lambda m: m.get("Event") == "Hangup" and m["Channel"].startswith("PJSIP/trunk") and m["Cause"] == "17")

    assert sorted(end["DialStatus"] for end in tap.events("DialEnd")) == ["BUSY", "BUSY"]


def test_cel_has_the_columns_of_the_contract(shared_exchange: RealExchange) -> None:
    began = time.time()

    uniqueid = recorded_call(
        shared_exchange,
        lambda exchange: exchange.customer_calls(DIRECT, name='Иван "Грозный", <b>', talks=1).finish(),
        phone={"answers_after": 0.5},
    )

    rows = cel_of(shared_exchange, uniqueid)
    assert {len(row) for row in rows} == {14}
    first = dict(zip(CEL_COLUMNS, rows[0], strict=True))
    assert began - 1 < float(first["time"]) < time.time()
    assert re.fullmatch(r"\d+\.\d{6}", first["time"])
    assert (first["type"], first["num"], first["name"]) == ("CHAN_START", "79161112233", 'Иван \\"Грозный\\", <b>')
    assert (first["exten"], first["context"]) == (DIRECT, "from-trunk")
    assert first["channel"].startswith("PJSIP/trunk-")
    joined = [row for row in rows if row[1] == "BRIDGE_ENTER"]
    assert all(json.loads(row[13])["bridge_id"] for row in joined)
    assert [row[8] for row in rows if row[1] == "APP_START"] == ["MixMonitor", "Dial"]
    assert rows[-1][1] == "LINKEDID_END"


def test_cdr_is_written_with_times_as_seconds(shared_exchange: RealExchange) -> None:
    uniqueid = recorded_call(
        shared_exchange, lambda exchange: exchange.customer_calls(DIRECT, talks=1).finish(), phone={"answers_after": 0.5}
    )

    rows = [row for row in rows_of(shared_exchange.cdr_csv) if row[14] == uniqueid]
    assert [(len(row), row[13]) for row in rows] == [(19, "ANSWERED")]
    start, answer, end = (float(cell) for cell in rows[0][:3])
    assert start < answer < end


FORBIDDEN_TO_THE_READER = [
    {"Action": "Originate", "Channel": "PJSIP/101", "Context": "from-internal", "Exten": "102", "Priority": "1"},
    {"Action": "Command", "Command": "core show version"},
    {"Action": "Hangup", "Channel": "/.*/"},
    {"Action": "Redirect", "Channel": "PJSIP/101-00000000", "Context": "from-internal", "Exten": "102", "Priority": "1"},
    {"Action": "Setvar", "Variable": "FIRSTRING_TRUNK", "Value": "other"},
    {"Action": "MixMonitor", "Channel": "PJSIP/101-00000000", "File": "x.wav", "Command": "id"},
    {"Action": "GetConfig", "Filename": "manager.conf"},
    {"Action": "UpdateConfig", "SrcFilename": "manager.conf", "DstFilename": "manager.conf"},
    {"Action": "QueuePause", "Interface": "PJSIP/101", "Paused": "true"},
]


@pytest.mark.parametrize("action", FORBIDDEN_TO_THE_READER, ids=lambda action: action["Action"])
def test_the_reader_changes_nothing(shared_exchange: RealExchange, action: dict[str, str]) -> None:
    with AmiTap(shared_exchange.host, shared_exchange.port, *shared_exchange.reader) as tap:
        answer = tap.ask(action)

    assert answer["Response"] == "Error", answer
    assert "ermission denied" in answer["Message"], answer


@pytest.mark.parametrize(
    "asked",
    [
        "AST_CONFIG(manager.conf,firstring-dialler,secret)",
        "AST_SORCERY(res_pjsip,auth,101,password)",
        "FILE(/etc/passwd,0,20)",
        "SHELL(id)",
        "EVAL(${AST_CONFIG(manager.conf,firstring-dialler,secret)})",
        "ENV(PATH)",
    ],
)
def test_the_reader_learns_no_secret_by_asking_for_a_variable(shared_exchange: RealExchange, asked: str) -> None:
    with AmiTap(shared_exchange.host, shared_exchange.port, *shared_exchange.reader) as tap:
        answer = tap.ask({"Action": "Getvar", "Variable": asked})

    assert answer.get("Value", "") == "", answer


@pytest.mark.parametrize("action", ["Status", "CoreShowChannels", "QueueStatus"])
def test_the_reader_may_ask_what_is_going_on(shared_exchange: RealExchange, action: str) -> None:
    with AmiTap(shared_exchange.host, shared_exchange.port, *shared_exchange.reader) as tap:
        assert tap.ask({"Action": action})["Response"] == "Success"


def test_the_dialler_places_a_call_and_hears_of_its_order_alone(shared_exchange: RealExchange) -> None:
    exchange = shared_exchange
    callee = exchange.customer_answers(after=0.3, talks=1)
    with AmiTap(exchange.host, exchange.port, *exchange.dialler) as tap, exchange.phone("101", answers_after=0.3):
        placed = tap.ask(
            {
                "Action": "Originate", "Async": "true", "Channel": "PJSIP/101", "Timeout": "20000",
                "Context": "firstring-outbound", "Exten": "79265556677", "Priority": "1", "ChannelId": "click-1",
            }
        )  # fmt: skip
        callee.finish()
        exchange.wait_until_quiet()
        refused = [tap.ask({"Action": action}) for action in ("Status", "CoreShowChannels", "Command")]

    assert placed["Response"] == "Success"
    assert [answer["Response"] for answer in refused] == ["Error"] * 3
    assert [message["Event"] for message in tap.messages() if "Event" in message] == ["OriginateResponse"]


def test_without_secrets_nobody_gets_in(real_exchange: RealExchange) -> None:
    exchange, password = real_exchange, real_exchange.reader
    for secret in ("reader_secret.conf", "dialler_secret.conf", "phone_secrets.conf"):
        (exchange.home / "etc/firstring.d" / secret).unlink()

    exchange.stop()
    exchange.start()

    for user in ("firstring-reader", "firstring-dialler"):
        for secret in ("", password[1]):
            with AmiTap(exchange.host, exchange.port, user, secret) as tap:
                assert tap.wait_for(lambda m: "Response" in m)["Response"] == "Error"


def test_who_calls_himself_trunk_from_elsewhere_is_refused(shared_exchange: RealExchange) -> None:
    stranger = shared_exchange.customer_calls("79265556677", number="trunk", patience=2, calls_from="127.0.0.9")

    with pytest.raises(SippFailed, match="401 Unauthorized"):
        stranger.finish()


def test_a_number_that_is_not_ours_is_refused(shared_exchange: RealExchange) -> None:
    with AmiTap(shared_exchange.host, shared_exchange.port, *shared_exchange.reader) as tap:
        shared_exchange.customer_calls(UNKNOWN).finish()
        gone = tap.wait_for(lambda m: m.get("Event") == "Hangup")

    assert gone["Cause"] == "1"
    assert tap.events("DialBegin") == []


def test_the_exchange_listens_on_loopback_only(shared_exchange: RealExchange) -> None:
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(shared_exchange.pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}


def test_asterisk_16_takes_the_same_configs(exchange_of_16: RealExchange, customer_voice: Path, manager_voice: Path) -> None:
    uniqueid = recorded_call(
        exchange_of_16,
        lambda exchange: exchange.customer_calls(QUEUE, says=customer_voice, talks=4).finish(),
        phone={"answers_after": 0.5, "says": manager_voice},
    )

    assert_sides(exchange_of_16, uniqueid, customer_voice, manager_voice)
    assert {len(row) for row in cel_of(exchange_of_16, uniqueid)} == {14}
    with AmiTap(exchange_of_16.host, exchange_of_16.port, *exchange_of_16.reader) as tap:
        assert tap.ask({"Action": "Status"})["Response"] == "Success"
        assert tap.ask(FORBIDDEN_TO_THE_READER[0])["Response"] == "Error"


CEL_COLUMNS = (
    "time", "type", "num", "name", "dnid", "exten", "context", "channel", "app", "appdata", "uniqueid", "linkedid",
    "peer", "extra",
)  # fmt: skip


def recorded_call(exchange: RealExchange, call: Callable[[RealExchange], None], phone: dict[str, object] | None = None) -> str:
    """Plays a call, with phone 101 on the desk if `phone` says what it does; the UNIQUEID its recording is named by."""
    with AmiTap(exchange.host, exchange.port, *exchange.reader) as tap:
        if phone is None:
            call(exchange)
        else:
            with exchange.phone("101", **phone):  # type: ignore[arg-type]
                call(exchange)
        exchange.wait_until_quiet()
        return tap.wait_for(lambda m: m.get("Event") == "MixMonitorStart")["Uniqueid"]


def every_recording(exchange: RealExchange) -> list[Path]:
    return sorted(file.relative_to(exchange.recordings) for file in exchange.recordings.rglob("*.*") if file.is_file())


def recordings_of(exchange: RealExchange, uniqueid: str) -> list[Path]:
    exchange.wait_until_quiet()
    return sorted([*exchange.recordings.rglob(f"{uniqueid}.wav"), *exchange.recordings.rglob(f"{uniqueid}-*.wav")])


def file_of(exchange: RealExchange, uniqueid: str, side: str) -> Path:
    return next(file for file in recordings_of(exchange, uniqueid) if file.name == f"{uniqueid}{side}.wav")


def assert_sides(exchange: RealExchange, uniqueid: str, customer_voice: Path, manager_voice: Path) -> None:
    customer, manager = speech.samples(customer_voice), speech.samples(manager_voice)
    for side, speaker, other in (("-rx", customer, manager), ("-tx", manager, customer)):
        heard = speech.samples(file_of(exchange, uniqueid, side))
        spoken = speaker[: heard.size]
        assert speech.loudness(heard) > 0.02, side
        assert speech.likeness(heard, spoken) > 0.7, side  # about 0.95; less when a busy machine delays packets
        assert speech.likeness(heard, other[: heard.size]) < 0.5, side  # about 0.3


def rows_of(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as rows:
        return list(csv.reader(rows))


def cel_of(exchange: RealExchange, linkedid: str) -> list[list[str]]:
    exchange.wait_until_quiet()
    return [row for row in rows_of(exchange.cel_csv) if row[11] == linkedid]
