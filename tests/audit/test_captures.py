"""Every recorded capture that has the exchange's own records: calls told from what was heard agree with each of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.audit.cdr_told import cdr_aliases, cdr_told
from api.audit.cel_told import CelTelling
from api.audit.queue_told import queue_told
from crm_core.calls.events import Call, Outcome
from crm_core.exchanges.record_sources import CsvSource, RecordSources
from crm_core.trust.comparing import Comparison, Period, compare, may_lack_cdr
from crm_core.trust.suspicion import Settling
from crm_core.trust.told import OurCall, Told, Witness
from pbx.records.reading import read_cdr, read_cel, read_queue_log
from pbx.replay import replay_calls
from tests.benchmarks.bench_track import an_exchange
from tests.pbx.capture_variants import CAPTURES

ALL = CAPTURES.parent
WITH_CEL = sorted(file for file in ALL.rglob("*.cel.csv"))
WITH_CDR = sorted(file for file in CAPTURES.glob("*.cdr.csv") if file.read_bytes().count(b"\n") > 1)
EVER = (datetime(2015, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC))
PERIOD = Period(EVER[0].timestamp(), EVER[1].timestamp(), EVER[1].timestamp())
NOT_HEARD = frozenset(["gap_whole"])
"""Whoever recorded it was away, so the exchange knows more."""


def our_call(call_id: int, call: Call) -> OurCall:
    told = Told(
        witness=Witness.OURS, linkedids=frozenset(call.linkedids), began=call.started_at, ended=call.ended_at,
        answered=call.outcome is Outcome.ANSWERED, answered_at=call.answered_at, talk=call.talk_seconds,
        outcome=call.outcome.value if call.outcome else None,
    )  # fmt: skip
    plainly = not (call.queue or call.transfers or call.voicemail or call.forwarded_to or call.click_to_call)
    return OurCall(
        id=call_id, told=told, plainly=plainly and len(call.answered_by) < 2,
        may_lack_cdr=may_lack_cdr(call.outcome, rang=bool(call.rang)),
    )  # fmt: skip


def heard(records: Path) -> list[OurCall]:
    """By what was heard alone; CEL only sets the clock where nobody was away."""
    name = records.name.partition(".")[0]
    sessions = [records.with_name(f"{name}.ami"), *sorted(records.parent.glob(f"{name}.after*.ami"))]
    cel = records.with_name(f"{name}.cel.csv")
    calls, _ = replay_calls(
        [file for file in sessions if file.exists()], cel=cel if cel.exists() and name not in NOT_HEARD else None, trunks=[],
        extensions=[], region="RU", exchange="default",
    )  # fmt: skip
    return [our_call(place, call) for place, call in enumerate(calls)]


def kinds(found: Comparison) -> list[str]:
    return [one.kind.value for one in found.differences]


@pytest.mark.parametrize("file", WITH_CEL, ids=lambda file: f"{file.parent.name}/{file.name.partition('.')[0]}")
async def test_what_was_heard_agrees_with_the_exchanges_log(file: Path) -> None:
    ours = heard(file)
    telling = CelTelling(Settling(ours))

    telling.take((await read_cel(RecordSources(cel=CsvSource(file.absolute())), *EVER)).rows)
    found = compare(PERIOD, ours, telling.told(an_exchange()), frozenset([Witness.CEL]))

    if file.name.partition(".")[0] in NOT_HEARD:
        assert set(kinds(found)) <= {"missing", "open"}
        assert kinds(found)
    else:
        assert kinds(found) == []
        assert found.calls == found.agreeing == len(ours)


@pytest.mark.parametrize("file", WITH_CDR, ids=lambda file: file.name.partition(".")[0])
async def test_what_was_heard_agrees_with_the_cdr_and_the_queue_log_alone(file: Path) -> None:
    name = file.name.partition(".")[0]
    ours = heard(file)
    sources = RecordSources(
        cdr=CsvSource(file.absolute()), queue_log=CsvSource(file.with_name(f"{name}.queue_log.csv").absolute())
    )

    rows = (await read_cdr(sources, *EVER)).rows
    queue = (await read_queue_log(sources, *EVER)).rows if file.with_name(f"{name}.queue_log.csv").stat().st_size else []
    joined = [call.told.linkedids for call in ours]
    told = [*cdr_told(rows, joined), *queue_told(queue, cdr_aliases(rows), None)]
    found = compare(PERIOD, ours, told, frozenset([Witness.CDR]))

    if name in NOT_HEARD:
        assert set(kinds(found)) <= {"missing", "open", "outcome"}
    else:
        assert kinds(found) == []
