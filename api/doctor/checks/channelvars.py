"""Events name the file of a recording."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, paste, say, unknown
from api.doctor.heard import RECORDING
from api.doctor.seen import ExchangeSeen

TITLE = say("Names of recordings")
ORDER = 90
FAULTS = ("no_channelvars",)
SEE = 'asterisk -rx "manager show settings" | grep "Channel vars"'


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    conf = seen.config.read("manager.conf") if seen.config else None
    named = seen.heard.names_recordings if seen.heard else None
    others = ""
    if conf is not None:
        others = conf.section("general").get("channelvars") or ""
        named = RECORDING in [one.strip() for one in others.split(",")] and named is not False
    if named is None:
        yield unknown(
            "channelvars_unknown", say("No call was heard lately that could tell whether recordings are named."), see=SEE
        )
    elif named:
        yield fine("channelvars", say("Events name the recording (channelvars)."))
    else:
        kept = [one.strip() for one in others.split(",") if one.strip() and one.strip() != RECORDING]
        lines = paste("manager.d/firstring.conf", "[general](+)", f"channelvars = {','.join([*kept, RECORDING])}")
        text = say("No event names the recording: audio is found by its name only. Keep what stands in channelvars already.")
        yield fault("no_channelvars", text, lines, see=SEE)
