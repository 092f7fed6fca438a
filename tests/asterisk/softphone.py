"""A telephone in a few lines of Python: rings, answers, holds, hands over, and remembers when it did what.

    async with Softphone("101", "127.0.0.101", exchange) as phone:
        leg = await phone.rung()
        leg.answer()

It sends no sound and proves no password: the exchange knows it by its address.
"""

import asyncio
import itertools
import time
from types import TracebackType
from typing import Self

from tests.asterisk.sipp import Address

_numbers = itertools.count(1)
PATIENCE = 40.0
"""Seconds after which a wait counts as a fault of the scene."""
_SOUND = (
    "v=0\r\no=- {n} {n} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na={way}\r\n"
)


class Leg:
    """One SIP call of a telephone, of either direction. Times are epoch seconds, None until it happened."""

    def __init__(self, phone: "Softphone", call_id: str, local: str, remote: str, target: str) -> None:
        self.phone, self.call_id, self.local, self.remote, self.target = phone, call_id, local, remote, target
        self.began_at = time.time()
        self.rang_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.left_at: float | None = None  # when it handed over
        self.status = 0
        self.number = 1
        self.invite: Packet | None = None
        self.sent: Packet | None = None
        self.changed = asyncio.Event()

    def ring(self) -> None:
        self.rang_at = time.time()
        self._reply(180)

    def answer(self) -> None:
        self._reply(200, self._sound("sendrecv"))
        self._note(answered_at=time.time())

    def refuse(self, status: int, contact: str = "") -> None:
        self._reply(status, contact=contact)
        self._note(ended_at=time.time())

    def hang_up(self) -> None:
        """BYE, or CANCEL for a call that we made and nobody answered."""
        if self.ended_at is not None:
            return
        if self.answered_at is None and self.sent is not None:
            self.phone.send(self.sent.as_cancel())
        else:
            self.request("BYE")
        self._note(ended_at=time.time())

    def hold(self) -> None:
        self.request("INVITE", self._sound("sendonly"), "application/sdp")

    def unhold(self) -> None:
        self.request("INVITE", self._sound("sendrecv"), "application/sdp")

    def refer(self, to: str) -> None:
        """A blind transfer."""
        self._refer(f"<sip:{to}@{self.phone.exchange}>")

    def refer_to(self, other: "Leg", extension: str) -> None:
        """An attended transfer: the two sides of our two calls shall talk with each other."""
        tags = f"to-tag%3D{_tag(other.remote)}%3Bfrom-tag%3D{_tag(other.local)}"
        self._refer(f"<sip:{extension}@{self.phone.exchange}?Replaces={other.call_id.replace('@', '%40')}%3B{tags}>")

    async def press(self, keys: str) -> None:
        for key in keys:
            self.request("INFO", f"Signal={key}\r\nDuration=100\r\n", "application/dtmf-relay")
            await asyncio.sleep(0.15)

    async def until_answered(self) -> None:
        await self._until("answered_at")

    async def until_ended(self) -> None:
        await self._until("ended_at")

    def request(self, method: str, body: str = "", kind: str = "", more: tuple[str, ...] = ()) -> None:
        self.number += 1
        lines = [*more, f"Contact: <sip:{self.phone.name}@{self.phone.own}>", *([f"Content-Type: {kind}"] if kind else [])]
        self.phone.send(self._packet(method, self.number, _branch(), lines, body))

    def heard(self, packet: "Packet") -> None:
        """A request or response within this call."""
        if packet.status:
            self._heard_response(packet)
        elif packet.method == "CANCEL":
            self.phone.send(packet.response(200))
            if self.answered_at is None and self.ended_at is None:
                self._reply(487)
                self._note(ended_at=time.time())
        elif packet.method == "BYE":
            self.phone.send(packet.response(200))
            self._note(ended_at=self.ended_at or time.time())
        elif packet.method in {"INVITE", "UPDATE"}:
            sound = self._sound("sendrecv") if packet.body or packet.method == "INVITE" else ""
            self.phone.send(packet.response(200, sound, contact=self._contact(), to=self.local))
        elif packet.method != "ACK":
            self.phone.send(packet.response(200))
            if packet.method == "NOTIFY" and packet.body.startswith("SIP/2.0 2"):
                self.hang_up()  # handed over: as a telephone does

    def _heard_response(self, packet: "Packet") -> None:
        if packet["cseq"].split()[1] != "INVITE" or packet.status < 180:
            return
        if packet.status < 200:
            self.rang_at = self.rang_at or time.time()
            self.remote = packet["to"]  # may be named in a transfer before it is answered
        first = packet["cseq"].split()[0] == "1"
        if packet.status >= 200:
            self.remote = packet["to"]
            self.target = packet["contact"].partition("<")[2].partition(">")[0] or self.target
            branch = _branch() if packet.status < 300 else packet["via"].partition("branch=")[2].partition(";")[0]
            uri = self.target if packet.status < 300 or self.sent is None else self.sent.uri
            self.phone.send(self._packet("ACK", int(packet["cseq"].split()[0]), branch, [], "", uri))
        if packet.status >= 200 and first and self.status < 200:
            self.status = packet.status
            self._note(**{"answered_at" if packet.status < 300 else "ended_at": time.time()})

    def _refer(self, to: str) -> None:
        self.left_at = time.time()
        self.request("REFER", more=(f"Refer-To: {to}", f"Referred-By: <sip:{self.phone.name}@{self.phone.own.host}>"))

    def _reply(self, status: int, body: str = "", contact: str = "") -> None:
        if self.invite is not None:
            self.phone.send(self.invite.response(status, body, contact=contact or self._contact(), to=self.local))

    def _packet(self, method: str, number: int, branch: str, lines: list[str], body: str, uri: str = "") -> bytes:
        head = [
            f"{method} {uri or self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.phone.own};branch={branch}",
            "Max-Forwards: 70",
            f"From: {self.local}",
            f"To: {self.remote}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            *lines,
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()

    def _sound(self, way: str) -> str:
        return _SOUND.format(n=next(_numbers), host=self.phone.own.host, port=40000, way=way)

    def _contact(self) -> str:
        return f"<sip:{self.phone.name}@{self.phone.own}>"

    def _note(self, **when: float) -> None:
        for name, at in when.items():
            setattr(self, name, at)
        self.changed.set()

    async def _until(self, name: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while getattr(self, name) is None:
                self.changed.clear()
                await self.changed.wait()


class Softphone(asyncio.DatagramProtocol):
    """A telephone (or everybody outside, at the other end of a line), on for the length of an `async with`."""

    def __init__(self, name: str, own: Address, exchange: Address) -> None:
        self.name, self.own, self.exchange = name, own, exchange
        self._legs: dict[str, Leg] = {}
        self._new: asyncio.Queue[Leg] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.own.host, self.own.port))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._transport.close()

    async def rung(self, *, ring: bool = True) -> Leg:
        """The next call that comes in."""
        leg = await asyncio.wait_for(self._new.get(), PATIENCE)
        if ring:
            leg.ring()
        return leg

    def dial(self, number: str, *, caller: str = "", name: str = "") -> Leg:
        """Calls `number`, as `caller` (our own name if empty)."""
        shown = f'"{name}" ' if name else ""
        local = f"{shown}<sip:{caller or self.name}@{self.own.host}>;tag={next(_numbers)}"
        target = f"sip:{number}@{self.exchange}"
        leg = Leg(self, f"{next(_numbers)}-{time.time_ns()}", local, f"<{target}>", target)
        self._legs[leg.call_id] = leg
        sound = leg._sound("sendrecv")
        lines = [f"Contact: {leg._contact()}", "Content-Type: application/sdp"]
        raw = leg._packet("INVITE", 1, _branch(), lines, sound)
        leg.sent = Packet(raw)
        self.send(raw)
        return leg

    def send(self, raw: bytes) -> None:
        self._transport.sendto(raw, (self.exchange.host, self.exchange.port))

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        packet = Packet(data)
        leg = self._legs.get(packet["call-id"])
        if leg is not None:
            leg.heard(packet)
        elif packet.method == "INVITE":
            self._ring_with(packet)
        elif packet.method and packet.method != "ACK":
            self.send(packet.response(200 if packet.method in {"OPTIONS", "NOTIFY"} else 481))

    def _ring_with(self, packet: "Packet") -> None:
        target = packet["contact"].partition("<")[2].partition(">")[0]
        leg = Leg(self, packet["call-id"], f"{packet['to']};tag={next(_numbers)}", packet["from"], target)
        leg.invite = packet
        self._legs[leg.call_id] = leg
        self.send(packet.response(100))
        self._new.put_nowait(leg)


