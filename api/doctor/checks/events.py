"""The classes of events that calls are told by really come."""

from collections.abc import Iterator

from api.doctor.checks.rights import as_meant, classes, written
from api.doctor.findings import Finding, fault, fine, note, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Events")
ORDER = 60
SURELY = 1.0  # seconds
FAULTS = ("no_call_events", "no_agent_events", "not_listening")


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    if seen.address.active and seen.address.state in ("down", "refused"):
        yield note(
            "not_listening", say("The listener is not connected to this exchange; its line on the Exchange page says why.")
        )
    yield _call(seen)
    yield _agent(seen)


def _call(seen: ExchangeSeen) -> Finding:
    user, heard = seen.address.reader, seen.heard
    section = written(seen, user)
    if heard and "call" in heard.classes:
        return fine("call_events", say("Events of calls come (%(count)s looked at).", count=heard.events))
    if section is not None and not {"call", "all"} & classes(section.get("read")):
        return fault("no_call_events", say("The reader %(user)s is not told of calls.", user=user), as_meant(user))
    now = seen.reader.status.get("CoreProcessedCalls", "")
    if heard and heard.processed is not None and now.isdecimal() and int(now) > heard.processed:
        text = say("The exchange had %(count)s calls while we listened, and told of none.", count=int(now) - heard.processed)
        return fault("no_call_events", text, as_meant(user))
    if _logged_meanwhile(seen):
        text = say("The exchange logged a call while we listened, and told of none.")
        return fault("no_call_events", text, as_meant(user))
    return unknown("call_events_unknown", say("No call was heard lately: make one, or a test call, and look again."))


def _logged_meanwhile(seen: ExchangeSeen) -> bool:
    """Versions before 18 do not count their calls: the event log tells, if there is one here."""
    if seen.cel is None or seen.cel.last_at is None or seen.heard is None or seen.heard.since is None:
        return False
    ahead = seen.reader.clock.ahead if seen.reader.clock else 0.0
    return seen.cel.last_at - ahead > seen.heard.since.timestamp() + SURELY


def _agent(seen: ExchangeSeen) -> Finding:
    user, heard = seen.address.reader, seen.heard
    section = written(seen, user)
    if heard and "agent" in heard.classes:
        return fine("agent_events", say("Events of queues come."))
    if seen.reader.queues == ():
        return fine("no_queues", say("The exchange has no queues: there is nothing to be told of them."))
    if section is not None and not {"agent", "all"} & classes(section.get("read")):
        return fault("no_agent_events", say("The reader %(user)s is not told of queues.", user=user), as_meant(user))
    return unknown(
        "agent_events_unknown", say("No call through a queue was heard lately."), see=f'asterisk -rx "manager show user {user}"'
    )
