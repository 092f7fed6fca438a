"""An exchange with a dialplan of `dialplans/`, telephones on the desk, somebody outside, and a tap on what AMI says.

async with Desk("freepbx") as desk:
    caller = desk.outside.dial("74952220101", caller="79161112233")
    phone = await desk.picks_up("101", after=1)
"""

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from tests.asterisk import chroot
from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.daemon import Daemon, forget_the_dead, free_tcp_port
from tests.asterisk.office import Office
from tests.asterisk.sipp import free_address
from tests.asterisk.softphone import Leg, Softphone

DIALPLANS = Path(__file__).with_name("dialplans")
CUSTOMER, MOBILE, OTHER = "79161112233", "79265556677", "79031234567"
_AMI = """[general]
enabled = yes
bindaddr = 127.0.0.1
port = {port}
timestampevents = {stamped}
[tap]
secret = tap
read = {read}
write = all
writetimeout = 5000
"""
_IDENTIFIED = """
[{name}]({kind})
aors = {name}
callerid = {caller}
{more}
[{name}]
type = aor
contact = sip:{name}@{at}
[{name}-known]
type = identify
endpoint = {name}
match = {at.host}
"""
_PEER = """
[{name}]({kind})
host = {at.host}
port = {at.port}
callerid = {caller}
"""
_ONLY_CHAN_SIP = """
noload = chan_pjsip.so
noload = res_pjsip.so
"""
_numbers = iter(range(1, 10_000))


class Desk:
    """`phones` by their endpoint's name; `lines`: the trunks' endpoints, at whose far end `outside` and `second` are."""

    def __init__(
        self,
        dialplan: str,
        *,
        suite: str = "sid",
        phones: tuple[str, ...] = ("101", "102", "103", "104"),
        lines: tuple[str, str] = ("trunk", "second"),
        read: str = "call,cdr,agent,user,dtmf,cel",
        stamped: bool = True,
        driver: Literal["PJSIP", "SIP"] = "PJSIP",
        extra: Mapping[str, str] | None = None,
    ) -> None:
        root = chroot.ensure(suite)
        forget_the_dead(root)
        self.host, self.port, sip = "127.0.0.1", free_tcp_port(), free_address("127.0.0.1")
        inside = f"/srv/firstring-{os.getpid()}-desk{next(_numbers)}"
        self._office = Office(root, inside, self.port, sip, free_address("127.0.0.2"))
        self._daemon = Daemon(self._office)
        self._driver = driver
        self._dialplan, self._read, self._stamped, self._extra = dialplan, read, stamped, extra or {}
        self.phones = {name: Softphone(name, free_address(f"127.0.0.{101 + i}"), sip) for i, name in enumerate(phones)}
        self._lines = {name: Softphone(name, free_address(f"127.0.0.{2 + i}"), sip) for i, name in enumerate(lines)}
        self.outside, self.second = self._lines.values()
        self.home = self._office.home
        self.cel_csv = self.home / "log/cel-custom/firstring.csv"
        self.cli = self._daemon.cli

    async def __aenter__(self) -> Self:
        self._write()
        self._daemon.start()
        for phone in (*self.phones.values(), *self._lines.values()):
            await phone.__aenter__()
        self.tap = AmiTap(self.host, self.port, "tap", "tap").__enter__()
        await asyncio.to_thread(self.tap.wait_for, lambda m: m.get("Response") == "Success")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.tap.__exit__(None, None, None)
        for phone in (*self.phones.values(), *self._lines.values()):
            await phone.__aexit__(None, None, None)
        self._daemon.stop()
        chroot.remove(self.home)

    async def picks_up(self, name: str, after: float = 0.0, phone: Softphone | None = None) -> Leg:
        """The phone rings, and is picked up so many seconds later."""
        leg = await (phone or self.phones[name]).rung()
        await asyncio.sleep(after)
        leg.answer()
        return leg

    async def does(self, action: str, **headers: str) -> dict[str, str]:
        """What a panel asks the exchange for."""
        wanted = {"Action": action, **headers}
        before = len(self.tap.heard)
        number = f"panel-{before}"
        self.tap.send({**wanted, "ActionID": number})
        return await asyncio.to_thread(self.tap.wait_for, lambda m: m.get("ActionID") == number and "Response" in m)

    def channel(self, beginning: str) -> str:
        """The name of the newest channel that begins so."""
        found = [line.split("!")[0] for line in self.cli("core show channels concise").splitlines()]
        return next(name for name in found if name.startswith(beginning))

    async def quiet(self, seconds: float = 20.0) -> None:
        until = time.monotonic() + seconds
        while "0 active channels" not in self.cli("core show channels count"):
            if time.monotonic() > until:
                raise AssertionError(f"still up: {self.cli('core show channels concise')}")
            await asyncio.sleep(0.1)
        await asyncio.to_thread(self.tap.settle)

    def _write(self) -> None:
        self._office.write({})
        etc = self.home / "etc"
        self._write_telephones(etc)
        hints = "".join(f"exten => {name},hint,{self._driver}/{name}\n" for name in self.phones)
        (etc / "extensions.conf").write_text(_dialplan(f"{self._dialplan}.conf") + f"\n[hints]\n{hints}")
        (etc / "queues.conf").write_text(_dialplan(f"{self._dialplan}_queues.conf"))
        (etc / "manager.conf").write_text(_AMI.format(port=self.port, read=self._read, stamped="yes" if self._stamped else "no"))
        cel = (etc / "cel.conf").read_text()
        (etc / "cel.conf").write_text(cel.replace("enabled = no", "enabled = yes" if "cel" in self._read else "enabled = no"))
        (etc / "res_parking.conf").write_text(
            "[default]\nparkext => 70\nparkpos => 71-79\ncontext => parkedcalls\nparkingtime => 6\n"
            "comebacktoorigin = yes\ncomebackdialtime = 5\n"
        )
        for name, text in self._extra.items():
            with (etc / name).open("a") as file:
                file.write(text)

    def _write_telephones(self, etc: Path) -> None:
        """In the words of the channel driver; chan_sip stands alone, as where it is still used."""
        file, one = ("pjsip.conf", _IDENTIFIED) if self._driver == "PJSIP" else ("sip.conf", _PEER)
        text = _dialplan(file).replace("{sip}", str(self._office.sip))
        for name, phone in self.phones.items():
            text += one.format(name=name, kind="phone", caller=f"<{name}>", at=phone.own, more="")
        for name, phone in self._lines.items():
            text += one.format(name=name, kind="outside", caller="", at=phone.own, more="")
        (etc / file).write_text(text)
        if self._driver == "SIP":
            with (etc / "modules.conf").open("a") as modules:
                modules.write(_ONLY_CHAN_SIP)


def _dialplan(file: str) -> str:
    return (DIALPLANS / file).read_text()
