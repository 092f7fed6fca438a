"""The exchange waits for a reader that pauses, instead of cutting him off after a tenth of a second."""

from collections.abc import Iterator

from api.doctor.checks.rights import written
from api.doctor.findings import Finding, fault, fine, paste, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Patience of the exchange")
ORDER = 80
FAULTS = ("short_writetimeout",)
FILE = "manager.d/firstring.conf"
LEAST = 1500  # milliseconds


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    user = seen.address.reader
    kept, section = seen.reader.keeps_slow_readers, written(seen, user)
    if section is not None:
        told = section.get("writetimeout") or "100"
        kept = told.isdecimal() and int(told) >= LEAST and kept is not False
    if kept is None:
        see = "grep -rn writetimeout /etc/asterisk/manager*"
        yield unknown(
            "writetimeout_unknown", say("Whether the exchange waits for a reader that pauses could not be tried."), see=see
        )
    elif kept:
        yield fine("writetimeout", say("The exchange waits for a reader that pauses (writetimeout)."))
    else:
        lines = paste(FILE, f"[{user}](+)", "writetimeout = 5000")
        text = say("The exchange cuts the reader %(user)s off as soon as he pauses: calls would be lost under load.", user=user)
        yield fault("short_writetimeout", text, lines)