class Packet:
    """A SIP message; `packet["via"]` is a header's first value."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        words = first.split(" ", 2)
        self.status = int(words[1]) if words[0] == "SIP/2.0" else 0
        self.method, self.uri = ("", "") if self.status else (words[0], words[1] if len(words) > 1 else "")
        self.lines = [line.partition(":")[::2] for line in lines]

    def __getitem__(self, name: str) -> str:
        return next((value.strip() for key, value in self.lines if key.lower() == name), "")

    def response(self, status: int, body: str = "", *, contact: str = "", to: str = "") -> bytes:
        kept = [f"{key}:{value}" for key, value in self.lines if key.lower() in {"via", "from", "call-id", "cseq"}]
        more = [f"Contact: {contact}"] if contact else []
        more += ["Content-Type: application/sdp"] if body else []
        head = [f"SIP/2.0 {status} So", *kept, f"To: {to or self['to']}", *more, f"Content-Length: {len(body)}"]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()

    def as_cancel(self) -> bytes:
        kept = [f"{key}:{value}" for key, value in self.lines if key.lower() in {"via", "max-forwards", "from", "to", "call-id"}]
        return "\r\n".join([f"CANCEL {self.uri} SIP/2.0", *kept, "CSeq: 1 CANCEL", "Content-Length: 0", "", ""]).encode()


def _branch() -> str:
    return f"z9hG4bK-{next(_numbers)}-{time.time_ns()}"


def _tag(party: str) -> str:
    return party.partition("tag=")[2].partition(";")[0]
