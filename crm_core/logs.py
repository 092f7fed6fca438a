"""How the log reads: past-tense events with their facts, on stderr, for people or as JSON lines. Hub and worker alike."""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from crm_core.settings import Settings

# Addresses in memory, checksums and UUIDs hold long runs of digits, too, and are no numbers.
ID = r"0x[0-9a-f]+|(?<![0-9a-f])[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NUMBER = re.compile(ID + r"|(?<![\d.])(\+?)(\d{10,15})(?!\d|\.\d)")
# PostgreSQL adds to an error the values of the key, or the whole row, and these may have lines of their own: so all is dropped up
# to what an error or a trace goes on with. In the repr of an error its lines are one.
_BEGINS = r"(?:^[ |]*|\\n)"
_GOES_ON = r"(?:HINT:|\[SQL|\(Background on|The above exception|During handling|Traceback \(|\+-)"
DETAIL = re.compile(rf"{_BEGINS}DETAIL:.*?(?={_BEGINS}{_GOES_ON}|\Z)", re.MULTILINE | re.DOTALL)
QUIET = ("hypercorn", "aiosqlite", "asyncio", "alembic")


def begin_log(settings: Settings) -> None:
    """Set up once, at the start of a process."""
    as_json = settings.log_format == "json"
    _begin_log_of_libraries(as_json)
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
        _in_plain_signs,
        structlog.processors.format_exc_info,  # without the values of variables: those may be secrets, or what customers said
        _without_what_is_private,
        structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _for_people(),
    ]
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _in_plain_signs(_logger: object, _name: str, facts: EventDict) -> EventDict:
    """Texts of callers and of addresses: what would steer a terminal or turn the line around is written as its code."""
    return {name: fact if name == "exc_info" else _each(fact, _plain) for name, fact in facts.items()}


def _each(fact: Any, way: Callable[[str], str]) -> Any:
    """All its texts as `way` has them; what is neither text nor figure by its text."""
    if isinstance(fact, str):
        return way(fact)
    if fact is None or isinstance(fact, (bool, int, float)):
        return fact
    if isinstance(fact, Mapping):
        return {_each(name, way): _each(one, way) for name, one in fact.items()}
    if isinstance(fact, (list, tuple, set, frozenset)):
        return [_each(one, way) for one in fact]
    return way(str(fact))


def _plain(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _without_what_is_private(_logger: object, _name: str, facts: EventDict) -> EventDict:
    return {name: _each(fact, publishable) for name, fact in facts.items()}


def publishable(text: str) -> str:
    """A fault as it may be told: without the rows that a database quotes, numbers masked."""
    return masked(DETAIL.sub("", text))


def masked(text: str) -> str:
    """Telephone numbers lose their middle: a log is read and sent on by more people than the calls are.

    An exchange's ids (1795304636.12) and times stay: without them nothing can be looked up.
    """
    return NUMBER.sub(lambda found: f"{found[1]}{found[2][:2]}…{found[2][-2:]}" if found[2] else found[0], text)


def _begin_log_of_libraries(as_json: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _PlainLines("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(capture=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


def _for_people() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


class _PlainLines(logging.Formatter):
    """What libraries log, for people."""

    def format(self, record: logging.LogRecord) -> str:
        return publishable(super().format(record))


class _JsonLines(logging.Formatter):
    """What libraries log, as lines of the same shape as ours."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        told = {"event": record.getMessage(), "logger": record.name, "level": record.levelname.lower(), "timestamp": at}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: publishable(fact) for name, fact in told.items()}, ensure_ascii=False)
