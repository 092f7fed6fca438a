"""CEL out of a table (FreePBX's asteriskcdrdb.cel, cel_pgsql, cel_odbc) as rows, and as lines like our CEL file's. Pure."""

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from pbx.records.cel import Row
from pbx.records.local_time import LocalTimes
from pbx.records.rows import texts

# In a column for numbers the exchange writes the type as one, by its place in `enum ast_cel_event_type`.
_TYPES = (
    "", "CHAN_START", "CHAN_END", "HANGUP", "ANSWER", "APP_START", "APP_END", "PARK_START", "PARK_END", "USER_DEFINED",
    "BRIDGE_ENTER", "BRIDGE_EXIT", "BLINDTRANSFER", "ATTENDEDTRANSFER", "PICKUP", "FORWARD", "LINKEDID_END", "LOCAL_OPTIMIZE",
    "LOCAL_OPTIMIZE_BEGIN", "STREAM_BEGIN", "STREAM_END", "DTMF",
)  # fmt: skip
_PAIR = re.compile(r'"([a-z0-9_]{1,60})":("(?:[^"\\]|\\.)*"|-?[0-9]{1,12})(?=[,}])')


def cel_row(row: Mapping[str, Any], times: LocalTimes) -> tuple[Row, str | None]:
    """A row by its columns' names, and what is wrong with it although it is used. Raises ValueError if it cannot be used."""
    told, fault = texts(row)
    kind, uid = _type(told.get("eventtype", "")), told.get("uniqueid", "")
    if not kind or not uid:
        raise ValueError("no type or no uniqueid")
    extra, cut = _extra(told.get("extra", ""))
    read = Row(
        at=times.moment(told.get("eventtime", ""), uid if kind == "CHAN_START" else ""), type=kind,
        number=told.get("cid_num", ""), name=told.get("cid_name", ""), dnid=told.get("cid_dnid", ""),
        exten=told.get("exten", ""), channel=told.get("channame") or told.get("channel", ""),
        application=told.get("appname", ""), arguments=told.get("appdata", ""), uid=uid,
        linkedid=told.get("linkedid") or uid, peer=told.get("peer", ""), extra=extra,
    )  # fmt: skip
    return read, fault or cut


def cel_line(row: Row) -> bytes:
    """As our `cel_custom.conf` writes it: so it stands in the journal, wherever it was read."""
    written = io.StringIO()
    extra = json.dumps(row.extra, ensure_ascii=False) if row.extra else ""
    values = (f"{row.at:.6f}", row.type, row.number, row.name, row.dnid, row.exten, "", row.channel, row.application,
              row.arguments, row.uid, row.linkedid, row.peer, extra)  # fmt: skip
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow([_on_one_line(value) for value in values])
    return (written.getvalue() + "\n").encode(errors="replace")


def _on_one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def _type(written: str) -> str:
    if not (written.isascii() and written.isdigit()):
        return written
    return _TYPES[int(written)] if len(written) < 3 and int(written) < len(_TYPES) else ""


def _extra(written: str) -> tuple[dict[str, Any], str | None]:
    """Columns of FreePBX are short: of JSON that is cut, what is whole is used."""
    if not written:
        return {}, None
    try:
        told = json.loads(written)
    except (ValueError, RecursionError):
        found = {key: json.loads(value, strict=False) for key, value in _PAIR.findall(written) if _readable(value)}
        return found, "its extra is cut"
    return (told, None) if isinstance(told, dict) else ({}, "its extra is no object")


def _readable(value: str) -> bool:
    try:
        json.loads(value, strict=False)
    except ValueError:
        return False
    return True
