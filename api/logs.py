"""How the log reads: past-tense events with their facts, on stderr, for people or as JSON lines."""

import logging
import sys

import structlog

from crm_core.settings import Settings

QUIET = ("hypercorn", "aiosqlite", "asyncio", "alembic")


def begin_log(settings: Settings) -> None:
    """Set up once, at the start of a process."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)
    as_json = settings.log_format == "json"
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _for_people()
    steps = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=as_json),
        *([structlog.processors.format_exc_info] if as_json else []),
        last,
    ]
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _for_people() -> structlog.dev.ConsoleRenderer:
    """Tracebacks without the values of variables: those may be secrets, or what customers said."""
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
