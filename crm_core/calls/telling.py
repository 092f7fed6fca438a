"""A call as it is told, made fit for the database. Pure. All text in it was written by strangers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crm_core.calls.events import Call, Ring, Talk, Transfer
from crm_core.text import clean

LONGEST = {
    "caller": 80, "caller_raw": 500, "caller_name": 500, "did": 80, "callee": 80, "callee_raw": 500, "queue": 120,
    "forwarded_to": 80,
}  # fmt: skip
LONGEST_KEY = 150
LONGEST_PATH = 1000


def fit(call: Call) -> Call:
    """The call with every text short and storable; the same object where nothing had to change."""
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
    parts = (call.linkedids, call.rang, call.answered_by, call.transfers, call.recordings)
    return sum(len(part) for part in parts) + (call.answered_at is not None)


def moment_of(epoch_seconds: float | None, now: datetime) -> datetime | None:
    """A time as told; one that no calendar has (a mad clock on the exchange) is taken as `now`."""
    if epoch_seconds is None:
        return None
    try:
        return datetime.fromtimestamp(epoch_seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return now


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
