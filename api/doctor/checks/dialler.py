"""The user for calls by a click may originate and nothing else, and the context he dials in is there."""

from collections.abc import Iterator

from api.doctor.checks.rights import classes, written
from api.doctor.findings import Finding, Fragment, fault, fine, note, paste, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Calls by a click")
ORDER = 50
FAULTS = ("no_dialler", "lacks_originate", "dialler_may_more", "no_context")
FILE = "manager.d/firstring.conf"


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    if seen.address.dialler is None:
        yield note("no_dialler", say("No dialler is set up: there are no calls by a click."))
        return
    yield from _rights(seen, seen.address.dialler)
    yield _context(seen)


def _rights(seen: ExchangeSeen, user: str) -> Iterator[Finding]:
    may, section = seen.dialler.may if seen.dialler else None, written(seen, user)
    if section is not None:
        may = classes(section.get("write")) | (may or frozenset())
    see = f'asterisk -rx "manager show user {user}"'
    if may is None:
        yield unknown("dialler_unknown", say("What the dialler may do could not be seen."), see=see)
        return
    if "originate" not in may and "all" not in may:
        yield fault("lacks_originate", say("The dialler %(user)s may not place calls.", user=user), _as_meant(user), see=see)
    more = sorted(may - {"originate"})
    if more:
        text = say("The dialler %(user)s may do more than place calls: %(rights)s.", user=user, rights=", ".join(more))
        yield fault("dialler_may_more", text, _as_meant(user), see=see)
    if may == {"originate"}:
        yield fine("dialler_places", say("The dialler %(user)s may place calls and nothing else.", user=user))


def _context(seen: ExchangeSeen) -> Finding:
    context, there = seen.address.context, seen.reader.has_context
    see = f'asterisk -rx "dialplan show {context}"'
    if there is None:
        return unknown(
            "context_unknown", say("Whether the dialplan has the context %(context)s is not seen.", context=context), see=see
        )
    if there:
        return fine("context_there", say("The dialplan has the context %(context)s.", context=context))
    lines = paste("extensions.conf", f"[{context}]", "exten => _[78]XXXXXXXXXX,1,Dial(PJSIP/${EXTEN}@TRUNK,60)",
                  " same => n,Hangup(${HANGUPCAUSE})")  # fmt: skip
    return fault(
        "no_context",
        say("The dialplan has no context %(context)s: calls by a click have no way out.", context=context),
        lines,
        see=see,
    )


def _as_meant(user: str) -> Fragment:
    return paste(FILE, f"[{user}](+)", "read = call", "eventfilter = Event: OriginateResponse", "write = originate")
