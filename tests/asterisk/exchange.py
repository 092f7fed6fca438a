"""A real Asterisk 22 with the configs of deploy/asterisk, on loopback, with telephones to call it.

    with RealExchange() as exchange:
        with exchange.phone("101", answers_after=1, says=wav):
            exchange.customer_calls(DIRECT, number="79161112233", says=wav, talks=6).finish()

Only addresses, ports and numbers are the test's own; the rest is what an office is told to install.
"""

import itertools
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.asterisk import chroot, speech
from tests.asterisk.sipp import Address, Sipp, free_address

SHIPPED = Path(__file__).parents[2] / "deploy/asterisk"
TRUNK_HOST = "127.0.0.2"  # Linux answers for all of 127/8, so each telephone has an address of its own
DIRECT, GROUP, QUEUE, UNKNOWN = "74951112245", "74951112246", "74951112233", "74951119999"
PHONES = ("101", "102", "103", "104")
_numbers = itertools.count(1)

SITE_PJSIP = """
[firstring-udp]
type = transport
protocol = udp
bind = {sip}
[firstring-media](!)
media_address = {sip.host}
bind_rtp_to_media_address = yes
[trunk]
type = aor
contact = sip:{trunk}
[trunk]
type = identify
endpoint = trunk
match = {trunk.host}
"""
SITE_NUMBERS = f"""
[firstring-numbers]
exten => {DIRECT},1,Gosub(firstring-ring,s,1(PJSIP/101,101))
 same => n,Hangup()
exten => {GROUP},1,Gosub(firstring-ring,s,1(PJSIP/101&PJSIP/102))
 same => n,Hangup()
exten => {QUEUE},1,Gosub(firstring-queue,s,1(sales,100))
 same => n,Hangup()
"""
ASTERISK_CONF = """
[directories]
astcachedir => {home}/lib
astetcdir => {home}/etc
astdbdir => {home}/lib
astkeydir => {home}/lib
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
astmoddir => {modules}
astvarlibdir => /var/lib/asterisk
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
"""


class ExchangeFailed(AssertionError):
    """The real Asterisk did not do what it is there for."""


