"""Everybody who takes part in a load: the phones on the desks, the people outside, and those who call."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count

from tests.asterisk import speech
from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.load import office
from tests.asterisk.load.odd_phones import OddPhones
from tests.asterisk.load.office import LoadExchange
from tests.asterisk.load.plan import Kind, Planned
from tests.asterisk.office import TRUNK_HOST
from tests.asterisk.sipp import Load, Sipp, free_address
from tests.asterisk.telephones import Phone, host_of

_files = count(1)
AGENT_PATIENCE = 1.5
RING_SECONDS = {
    "101": 0.4, "102": 0.7, "103": 1.0, office.QUICK: 0.4, office.SLOWER: 0.7, office.SLOWEST: 1.0, office.TAKES_OVER: 0.5,
}  # fmt: skip


@contextmanager
def desks(exchange: LoadExchange) -> Iterator[OddPhones]:
    """All phones switched on, but for the one that is off, and whoever we call outside."""
    with ExitStack() as stack:
        for extension, seconds in RING_SECONDS.items():
            stack.enter_context(_quiet_phone(exchange, extension, "answers", ring_ms=_ms(seconds), talk_ms=60_000))
        blind = {"ring_ms": 400, "talk_ms": 1000}
        stack.enter_context(_quiet_phone(exchange, office.BLIND, "transfers", keys={"target": office.TAKES_OVER}, **blind))
        stack.enter_context(_quiet_phone(exchange, office.RINGS, "answers", ring_ms=3_600_000, talk_ms=60_000))
        stack.enter_context(_quiet_phone(exchange, office.IS_BUSY, "busy", status="486 Busy Here"))
        stack.enter_context(_quiet_phone(exchange, office.IS_DECLINED, "refuses", status="603 Decline", ring_ms=500))
        stack.callback(_outside(exchange).stop)
        yield stack.enter_context(OddPhones(exchange.odd, exchange.sip))


def _quiet_phone(
    exchange: LoadExchange, extension: str, scenario: str, *, keys: dict[str, str] | None = None, **fill: object
) -> Phone:
    return exchange.telephone(extension, scenario, {"sound": "", "talk_ms": 1, **fill}, keys or {})


def _outside(exchange: LoadExchange) -> Sipp:
    fill = {"ring_ms": 600, "talk_ms": 2500}
    outside = Sipp("outside", exchange.trunk, exchange.sip, exchange.sipp_folder, fill=fill, answers_all=True)
    outside.listening()
    return outside


def caller(exchange: LoadExchange, kind: Kind, planned: Sequence[Planned], seconds: float) -> Sipp:
    """A sipp that makes all calls of a kind, spread over the seconds from now."""
    folder = exchange.sipp_folder
    sound = speech.played(speech.prompt(speech.CUSTOMER_PROMPT), folder) if kind.speaks else ""
    fill: dict[str, object] = {"sound": sound, "talk_ms": _ms(kind.talks), "patience_ms": _ms(kind.patience)}
    fill["called"] = "[field1]"
    load = Load([(one.number, one.called) for one in planned], seconds, folder / f"calls-{next(_files):03d}.csv")
    if kind.by == "trunk":
        fill["from"] = f"<sip:[field0]@{TRUNK_HOST}>"
        return Sipp("caller", free_address(TRUNK_HOST), exchange.sip, folder, fill=fill, load=load)
    fill["from"] = f"<sip:{kind.by}@{exchange.sip.host}>"
    login = (kind.by, exchange.password(kind.by))
    return Sipp("phone_calls", free_address(host_of(kind.by)), exchange.sip, folder, fill=fill, load=load, login=login)


def click(dialler: AmiTap, planned: Planned) -> None:
    """The dialler's order for one call; what becomes of it is seen elsewhere."""
    dialler.send(
        {
            "Action": "Originate", "ActionID": click_id(planned), "Async": "true", "Channel": f"PJSIP/{planned.kind.calls}",
            "Timeout": str(_ms(AGENT_PATIENCE)), "Context": "firstring-outbound", "Exten": planned.number, "Priority": "1",
            "ChannelId": click_id(planned), "CallerID": f"<{planned.number}>",
        }
    )  # fmt: skip


def click_id(planned: Planned) -> str:
    return f"click-{planned.number}"


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
