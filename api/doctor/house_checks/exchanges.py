"""There is an exchange to listen to, and its secrets can be opened."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, note, say, unknown
from api.doctor.seen import HouseSeen

TITLE = say("Exchanges")
ORDER = 50
FAULTS = ("no_exchange", "secrets_sealed_elsewhere")


def look(seen: HouseSeen) -> Iterator[Finding]:
    if seen.exchanges is None:
        yield unknown("exchanges_unknown", say("The exchanges cannot be read before the database is well."))
        return
    if seen.exchanges == 0:
        yield note("no_exchange", say("No exchange is connected."), see="firstring exchange add --help")
    for name in seen.sealed_elsewhere:
        text = say("The secrets of %(name)s were sealed under another key: put the key back, or set them anew.", name=name)
        yield fault("secrets_sealed_elsewhere", text)
    if seen.exchanges and not seen.sealed_elsewhere:
        yield fine("exchanges", say("The secrets of the exchanges can be opened."))