class RealExchange:
    """An Asterisk running for the length of a `with`. `extra`: texts added to files of its configuration folder."""

    def __init__(self, *, suite: str = "sid", extra: Mapping[str, str] | None = None) -> None:
        self._root = chroot.ensure(suite)
        self._inside = f"/srv/firstring-{os.getpid()}-{next(_numbers)}"
        self.home = self._root / self._inside.lstrip("/")
        self.host, self.port = "127.0.0.1", _free_tcp_port()
        self.sip, self.trunk = free_address("127.0.0.1"), free_address(TRUNK_HOST)
        self.recordings = self.home / "spool/monitor"
        self.cel_csv = self.home / "log/cel-custom/firstring.csv"
        self.cdr_csv = self.home / "log/cdr-custom/firstring.csv"
        self.work = self.home / "sipp"
        self._extra = extra or {}
        self._process: subprocess.Popen[bytes] | None = None

    # ---- what a listener needs to know ----
    @property
    def reader(self) -> tuple[str, str]:
        """User and secret that may read calls."""
        return "firstring-reader", self._secret("reader_secret.conf")

    @property
    def dialler(self) -> tuple[str, str]:
        """User and secret that may originate."""
        return "firstring-dialler", self._secret("dialler_secret.conf")

    @property
    def ami_url(self) -> str:
        return f"ami://{':'.join(self.reader)}@{self.host}:{self.port}"

    @property
    def ami_dial_url(self) -> str:
        return f"ami://{':'.join(self.dialler)}@{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """Asterisk's process id while it runs."""
        if self._process is None:
            raise ExchangeFailed("the exchange is not running")
        return self._process.pid

    # ---- starting and stopping ----
    def __enter__(self) -> Self:
        _forget_the_dead(self._root)
        self._write_configs()
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        if os.environ.get("FIRSTRING_KEEP_EXCHANGE") is None:
            shutil.rmtree(self.home, ignore_errors=True)

    def start(self) -> None:
        """Starts Asterisk with what is configured; also after `stop()`, for a restart in mid-call."""
        command = chroot.inside(self._root, ["asterisk", "-f", "-C", f"{self._inside}/etc/asterisk.conf"])
        with (self.home / "log/console").open("ab") as console:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        self._wait_until("is up", lambda: _answers(self.host, self.port), seconds=60)
        self.cli("core waitfullybooted")

    def stop(self, *, kill: bool = False) -> None:
        """Ends Asterisk by its process id: asked first, or at once, as a power cut would."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.kill() if kill else self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(15)
        self._process = None

    def cli(self, command: str) -> str:
        """What the exchange's own console answers."""
        words = ["chroot", str(self._root), "asterisk", "-C", f"{self._inside}/etc/asterisk.conf", "-rx", command]
        run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, errors="replace")
        return re.sub(r"\x1b\[[0-9;]*m", "", run.stdout + run.stderr)

    # ---- people ----
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
        fill = {"speech": self._speech(says), "talk_ms": _ms(talks), "patience_ms": _ms(patience)}
        source = f"{_quoted(name)}<sip:{number}@{calls_from}>"
        own = free_address(calls_from)
        return Sipp("caller", own, self.sip, self.work, service=number_called, fill=fill, keys={"from": source})

    def phone_calls(
        self, extension: str, number_called: str, *, says: Path | None = None, talks: float = 6.0, patience: float = 60.0
    ) -> Sipp:
        """One of our phones calls a colleague or the outside."""
        fill = {"speech": self._speech(says), "talk_ms": _ms(talks), "patience_ms": _ms(patience)}
        own = free_address(_host_of(extension))
        keys = {"from": f"<sip:{extension}@{self.sip.host}>"}
        login = (extension, self._password(extension))
        return Sipp("phone_calls", own, self.sip, self.work, service=number_called, fill=fill, keys=keys, login=login)

    def customer_answers(self, *, after: float = 1.0, says: Path | None = None, talks: float = 60.0) -> Sipp:
        """Whoever is called outside rings `after` s, picks up, and hangs up after `talks` s if nobody did before."""
        fill = {"speech": self._speech(says), "ring_ms": _ms(after), "talk_ms": _ms(talks)}
        callee = Sipp("answers", self.trunk, self.sip, self.work, fill=fill)
        callee.listening()
        return callee

    def customer_refuses(self, status: str = "486 Busy Here", *, after: float = 0.0) -> Sipp:
        """Whoever is called outside is busy or does not exist."""
        callee = Sipp(*_refusal(status, after)[:1], self.trunk, self.sip, self.work, fill=_refusal(status, after)[1])
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
    ) -> "Phone":
        """A phone that is switched on for the length of a `with`. It picks up after a time (and talks `talks` s unless hung
        up on, or hands over by REFER then), refuses (`"603 Decline"`), or just rings."""
        fill: dict[str, object] = {"speech": self._speech(says), "talk_ms": _ms(talks), "ring_ms": _ms(3600)}
        scenario, keys = "answers", {}
        if answers_after is not None:
            fill["ring_ms"] = _ms(answers_after)
        if refuses is not None:
            scenario, more = _refusal(refuses, refuses_after)
            fill |= more
        if transfers_to is not None:
            scenario, keys = "transfers", {"target": transfers_to}
        return Phone(self, extension, self._password(extension), scenario, fill, keys)

    def wait_until_quiet(self, seconds: float = 15.0) -> None:
        """Waits until no channel is up and the last record is written."""
        self._wait_until("is quiet", lambda: "0 active channels" in self.cli("core show channels count"), seconds)

    def wait_for_channels(self, number: int, seconds: float = 10.0) -> None:
        """Waits until so many channels are up: two of an inbound call that rings one phone."""
        count = f"{number} active channel"
        self._wait_until(f"has {count}s", lambda: count in self.cli("core show channels count"), seconds)

    # ---- the rest ----
    def _wait_until(self, what: str, claim: Callable[[], bool], seconds: float) -> None:
        until = time.monotonic() + seconds
        while not claim():
            if self._process is not None and self._process.poll() is not None:
                raise ExchangeFailed(f"Asterisk ended with {self._process.returncode}:\n{self.log()[-3000:]}")
            if time.monotonic() > until:
                raise ExchangeFailed(f"after {seconds} s not true that the exchange {what}:\n{self.log()[-3000:]}")
            time.sleep(0.05)

    def log(self) -> str:
        """What Asterisk wrote for its admin."""
        log = self.home / "log/messages.log"
        return log.read_text(errors="replace") if log.exists() else (self.home / "log/console").read_text()

    def _write_configs(self) -> None:
        """What an admin does: the shipped files over Debian's own, `make-secrets`, then the office's addresses."""
        etc = self.home / "etc"
        for folder in ("lib", "run", "spool/monitor", "log/cel-custom", "log/cdr-custom", "sipp"):
            (self.home / folder).mkdir(parents=True)
        shutil.copytree(self._root / "etc/asterisk", etc)
        shutil.copytree(SHIPPED, etc, dirs_exist_ok=True)
        modules = next(self._root.glob("usr/lib/*/asterisk/modules"))
        conf = ASTERISK_CONF.format(home=self._inside, modules=f"/{modules.relative_to(self._root)}")
        (etc / "asterisk.conf").write_text(conf)
        own = etc / "firstring.d"
        (own / "site_pjsip.conf").write_text(SITE_PJSIP.format(sip=self.sip, trunk=self.trunk))
        (own / "site_numbers.conf").write_text(SITE_NUMBERS)
        (own / "site_manager.conf").write_text(f"port = {self.port}\n")
        subprocess.run([str(etc / "make-secrets"), str(etc)], check=True, capture_output=True, timeout=30)
        for name, text in self._extra.items():
            with (etc / name).open("a") as file:
                file.write(text)

    def _secret(self, file: str) -> str:
        return (self.home / "etc/firstring.d" / file).read_text().partition("=")[2].strip()

    def _password(self, extension: str) -> str:
        secrets = (self.home / "etc/firstring.d/phone_secrets.conf").read_text()
        found = re.search(rf"^username = {re.escape(extension)}\npassword = (\w+)$", secrets, re.MULTILINE)
        if found is None:
            raise ExchangeFailed(f"no phone {extension} in phone_secrets.conf")
        return found.group(1)

    def _speech(self, says: Path | None) -> str:
        return f"{speech.as_alaw(says, self.work)},1,8"


