"""The queue log beside CEL: it tells what an exchange does not write into CEL, and nothing twice."""

import csv
from collections.abc import Sequence
from typing import Any

from crm_core.calls.call_json import call_json
from crm_core.calls.journal import CEL, QUEUE, records_of
from pbx.derivation import Derivation
from pbx.received import Received
from pbx.records.queue_log import QueueLogRow, queue_line
from tests.captured import an_exchange
from tests.pbx.capture_variants import CAPTURES


def cel(scenario: str, *without: str) -> bytes:
    lines = (CAPTURES / f"{scenario}.cel.csv").read_bytes().splitlines(keepends=True)
    return b"".join(line for line in lines if not any(f'"{kind}"'.encode() in line for kind in without))


def first_uid(scenario: str) -> tuple[str, float]:
    row = next(csv.reader([cel(scenario).decode().splitlines()[0]]))
    return row[10], float(row[0])


def told(records: bytes, said: Sequence[QueueLogRow] = ()) -> dict[str, Any]:
    """The one call of a gap filled with both."""
    derivation = Derivation(an_exchange())
    if said:
        derivation.take(Received(records_of("one", QUEUE), 0, 0.0, b"".join(map(queue_line, said))))
    (*_, last) = derivation.take(Received(records_of("one", CEL), 0, 0.0, records))
    return call_json(last.call)


def test_cel_without_applications_does_not_know_the_queue_and_its_log_does() -> None:
    uid, at = first_uid("queue_abandoned")
    said = [QueueLogRow(at, uid, "sales", "", "ENTERQUEUE"), QueueLogRow(at + 6, uid, "sales", "", "ABANDON", ("1", "1", "6"))]
    bare = cel("queue_abandoned", "APP_START", "APP_END", "HANGUP")

    without, both = told(bare), told(bare, said)

    assert (without["queue"], without["outcome"]) == (None, "missed")
    assert (both["queue"], both["outcome"]) == ("sales", "abandoned")


def test_what_cel_tells_itself_is_not_told_twice() -> None:
    uid, at = first_uid("queue_answered")
    said = [
        QueueLogRow(at + 0.3, uid, "sales", "", "ENTERQUEUE"),
        QueueLogRow(at + 3.4, uid, "sales", "PJSIP/102", "CONNECT", ("3", "x")),
    ]

    assert told(cel("queue_answered"), said) == told(cel("queue_answered"))


def test_a_blind_transfer_out_of_a_queue_is_known_from_its_log() -> None:
    uid, at = first_uid("queue_answered")
    agent = next(row[10] for row in csv.reader(cel("queue_answered").decode().splitlines()) if row[7].startswith("PJSIP/102-"))
    said = [QueueLogRow(at + 3, uid, "sales", "PJSIP/102", "CONNECT", ("3", agent)),
            QueueLogRow(at + 6, uid, "sales", "PJSIP/102", "BLINDTRANSFER", ("103", "office"))]  # fmt: skip

    call = told(cel("queue_answered"), said)

    assert call["transfers"] == [{"kind": "blind", "from": "102", "to": "103", "answered": False}]


def test_of_callers_nobody_knows_it_tells_nothing() -> None:
    _, at = first_uid("inbound_answered")
    said = [QueueLogRow(at, "9.9", "sales", "", "ENTERQUEUE"), QueueLogRow(at + 1, "9.9", "sales", "", "ABANDON")]

    assert told(cel("inbound_answered"), said) == told(cel("inbound_answered"))
