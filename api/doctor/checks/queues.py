"""Queues tell of their calls, do not ring whoever talks, and do not record a second time."""

from collections.abc import Iterator

from api.doctor.config_folder import Section
from api.doctor.findings import Finding, fine, note, paste, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Queues")
ORDER = 140
FAULTS = ("rings_in_use", "eventwhencalled_off", "queue_records")
SEE = 'asterisk -rx "queue show"'


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    conf = seen.config.read("queues.conf") if seen.config else None
    if conf is not None:
        general = conf.section("general")
        queues = [one for one in conf.real if one.name not in ("", "general")]
        told = [finding for queue in queues for finding in _queue(queue, general)]
        yield from told or [fine("queues_well", say("The queues are set as they should be."))]
        return
    if seen.reader.queues == ():
        yield fine("no_queues", say("The exchange has no queues: there is nothing to be told of them."))
        return
    heard = seen.heard.rings_in_use if seen.heard else {}
    for name, rings in sorted(heard.items()):
        if rings:
            yield _rings(name)
    if not any(heard.values()):
        yield unknown("queues_unknown", say("How the queues are set, only queues.conf tells."), see=SEE)


def _queue(queue: Section, general: Section) -> Iterator[Finding]:
    if queue.is_on("ringinuse", usual=general.is_on("ringinuse", usual=True)):
        yield _rings(queue.name)
    for setting in ("eventwhencalled", "eventmemberstatus"):
        if not queue.is_on(setting, usual=general.is_on(setting, usual=True)):
            text = say(
                "The queue %(queue)s is told to send no events (%(setting)s): versions before 12 obey.",
                queue=queue.name,
                setting=setting,
            )
            yield note("eventwhencalled_off", text, paste("queues.conf", f"[{queue.name}](+)", f"{setting} = yes"), see=SEE)
    if queue.get("monitor-format"):
        text = say(
            "The queue %(queue)s records by itself (monitor-format): each call is recorded twice, or not at all from 21 on.",
            queue=queue.name,
        )
        yield note("queue_records", text, paste("queues.conf", f"[{queue.name}]", "; monitor-format: take the line out"), see=SEE)


def _rings(queue: str) -> Finding:
    text = say("The queue %(queue)s rings people who are talking: they count as not answering.", queue=queue)
    return note("rings_in_use", text, paste("queues.conf", f"[{queue}](+)", "ringinuse = no"), see=SEE)
