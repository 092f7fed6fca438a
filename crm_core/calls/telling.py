"""A call as it is told, made fit for the database. Pure. All text in it was written by strangers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from msgspec.structs import replace

from crm_core.calls.events import Call, Ring, Talk, Transfer
from crm_core.text import clean

LONGEST = {
    "caller": 80, "caller_raw": 500, "caller_name": 500, "did": 80, "callee": 80, "callee_raw": 500, "queue": 120,
    "forwarded_to": 80,
}  # fmt: skip
TEXTS = attrgetter(*LONGEST)
SHORTEST_LIMIT = 80
LONGEST_KEY = 150
LONGEST_PATH = 1000
LATEST = 7_258_118_400  # epoch seconds of the year 2200: at the end of the calendar, zones and deadlines overflow


def fit(call: Call) -> Call:
    """The call with every text short and storable; the same object where nothing had to change."""
    return call if _is_fit(call) else _made_fit(call)


def _is_fit(call: Call) -> bool:
    """The quick answer for the usual call: all its texts together are shorter than the shortest limit."""
    texts = [text for text in TEXTS(call) if text is not None]
    texts += call.linkedids
    texts += [ring.extension for ring in call.rang]
    texts += [talk.extension for talk in call.answered_by]
    whole = "".join(texts)
    return len(whole) <= SHORTEST_LIMIT and whole.isascii() and "\0" not in whole


def _made_fit(call: Call) -> Call:
    changed: dict[str, Any] = {}
    for name, longest in LONGEST.items():
        text = getattr(call, name)
        if text is not None and (short := clean(text, longest)) != text:
            changed[name] = short
    for name in ("linkedids", "rang", "answered_by"):
        told: tuple[str | Ring | Talk, ...] = getattr(call, name)
        if (fitting := tuple(_fit_part(part) for part in told)) != told:
            changed[name] = fitting
    return replace(call, **changed) if changed else call


def facts_told(call: Call) -> int:
    """How many facts the telling has. A call only gathers them, so of two tellings the one with fewer is the older."""
    parties = len(call.rang) + len(call.answered_by) + (call.answered_at is not None)
    return len(call.linkedids) + parties + len(call.transfers) + len(call.recordings)


def moment_of(epoch_seconds: float | None, now: datetime) -> datetime | None:
    """A time as told; one that cannot be meant (a mad clock on the exchange) is taken as `now`."""
    if epoch_seconds is None:
        return None
    return datetime.fromtimestamp(epoch_seconds, UTC) if 0 <= epoch_seconds < LATEST else now


def transfers_told(transfers: Sequence[Transfer]) -> list[dict[str, Any]]:
    """As the contract words them, and when."""
    return [
        {"kind": transfer.kind, "from": _fit_text(transfer.from_extension), "to": _fit_text(transfer.to),
         "answered": transfer.answered, "at": transfer.at}
        for transfer in transfers
    ]  # fmt: skip


def paths_told(paths: Sequence[str]) -> list[str]:
    return [clean(path, LONGEST_PATH) for path in paths]


def _fit_part(part: str | Ring | Talk) -> str | Ring | Talk:
    if isinstance(part, str):
        return clean(part, LONGEST_KEY)
    short = clean(part.extension, 80)
    return part if short == part.extension else replace(part, extension=short)


def _fit_text(text: str | None) -> str | None:
    return None if text is None else clean(text, 80)
