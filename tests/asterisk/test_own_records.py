"""What a real Asterisk 22 writes into its CDR (our form and Master.csv), CEL and queue log is read, and tells one story."""

from datetime import UTC, datetime, timedelta

from crm_core.exchanges.record_sources import CsvSource, RecordSources
from pbx.call_tracker import CallTracker
from pbx.lines import LineKind, LineRule
from pbx.records.cdr_calls import cdr_events
from pbx.records.reading import read_cdr, read_cel, read_queue_log
from tests.asterisk.exchange import QUEUE, RealExchange

MASTER = "\n[csv]\nusegmtime = no\nloguniqueid = yes\nloguserfield = yes\nnewcdrcolumns = yes\n"


def inside(exchange: RealExchange, name: str) -> CsvSource:
    return CsvSource(exchange.home / "log" / name)


async def test_records_of_a_real_exchange_tell_of_a_call_through_a_queue(requires_asterisk: None) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    with RealExchange(extra={"cdr.conf": MASTER}) as exchange:
        (exchange.home / "log/cdr-csv").mkdir(mode=0o777)  # Asterisk makes none
        with exchange.phone("101", answers_after=1):
            exchange.customer_calls(QUEUE, talks=3).finish()
        exchange.wait_until_quiet()
        master = exchange.home / "log/cdr-csv/Master.csv"
        sources = RecordSources(
            cel=CsvSource(exchange.cel_csv), cdr=CsvSource(exchange.cdr_csv), queue_log=inside(exchange, "queue_log")
        )
        until = datetime.now(UTC) + timedelta(seconds=5)
        ours, cel = await read_cdr(sources, began, until), await read_cel(sources, began, until)
        theirs = await read_cdr(RecordSources(cdr=CsvSource(master)), began, until)
        queue = await read_queue_log(sources, began, until)

    assert (ours.broken, theirs.broken, cel.broken, queue.broken) == (0, 0, 0, 0)
    told = [(row.uniqueid, row.linkedid, row.dstchannel, row.disposition, row.sequence, row.billsec) for row in ours.rows]
    assert told == [(r.uniqueid, r.linkedid, r.dstchannel, r.disposition, r.sequence, r.billsec) for r in theirs.rows]
    assert all(abs(a.started_at - b.started_at) < 1.0 for a, b in zip(ours.rows, theirs.rows, strict=True))
    assert {row.linkedid for row in ours.rows} == {row.linkedid for row in cel.rows}
    assert [row.event for row in queue.rows if row.event in ("ENTERQUEUE", "CONNECT")] == ["ENTERQUEUE", "CONNECT"]

    lines = LineRule()
    tracker = CallTracker("default", lines, "RU", remember=1e9)
    events = cdr_events(theirs.rows, queue.rows, lambda _: False, lambda name: lines.kind_of(name) is LineKind.TRUNK)
    tracker.feed_all(events, from_records=True)
    (call,) = tracker.all_calls()
    assert (str(call.outcome), call.partial, [talk.extension for talk in call.answered_by]) == ("answered", True, ["101"])
    assert abs(call.talk_seconds - 3.0) < 1.5
