"""A real Asterisk 22 with the configs of deploy/asterisk, on loopback, with telephones to call it.

    with RealExchange() as exchange:
        with exchange.phone("101", answers_after=1, says=wav):
            exchange.customer_calls(DIRECT, number="79161112233", says=wav, talks=6).finish()

Only addresses, ports and numbers are the test's own; the rest is what an office is told to install.
"""

import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.asterisk import chroot, speech
from tests.asterisk.daemon import Daemon, ExchangeFailed, forget_the_dead, free_tcp_port
from tests.asterisk.office import DIRECT, GROUP, QUEUE, TRUNK_HOST, UNKNOWN, Office
from tests.asterisk.sipp import Sipp, SippFailed, free_address
from tests.asterisk.telephones import Phone, host_of

__all__ = ["DIRECT", "GROUP", "QUEUE", "UNKNOWN", "ExchangeFailed", "RealExchange", "SippFailed"]

BY_KEYS = {"called": "[service]", "from": "[from]"}
_numbers = itertools.count(1)


class RealExchange:
    """An Asterisk running for the length of a `with`. `extra`: texts added to files of its configuration folder."""

    def __init__(self, *, suite: str = "sid", extra: Mapping[str, str] | None = None) -> None:
        root = chroot.ensure(suite)
        forget_the_dead(root)
        inside = f"/srv/firstring-{os.getpid()}-{next(_numbers)}"
        self.host, self.port = "127.0.0.1", free_tcp_port()
        self.sip, self.trunk = free_address("127.0.0.1"), free_address(TRUNK_HOST)
        self._office = Office(root, inside, self.port, self.sip, self.trunk)
        self._daemon = Daemon(self._office)
        self._extra = extra or {}
        self.home = self._office.home
        self.recordings = self.home / "spool/monitor"
        self.cel_csv = self.home / "log/cel-custom/firstring.csv"
        self.cdr_csv = self.home / "log/cdr-custom/firstring.csv"
        self.sipp_folder = self._work = self.home / "sipp"
        self.start, self.stop, self.cli, self.log = self._daemon.start, self._daemon.stop, self._daemon.cli, self._daemon.log

    def __enter__(self) -> Self:
        try:
            self._office.write(self._extra)
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        if os.environ.get("FIRSTRING_KEEP_EXCHANGE") is None and self.home.exists():
            chroot.remove(self.home)

    @property
    def reader(self) -> tuple[str, str]:
        """User and secret that may read calls."""
        return "firstring-reader", self._office.secret("reader")

    @property
    def dialler(self) -> tuple[str, str]:
        """User and secret that may originate."""
        return "firstring-dialler", self._office.secret("dialler")

    @property
    def ami_url(self) -> str:
        """The reader's door, as the settings want it."""
        return f"ami://{':'.join(self.reader)}@{self.host}:{self.port}"

    @property
    def ami_dial_url(self) -> str:
        """The dialler's door, as the settings want it."""
        return f"ami://{':'.join(self.dialler)}@{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """Asterisk's process id while it runs."""
        return self._daemon.pid

    def customer_calls(
        self,
        number_called: str,
        *,
        number: str = "79161112233",
        name: str | None = None,
        says: Path | None = None,
        talks: float = 6.0,
        patience: float = 60.0,
        calls_from: str = TRUNK_HOST,
    ) -> Sipp:
        """Somebody outside calls; he hangs up after `talks` s of talk, or gives up after `patience` s of ringing."""
        fill = {"sound": self._sound(says), "talk_ms": _ms(talks), "patience_ms": _ms(patience)} | BY_KEYS
        source = f"{_quoted(name)}<sip:{number}@{calls_from}>"
        own = free_address(calls_from)
        return Sipp("caller", own, self.sip, self._work, service=number_called, fill=fill, keys={"from": source})

    def phone_calls(
        self, extension: str, number_called: str, *, says: Path | None = None, talks: float = 6.0, patience: float = 60.0
    ) -> Sipp:
        """One of our phones calls a colleague or the outside."""
        fill = {"sound": self._sound(says), "talk_ms": _ms(talks), "patience_ms": _ms(patience)} | BY_KEYS
        own = free_address(host_of(extension))
        keys = {"from": f"<sip:{extension}@{self.sip.host}>"}
        login = (extension, self._office.password(extension))
        return Sipp("phone_calls", own, self.sip, self._work, service=number_called, fill=fill, keys=keys, login=login)

    def customer_answers(self, *, after: float = 1.0, says: Path | None = None, talks: float = 60.0) -> Sipp:
        """Whoever is called outside rings `after` s, picks up, and hangs up after `talks` s if nobody did before."""
        fill = {"sound": self._sound(says), "ring_ms": _ms(after), "talk_ms": _ms(talks)}
        callee = Sipp("answers", self.trunk, self.sip, self._work, fill=fill)
        callee.listening()
        return callee

    def customer_refuses(self, status: str = "486 Busy Here", *, after: float = 0.0) -> Sipp:
        """Whoever is called outside is busy or does not exist."""
        callee = Sipp(*_refusal(status, after)[:1], self.trunk, self.sip, self._work, fill=_refusal(status, after)[1])
        callee.listening()
        return callee

    def phone(
        self,
        extension: str,
        *,
        answers_after: float | None = None,
        refuses: str | None = None,
        refuses_after: float = 0.0,
        transfers_to: str | None = None,
        says: Path | None = None,
        talks: float = 60.0,
    ) -> Phone:
        """A phone that is switched on for the length of a `with`. It picks up after a time (and talks `talks` s unless hung
        up on, or hands over by REFER then), refuses (`"603 Decline"`), or just rings."""
        fill: dict[str, object] = {"sound": self._sound(says), "talk_ms": _ms(talks), "ring_ms": _ms(3600)}
        scenario, keys = "answers", {}
        if answers_after is not None:
            fill["ring_ms"] = _ms(answers_after)
        if refuses is not None:
            scenario, more = _refusal(refuses, refuses_after)
            fill |= more
        if transfers_to is not None:
            scenario, keys = "transfers", {"target": transfers_to}
        return self.telephone(extension, scenario, fill, keys)

    def telephone(self, extension: str, scenario: str, fill: Mapping[str, object], keys: Mapping[str, str]) -> Phone:
        """A phone that plays any scenario; `fill` must have all its words."""
        return Phone(self._office, self._daemon, extension, scenario, fill, keys)

    def password(self, extension: str) -> str:
        """By which a phone proves who it is."""
        return self._office.password(extension)

    def wait_until_quiet(self, seconds: float = 15.0) -> None:
        """Waits until no channel is up and the last record is written."""
        self._daemon.wait_until("is quiet", lambda: "0 active channels" in self.cli("core show channels count"), seconds)

    def wait_until_parked(self, seconds: float = 15.0) -> None:
        """Waits until somebody is parked."""
        self._daemon.wait_until("has one parked", lambda: "PJSIP/" in self.cli("parking show default"), seconds)

    def wait_for_channels(self, number: int, seconds: float = 10.0) -> None:
        """Waits until so many channels are up: two of an inbound call that rings one phone."""
        count = f"{number} active channel"
        self._daemon.wait_until(f"has {count}s", lambda: count in self.cli("core show channels count"), seconds)

    def _sound(self, says: Path | None) -> str:
        return speech.played(says, self._work)


def _refusal(status: str, after: float) -> tuple[str, dict[str, object]]:
    return ("refuses" if after else "busy"), {"status": status, "ring_ms": _ms(after)}


def _quoted(name: str | None) -> str:
    """A display name as RFC 3261 quotes it."""
    if name is None:
        return ""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" '


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
