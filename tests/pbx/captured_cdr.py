"""CDR of the captures, as the exchange told them over AMI: what it writes into Master.csv is the same."""

from datetime import UTC, datetime

from pbx.records.cdr import CdrRow, cdr_row
from pbx.records.local_time import LocalTimes
from tests.pbx.capture_variants import CAPTURES, capture

_COLUMNS = {
    "Source": "src", "Destination": "dst", "DestinationContext": "dcontext", "CallerID": "clid", "Channel": "channel",
    "DestinationChannel": "dstchannel", "LastApplication": "lastapp", "LastData": "lastdata", "StartTime": "start",
    "AnswerTime": "answer", "EndTime": "end", "Duration": "duration", "BillableSeconds": "billsec",
    "Disposition": "disposition", "UniqueID": "uniqueid", "LinkedID": "linkedid", "UserField": "userfield",
}  # fmt: skip


def cdr_of(scenario: str) -> list[CdrRow]:
    """All of them, in the order in which they were told."""
    said = b"".join(file.read_bytes() for file in capture(scenario, CAPTURES).files)
    times = LocalTimes(None)
    found = []
    for message in said.decode(errors="replace").split("\r\n\r\n"):
        headers = dict(line.split(": ", 1) for line in message.strip().split("\r\n") if ": " in line)
        if headers.get("Event") == "Cdr":
            row = {_COLUMNS[name]: value for name, value in headers.items() if name in _COLUMNS}
            found.append(cdr_row({**row, "sequence": str(len(found))}, times)[0])
    return found


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
