"""The exchange lets our users in."""

from collections.abc import Iterator

from api.doctor.findings import Finding, Said, fault, fine, note, paste, say, unknown
from api.doctor.seen import ExchangeSeen
from pbx.ami import troubles
from pbx.ami.inspection import Inspected

TITLE = say("Login")
ORDER = 20
FAULTS = ("reader_refused", "dialler_refused", "switched_off")
FILE = "manager.d/firstring.conf"


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    if not seen.address.active:
        yield note("switched_off", say("This exchange is switched off here: nobody listens to it."))
    if not seen.reader.reached:
        yield unknown("login_unknown", say("The login was not tried: nobody answered."))
        return
    yield _of("reader", seen.address.reader, seen.reader)
    if seen.dialler is not None and seen.address.dialler:
        yield _of("dialler", seen.address.dialler, seen.dialler)


def _of(who: str, user: str, found: Inspected) -> Finding:
    if found.let_in:
        return fine(f"{who}_let_in", say("The exchange lets the user %(user)s in.", user=user))
    secret = paste(FILE, f"[{user}]", f'#tryinclude "firstring.d/{who}_secret.conf"', "permit = 127.0.0.1/255.255.255.255")
    see = f'asterisk -rx "manager show user {user}"'
    return fault(f"{who}_refused", Said(found.trouble or troubles.WRONG_SECRET), secret, see=see)
