"""The exchange keeps the log of events from which gaps are filled: enabled, whole, with times that can be read."""

from collections.abc import Iterator

from api.doctor.config_folder import ConfigFolder
from api.doctor.findings import Finding, fault, fine, note, paste, say, unknown
from api.doctor.seen import ExchangeSeen, Records

TITLE = say("Event log (CEL)")
ORDER = 110
FAULTS = ("no_cel", "cel_unreadable", "cel_silent", "cel_broken", "cel_lacks_events", "cel_off", "cel_dateformat", "cel_unmapped")
NEEDED = ("CHAN_START", "CHAN_END", "ANSWER", "HANGUP", "BRIDGE_ENTER", "BRIDGE_EXIT", "APP_START", "APP_END", "BLINDTRANSFER",
          "ATTENDEDTRANSFER", "PICKUP", "PARK_START", "PARK_END", "LINKEDID_END")  # fmt: skip
OF_EVERY_CALL = ("CHAN_START", "CHAN_END", "HANGUP")
SEE = 'asterisk -rx "cel show status"'
LATE = 300.0  # seconds that the log may be behind the last call we heard
ENOUGH = 40  # lines: several calls
GENERAL = paste("cel.conf", "[general]", "enable = yes", "events = ALL",
                "apps = dial,queue,voicemail,mixmonitor,park,parkedcall,pickup,confbridge,followme")  # fmt: skip
MAPPING = paste("cel_custom.conf", "[mappings]", "; the line of our deploy/asterisk/cel_custom.conf, as it is: 14 columns")


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    if seen.cel is None:
        yield note("no_cel", say("No event log is named here: what comes while nobody listens stays unknown."), GENERAL, MAPPING)
    else:
        yield from _file(seen, seen.cel)
    if seen.config is not None:
        yield from _config(seen.config)


def _file(seen: ExchangeSeen, cel: Records) -> Iterator[Finding]:
    if cel.is_awaited and seen.last_call_at is None:
        yield unknown("cel_awaited", say("%(file)s is not there yet: no call was logged.", file=cel.place), see=SEE)
        return
    if cel.trouble is not None:
        text = say("%(file)s cannot be read: %(why)s.", file=cel.place, why=cel.trouble)
        yield fault("cel_unreadable", text, see=f"ls -l {cel.place}; {SEE}")
        return
    if cel.lines and cel.broken * 2 > cel.lines:
        text = say("The lines of %(file)s are not as our cel_custom.conf writes them: no dateformat, 14 columns.", file=cel.place)
        yield fault("cel_broken", text, MAPPING, see=f"tail -3 {cel.place}")
        return
    silent = seen.last_call_at is not None and seen.last_call_at.timestamp() - (cel.last_at or 0.0) > LATE
    if silent:
        text = say("%(file)s has nothing of the last call we heard.", file=cel.place)
        yield fault("cel_silent", text, GENERAL, see=SEE)
    elif cel.last_at is None:
        yield unknown("cel_empty", say("%(file)s is empty: no call was logged yet.", file=cel.place), see=SEE)
    elif cel.lines < ENOUGH:
        yield unknown("cel_short", say("The event log is too short yet to tell whether it is whole."), see=SEE)
    elif lacking := [kind for kind in OF_EVERY_CALL if kind not in cel.types]:
        text = say("The event log lacks events: %(events)s.", events=", ".join(lacking))
        yield fault("cel_lacks_events", text, GENERAL, see=SEE)
    else:
        yield fine("cel_written", say("%(file)s is written and readable.", file=cel.place))


def _config(config: ConfigFolder) -> Iterator[Finding]:
    conf = config.read("cel.conf")
    if conf is None:
        yield unknown("cel_conf_unread", say("%(file)s cannot be read.", file="cel.conf"), see=SEE)
        return
    general = conf.section("general")
    if not general.is_on("enable", usual=False):
        yield fault("cel_off", say("The event log is switched off."), GENERAL, see=SEE)
        return
    if general.get("dateformat"):
        yield fault(
            "cel_dateformat", say("The event log writes dates (dateformat): take the line out, times must stay seconds."), GENERAL
        )
    told = {kind.strip().upper() for name, value in general.every if name == "events" for kind in value.split(",")}
    lacking = [] if "ALL" in told else [kind for kind in NEEDED if kind not in told]
    if lacking:
        yield fault(
            "cel_lacks_events", say("The event log lacks events: %(events)s.", events=", ".join(lacking)), GENERAL, see=SEE
        )
    custom = config.read("cel_custom.conf")
    if custom is not None and not custom.section("mappings").every:
        yield note("cel_unmapped", say("cel_custom.conf names no file: the event log is not written as CSV."), MAPPING)