class Phone:
    """A telephone on the desk: registered, and doing what it was told when it rings."""

    def __init__(
        self,
        exchange: RealExchange,
        extension: str,
        password: str,
        scenario: str,
        fill: Mapping[str, object],
        keys: Mapping[str, str],
    ) -> None:
        self._exchange, self._extension, self._password = exchange, extension, password
        self._scenario, self._fill, self._keys = scenario, fill, keys
        self._address = free_address(_host_of(extension))

    def __enter__(self) -> Self:
        self._sipp = self._play("register", answering=self._scenario, at=self._address)
        self._sipp.listening()
        uri = f"{self._extension}@{self._address}"
        self._exchange._wait_until(f"reaches {uri}", lambda: self._is_reached(uri), seconds=15)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._play("unregister", answering=None, at=free_address(self._address.host)).finish(15)
        finally:
            self._sipp.stop()

    def complaint(self) -> str:
        """What the telephone last said against the exchange."""
        return self._sipp.complaint()

    def _play(self, scenario: str, answering: str | None, at: Address) -> Sipp:
        login = (self._extension, self._password)
        return Sipp(
            scenario, at, self._exchange.sip, self._exchange.work,
            service=self._extension, fill=self._fill, keys=self._keys, login=login, answering=answering,
        )  # fmt: skip

    def _is_reached(self, uri: str) -> bool:
        contacts = self._exchange.cli("pjsip show contacts").splitlines()
        return any(uri in line and " Avail" in line for line in contacts)


def _refusal(status: str, after: float) -> tuple[str, dict[str, object]]:
    return ("refuses" if after else "busy"), {"status": status, "ring_ms": _ms(after)}


def _host_of(extension: str) -> str:
    """Each phone has a loopback address of its own: 101 lives at 127.0.0.101, a name somewhere in 127.0.1.0/24."""
    if extension.isdigit() and 3 <= int(extension) <= 254:
        return f"127.0.0.{extension}"
    return f"127.0.1.{sum(extension.encode()) % 250 + 1}"


def _quoted(name: str | None) -> str:
    """A display name as RFC 3261 quotes it."""
    if name is None:
        return ""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" '


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def _forget_the_dead(root: Path) -> None:
    """Removes what exchanges of killed test runs left."""
    for home in root.glob("srv/firstring-*"):
        owner = home.name.split("-")[1]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(home, ignore_errors=True)
