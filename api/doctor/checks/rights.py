"""The reader may read calls and ask what is up, and nothing else; above all he may place no call and run no command."""

from collections.abc import Iterator

from api.doctor.config_folder import Section
from api.doctor.findings import Finding, Fragment, fault, fine, note, paste, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Rights of the reader")
ORDER = 40
FAULTS = ("reads_all", "may_command", "may_system", "may_config", "may_originate", "lacks_reporting", "may_more", "reads_system")
FILE = "manager.d/firstring.conf"
NEEDED = "reporting"
FORBIDDEN = ("command", "system", "config", "originate")
EVERY = (
    "all",
    *FORBIDDEN,
    "call",
    "agent",
    "user",
    "dtmf",
    "cdr",
    "dialplan",
    "log",
    "verbose",
    "message",
    "aoc",
    "security",
    "test",
    "cc",
    "agi",
)


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    user = seen.address.reader
    yield from _writes(seen, user)
    yield from _reads(seen, user)


def as_meant(user: str) -> Fragment:
    return paste(FILE, f"[{user}](+)", "read = call,agent", f"write = {NEEDED}")


def written(seen: ExchangeSeen, user: str) -> Section | None:
    """The user's own section of manager.conf, if it was given."""
    conf = seen.config.read("manager.conf") if seen.config else None
    return conf.sections.get(user) if conf else None


def classes(told: str | None) -> frozenset[str]:
    return frozenset(kind.strip() for kind in (told or "").split(",") if kind.strip())


def _writes(seen: ExchangeSeen, user: str) -> Iterator[Finding]:
    may, section = seen.reader.may, written(seen, user)
    if section is not None:
        may = classes(section.get("write")) | (may or frozenset())
    if may is None:
        yield unknown("rights_unknown", say("What the reader may ask for could not be seen."), see=_see(user))
        return
    forbidden = [kind for kind in FORBIDDEN if kind in may or "all" in may]
    for kind in forbidden:
        text = say("The reader %(user)s may %(right)s: whoever steals his secret controls the exchange. Take the right away.",
                   user=user, right=kind)  # fmt: skip
        yield fault(f"may_{kind}", text, as_meant(user), see=_see(user))
    can_ask = seen.reader.may_ask_what_reporting_asks or bool(may & {NEEDED, "all"})
    if not can_ask:
        text = say(
            "The reader %(user)s lacks %(right)s: after a reconnect he cannot ask which calls are up.", user=user, right=NEEDED
        )
        yield fault("lacks_reporting", text, as_meant(user), see=_see(user))
    more = sorted(may - {NEEDED, "all", *FORBIDDEN})
    if more:
        text = say("The reader %(user)s may do more than is needed: %(rights)s.", user=user, rights=", ".join(more))
        yield note("may_more", text, as_meant(user), see=_see(user))
    if not forbidden and not more and can_ask:
        yield fine("writes_little", say("The reader %(user)s may only ask (reporting).", user=user))


def _reads(seen: ExchangeSeen, user: str) -> Iterator[Finding]:
    section = written(seen, user)
    heard = seen.reader.hears | (classes(section.get("read")) if section else frozenset())
    if "all" in heard or {"system", "security"} <= heard:
        text = say(
            "The reader %(user)s hears everything (read = all): secrets and keys that customers press among it.", user=user
        )
        yield fault("reads_all", text, as_meant(user), see=_see(user))
    elif "system" in heard or "security" in heard or "command" in heard:
        more = ", ".join(sorted(heard & {"system", "security", "command"}))
        text = say("The reader %(user)s hears more than is needed: %(rights)s.", user=user, rights=more)
        yield note("reads_system", text, as_meant(user), see=_see(user))
    elif seen.reader.let_in:
        yield fine("reads_not_all", say("The reader %(user)s is not told everything.", user=user))
    else:
        yield unknown("reads_unknown", say("What the reader hears could not be seen."), see=_see(user))


def _see(user: str) -> str:
    return f'asterisk -rx "manager show user {user}"'
