"""What else of the exchange's own records is named here can be read."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("The exchange's own records")
ORDER = 105
FAULTS = ("records_unreadable",)


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    if not seen.records:
        yield unknown("no_records", say("No call records are named here: there is nothing to compare calls with."))
        return
    for place, why in seen.records.items():
        if why is None:
            yield fine("records_readable", say("%(place)s can be read.", place=place))
        else:
            yield fault("records_unreadable", say("%(place)s cannot be read: %(why)s", place=place, why=why))
