"""Calls by a click on a real Asterisk 22 with the shipped files: the product orders by REST, sipp is the telephones."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.asterisk import speech
from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.exchange import RealExchange
from tests.product import Api, Product, eventually

pytestmark = pytest.mark.asterisk

CUSTOMER = "79265556677"


class Manager:
    """Olga at 101, by REST."""

    def __init__(self, product: Product, exchange: RealExchange) -> None:
        self.exchange = exchange
        self._url = f"{product.url}/api/v1/calls"
        self._token = product.token("olga@office.test")
        self.api = Api(product.url, self._token)

    def clicks(self, to: str = CUSTOMER) -> dict[str, Any]:
        answer = httpx.post(self._url, json={"to": to}, headers={"Authorization": f"Bearer {self._token}"}, timeout=20)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def attempt(self, asked: dict[str, Any], *stages: str, within: float = 40) -> dict[str, Any]:
        """How it stands as soon as it is at one of these stages."""

        def look() -> dict[str, Any] | None:
            told = self.api.get(f"calls/attempts/{asked['id']}")
            return told if told["stage"] in stages else None

        return dict(eventually(look, within, f"one of {stages}") or {})

    def call_of(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The ended call of an attempt: the only one of its linkedid."""
        told = eventually(lambda: self._ended(asked), 40, "the call's end")
        assert told["linkedids"] == [asked["channel_id"]]
        assert (told["click_to_call"], told["direction"], told["caller"], told["callee"]) == (True, "outbound", "101", CUSTOMER)
        return told

    def _ended(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        call_id = self.api.get(f"calls/attempts/{asked['id']}")["call_id"]
        told = self.api.get(f"calls/{call_id}") if call_id else None
        return told if told and told["ended_at"] else None


@pytest.fixture(scope="module")
def manager(shared_exchange: RealExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    folder = tmp_path_factory.mktemp("click")
    product = Product(
        folder / "var", "serve", AMI_URL=shared_exchange.ami_url, AMI_DIAL_URL=shared_exchange.ami_dial_url,
        RECORDINGS_ROOT=str(shared_exchange.recordings), TIMEZONE=_zone_of_day(),
    )  # fmt: skip
    product.start()
    try:
        added = product.run("user", "add", "olga@office.test", "--role", "manager", "--extension", "101")
        assert added.returncode == 0, added.stderr
        olga = Manager(product, shared_exchange)
        head = product.head()
        eventually(lambda: head.items("exchanges")[0]["state"] == "up", what="the listener at the exchange")
        _post(olga, "contacts", {"name": "Pavel"})
        contact = olga.api.items("contacts")[0]["id"]
        _post(olga, f"contacts/{contact}/numbers", {"number": f"+{CUSTOMER}"})
        yield olga
    finally:
        product.kill_tree()


def _post(manager: Manager, path: str, body: dict[str, str]) -> None:
    url = manager._url.removesuffix("calls") + path
    answer = httpx.post(url, json=body, headers={"Authorization": f"Bearer {manager._token}"}, timeout=20)
    answer.raise_for_status()


def _zone_of_day() -> str:
    """A zone in which it is neither night nor near midnight now: the cap of the night is not what is tested here."""
    from datetime import UTC, datetime

    offset = (datetime.now(UTC).hour - 12) % 24
    offset = offset - 24 if offset > 12 else offset
    return f"Etc/GMT{offset:+d}" if offset else "UTC"


def test_both_pick_up_and_the_talk_is_recorded(manager: Manager) -> None:
    exchange, voice = manager.exchange, speech.prompt(speech.CUSTOMER_PROMPT)
    callee = exchange.customer_answers(after=1.5, says=voice, talks=5)
    with exchange.phone("101", answers_after=1, says=speech.prompt(speech.MANAGER_PROMPT)):
        asked = manager.clicks()
        manager.attempt(asked, "talking")
        callee.finish()
        call = manager.call_of(asked)

    assert (call["outcome"], [one["extension"] for one in call["answered_by"]]) == ("answered", ["101"])
    assert call["talk_seconds"] == pytest.approx(5, abs=1)
    assert call["wait_seconds"] == pytest.approx(1.5, abs=0.8)
    assert manager.attempt(asked, "ended")["outcome"] == "answered"
    recorded = eventually(lambda: manager.api.get(f"calls/{call['id']}")["recordings"], 60, "the recording")
    assert [one["sides"] for one in recorded] == [2]


def test_the_own_phone_that_nobody_picks_up_is_told_and_the_customer_is_left_alone(manager: Manager) -> None:
    with AmiTap(manager.exchange.host, manager.exchange.port, *manager.exchange.reader) as tap, manager.exchange.phone("101"):
        asked = manager.clicks()
        told = manager.attempt(asked, "failed")
        call = manager.call_of(asked)

    assert (told["reason"], told["call_id"]) == ("phone_no_answer", call["id"])
    assert "не сняли трубку" in told["say"]
    assert call["outcome"] == "agent_no_answer"
    assert not [event for event in tap.events("Newchannel") if "trunk" in event["Channel"]]


REFUSALS = [("603 Decline", "phone_declined"), ("486 Busy Here", "phone_busy")]


@pytest.mark.parametrize(("status", "reason"), REFUSALS)
def test_an_own_phone_that_is_busy_or_declines(manager: Manager, status: str, reason: str) -> None:
    with manager.exchange.phone("101", refuses=status, refuses_after=0.5):
        asked = manager.clicks()
        told = manager.attempt(asked, "failed")
        call = manager.call_of(asked)

    assert eventually(lambda: manager.attempt(asked, "failed")["reason"] == reason, what=f"{reason} instead of {told['reason']}")
    assert call["outcome"] == "agent_no_answer"


def test_an_own_phone_that_is_switched_off_leaves_no_call(manager: Manager) -> None:
    """The exchange makes no channel for it: only its answer to the order tells of the try."""
    before = manager.api.items("calls")

    told = manager.attempt(manager.clicks(), "failed")

    assert (told["reason"], told["call_id"]) == ("phone_not_reached", None)
    assert manager.api.items("calls") == before


def test_a_busy_customer(manager: Manager) -> None:
    callee = manager.exchange.customer_refuses("486 Busy Here")
    with manager.exchange.phone("101", answers_after=0.5):
        asked = manager.clicks()
        call = manager.call_of(asked)
    callee.finish()

    assert (call["outcome"], manager.attempt(asked, "ended")["outcome"]) == ("busy", "busy")


def test_who_clicked_hangs_up_before_the_customer_answers(manager: Manager) -> None:
    callee = manager.exchange.customer_answers(after=30, talks=2)
    with manager.exchange.phone("101", answers_after=0.5, talks=1.5):
        asked = manager.clicks()
        call = manager.call_of(asked)
    callee.finish()

    assert (call["outcome"], call["answered_by"], call["talk_seconds"]) == ("no_answer", [], 0)


def test_the_customer_is_never_shown_his_own_number(manager: Manager) -> None:
    """Without a number of ours to show, it is the extension, as when it is dialled by hand."""
    callee = manager.exchange.customer_answers(after=0.3, talks=1)
    with (
        AmiTap(manager.exchange.host, manager.exchange.port, *manager.exchange.reader) as tap,
        manager.exchange.phone("101", answers_after=0.3),
    ):
        asked = manager.clicks()
        callee.finish()
        manager.call_of(asked)

    dialled = tap.wait_for(lambda m: m.get("Event") == "DialBegin" and "trunk" in m.get("DestChannel", ""))
    assert (dialled["CallerIDNum"], dialled["DestConnectedLineNum"]) == ("101", "101")


NOTHING_ELSE = [
    {"Action": "Status"}, {"Action": "CoreShowChannels"}, {"Action": "Command", "Command": "core show version"},
    {"Action": "Hangup", "Channel": "/.*/"}, {"Action": "Setvar", "Variable": "FIRSTRING_TRUNK", "Value": "x"},
    {"Action": "Getvar", "Variable": "FIRSTRING_TRUNK"}, {"Action": "GetConfig", "Filename": "manager.conf"},
    {"Action": "Redirect", "Channel": "PJSIP/101-00000000", "Context": "from-internal", "Exten": "102", "Priority": "1"},
    {"Action": "DBGet", "Family": "x", "Key": "y"}, {"Action": "PJSIPShowEndpoints"},
    {"Action": "Originate", "Channel": "PJSIP/101", "Application": "System", "Data": "touch /tmp/pwned", "Async": "true"},
    {"Action": "Originate", "Channel": "PJSIP/101", "Application": "AGI", "Data": "/bin/id", "Async": "true"},
    {"Action": "Originate", "Channel": "Local/s@default", "Application": "TrySystem", "Data": "id", "Async": "true"},
    {"Action": "Originate", "Channel": "PJSIP/101", "Context": "firstring-outbound", "Exten": "12125551234", "Priority": "1"},
]  # fmt: skip


@pytest.mark.parametrize("action", NOTHING_ELSE, ids=lambda action: "-".join(list(action.values())[:3:2]))
def test_the_shipped_dialler_does_nothing_else(manager: Manager, action: dict[str, str]) -> None:
    """What runs programs Asterisk refuses to a user without class system, and our context knows no number abroad."""
    with AmiTap(manager.exchange.host, manager.exchange.port, *manager.exchange.dialler) as tap:
        answer = tap.ask(action)

    assert answer["Response"] == "Error", answer


def test_the_dialler_hears_how_its_orders_went_and_nothing_more(manager: Manager) -> None:
    exchange = manager.exchange
    with AmiTap(exchange.host, exchange.port, *exchange.dialler) as tap, exchange.phone("101", refuses="603 Decline"):
        asked = manager.clicks()
        manager.attempt(asked, "failed")
        tap.wait_for(lambda m: m.get("Event") == "OriginateResponse")
        exchange.wait_until_quiet()

    assert {message["Event"] for message in tap.messages() if "Event" in message} == {"OriginateResponse"}


def test_on_asterisk_16_the_dialler_hears_the_same(exchange_of_16: RealExchange) -> None:
    order = {"Action": "Originate", "Channel": "PJSIP/101", "Context": "firstring-outbound", "Exten": CUSTOMER, "Priority": "1",
             "Timeout": "5000", "ChannelId": "firstring-16", "Async": "true"}  # fmt: skip
    with AmiTap(exchange_of_16.host, exchange_of_16.port, *exchange_of_16.dialler) as tap:
        with exchange_of_16.phone("101", refuses="603 Decline", refuses_after=0.3):
            assert tap.ask(order)["Response"] == "Success"
            told = tap.wait_for(lambda m: m.get("Event") == "OriginateResponse")
        application = tap.ask({"Action": "Originate", "Channel": "PJSIP/101", "Application": "System", "Data": "id"})

    assert (told["Response"], told["Uniqueid"]) == ("Failure", "firstring-16")
    assert application["Response"] == "Error"
    assert {message["Event"] for message in tap.messages() if "Event" in message} == {"OriginateResponse"}


def test_our_code_names_no_application() -> None:
    """CVE-2024-42365: an Originate with Application and Data was enough to run programs."""
    sent = (
        (Path(__file__).parents[2] / "pbx/originate.py").read_text().partition("def originate_headers")[2].partition("\n\n\n")[0]
    )

    assert re.findall(r'\("(\w+)", ', sent) == [
        "Channel", "Context", "Exten", "Priority", "Timeout", "CallerID", "ChannelId", "Async",
    ]  # fmt: skip
