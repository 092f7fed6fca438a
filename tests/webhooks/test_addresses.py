"""Where webhooks may go: by the address that a socket is about to be given, whatever a name said before."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from api.webhooks.sender import OwnResolver, Sender
from crm_core.errors import Invalid, SettingsError
from crm_core.settings import load_settings
from crm_core.webhooks.addresses import Allowed, may_connect, read_url
from crm_core.webhooks.words import Tried, Trouble
from tests.webhooks.receiver import Receiver

NOTHING = Allowed()
INSIDE = (
    "127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
    "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "64:ff9b:1:a00:1:0:808:808", "2002:7f00:1::", "2001:0:a00:1::f5ff:fffe", "3fff::1",
    "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1",
    "192.88.99.1", "192.0.2.1", "192.0.0.192", "198.18.0.1", "168.63.129.16", "100.100.100.200", "not an address",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not may_connect(NOTHING, "crm.example.com", address, secure=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_public_internet_is_reached_by_https_alone(address: str) -> None:
    assert may_connect(NOTHING, "crm.example.com", address, secure=True)
    assert not may_connect(NOTHING, "crm.example.com", address, secure=False)


def test_a_setting_allows_networks_and_hosts_also_by_plain_http() -> None:
    allowed = Allowed.of("10.1.0.0/16, crm.lan\n192.168.5.7 fd00::/8")

    assert may_connect(allowed, "any", "10.1.2.3", secure=False)
    assert may_connect(allowed, "any", "::ffff:10.1.2.3", secure=False)
    assert may_connect(allowed, "CRM.lan.", "127.0.0.1", secure=False)
    assert may_connect(allowed, "any", "fd00::5", secure=False)
    assert not may_connect(allowed, "any", "10.2.2.3", secure=True)
    assert not may_connect(allowed, "notcrm.lan", "127.0.0.1", secure=True)


@pytest.mark.parametrize("text", ["10.0.0.0/99", "a b/c", "http://crm.lan", "127.1", "crm..lan", "*"])
def test_a_setting_that_cannot_be_read_is_told_at_the_start(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTRING_WEBHOOKS_ALLOW", text)
    with pytest.raises(SettingsError, match=r"FIRSTRING_WEBHOOKS_ALLOW.*neither network nor host"):
        load_settings()


REFUSED = {
    "url": ("", "crm.example.com", "ftp://crm.example.com/", "javascript:alert(1)", "https:///x", "https://a b.com", "https://e.com:0/",
            "https://e.com:99999/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://e.com\\@127.0.0.1/",
            "https://" + "a" * 64 + ".com", "https://e.com/" + "a" * 2000, "https://e.com/\x00", "https://e.com/\r\nX: y"),
    "user": ("https://user:secret@crm.example.com/",),
    "http": ("http://crm.example.com/",),
    "address": ("https://127.0.0.1/", "https://[::1]/", "https://[fe80::1%25eth0]/", "http://8.8.8.8/", "https://169.254.169.254/latest"),
}  # fmt: skip


@pytest.mark.parametrize(("why", "text"), [(why, text) for why, texts in REFUSED.items() for text in texts])
def test_a_url_that_will_never_do_is_refused_when_it_is_given(why: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_url(text, NOTHING)
    assert refused.value.facts == {"field": "url", "why": why}


def test_a_lawful_url_is_kept_as_it_will_be_asked_for() -> None:
    assert read_url(" https://пример.рф/путь?x=1#part ", NOTHING) == (
        "https://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C?x=1"
    )
    assert read_url("http://10.1.2.3:8080/x", Allowed.of("10.0.0.0/8")) == "http://10.1.2.3:8080/x"
    assert read_url("http://crm.lan/x", Allowed.of("crm.lan")) == "http://crm.lan/x"


class Rebinding(AbstractResolver):
    """A name server that answers with a public address when it is asked first, and with this machine's own from then on."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        self.asked += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


async def test_a_name_that_leads_inside_only_when_it_is_connected_to_is_refused(receiver: Receiver) -> None:
    """The first answer is what a check before connecting would have seen."""
    names = Rebinding("203.0.114.1", "127.0.0.1")
    await names.resolve("crm.example.com")

    told = await Sender(NOTHING, names, seconds=2).send(f"https://crm.example.com:{receiver.port}/", b"{}", {})

    assert (names.asked, told.status, told.answer, receiver.came) == (2, None, Trouble.NOT_ALLOWED, [])


async def test_each_try_asks_the_name_anew_and_judges_anew(receiver: Receiver) -> None:
    names = Rebinding("127.0.0.1", "127.0.0.2", "127.0.0.1")
    sender = Sender(Allowed.of("127.0.0.1"), names, seconds=2)
    url = f"http://crm.example.com:{receiver.port}/"

    told = [await sender.send(url, b"{}", {}) for _ in range(3)]

    assert [one.status for one in told] == [200, None, 200]
    assert told[1].answer == Trouble.NOT_ALLOWED


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "0x7f000001", "0.0.0.0"])
async def test_this_machine_is_not_reached_by_any_spelling(receiver: Receiver, host: str) -> None:
    sender = Sender(NOTHING, OwnResolver(2), seconds=5)

    told = [await sender.send(f"{scheme}://{host}:{receiver.port}/", b"{}", {}) for scheme in ("http", "https")]

    assert {one.answer for one in told} <= {Trouble.NOT_ALLOWED, Trouble.NOT_RESOLVED}
    assert receiver.came == []


async def test_what_cannot_be_reached_is_told(receiver: Receiver) -> None:
    sender = Sender(Allowed.of("127.0.0.0/8 no-such-host.invalid"), OwnResolver(2), seconds=5)
    closed, plain = "http://127.0.0.1:1/", f"https://127.0.0.1:{receiver.port}/"

    async def why(url: str) -> str:
        told: Tried = await sender.send(url, b"{}", {})
        assert told.status is None
        return told.answer

    assert await why(closed) == Trouble.NOT_REACHED
    assert await why(plain) == Trouble.NOT_SECURE
    assert await why("http://no-such-host.invalid/") == Trouble.NOT_RESOLVED
