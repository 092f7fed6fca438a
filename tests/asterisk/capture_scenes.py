"""The calls of tests/captures/asterisk22_own: who does what, on which exchange, and what truly happens by it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.asterisk import speech
from tests.asterisk.exchange import DIRECT, GROUP, QUEUE, UNKNOWN, RealExchange

CUSTOMER, OUTSIDE = "79161112233", "79265556677"
SECOND_LINE = "127.0.0.3"
ANNA, SECOND = "74951112247", "74951112248"


@dataclass(frozen=True, slots=True)
class Truth:
    """One call as it truly was; `answered_by`: who, how many seconds."""

    direction: str
    disposition: str
    caller: str | None
    wait_s: float
    did: str | None = None
    callee: str | None = None
    caller_name: str | None = None
    answered_by: tuple[tuple[str, float], ...] = ()
    transferred_to: str | None = None
    queue: str | None = None
    click_to_call: bool = False
    voicemail: bool = False
    either: Mapping[str, list[str]] | None = None  # other right values of a field

    def as_json(self) -> dict[str, object]:
        told: dict[str, object] = {
            "direction": self.direction,
            "caller": self.caller,
            "caller_name": self.caller_name,
            "did": self.did,
            "disposition": self.disposition,
            "answered_by": [{"ext": ext, "talk_s": talk} for ext, talk in self.answered_by],
            "wait_s": self.wait_s,
            "transferred_to": self.transferred_to,
        }
        more = {
            "customer": self.callee,
            "queue": self.queue,
            "transfer": "blind" if self.transferred_to else None,
            "click_to_call": self.click_to_call or None,
            "voicemail": self.voicemail or None,
            "either": self.either,
        }
        return told | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    about: str
    play: Callable[[RealExchange], list[Truth]]
    extra: Mapping[str, str] = field(default_factory=dict)
    user: tuple[str, str] | None = None
    options: tuple[str, ...] = ()  # what `firstring replay` must be told besides


def _customer() -> Path:
    return speech.prompt(speech.CUSTOMER_PROMPT)


def _manager() -> Path:
    return speech.prompt(speech.MANAGER_PROMPT)


def _answered(exchange: RealExchange) -> list[Truth]:
    with exchange.phone("101", answers_after=2, says=_manager()):
        exchange.customer_calls(DIRECT, name="Ivan Petrov", says=_customer(), talks=6).finish()
    return [Truth("inbound", "answered", CUSTOMER, 2.0, did=DIRECT, caller_name="Ivan Petrov", answered_by=(("101", 6.0),))]


def _missed(exchange: RealExchange) -> list[Truth]:
    with exchange.phone("101"):
        exchange.customer_calls(DIRECT, patience=4).finish()
        exchange.wait_until_quiet()
    return [Truth("inbound", "missed", CUSTOMER, 4.0, did=DIRECT)]


def _refused(exchange: RealExchange) -> list[Truth]:
    with exchange.phone("101", refuses="603 Decline", refuses_after=2), exchange.phone("102", refuses="486 Busy Here"):
        exchange.customer_calls(GROUP).finish()
        exchange.wait_until_quiet()
    return [Truth("inbound", "missed", CUSTOMER, 2.0, did=GROUP)]


def _all_busy(exchange: RealExchange) -> list[Truth]:
    with exchange.phone("101", refuses="486 Busy Here"), exchange.phone("102", refuses="486 Busy Here"):
        exchange.customer_calls(GROUP).finish()
        exchange.wait_until_quiet()
    return [Truth("inbound", "busy", CUSTOMER, 0.0, did=GROUP)]


def _unknown_number(exchange: RealExchange) -> list[Truth]:
    exchange.customer_calls(UNKNOWN).finish()
    exchange.wait_until_quiet()
    return [Truth("inbound", "failed", CUSTOMER, 0.0, did=UNKNOWN)]


def _queue(exchange: RealExchange) -> list[Truth]:
    """rrmemory: one member does not answer in his 15 s, two seconds later the next is tried."""
    with exchange.phone("101"), exchange.phone("102", answers_after=2, says=_manager()):
        exchange.customer_calls(QUEUE, name="Мария", says=_customer(), talks=6).finish()
    truth = Truth(
        "inbound", "answered", CUSTOMER, 19.0, did=QUEUE, caller_name="Мария", answered_by=(("102", 6.0),), queue="sales"
    )
    return [truth]


def _queue_abandoned(exchange: RealExchange) -> list[Truth]:
    with exchange.phone("101"), exchange.phone("102"):
        exchange.customer_calls(QUEUE, patience=6).finish()
        exchange.wait_until_quiet()
    return [Truth("inbound", "abandoned", CUSTOMER, 6.0, did=QUEUE, queue="sales")]


def _outbound(exchange: RealExchange) -> list[Truth]:
    callee = exchange.customer_answers(after=3, says=_customer())
    exchange.phone_calls("101", OUTSIDE, says=_manager(), talks=5).finish()
    callee.finish()
    return [Truth("outbound", "answered", "101", 3.0, callee=OUTSIDE, answered_by=(("101", 5.0),))]


def _outbound_refused(exchange: RealExchange, after: float) -> list[Truth]:
    callee = exchange.customer_refuses("486 Busy Here", after=after)
    exchange.phone_calls("101", OUTSIDE).finish()
    callee.finish()
    exchange.wait_until_quiet()
    either = {"disposition": ["no_answer"]} if after else None  # it rang first: he would not, or his second line was busy
    return [Truth("outbound", "busy", "101", after, callee=OUTSIDE, either=either)]


def _voicemail(exchange: RealExchange) -> list[Truth]:
    exchange.customer_calls(DIRECT, says=_customer(), talks=25).finish()
    exchange.wait_until_quiet()
    return [Truth("inbound", "missed", CUSTOMER, 0.0, did=DIRECT, voicemail=True)]


def _two_at_once(exchange: RealExchange) -> list[Truth]:
    with (
        exchange.phone("101", answers_after=1, says=_manager()),
        exchange.phone("102", answers_after=2, says=_manager()),
    ):
        first = exchange.customer_calls(DIRECT, says=_customer(), talks=6)
        exchange.wait_for_channels(2)
        second = exchange.customer_calls(QUEUE, number=OUTSIDE, says=_customer(), talks=3)
        first.finish()
        second.finish()
    return [
        Truth("inbound", "answered", CUSTOMER, 1.0, did=DIRECT, answered_by=(("101", 6.0),)),
        Truth("inbound", "answered", OUTSIDE, 2.0, did=QUEUE, answered_by=(("102", 3.0),), queue="sales"),
    ]


def _internal(exchange: RealExchange) -> list[Truth]:
    with exchange.phone("102", answers_after=2, says=_manager()):
        exchange.phone_calls("101", "102", says=_customer(), talks=4).finish()
    return [Truth("internal", "answered", "101", 2.0, callee="102", answered_by=(("102", 4.0),))]


def _blind_transfer(exchange: RealExchange) -> list[Truth]:
    with (
        exchange.phone("101", answers_after=1, says=_manager(), talks=4, transfers_to="102"),
        exchange.phone("102", answers_after=2, says=_manager()),
    ):
        exchange.customer_calls(DIRECT, says=_customer(), talks=11).finish()
    talks = (("101", 4.0), ("102", 5.0))
    return [Truth("inbound", "answered", CUSTOMER, 1.0, did=DIRECT, answered_by=talks, transferred_to="102")]


def _click_to_call(exchange: RealExchange) -> list[Truth]:
    from tests.asterisk.ami_tap import AmiTap

    originate = {
        "Action": "Originate", "Async": "true", "Channel": "PJSIP/101", "Timeout": "20000", "Priority": "1",
        "Context": "firstring-outbound", "Exten": OUTSIDE, "ChannelId": "firstring-7f3c", "CallerID": f"<{OUTSIDE}>",
    }  # fmt: skip
    callee = exchange.customer_answers(after=2, says=_customer(), talks=5)
    with (
        exchange.phone("101", answers_after=1, says=_manager()),
        AmiTap(exchange.host, exchange.port, *exchange.dialler) as dialler,
    ):
        dialler.ask(originate)
        callee.finish()
        exchange.wait_until_quiet()
    return [Truth("outbound", "answered", "101", 2.0, callee=OUTSIDE, answered_by=(("101", 5.0),), click_to_call=True)]


def _hostile(exchange: RealExchange) -> list[Truth]:
    name = '<img src=x onerror=alert(1)> "; ../../x'
    with exchange.phone("101", answers_after=1, says=_manager()):
        exchange.customer_calls(DIRECT, name=name, says=_customer(), talks=3).finish()
    return [Truth("inbound", "answered", CUSTOMER, 1.0, did=DIRECT, caller_name=name, answered_by=(("101", 3.0),))]


def _second_line(exchange: RealExchange) -> list[Truth]:
    with exchange.phone("101", answers_after=1, says=_manager()):
        exchange.customer_calls(SECOND, says=_customer(), talks=4, calls_from=SECOND_LINE).finish()
    return [Truth("inbound", "answered", CUSTOMER, 1.0, did=SECOND, answered_by=(("101", 4.0),))]


def _anna(exchange: RealExchange, number: str, queue: str | None = None) -> list[Truth]:
    with exchange.phone("anna", answers_after=1, says=_manager()):
        exchange.customer_calls(number, says=_customer(), talks=4).finish()
    return [Truth("inbound", "answered", CUSTOMER, 1.0, did=number, answered_by=(("anna", 4.0),), queue=queue)]


def _second_trunk(name: str) -> dict[str, str]:
    """A second outside line, whose endpoint has a name of digits only."""
    return {
        "pjsip.conf": f"\n[{name}](firstring-media)\ntype = endpoint\ncontext = from-trunk\nidentify_by = ip\n"
        f"disallow = all\nallow = alaw,ulaw\ndirect_media = no\n\n[{name}]\ntype = identify\nendpoint = {name}\n"
        f"match = {SECOND_LINE}\n",
        "firstring.d/site_numbers.conf": f"exten => {SECOND},1,Gosub(firstring-ring,s,1(PJSIP/101))\n same => n,Hangup()\n",
    }


PHONE_ANNA = {
    "pjsip.conf": "\n[anna](firstring-phone)\nauth = anna\naors = anna\ncallerid = Anna <anna>\n[anna](firstring-phone-aor)\n",
    "firstring.d/phone_secrets.conf": "\n[anna](firstring-phone-auth)\nusername = anna\npassword = annas0wn\n",
}
ANNA_DIRECT = PHONE_ANNA | {
    "firstring.d/site_numbers.conf": f"exten => {ANNA},1,Gosub(firstring-ring,s,1(PJSIP/anna))\n same => n,Hangup()\n"
}
ANNA_QUEUE = PHONE_ANNA | {
    "queues.conf": "\n[names]\nstrategy = ringall\ntimeout = 15\nringinuse = no\njoinempty = yes\nmember => PJSIP/anna,0,Анна\n",
    "firstring.d/site_numbers.conf": f"exten => {ANNA},1,Gosub(firstring-queue,s,1(names))\n same => n,Hangup()\n",
}
READS_ALL = {"manager.d/firstring.conf": "\n[everything]\nsecret = everything\nread = all\nwrite =\nwritetimeout = 5000\n"}
OLD_WAYS = {
    "manager.d/firstring.conf": "\n[general](+)\ntimestampevents = no\nchannelvars =\n",
    "cel.conf": "\n[manager](+)\nenabled = yes\n",
}
OUR_NUMBER = {"firstring.d/site_globals.conf": "FIRSTRING_OUTBOUND_NUMBER = 74951112233\n"}
NAMED_SYSTEM = {"asterisk.conf": "\n[options]\nsystemname = office-1\n"}

SCENES = (
    Scene("inbound_answered", "101 answers after 2 s, 6 s of talk, the caller hangs up.", _answered),
    Scene("inbound_missed", "101 rings, the caller gives up after 4 s.", _missed),
    Scene("group_refused", "102 is busy, 101 declines after 2 s.", _refused),
    Scene("group_busy", "101 and 102 are busy and do not ring.", _all_busy),
    Scene("unknown_number", "A number that is not ours, refused at once.", _unknown_number),
    Scene("queue_rrmemory", "Queue rrmemory: 101 does not answer for 15 s, then 102 after 2 s, 6 s of talk.", _queue),
    Scene("queue_abandoned", "Queue, nobody answers, the caller gives up after 6 s.", _queue_abandoned),
    Scene("outbound_answered", "101 calls a customer, who answers after 3 s; 5 s of talk; recorded on his line.", _outbound),
    Scene("outbound_own_number", "The same, showing our number: the caller id is overridden.", _outbound, OUR_NUMBER),
    Scene("outbound_busy", "101 calls a customer, who is busy.", lambda exchange: _outbound_refused(exchange, 0.0)),
    Scene("outbound_refused", "101 calls a customer: rings 2 s, then 486.", lambda exchange: _outbound_refused(exchange, 2.0)),
    Scene("voicemail_phone_off", "101 is switched off: voicemail takes the call at once, a message is left.", _voicemail),
    Scene("two_at_once", "One talks with 101 while the other comes by the queue to 102.", _two_at_once),
    Scene("internal", "101 calls 102, who answers after 2 s; 4 s of talk.", _internal),
    Scene("blind_transfer", "101 talks 4 s, hands over by REFER, 102 answers after 2 s and talks 5 s.", _blind_transfer),
    Scene("click_to_call", "Originated: 101 picks up after 1 s, the customer after 2 s; 5 s of talk.", _click_to_call),
    Scene("hostile_name", "The caller's name is HTML and a path.", _hostile),
    Scene("trunk_of_eleven_digits", "The trunk's endpoint is named 74957770000.", _second_line, _second_trunk("74957770000")),
    Scene(
        "trunk_of_four_digits", "The trunk's endpoint is named 9000, like a phone.", _second_line, _second_trunk("9000"),
        options=("--trunk", "PJSIP/9000-*"),
    ),
    Scene(
        "phone_with_a_name", "The phone's endpoint is named anna.", lambda exchange: _anna(exchange, ANNA), ANNA_DIRECT,
        options=("--extension", "PJSIP/anna-*"),
    ),
    Scene(
        "queue_member_with_a_name", "A phone named anna, member of a queue.",
        lambda exchange: _anna(exchange, ANNA, queue="names"), ANNA_QUEUE,
    ),
    Scene("system_with_a_name", "Asterisk has a systemname: ids are office-1-epoch.n.", _answered, NAMED_SYSTEM),
    Scene("read_all", "The reader hears everything: Newexten, VarSet, RTCP.", _answered, READS_ALL, ("everything", "everything")),
    Scene("cel_on_ami_without_timestamps", "CEL comes over AMI, no Timestamp, no channelvars.", _blind_transfer, OLD_WAYS),
)  # fmt: skip
