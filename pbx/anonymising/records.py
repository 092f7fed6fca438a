"""Rows of the exchange's own records (CEL) without numbers and names, those of one call."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pbx.anonymising.masks import Mask
from pbx.anonymising.messages import arguments_kept

_COLUMNS = 14
_UID, _LINKEDID = 10, 11
_TYPE = re.compile(r"[A-Z_]{1,30}")
_EXTRA_CHANNELS = ("channel_name", "channel2_name", "transferee_channel_name", "transfer_target_channel_name", "pickup_channel",
                   "hangupsource", "retriever", "parker_dial_string")  # fmt: skip
_EXTRA_UIDS = ("channel2_uniqueid", "transferee_channel_uniqueid", "transfer_target_channel_uniqueid", "pickup_channel_uniqueid")
_EXTRA_BRIDGES = ("bridge_id", "bridge1_id", "bridge2_id")
_EXTRA_TEXTS = ("bridge_technology", "dialstatus", "context", "app", "reason")


def rows_of(lines: Iterable[str], ids: frozenset[str]) -> list[list[str]]:
    """The rows whose channel or linkedid is one of these; what cannot be read tells of no call."""
    return [row for row in _read(lines) if row[_UID] in ids or row[_LINKEDID] in ids]


def _read(lines: Iterable[str]) -> Iterator[list[str]]:
    for line in lines:
        try:
            row = next(csv.reader([line.replace("\0", "")]), [])
            float(row[0])
        except (csv.Error, ValueError, IndexError):
            continue
        if len(row) >= _COLUMNS - 1:
            yield [*row, ""][:_COLUMNS]


def masked_rows(rows: Iterable[list[str]], mask: Mask) -> str:
    """As `cel_custom.conf` writes them."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows:
        writer.writerow(_masked(row, mask))
    return written.getvalue()


def _masked(row: list[str], mask: Mask) -> list[str]:
    at, kind, number, name, dnid, exten, context, channel, application, arguments, uid, linkedid, peer, extra = row
    kept = arguments if arguments_kept(application) else ""
    return [
        mask.epoch(float(at)), kind if _TYPE.fullmatch(kind) else "OTHER", mask.number(number), mask.name(name),
        mask.number(dnid), mask.number(exten), mask.text(context), mask.channel(channel), mask.text(application),
        mask.text(kept), mask.uid(uid), mask.uid(linkedid), mask.channel(peer), _extra(extra, mask),
    ]  # fmt: skip


def _extra(extra: str, mask: Mask) -> str:
    try:
        told = json.loads(extra) if extra else {}
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict) or not told:
        return ""
    return json.dumps({key: kept for key, value in told.items() if (kept := _of_extra(key, value, mask)) is not None})


def _of_extra(key: str, value: Any, mask: Mask) -> Any:
    if key == "hangupcause":
        return value if isinstance(value, int) and 0 <= value < 1000 else 0
    if not isinstance(value, str):
        return None
    if key == "extension":
        return mask.number(value)
    kinds: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
        (_EXTRA_CHANNELS, mask.channel), (_EXTRA_UIDS, mask.uid), (_EXTRA_BRIDGES, mask.bridge), (_EXTRA_TEXTS, mask.text),
    )  # fmt: skip
    return next((masker(value) for keys, masker in kinds if key in keys), None)
