"""CEL of the captures as an exchange keeps it in a table of a database."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_core.exchanges.record_sources import SqlKind
from tests.record_databases import FREEPBX_CEL, PGSQL_CEL, RecordsDatabase

ZONE, AHEAD = "Europe/Moscow", timedelta(hours=3)
_COLUMNS = ("cid_num", "cid_name", "cid_dnid", "exten", "context", "channame", "appname", "appdata", "uniqueid", "linkedid",
            "peer", "extra")  # fmt: skip
# Wider than FreePBX has them, as some do: so that tables tell as much as files.
WIDE = (
    "ALTER TABLE cel MODIFY eventtime datetime(6) NOT NULL, MODIFY appdata text, MODIFY extra text, MODIFY exten varchar(255),"
    " MODIFY peer varchar(255)"
)


def rows_of(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        at, kind, *told = next(csv.reader([line.decode()]))
        local = (datetime.fromtimestamp(float(at), UTC) + AHEAD).replace(tzinfo=None)
        yield {"eventtype": kind, "eventtime": local, **dict(zip(_COLUMNS, told, strict=True))}


async def make_table(database: RecordsDatabase, *, wide: bool = True) -> None:
    if database.kind is SqlKind.POSTGRESQL:
        await database.run(PGSQL_CEL)
    else:
        await database.run(FREEPBX_CEL, *([WIDE] if wide else []))
