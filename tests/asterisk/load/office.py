"""The office of the load: the shipped configs, more phones, and a number of its own for each way a call may end."""

from collections.abc import Mapping

from tests.asterisk.exchange import RealExchange
from tests.asterisk.sipp import Address, free_address
from tests.asterisk.telephones import host_of

DIALLED = "749511122"
"""All our numbers begin so; two digits say what happens there."""
ANSWERS, SILENT, BUSY, DECLINES, OFF = f"{DIALLED}01", f"{DIALLED}02", f"{DIALLED}03", f"{DIALLED}04", f"{DIALLED}05"
MENU, SALES, SLOW_QUEUE, OVERFLOW, LOCALS, GREETED = (f"{DIALLED}{n}" for n in ("06", "07", "08", "09", "10", "11"))
GROUP, NOBODY_IN_GROUP, MAILBOX, MAILBOX_OFF, HANDED_ON, CONSULTED = (
    f"{DIALLED}{n}" for n in ("12", "13", "14", "15", "16", "17")
)
LONG_MENU, ANSWERS_TOO, PARKED, PICKED = (f"{DIALLED}{n}" for n in ("18", "19", "20", "21"))
NOT_OURS = "74951119999"

# Who does what with a call that reaches his phone. 101–103 are the members of the shipped queue, which rings nobody who
# talks: so the load of direct calls goes to 201–203, and who is handed over comes to 100.
QUICK, SLOWER, SLOWEST, TAKES_OVER = "201", "202", "203", "100"
BLIND, RINGS, IS_BUSY, IS_DECLINED, IS_OFF, ASKS_FIRST = "104", "105", "106", "107", "108", "109"

# Phones of our own making (odd_phones.py), known by their address; 303 is in a pickup group with 304 alone.
PARKS, TAKES_PARKED, PICKED_UP, PICKS_UP = "301", "302", "303", "304"
ODD_PHONES = {ASKS_FIRST: "", PARKS: "", TAKES_PARKED: "", PICKED_UP: "call_group = 2\n", PICKS_UP: "pickup_group = 2\n"}


def _ring(number: str, who: str) -> str:
    return f"exten => {number},1,Gosub(firstring-ring,s,1({who}))\n same => n,Hangup()\n"


def _queue(number: str, queue: str) -> str:
    return f"exten => {number},1,Gosub(firstring-queue,s,1({queue}))\n same => n,Hangup()\n"


def _mailbox(number: str, who: str) -> str:
    """As firstring-ring does, without the greeting of fifteen seconds: a load has no time for it."""
    return (
        f"exten => {number},1,Gosub(firstring-record,s,1)\n same => n,Dial({who},25,tk)\n"
        f" same => n,VoiceMail(100@firstring,s)\n same => n,Hangup()\n"
    )


def _phone(extension: str) -> str:
    return (
        f"\n[{extension}](firstring-phone)\nauth = {extension}\naors = {extension}\ncallerid = <{extension}>\n"
        f"[{extension}](firstring-phone-aor)\n"
    )


def _password(extension: str) -> str:
    return f"\n[{extension}](firstring-phone-auth)\nusername = {extension}\npassword = own{extension}\n"


NUMBERS = (
    _ring(ANSWERS, f"PJSIP/{QUICK}")
    + _ring(ANSWERS_TOO, f"PJSIP/{SLOWER}")
    + _ring(SILENT, f"PJSIP/{RINGS}")
    + _ring(BUSY, f"PJSIP/{IS_BUSY}")
    + _ring(DECLINES, f"PJSIP/{IS_DECLINED}")
    + _ring(OFF, f"PJSIP/{IS_OFF}")
    + _ring(GROUP, f"PJSIP/{SLOWEST}&PJSIP/{RINGS}")
    + _ring(NOBODY_IN_GROUP, f"PJSIP/{RINGS}&PJSIP/{IS_DECLINED}")
    + _mailbox(MAILBOX, f"PJSIP/{IS_DECLINED}")
    + _mailbox(MAILBOX_OFF, f"PJSIP/{IS_OFF}")
    + _ring(HANDED_ON, f"PJSIP/{BLIND}")
    + _ring(CONSULTED, f"PJSIP/{ASKS_FIRST}")
    + _ring(PARKED, f"PJSIP/{PARKS}")
    + _ring(PICKED, f"PJSIP/{PICKED_UP}")
    + _queue(SALES, "sales")
    + _queue(SLOW_QUEUE, "slow")
    + _queue(LOCALS, "locals")
    + f"exten => {GREETED},1,Answer()\n same => n,Gosub(firstring-queue,s,1(all))\n same => n,Hangup()\n"
    + f"exten => {OVERFLOW},1,Queue(slow,rtk,,,2)\n same => n,Gosub(firstring-ring,s,1(PJSIP/{SLOWER}))\n same => n,Hangup()\n"
    + f"exten => {MENU},1,Goto(load-menu,s,1)\nexten => {LONG_MENU},1,Goto(load-menu,long,1)\n"
    + "\n[load-menu]\nexten => s,1,Answer()\n same => n,WaitExten(1)\n"
    + "exten => long,1,Answer()\n same => n,WaitExten(30)\n"
    + f"exten => t,1,Gosub(firstring-ring,s,1(PJSIP/{QUICK}))\n same => n,Hangup()\n"
)
QUEUES = f"""
[slow]
strategy = ringall
timeout = 15
retry = 1
ringinuse = yes
joinempty = yes
member => PJSIP/{RINGS},0,{RINGS}

[all]
strategy = ringall
timeout = 15
retry = 1
ringinuse = yes
joinempty = yes
member => PJSIP/{QUICK},0,{QUICK}
member => PJSIP/{SLOWEST},0,{SLOWEST}

[locals]
strategy = ringall
timeout = 15
retry = 1
ringinuse = yes
joinempty = yes
member => Local/102@firstring-colleagues/n,0,102
member => Local/103@firstring-colleagues/n,0,103
"""
MORE_PHONES = (TAKES_OVER, QUICK, SLOWER, SLOWEST, RINGS, IS_BUSY, IS_DECLINED, IS_OFF)


def extra(odd: Mapping[str, Address]) -> dict[str, str]:
    """What this office adds to the shipped files; `odd`: where the phones of our own making are."""
    phones = "".join(_phone(extension) for extension in MORE_PHONES)
    return {
        "firstring.d/site_numbers.conf": NUMBERS,
        "queues.conf": QUEUES,
        "pjsip.conf": phones + "".join(_known_phone(extension, at) for extension, at in odd.items()),
        "firstring.d/phone_secrets.conf": "".join(_password(extension) for extension in MORE_PHONES),
    }


def _known_phone(extension: str, at: Address) -> str:
    return (
        f"\n[{extension}](firstring-phone)\nidentify_by = ip\naors = {extension}\ncallerid = <{extension}>\n"
        f"{ODD_PHONES[extension]}[{extension}]\ntype = aor\ncontact = sip:{extension}@{at}\n"
        f"[{extension}]\ntype = identify\nendpoint = {extension}\nmatch = {at.host}\n"
    )


class LoadExchange(RealExchange):
    """A real exchange with this office on it."""

    def __init__(self, *, suite: str = "sid") -> None:
        self.odd = {extension: free_address(host_of(extension)) for extension in ODD_PHONES}
        super().__init__(suite=suite, extra=extra(self.odd))
