"""Each event says when it happened, not only when it was read."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, paste, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Times of events")
ORDER = 70
FAULTS = ("no_timestamps",)
SEE = 'asterisk -rx "manager show settings" | grep Timestamp'


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    conf = seen.config.read("manager.conf") if seen.config else None
    stamped = seen.heard.stamped if seen.heard else None
    if conf is not None:
        stamped = conf.section("general").is_on("timestampevents", usual=False) and stamped is not False
    if stamped is None:
        yield unknown("timestamps_unknown", say("No event was heard that could tell whether times are sent."), see=SEE)
    elif stamped:
        yield fine("timestamps", say("Events say when they happened (timestampevents)."))
    else:
        lines = paste("manager.d/firstring.conf", "[general](+)", "timestampevents = yes")
        yield fault(
            "no_timestamps", say("Events do not say when they happened: after a delay all times would be wrong."), lines, see=SEE
        )
